// Puts events on the wire, well or badly, as the parameters say.

import { pause, send } from "../loopback.js";

/**
 * @param {import("node:http").ServerResponse} response
 * @param {Record<string, any>} params
 * @param {AbortSignal} signal
 */
export function wire(response, params, signal) {
  const newline = params.crlf ? "\r\n" : "\n";
  const group = params.perWrite || 1;
  let pending = params.bom ? "\uFEFF" : "";
  let events = 0;

  async function flush() {
    const text = pending;
    pending = "";
    events = 0;
    if (!text) return;
    if (!params.splitBytes) return send(response, text, signal);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += params.splitBytes) {
      await send(response, bytes.subarray(at, at + params.splitBytes), signal);
      // Lets a reader in this process take the piece before the next one joins it in the socket's buffer.
      await new Promise(setImmediate);
    }
  }

  return {
    flush,

    /** Sends the rest together with the end of the body, so that a peer that leaves at [DONE] has had a whole answer. */
    async end() {
      if (params.splitBytes) await flush();
      response.end(pending);
    },

    /** @param {object | string} data an object, or the bare text of the data field */
    async event(data) {
      if (params.comments) pending += `: STAND-IN PROCESSING${newline}${newline}`;
      pending += `data: ${typeof data === "string" ? data : JSON.stringify(data)}${newline}${newline}`;
      if (++events >= group && data !== "[DONE]") await flush();
    },

    /** Waits `ms`, with heartbeats where they were asked for. */
    async wait(ms) {
      let left = ms;
      while (params.heartbeatMs && left > params.heartbeatMs && !signal.aborted) {
        await pause(params.heartbeatMs, signal);
        left -= params.heartbeatMs;
        await send(response, `: waiting${newline}${newline}`, signal);
      }
      await pause(left, signal);
    },
  };
}
