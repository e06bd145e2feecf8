// One HTTP exchange the way the caller's client (httpx) makes it: redirects followed, gzip undone, and a timer on silence.

import http from "node:http";
import https from "node:https";
import { constants, createUnzip } from "node:zlib";
import { silence } from "./judge.js";

/** The stand-in would not call this address. */
export class NotCalled extends Error {}

/**
 * POSTs, follows redirects, and hands over the last answer. Resolves at its end, or once `onBytes` returns true; rejects when the
 * exchange breaks: nothing came for `readTimeoutMs`, the connection failed or was cut, `signal` aborted.
 * @param {{ url: string, headers: Record<string, string>, body: Uint8Array, readTimeoutMs: number, allowRemote: boolean, signal: AbortSignal,
 *   onStatus: (status: number) => void, onBytes: (bytes: Uint8Array) => boolean }} exchange
 * @returns {Promise<void>}
 */
export async function exchange({ url, headers, body, readTimeoutMs, allowRemote, signal, onStatus, onBytes }) {
  let hop = { target: parse(url), method: "POST", headers, body };
  for (let hops = 0; hops <= 20; hops++) {
    if (!allowRemote && !isLoopback(hop.target.hostname)) {
      throw new NotCalled(`the stand-in calls only this computer, and ${hop.target.host} is not on it. Start it with allowRemote to let it call out.`);
    }
    let next;
    await once({ ...hop, readTimeoutMs, signal }, ({ statusCode, headers: { location } }) => {
      next = REDIRECTS.includes(statusCode) && location !== undefined ? redirected(hop, statusCode, location) : undefined;
      if (next) return () => false;
      onStatus(statusCode);
      return onBytes;
    });
    if (!next) return;
    hop = next;
  }
  throw new Error("the endpoint redirected more than 20 times");
}

const REDIRECTS = [301, 302, 303, 307, 308];

// 307 and 308 repeat the request; the others turn a POST into a GET without a body. The key stays within its origin.
function redirected({ target, method, headers, body }, status, location) {
  const next = { target: parse(location, target), method, headers, body };
  if (status !== 307 && status !== 308) Object.assign(next, { method: "GET", body: undefined });
  if (next.target.origin !== target.origin) next.headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "Authorization"));
  return next;
}

function parse(url, base) {
  let target;
  try {
    target = new URL(url, base);
  } catch {
    throw new Error(`"${url}" is not a URL`);
  }
  if (target.protocol !== "http:" && target.protocol !== "https:") throw new Error(`"${url}" is neither http nor https`);
  return target;
}

/** @param {string} hostname as a URL has it */
export const isLoopback = (hostname) => hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);

function once({ target, method, headers, body, readTimeoutMs, signal }, onResponse) {
  return new Promise((resolve, reject) => {
    const client = target.protocol === "https:" ? https : http;
    const length = body ? { "Content-Length": String(body.length) } : {};
    // A connection for each request: a kept one could turn out dead and count as an attempt that the endpoint never saw.
    const request = client.request(target, { method, agent: false, headers: { Host: target.host, ...headers, ...length } });

    let settled = false;
    const settle = (action, value) => {
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupt);
      request.destroy();
      action(value);
    };
    const fail = (why) => settle(reject, new Error(why));
    const interrupt = () => fail("interrupted");
    const timer = setTimeout(() => fail(silence(readTimeoutMs)), readTimeoutMs);
    request.on("error", (error) => fail(`the connection failed: ${error.code ?? error.message}`));
    if (signal.aborted) return interrupt();
    signal.addEventListener("abort", interrupt);

    request.on("socket", (socket) => socket.once("connect", () => timer.refresh()));
    request.on("response", (response) => {
      timer.refresh();
      let take;
      try {
        take = onResponse(response);
      } catch (error) {
        return settle(reject, error);
      }
      const decode = decoder(response, {
        bytes: (bytes) => !settled && take(bytes) && settle(resolve),
        end: () => settle(resolve),
        broken: () => fail("the body could not be decompressed"),
      });
      response.on("data", (bytes) => {
        timer.refresh();
        decode.write(bytes);
      });
      response.on("end", () => decode.end());
      // What arrived before the cut is still read.
      response.on("error", () => decode.end(() => fail("the connection was cut in the middle of the answer")));
    });
    request.end(body);
  });
}

// httpx undoes what it asked for, piece by piece. A truncated stream gives what it can.
function decoder(response, { bytes, end, broken }) {
  if (!["gzip", "deflate"].includes(response.headers["content-encoding"])) return { write: bytes, end: (then = end) => then() };
  const unzip = createUnzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH });
  let last = end;
  unzip.on("data", bytes).on("error", broken);
  unzip.on("end", () => last());
  return {
    write: (piece) => void unzip.write(piece),
    end: (then = end) => {
      last = then;
      unzip.end();
    },
  };
}
