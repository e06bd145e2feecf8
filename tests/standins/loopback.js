// An HTTP server that only this computer can reach, and that ends when told to.
//
//   const server = await listen({ port: 0, handle: async (request, response, signal) => { … } });
//   server.url        "http://127.0.0.1:54321"
//   server.close()    ends every connection, resolves when the port is free
//
// `signal` aborts when the connection of that request goes away, whoever closed it. A handler that throws
// answers 500, or cuts the connection when its answer had begun; nothing is left as an unhandled rejection.

import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const HOST = "127.0.0.1";

/**
 * @param {{ port?: number, handle: (request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, signal: AbortSignal) => unknown }} options
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function listen({ port = 0, handle }) {
  const server = createServer(async (request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    // A peer may vanish at any byte. That is an everyday event here, and `signal` reports it.
    request.on("error", () => {});
    response.on("error", () => {});
    try {
      await handle(request, response, gone.signal);
    } catch (error) {
      if (gone.signal.aborted || request.errored) return;
      console.error(`stand-in: ${request.method} ${request.url} failed:`, error);
      if (response.headersSent) return void response.destroy();
      response.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(`The stand-in failed: ${error?.message ?? error}\n`);
    }
  });
  // One event, one packet: tests measure when a byte arrives.
  server.on("connection", (socket) => socket.setNoDelay(true));
  // Slow uploads and silent connections are part of what is tested; no timer of the server's own may end them.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 0;

  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });

  let closing;
  const close = () => {
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closing;
  };
  return { url: `http://${HOST}:${server.address().port}`, close };
}

/**
 * The whole body of a request as text.
 * @param {import("node:http").IncomingMessage} request
 * @returns {Promise<string>}
 */
export async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

/**
 * Writes, and resolves when the bytes have left for the socket, or when the peer is gone.
 * @param {import("node:http").ServerResponse} response
 * @param {string | Uint8Array} bytes
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function send(response, bytes, signal) {
  if (signal.aborted || response.writableEnded) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", resolve, { once: true });
    response.write(bytes, () => {
      signal.removeEventListener("abort", resolve);
      resolve();
    });
  });
}

/**
 * Waits; ends early when `signal` aborts. Never rejects.
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export async function pause(ms, signal) {
  if (ms > 0) await sleep(Math.min(ms, 2 ** 31 - 1), undefined, { signal }).catch(() => {});
}

/**
 * Waits until the connection is gone.
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function untilGone(signal) {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/**
 * Runs a stand-in as a program: `node llm.js --port 8080`. Does nothing when the file was imported.
 * Ctrl-C closes it and exits with 0.
 * @param {string} moduleUrl the caller's import.meta.url
 * @param {(port: number, given: Record<string, any>) => Promise<{ close: () => Promise<void>, banner: string }>} start
 * @param {import("node:util").ParseArgsConfig["options"]} [switches] further ones
 */
export async function runAsProgram(moduleUrl, start, switches = {}) {
  if (!process.argv[1] || moduleUrl !== pathToFileURL(process.argv[1]).href) return;
  let port;
  let values;
  try {
    ({ values } = parseArgs({ options: { port: { type: "string", default: "0" }, ...switches } }));
    port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port must be 0 to 65535, not "${values.port}"`);
  } catch (error) {
    const others = Object.keys(switches).map((name) => ` [--${name}]`);
    console.error(`${error.message}\nusage: --port <number>${others.join("")}   (port 0: any free one)`);
    process.exitCode = 2;
    return;
  }
  let running;
  try {
    running = await start(port, values);
  } catch (error) {
    console.error(error.code === "EADDRINUSE" ? `Port ${port} is taken. Choose another, or --port 0 for any free one.` : error);
    process.exitCode = 1;
    return;
  }
  console.log(running.banner);
  for (const name of ["SIGINT", "SIGTERM"]) process.once(name, () => running.close().then(() => process.exit(0)));
}
