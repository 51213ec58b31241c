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

export function socket(options = {}) {
  const made = new HocuspocusProviderWebsocket({
    url: `ws://127.0.0.1:${port}/sync`,
    WebSocketPolyfill: WebSocket,
    ...options,
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

/** A /sync socket without a client: `frames` came, `code` closed it. */
export function raw() {
  const made = new WebSocket(`ws://127.0.0.1:${port}/sync`);
  made.binaryType = "arraybuffer";
  made.frames = [];
  made.on("message", (data) => made.frames.push(Buffer.from(data)));
  made.on("close", (code) => {
    made.code = code;
  });
  made.on("error", () => {});
  return new Promise((resolve) => made.on("open", () => resolve(made)));
}

function varUint(value) {
  const out = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...out, rest]);
}
const sized = (bytes) => Buffer.concat([varUint(bytes.length), bytes]);
export const text = (value) => sized(Buffer.from(value));
export const frame = (address, ...bytes) => Buffer.concat([text(address), Buffer.from(bytes)]);
export const token = (address) => Buffer.concat([frame(address, 2, 0), text("secret")]);
export const update = (address, bytes, step = 2) =>
  Buffer.concat([frame(address, 0, step), sized(Buffer.from(bytes))]);

/** What came at an address: its frames without the address. */
export function at(socket, address) {
  const prefix = text(address);
  return socket.frames
    .filter((one) => one.subarray(0, prefix.length).equals(prefix))
    .map((one) => one.subarray(prefix.length));
}

/** The statuses that came at an address, in order: 1 stored, 0 refused. */
export const statuses = (socket, address) =>
  at(socket, address)
    .filter((one) => one[0] === 8)
    .map((one) => one[1]);

/** What each of a document's changes is as an update. */
export function updates(change, clientID) {
  const document = new Y.Doc();
  if (clientID !== undefined) document.clientID = clientID;
  const made = [];
  document.on("update", (one) => made.push(one));
  change(document);
  return made;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

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
