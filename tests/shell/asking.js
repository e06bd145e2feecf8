// What the tests of this folder ask with, and what they are answered with where no server is needed.

import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";

/** A conversation of one line. */
export const messages = [{ role: "user", content: "Hello" }];

/**
 * A request that runs a script of the stand-in, such as `hello?status=500`.
 * @param {string} model
 */
export const ask = (model) => ({ model, messages });

let serial = 0;

/**
 * The same, refused so many times before; each call counts for itself.
 * @param {string} model @param {number} failTimes
 */
export const failing = (model, failTimes) => ask(`${model}&failTimes=${failTimes}&id=${++serial}`);

/**
 * What `work` throws, or what the promise it gives rejects with. Fails if nothing is thrown.
 * @param {() => unknown} work
 * @returns {Promise<any>}
 */
export async function thrown(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was thrown");
}

/**
 * Everything an iterator gives.
 * @template T @param {AsyncIterable<T>} pieces @returns {Promise<T[]>}
 */
export async function all(pieces) {
  const given = [];
  for await (const piece of pieces) given.push(piece);
  return given;
}

/**
 * An answer as an event stream of OpenAI's chunks, one for each of the words, a finish and `[DONE]`.
 * @param {...string} words
 */
export const answer = (...words) => `${words.map((content) => event({ content })).join("")}${event({}, "stop")}${DONE}`;

/** @param {object} delta @param {string | null} [finish_reason] */
export const event = (delta, finish_reason = null) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

export const DONE = "data: [DONE]\n\n";

const SSE = { headers: { "content-type": "text/event-stream", "x-request-id": "req_1" } };

/**
 * A whole response.
 * @param {...string} words
 */
export const answered = (...words) => new Response(answer(...words), SSE);

/**
 * A response that is no answer.
 * @param {number} status @param {Record<string, string>} [headers] @param {object | string} [body]
 */
export const refused = (status, headers = {}, body = { error: { message: "No.", code: "no" } }) =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });

/** An upstream for a client with a fetch of its own: nothing is there. */
export const NOWHERE = { baseUrl: "http://127.0.0.1:1/v1", model: "m" };

/**
 * A fetch that answers its requests with these, in their order; a function is asked with the request.
 * @param {...(Response | Promise<Response> | ((request: Request) => unknown))} answers
 * @returns {((request: Request) => any) & { requests: Request[] }}
 */
export function answering(...answers) {
  const fetch = (request) => {
    const next = answers[fetch.requests.push(request) - 1] ?? assert.fail("one request too many");
    return typeof next === "function" ? next(request) : next;
  };
  fetch.requests = [];
  return fetch;
}

/** Never settles. */
export const never = () => new Promise(() => {});

/** Lets everything happen that waits for nothing outside of this process. */
export const turn = () => setImmediate();

/**
 * A response whose body comes when the test says so.
 * @returns {{ response: Response, send: (text: string | Uint8Array) => void, end: () => void, fail: (cause: unknown) => void,
 *   cancelled: Promise<unknown>, pulls: () => number }} `cancelled` resolves with the reason when nobody wants the body any more
 */
export function wire() {
  const encoder = new TextEncoder();
  let controller;
  let pulls = 0;
  let cancel;
  const cancelled = new Promise((resolve) => (cancel = resolve));
  const body = new ReadableStream({
    start: (given) => void (controller = given),
    pull: () => void pulls++,
    cancel,
  }, { highWaterMark: 0 });
  return {
    response: new Response(body, SSE),
    send: (text) => controller.enqueue(typeof text === "string" ? encoder.encode(text) : text),
    end: () => controller.close(),
    fail: (cause) => controller.error(cause),
    cancelled,
    pulls: () => pulls,
  };
}
