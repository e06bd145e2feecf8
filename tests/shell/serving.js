// Endpoints for tests: what the caller sends, and what it gets, read by the rules that the caller's parser needs.

import assert from "node:assert/strict";

import { ChatEndpoint } from "../../pkg/index.js";

/** The token that the endpoints of {@link serving} expect. */
export const TOKEN = "the-registered-secret";

/**
 * What LiveAvatar's caller sends.
 * @param {string} [text] @param {object} [more] other members
 */
export const said = (text = "Hello", more = {}) => ({
  messages: [{ role: "system", content: "You are Rose." }, { role: "user", content: text }],
  model: "avatar",
  stream: true,
  stream_options: { include_usage: true },
  temperature: 0.5,
  ...more,
});

/**
 * A request to an endpoint.
 * @param {unknown} body an object, or text as it is
 * @param {{ path?: string, method?: string, token?: string, headers?: Record<string, string>, signal?: AbortSignal }} [more]
 */
export function request(body, { path = "/v1/chat/completions", method = "POST", token = TOKEN, headers = {}, signal } = {}) {
  const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  return new Request(`http://endpoint.example${path}`, {
    method,
    headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
    ...(method === "POST" && { body: text }),
    ...(signal && { signal }),
  });
}

/**
 * An endpoint in front of a source, and what it reports.
 * @param {import("../../pkg/index.js").Source} source
 * @param {Partial<import("../../pkg/index.js").EndpointOptions>} [options]
 */
export function serving(source, options = {}) {
  const reports = [];
  const turns = [];
  const endpoint = new ChatEndpoint({ source, auth: { bearer: TOKEN }, onTurn: (report) => void reports.push(report), ...options });
  const ctx = { waitUntil: (promise) => void turns.push(promise) };
  return {
    endpoint,
    /** What was given to `waitUntil`. */
    turns,
    /** @returns {Promise<Response>} */
    ask: (body = said(), more = {}) => endpoint.fetch(request(body, more), undefined, ctx),
    /** The report of the last turn, once all are over. */
    async report() {
      await Promise.all(turns);
      assert.equal(reports.length, turns.length, "one report a turn");
      return reports.at(-1);
    },
  };
}

/**
 * Reads a streamed answer event by event, strictly.
 * @param {Response} response
 * @returns {AsyncGenerator<{ sign: true } | { role: true } | { words: string } | { finish: string } | { usage: object } | { done: true }>}
 */
export async function* events(response) {
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.equal(response.headers.get("cache-control"), "no-cache, no-transform");
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let head;
  let stage = "nothing";
  const follow = (next, after, event) => {
    assert.ok(after.includes(stage), `${JSON.stringify(event)} after ${stage}`);
    stage = next;
    return event;
  };
  for await (const bytes of response.body) {
    const text = decoder.decode(bytes);
    assert.match(text, /\n\n$/, "whole events");
    for (const block of text.slice(0, -2).split("\n\n")) yield read(block);
  }
  assert.equal(stage, "done", "the answer has an end");

  function read(block) {
    if (block === ": hb") return follow("words", ["words"], { sign: true });
    const data = /^data: ([^\r\n]+)$/.exec(block)?.[1];
    assert.ok(data, `one line of data: ${JSON.stringify(block)}`);
    if (data === "[DONE]") return follow("done", ["finish", "usage"], { done: true });
    const { id, object, created, model, choices, usage } = JSON.parse(data);
    assert.match(id, /^chatcmpl-/);
    assert.equal(object, "chat.completion.chunk");
    assert.ok(Number.isInteger(created) && typeof model === "string");
    head ??= { id, created, model };
    assert.deepEqual({ id, created, model }, head);
    if (usage) {
      assert.deepEqual([choices, Object.keys(usage)], [[], ["prompt_tokens", "completion_tokens", "total_tokens"]]);
      return follow("usage", ["finish"], { usage });
    }
    assert.equal(choices.length, 1);
    const [{ index, delta, finish_reason: finish }] = choices;
    assert.equal(index, 0);
    if (finish !== null) {
      assert.deepEqual(delta, {});
      return follow("finish", ["words"], { finish });
    }
    if (delta.role) {
      assert.deepEqual(delta, { role: "assistant", content: "" });
      return follow("words", ["nothing"], { role: true });
    }
    assert.deepEqual(Object.keys(delta), ["content"]);
    assert.ok(delta.content.length > 0);
    return follow("words", ["words"], { words: delta.content });
  }
}

/**
 * A whole answer, as it was heard.
 * @param {Response | Promise<Response>} response
 */
export async function hear(response) {
  const heard = { words: [], text: "", signs: 0, finish: undefined, usage: undefined };
  for await (const event of events(await response)) {
    if ("words" in event) heard.words.push(event.words);
    if ("sign" in event) heard.signs++;
    if ("finish" in event) heard.finish = event.finish;
    if ("usage" in event) heard.usage = event.usage;
  }
  heard.text = heard.words.join("");
  return heard;
}

/** What is said where no other failure line is set. */
export const FAILURE = "Sorry, something went wrong on my side. Could you say that again?";

/** A promise, and what settles it. */
export function deferred() {
  let resolve;
  let reject;
  const promise = new Promise((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}
