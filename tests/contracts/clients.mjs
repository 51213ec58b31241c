// What the contract scripts share: the published clients, unmodified, and waiting for a state to be reached.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../pwa/package.json", import.meta.url));
export const Y = require("yjs");
export const WebSocket = require("ws");
const { HocuspocusProvider, HocuspocusProviderWebsocket } = require("@hocuspocus/provider");
const { WebsocketProvider } = await import(require.resolve("y-websocket"));

export const port = process.argv[2];

/** Waits until `reached()` is true; fails after `limit` ms with `what`. */
export async function until(what, reached, limit = 8000) {
  const end = Date.now() + limit;
  while (!reached()) {
    if (Date.now() > end) throw new Error(`not reached: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function check(what, condition) {
  if (!condition) throw new Error(`wrong: ${what}`);
}

const sockets = [];

export function socket() {
  const made = new HocuspocusProviderWebsocket({
    url: `ws://127.0.0.1:${port}/sync`,
    WebSocketPolyfill: WebSocket,
  });
  sockets.push(made);
  return made;
}

/** A document opened through @hocuspocus/provider; `denied` collects refusals, `heard` stateless texts. */
export function open(websocketProvider, name, options = {}) {
  const provider = new HocuspocusProvider({
    websocketProvider,
    name,
    token: "secret",
    document: new Y.Doc(),
    ...options,
  });
  provider.denied = [];
  provider.heard = [];
  provider.closed = [];
  provider.on("authenticationFailed", ({ reason }) => provider.denied.push(reason));
  provider.on("stateless", ({ payload }) => provider.heard.push(payload));
  provider.on("close", ({ event }) => provider.closed.push(event));
  provider.attach();
  return provider;
}

export function openY(name, options = {}) {
  const { token = "secret", ...rest } = options;
  return new WebsocketProvider(`ws://127.0.0.1:${port}/y`, name, new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
    params: { token },
    ...rest,
  });
}

export const map = (provider) => (provider.document ?? provider.doc).getMap("m");

/** Every case of a script in order, each reported; ends the process. */
export async function run(cases) {
  for (const [name, work] of Object.entries(cases)) {
    try {
      await work();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`failed ${name}: ${error.message}`);
    }
  }
  process.exit(0);
}
