// @hocuspocus/server for the benchmarks: `node hocuspocus.mjs PORT FILE [--store-first]`.
//
// As shipped: its SQLite extension, which stores a document two to ten seconds after a change. With --store-first
// every update is on disk before it is applied and acknowledged: the hook `beforeSync` waits for a group commit.

import { SQLite } from '@hocuspocus/extension-sqlite'
import { Server } from '@hocuspocus/server'
import Database from 'better-sqlite3'
import * as Y from 'yjs'

const [port, file, storeFirst] = process.argv.slice(2)
const STEP2 = 1
const UPDATE = 2

/** Updates appended to one table, WAL and synchronous=FULL, one transaction a turn of the loop. */
class StoreFirst {
  #database
  #waiting = []

  async onConfigure() {
    this.#database = new Database(file)
    this.#database.pragma('journal_mode = WAL')
    this.#database.pragma('synchronous = FULL')
    this.#database.exec('CREATE TABLE IF NOT EXISTS record (seq INTEGER PRIMARY KEY, document TEXT, payload BLOB)')
    this.#database.exec('CREATE INDEX IF NOT EXISTS record_document ON record (document, seq)')
    this.insert = this.#database.prepare('INSERT INTO record (document, payload) VALUES (?, ?)')
    this.select = this.#database.prepare('SELECT payload FROM record WHERE document = ? ORDER BY seq')
    this.commit = this.#database.transaction((group) => {
      for (const { name, payload } of group) this.insert.run(name, payload)
    })
  }

  async onLoadDocument({ document, documentName }) {
    for (const { payload } of this.select.iterate(documentName)) Y.applyUpdate(document, payload)
  }

  beforeSync({ type, payload, documentName }) {
    const empty = payload.length === 2 && payload[0] === 0 && payload[1] === 0
    if ((type !== STEP2 && type !== UPDATE) || empty) return Promise.resolve()
    return new Promise((stored, failed) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush())
      this.#waiting.push({ name: documentName, payload: Buffer.from(payload), stored, failed })
    })
  }

  #flush() {
    const group = this.#waiting
    this.#waiting = []
    try {
      this.commit(group)
      for (const { stored } of group) stored()
    } catch (error) {
      for (const { failed } of group) failed(error)
    }
  }
}

const server = new Server({
  port: Number(port),
  address: '127.0.0.1',
  quiet: true,
  extensions: [storeFirst ? new StoreFirst() : new SQLite({ database: file })],
})
await server.listen()
console.log('listening')
