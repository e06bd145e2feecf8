// One HTTP exchange the way the caller's client (httpx) makes it: redirects told, gzip undone, and a timer on silence. What it means is the
// judge's to say, who is told all that happens.

import http from "node:http";
import https from "node:https";
import { constants, createUnzip } from "node:zlib";

/** The stand-in would not call this address. */
export class NotCalled extends Error {}

/** A request. @typedef {{ url: string, headers: Record<string, string>, body?: Uint8Array }} Hop */

/**
 * Sends a request, and resolves once the judge asks for nothing more of it, or `signal` aborts.
 * @param {Hop & { judge: any, allowRemote: boolean, signal: AbortSignal, onBytes: () => void, hear: () => void }} exchange
 *   `hear`: there may be words to take
 * @returns {Promise<{ next?: Hop, detail: string }>} the request that a redirect leads to, and what is known of a failure beyond the verdict
 */
export async function exchange({ url, headers, body, judge, allowRemote, signal, onBytes, hear }) {
  const now = () => performance.now();
  judge.send(now());
  let target;
  try {
    target = parse(url);
  } catch (error) {
    judge.lose(false, now());
    return { detail: error.message };
  }
  if (!allowRemote && !isLoopback(target.hostname)) {
    throw new NotCalled(`the stand-in calls only this computer, and ${target.host} is not on it. Start it with allowRemote to let it call out.`);
  }

  const response = {};
  const detail = await once({ target, headers, body, method: judge.method(), judge, signal, response, onBytes, hear });
  const { location } = response;
  if (judge.next() !== "send" || location === undefined) return { detail };
  let to;
  try {
    to = new URL(location, target);
  } catch {
    // Told when it is called.
    return { next: { url: location, headers, body }, detail: "" };
  }
  // The key stays within its origin.
  const kept = to.origin === target.origin ? headers : Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "Authorization"));
  return { next: { url: to.href, headers: kept, ...(judge.method() === "POST" && { body }) }, detail: "" };
}

function parse(url) {
  let target;
  try {
    target = new URL(url);
  } catch {
    throw new Error(`"${url}" is not a URL`);
  }
  if (target.protocol !== "http:" && target.protocol !== "https:") throw new Error(`"${url}" is neither http nor https`);
  return target;
}

/** @param {string} hostname as a URL has it */
export const isLoopback = (hostname) => hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);

/** @returns {Promise<string>} what is known of a failure */
function once({ target, method, headers, body, judge, signal, response: seen, onBytes, hear }) {
  return new Promise((resolve) => {
    const client = target.protocol === "https:" ? https : http;
    const length = body ? { "Content-Length": String(body.length) } : {};
    // A connection for each request: a kept one could turn out dead and count as an attempt that the endpoint never saw.
    const request = client.request(target, { method, agent: false, headers: { Host: target.host, ...headers, ...length } });

    let timer;
    let settled = false;
    const settle = (detail = "") => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupt);
      request.destroy();
      resolve(detail);
    };
    const interrupt = () => settle();
    /** Tells the judge, and goes on only if there is more to tell. */
    const tell = (what, detail) => {
      if (settled) return;
      what(performance.now());
      hear();
      if (judge.next() !== "read") settle(typeof detail === "function" ? detail() : detail);
    };
    const wait = () => {
      // What has come in time, on a machine that was busy meanwhile, is read before the silence counts.
      const due = () => setImmediate(tick);
      timer = setTimeout(due, Math.max(1, judge.due() - performance.now()));
    };
    const tick = () => {
      tell((now) => judge.tick(now));
      if (!settled) wait();
    };
    wait();

    request.on("error", (error) => tell((now) => judge.lose(false, now), `the connection failed: ${error.code ?? error.message}`));
    if (signal.aborted) return interrupt();
    signal.addEventListener("abort", interrupt);
    const stir = () => settled || judge.stir(performance.now());
    request.on("socket", (socket) => socket.once("connect", stir));
    request.on("response", (response) => {
      const { statusCode: status, headers } = response;
      Object.assign(seen, { status, location: headers.location });
      let refusal = "";
      tell((now) => judge.head(status, headers.location !== undefined, headers["content-encoding"] ?? "", now));
      const decode = decoder(response, {
        bytes: (bytes) => {
          if (settled) return;
          onBytes();
          if (status >= 300 && refusal.length < 2000) refusal += Buffer.from(bytes).toString();
          tell((now) => judge.push(bytes, now));
        },
        end: () => tell((now) => judge.end(now), () => (status >= 300 ? `the endpoint answered ${status}${said(refusal)}` : "")),
        broken: () => tell((now) => judge.lose(true, now)),
      });
      response.on("data", (bytes) => {
        stir();
        decode.write(bytes);
      });
      response.on("end", () => decode.end());
      // What arrived before the cut is still read.
      response.on("error", () => decode.end(() => tell((now) => judge.lose(false, now))));
    });
    request.end(body);
  });
}

/** What an error body says: OpenAI's `error.message`, else the body itself. */
function said(text) {
  let message = text;
  try {
    const told = JSON.parse(text)?.error?.message;
    if (typeof told === "string") message = told;
  } catch {
    // It is told as it is.
  }
  return message.trim() && `: ${message.trim()}`;
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
