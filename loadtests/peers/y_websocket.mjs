// @y/websocket-server for the benchmarks, in memory as shipped: `node y_websocket.mjs PORT`.
//
// Its dependencies name pre-releases of Yjs 14 that no longer fit each other (an update throws); it runs here on the
// released yjs 13 and y-protocols, which is what its clients have.

import { register } from 'node:module'

const hooks = `export function resolve(specifier, context, next) {
  const released = specifier.replace(/^@y\\/protocols/, 'y-protocols')
  const here = { ...context, parentURL: ${JSON.stringify(import.meta.url)} }
  return next(released, released === specifier && specifier !== 'yjs' ? context : here)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`, import.meta.url)

process.env.PORT = process.argv[2]
process.env.HOST = '127.0.0.1'
// It says so itself when it listens.
await import('@y/websocket-server/server')
