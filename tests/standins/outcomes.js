// Streams, good and bad, and what LiveAvatar's caller makes of them. Each row was played to livekit-agents 1.6.4 with openai-python 2.44.0
// and this is what it did. The stand-in's caller, a judge, or the real caller can be held against the same rows.
//
//   { name, outcome, heard, attempts, … }       attempts: how often the endpoint is asked
//     pieces: [text | bytes | number]           what the endpoint writes; a number waits so many read timers
//     then: "end" | "cut" | "hold"              how the body ends ("end" unless said)
//     status, headers                           200 and an event stream unless said
//     model                                     or: a script of llm.js that does it
//
//   llm.script(name, play(row, readTimeoutMs))  makes a model of the stand-in LLM play it

import { deflateSync, gzipSync } from "node:zlib";
import { pause } from "./loopback.js";

/**
 * @param {object} row
 * @param {number} readTimeoutMs the read timer of whoever listens
 * @returns {(call: import("./llm.js").LlmCall) => Promise<void>}
 */
export function play(row, readTimeoutMs) {
  return async ({ res, write, end, destroy, signal }) => {
    for (const [index, piece] of row.pieces.entries()) {
      if (typeof piece === "number") {
        await pause(piece * readTimeoutMs, signal);
        continue;
      }
      if (!res.headersSent) res.writeHead(row.status ?? 200, { "content-type": "text/event-stream", ...row.headers });
      await write(piece);
      // Lets the reader take this piece by itself.
      if (index < row.pieces.length - 1) await pause(1, signal);
    }
    if (!res.headersSent) res.writeHead(row.status ?? 200, { "content-type": "text/event-stream", ...row.headers });
    if (row.then === "cut") destroy();
    else if (row.then !== "hold") end();
  };
}

const event = (data) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const chunk = (delta, more = {}, choice = {}) => ({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: null, ...choice }], ...more });
const say = (content, more, choice) => event(chunk({ content }, more, choice));
const without = (object, ...names) => Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

const ROLE = event(chunk({ role: "assistant", content: "" }));
const HELLO = say("Hello");
const WORLD = say(" world");
const FINISH = event(chunk({}, {}, { finish_reason: "stop" }));
const DONE = "data: [DONE]\n\n";
const WHOLE = ROLE + HELLO + WORLD + FINISH + DONE;
const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

const spoken = (name, pieces, more = {}) => ({ name, pieces: [pieces].flat(), outcome: "spoken", heard: "Hello world", attempts: 1, ...more });
const cut = (name, pieces, more = {}) => ({ name, pieces: [pieces].flat(), outcome: "cut", heard: "Hello", attempts: 1, ...more });
const lost = (name, pieces, more = {}) => ({ name, pieces: [pieces].flat(), outcome: "lost", heard: "", attempts: 4, ...more });
const mute = (name, pieces, more = {}) => ({ name, pieces: [pieces].flat(), outcome: "mute", heard: "", attempts: 1, ...more });

const JSON_ANSWER = { id: "c1", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, message: { role: "assistant", content: "Hello world" }, finish_reason: "stop" }] };
const STATUSES = (codes, attempts) => codes.map((status) => lost(`status ${status}`, [], { status, headers: { "content-type": "application/json" }, attempts }));
const umlauts = Buffer.from(say("Grüß 👋") + DONE);

