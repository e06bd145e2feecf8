// Turns what speaks Request and Response into what node:http calls: bodies flow both ways as they come, and a caller that
// hangs up aborts the request's signal and lets go of the response's body.

import { Readable } from "node:stream";

/**
 * @param {(request: Request) => Response | Promise<Response>} fetch
 * @returns {(incoming: import("node:http").IncomingMessage, outgoing: import("node:http").ServerResponse) => Promise<void>}
 */
export function adapt(fetch) {
  return async (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.once("close", () => outgoing.writableFinished || gone.abort());
    let request;
    try {
      request = toRequest(incoming, gone.signal);
    } catch {
      // A host, path or method that no URL or Request can hold.
      return void outgoing.writeHead(400, { connection: "close" }).end();
    }
    let response;
    try {
      response = await fetch(request);
    } catch (error) {
      if (gone.signal.aborted) return;
      console.error(`${request.method} ${new URL(request.url).pathname} failed:`, error);
      return void outgoing.writeHead(500).end();
    }
    await send(response, outgoing, gone.signal, request.method === "HEAD");
  };
}

function toRequest(incoming, signal) {
  const { method, rawHeaders } = incoming;
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) headers.append(rawHeaders[index], rawHeaders[index + 1]);
  // Joined and not resolved: a target may be whole (`http://other/`) or begin with `//other`, and whoever looks at the URL's
  // host must see the one that was called.
  const { url: target, headers: { host } } = incoming;
  if (!target.startsWith("/") || /[/?#@\\]/.test(host)) throw new TypeError("not an address on this server");
  const url = new URL(`http://${host}${target}`);
  const body = method === "GET" || method === "HEAD" ? undefined : Readable.toWeb(incoming);
  return new Request(url, { method, headers, signal, body, duplex: "half" });
}

async function send(response, outgoing, signal, isHead) {
  const reader = response.body?.getReader();
  let goOn = () => {};
  const leave = () => {
    reader?.cancel().catch(() => {});
    goOn();
  };
  if (signal.aborted) return leave();
  signal.addEventListener("abort", leave, { once: true });
  outgoing.on("drain", () => goOn());
  outgoing.writeHead(response.status, [...response.headers].flat());
  if (!reader || isHead) {
    leave();
    return void outgoing.end();
  }
  // The first byte may be long in coming; the caller is to know at once that it will.
  outgoing.flushHeaders();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done) break;
      if (!outgoing.write(value)) await new Promise((resolve) => (goOn = resolve));
    }
    outgoing.end();
  } catch {
    // A body that fails can only be cut: its status is long sent.
    outgoing.destroy();
  }
}