export const OUTCOMES = [
  spoken("a good stream", WHOLE),
  spoken("each event in its own packet", [ROLE, HELLO, WORLD, FINISH, DONE]),
  spoken("one byte at a time", [...Buffer.from(HELLO + WORLD + DONE)].map((byte) => Buffer.of(byte))),
  spoken("no [DONE]", ROLE + HELLO + WORLD + FINISH),
  spoken("no finish_reason", ROLE + HELLO + WORLD + DONE),
  spoken("no object, created, model", event(without(chunk({ content: "Hello world" }), "object", "created", "model")) + DONE),
  spoken("no choice index", event({ id: "c1", choices: [{ delta: { content: "Hello world" } }] }) + DONE),
  spoken('id ""', HELLO.replace('"c1"', '""') + WORLD.replace('"c1"', '""') + DONE),
  spoken("CR LF", WHOLE.replaceAll("\n", "\r\n")),
  spoken("CR", WHOLE.replaceAll("\n", "\r")),
  spoken("data: without the space", WHOLE.replaceAll("data: ", "data:")),
  spoken("comments with a blank line", `: ping\n\n${HELLO}: ping\n\n${WORLD}${DONE}`),
  spoken("event: message", WHOLE.replaceAll("data: ", "event: message\ndata: ")),
  spoken("split inside a character", [...umlauts].map((byte) => Buffer.of(byte)), { heard: "Grüß 👋" }),
  spoken("empty choices first", event({ id: "", object: "", created: 0, model: "", choices: [], prompt_filter_results: [] }) + WHOLE),
  spoken("delta null", event(chunk(null)) + WHOLE),
  spoken("delta missing", event({ id: "c1", choices: [{ index: 0, finish_reason: null }] }) + WHOLE),
  spoken('finish_reason ""', say("Hello", {}, { finish_reason: "" }) + say(" world", {}, { finish_reason: "" }) + DONE),
  spoken("finish_reason length", HELLO + WORLD + event(chunk({}, {}, { finish_reason: "length" })) + DONE),
  spoken("usage null on each chunk", say("Hello", { usage: null }) + say(" world", { usage: null }) + DONE),
  spoken("complete usage at the end", HELLO + WORLD + FINISH + event({ ...chunk({}), choices: [], usage: USAGE }) + DONE),
  spoken("error null", say("Hello", { error: null }) + say(" world", { error: null }) + DONE),
  spoken("[DONE] without a newline", `${HELLO + WORLD}data: [DONE]`),
  spoken("leading blank lines", `\n\n\n${WHOLE}`),
  spoken("held open after [DONE]", WHOLE, { then: "hold" }),
  spoken("text/plain", WHOLE, { headers: { "content-type": "text/plain" } }),
  spoken("reasoning_content beside content", event(chunk({ reasoning_content: "Hm." })) + event(chunk({ reasoning_content: "So.", content: "Hello world" })) + DONE),
  spoken("text after the finish", HELLO + FINISH + WORLD + DONE),
  spoken("gzip", gzipSync(WHOLE), { headers: { "content-encoding": "gzip" } }),
  spoken("deflate", deflateSync(WHOLE), { headers: { "content-encoding": "deflate" } }),
  spoken("redirect 307", [], { model: "hello?redirect=307", attempts: 2 }),
  spoken("redirect 308", [], { model: "hello?redirect=308", attempts: 2 }),
  spoken("a long wait for the first text, bridged by comments", [": hb\n\n", 0.4, ": hb\n\n", 0.4, ": hb\n\n", 0.4, ": hb\n\n", 0.4, WHOLE]),
  spoken("a long gap after text, bridged by comments", [HELLO, 0.4, ": hb\n\n", 0.4, ": hb\n\n", 0.4, ": hb\n\n", 0.4, WORLD + DONE]),
  spoken("retry: that is no number", `retry: soon\n\n${WHOLE}`),
  spoken("an unknown field", `error: odd\n\n${WHOLE}`),
  spoken("id: once, then a comment with one newline", `id: 1\n${HELLO}: ping\n${WORLD}${DONE}`),
  spoken("a tool call after text", HELLO + WORLD + event(chunk({ tool_calls: [{ index: 0, id: "t", type: "function", function: { name: "f", arguments: "{}" } }] })) + event(chunk({}, {}, { finish_reason: "tool_calls" })) + DONE),
  spoken("markdown and emoji go to speech as they are", say("# **Hi** 🎉\n- a") + DONE, { heard: "# **Hi** 🎉\n- a" }),
  spoken("two choices are spoken interleaved", event({ ...chunk({}), choices: [{ index: 0, delta: { content: "Hel" } }, { index: 1, delta: { content: "Goo" } }] }) + event({ ...chunk({}), choices: [{ index: 0, delta: { content: "lo" } }, { index: 1, delta: { content: "d day" } }] }) + DONE, { heard: "HelGoolod day" }),
  spoken("<think> split over chunks is spoken aloud", say("<th") + say("ink>secret</thi") + say("nk>Hello") + DONE, { heard: "<think>secret</think>Hello" }),
  spoken("<think> whole, in chunks of its own, is not", say("<think>") + say("secret") + say("</think>") + say("Hello world") + DONE),
  spoken("a byte-order mark swallows the first chunk", `\uFEFF${HELLO}${WORLD}${DONE}`, { heard: " world" }),
  spoken("the last event without its blank line is dropped", `${HELLO}${WORLD.trimEnd()}`, { heard: "Hello" }),

  cut("id: once, then a comment with a blank line", `id: 1\n${HELLO}: ping\n\n${WORLD}${DONE}`),
  cut("data without choices after text", HELLO + event({ hook_results: {} }) + WORLD + DONE),
  cut("an empty data: after text", `${HELLO}data:\n\n${WORLD}${DONE}`),
  cut("event: ping after text", `${HELLO}event: ping\n\n${WORLD}${DONE}`),
  cut("an error object after text", HELLO + event({ error: { message: "overloaded", type: "server_error" } })),
  cut("event: error after text", `${HELLO}event: error\n${event({ error: { message: "overloaded" } })}`),
  cut("usage {}", say("Hello", { usage: {} }) + WORLD + DONE),
  cut("usage with null members", HELLO + say("", { usage: { prompt_tokens: null, completion_tokens: null, total_tokens: null } }) + WORLD + DONE),
  cut("usage and its text in one chunk", say("Hello", { usage: { ...USAGE, total_tokens: null } }) + WORLD + DONE),
  cut("a later chunk without id", HELLO + event(without(chunk({ content: " world" }), "id")) + DONE),
  cut("content as an array after text", HELLO + event(chunk({ content: [{ type: "text", text: " world" }] })) + DONE),
  cut("not JSON after text", `${HELLO}${event("{")}${WORLD}${DONE}`),
  cut("invalid UTF-8 after text", [HELLO, Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a]), WORLD + DONE]),
  cut("the connection is cut after text", ROLE + HELLO, { then: "cut" }),
  cut("silence after text", [HELLO], { then: "hold" }),

  lost("no id", event(without(chunk({ content: "Hello" }), "id")) + DONE),
  lost("id null", HELLO.replace('"c1"', "null") + DONE),
  lost("id a number", HELLO.replace('"c1"', "7") + DONE),
  lost("retry: with a blank line", `retry: 3000\n\n${WHOLE}`),
  lost("event: ping without data", `event: ping\n\n${WHOLE}`),
  lost("event: ping with JSON data", `event: ping\n${event({ type: "ping" })}${WHOLE}`),
  lost("event: thread.run.created", `event: thread.run.created\n${event(chunk({}))}${WHOLE}`),
  lost("data without choices", event({ hook_results: {} }) + WHOLE),
  lost("an empty data:", `data:\n\n${WHOLE}`),
  lost("choices null", event({ id: "c1", choices: null }) + WHOLE),
  lost("invalid UTF-8", [Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a]), WHOLE]),
  lost("content as an array", event(chunk({ content: [{ type: "text", text: "Hello" }] })) + DONE),
  lost("an error object", event({ error: { message: "overloaded", type: "server_error" } })),
  lost("an error text", event({ error: "overloaded" })),
  lost("event: error", `event: error\n${event({ error: { message: "overloaded" } })}`),
  lost("a role chunk, then an error", ROLE + event({ error: { message: "overloaded" } })),
  lost("a role chunk, then the connection is cut", ROLE, { then: "cut" }),
  lost("usage {} before text is not asked again", say("", { usage: {} }) + WHOLE, { attempts: 1 }),
  lost("no byte at all", [5]),
  lost("a status and headers, then silence", [""], { then: "hold" }),
  lost("the connection is cut before an answer", [], { then: "cut" }),
  ...STATUSES([408, 429, 500, 502, 503, 504], 4),
  ...STATUSES([400, 401, 403, 404, 405, 409, 422], 1),
  lost("redirect 301 turns into a GET", [], { model: "hello?redirect=301", attempts: 2 }),
  lost("redirect 302 turns into a GET", [], { model: "hello?redirect=302", attempts: 2 }),

  mute("JSON instead of a stream", JSON.stringify(JSON_ANSWER), { headers: { "content-type": "application/json" } }),
  mute("indented JSON", JSON.stringify(JSON_ANSWER, null, 2), { headers: { "content-type": "application/json" } }),
  mute("NDJSON", `${JSON.stringify(chunk({ content: "Hello" }))}\n${JSON.stringify(chunk({ content: " world" }))}\n`, { headers: { "content-type": "application/x-ndjson" } }),
  mute("an empty body", []),
  mute("status 204", [], { status: 204 }),
  mute("an HTML page", "<!doctype html>\n<html>\n\n<body>Sign in: here</body></html>\n", { headers: { "content-type": "text/html" } }),
  mute("only [DONE]", DONE),
  mute("content_filter only", ROLE + event(chunk({}, {}, { finish_reason: "content_filter" })) + DONE),
  mute("refusal only", event(chunk({ refusal: "I can't help with that." })) + FINISH + DONE),
  mute("reasoning only", event(chunk({ reasoning_content: "Hm." })) + FINISH + DONE),
  mute("tool call only", event(chunk({ tool_calls: [{ index: 0, id: "t", type: "function", function: { name: "f", arguments: "{}" } }] })) + event(chunk({}, {}, { finish_reason: "tool_calls" })) + DONE),
  mute("message instead of delta", event({ id: "c1", choices: [{ index: 0, message: { role: "assistant", content: "Hello" } }] }) + DONE),
  mute("text instead of delta", event({ id: "c1", choices: [{ index: 0, text: "Hello" }] }) + DONE),
  mute("error: instead of data:", `error: {"message":"overloaded"}\n\n`),
  mute("status 499", [], { status: 499 }),
];
