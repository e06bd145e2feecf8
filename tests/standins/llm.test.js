import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { modules, root } from "../../scripts/setup.js";
import { startLlm } from "./llm.js";

const KEY = "a-stand-in-key";
let llm;
before(async () => {
  llm = await startLlm({ key: KEY });
});
after(() => llm.close());

const post = (model, more = {}, init = {}) =>
  fetch(`${llm.baseUrl}/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "How are you?" }], ...more }),
    ...init,
  });

/** Everything on the wire, and whether the body ended as HTTP says it must. */
async function wire(response) {
  let text = "";
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  try {
    for await (const bytes of response.body) text += decoder.decode(bytes, { stream: true });
  } catch (error) {
    return { text, whole: false, error };
  }
  return { text, whole: true };
}
const payloads = (text) =>
  text
    .split("\n\n")
    .filter((block) => block.startsWith("data: "))
    .map((block) => (block === "data: [DONE]" ? "[DONE]" : JSON.parse(block.slice(6))));
const heard = (text) =>
  payloads(text)
    .map((chunk) => chunk.choices?.[0]?.delta.content ?? "")
    .join("");

test("hello is Hello and world, in the shape that OpenAI sends", async () => {
  const response = await post("hello");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.match(response.headers.get("x-request-id"), /^req_\d{32}$/);
  const chunks = payloads((await wire(response)).text);
  assert.equal(chunks.pop(), "[DONE]");
  assert.deepEqual(
    chunks.map((chunk) => chunk.choices[0].delta),
    [{ role: "assistant", content: "", refusal: null }, { content: "Hello" }, { content: " world" }, {}],
  );
  assert.deepEqual(chunks.map((chunk) => chunk.choices[0].finish_reason), [null, null, null, "stop"]);
  for (const chunk of chunks) {
    assert.deepEqual(Object.keys(chunk), ["id", "object", "created", "model", "service_tier", "system_fingerprint", "choices", "obfuscation"]);
    assert.deepEqual(Object.keys(chunk.choices[0]), ["index", "delta", "logprobs", "finish_reason"]);
    assert.equal(chunk.id, chunks[0].id);
    assert.match(chunk.id, /^chatcmpl-/);
    assert.ok(Number.isInteger(chunk.created));
  }
});

test("usage comes when asked: null on the chunks, then one chunk without choices", async () => {
  const chunks = payloads((await wire(await post("hello", { stream_options: { include_usage: true } }))).text).slice(0, -1);
  const last = chunks.pop();
  assert.deepEqual(last.choices, []);
  assert.equal(last.usage.total_tokens, last.usage.prompt_tokens + 2);
  assert.deepEqual(new Set(chunks.map((chunk) => chunk.usage)), new Set([null]));
  const unasked = payloads((await wire(await post("hello?usage"))).text);
  assert.equal(unasked.at(-2).usage.completion_tokens, 2);
});

test("scripts say what they promise", async () => {
  const said = async (model, more) => heard((await wire(await post(model, more))).text);
  assert.equal(await said("echo"), "How are you?");
  assert.equal(await said("echo", { messages: [{ role: "user", content: [{ type: "text", text: "Grüß Gott 👋" }] }, { role: "assistant", content: "x" }] }), "Grüß Gott 👋");
  assert.equal(await said("say?text=a%26b%20c"), "a&b c");
  assert.equal(await said("count?tokens=3"), "1 2 3 ");
  assert.match(await said("story"), /lighthouse[\s\S]*\n\n[\s\S]*light\.$/);
  assert.match(await said("markdown"), /\*\*bold\*\*/);
  assert.match(await said("gpt-4o-mini"), /stand-in.*How are you\?$/);
  assert.match(await said("gpt-4o-mini", { messages: [] }), /stand-in.*Nobody/);
});

test("think reasons before it speaks", async () => {
  const deltas = payloads((await wire(await post("think"))).text).slice(1, -2).map((chunk) => Object.keys(chunk.choices[0].delta)[0]);
  const turn = deltas.indexOf("content");
  assert.ok(turn > 0);
  assert.deepEqual(new Set(deltas.slice(0, turn)), new Set(["reasoning_content"]));
  assert.deepEqual(new Set(deltas.slice(turn)), new Set(["content"]));
});

test("tool calls in pieces, then speaks of the result", async () => {
  const tools = [{ type: "function", function: { name: "look_up", parameters: {} } }];
  const chunks = payloads((await wire(await post("tool", { tools }))).text).slice(0, -1);
  assert.equal(chunks[0].choices[0].delta.tool_calls[0].function.name, "look_up");
  assert.equal(chunks.at(-1).choices[0].finish_reason, "tool_calls");
  const calls = chunks.flatMap((chunk) => chunk.choices[0].delta.tool_calls ?? []);
  assert.deepEqual(JSON.parse(calls.map((call) => call.function.arguments).join("")), { city: "Vienna" });
  const told = await wire(await post("tool", { messages: [{ role: "tool", tool_call_id: "x", content: "rain" }] }));
  assert.equal(heard(told.text), "The tool answered: rain");
});

test("without stream the answer is one indented JSON", async () => {
  const response = await post("hello", { stream: false });
  assert.equal(response.headers.get("content-type"), "application/json");
  const text = await response.text();
  assert.match(text, /^\{\n  "id"/);
  const { choices, usage, object } = JSON.parse(text);
  assert.equal(object, "chat.completion");
  assert.deepEqual(choices, [{ index: 0, message: { role: "assistant", content: "Hello world", refusal: null, annotations: [] }, logprobs: null, finish_reason: "stop" }]);
  assert.equal(usage.completion_tokens, 2);
  const tool = JSON.parse(await (await post("tool", { stream: false })).text()).choices[0];
  assert.equal(tool.message.content, null);
  assert.equal(tool.message.tool_calls[0].function.arguments, '{"city":"Vienna"}');
});

test("max_tokens ends with finish reason length", async () => {
  const { text } = await wire(await post("count", { max_tokens: 2 }));
  assert.equal(heard(text), "1 2 ");
  assert.equal(payloads(text).at(-2).choices[0].finish_reason, "length");
});

test("the key must match, and the answer doesn't show what was sent", async () => {
  for (const headers of [{}, { authorization: "Bearer wrong-one" }, { authorization: KEY }]) {
    const response = await post("hello", {}, { headers });
    assert.equal(response.status, 401);
    const { error } = await response.json();
    assert.equal(error.code, "invalid_api_key");
    assert.doesNotMatch(JSON.stringify(error), /wrong-one/);
  }
  const models = await fetch(`${llm.baseUrl}/models`, { headers: { authorization: `Bearer ${KEY}` } });
  assert.ok((await models.json()).data.some(({ id }) => id === "hello"));
});

test("paths: with or without /v1, under a prefix; never doubled", async () => {
  const status = async (path) => (await fetch(llm.url + path, { method: "POST", headers: { authorization: `Bearer ${KEY}` }, body: '{"model":"hello","messages":[]}' })).status;
  assert.equal(await status("/chat/completions"), 200);
  assert.equal(await status("/v1/chat/completions?api-version=1"), 200);
  assert.equal(await status("/openai/deployments/x/chat/completions"), 200);
  assert.equal(await status("/v1/chat/completions/chat/completions"), 404);
  assert.equal(await status("/v1/completions"), 404);
  assert.equal((await fetch(`${llm.baseUrl}/chat/completions`, { headers: { authorization: `Bearer ${KEY}` } })).status, 405);
  assert.match(await (await fetch(llm.url)).text(), /stand-in[\s\S]*hello[\s\S]*cutAt/);
});

test("a request that can't be understood is told why", async () => {
  const error = async (body) => (await (await post("", {}, { body })).json()).error.message;
  assert.match(await error("{"), /parse/);
  assert.match(await error('{"messages":[]}'), /model/);
  assert.match(await error('{"model":"hello"}'), /messages/);
  assert.match(await error('{"model":"hello?cuttAt=1","messages":[]}'), /Unknown parameter "cuttAt"/);
  assert.match(await error('{"model":"hello?cutAt=soon","messages":[]}'), /whole number/);
  assert.match(await error('{"model":"hello?crlf=soon","messages":[]}'), /flag/);
  assert.match(await error('{"model":"hello?constructor=1","messages":[]}'), /Unknown parameter/);
});

test("browsers may call, with any header they ask for", async () => {
  const preflight = await fetch(`${llm.baseUrl}/chat/completions`, {
    method: "OPTIONS",
    headers: { origin: "http://page.example", "access-control-request-method": "POST", "access-control-request-headers": "authorization,x-extra" },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "authorization,x-extra");
  assert.equal((await post("hello?status=500")).headers.get("access-control-allow-origin"), "*");
});

test("status, retry headers, and failures that stop", async () => {
  const refused = await post("hello?status=429&retryAfter=7&retryAfterMs=250");
  assert.deepEqual([refused.status, refused.headers.get("retry-after"), refused.headers.get("retry-after-ms")], [429, "7", "250"]);
  assert.equal((await refused.json()).error.code, "rate_limit_exceeded");

  const statuses = [];
  for (let turn = 0; turn < 4; turn++) statuses.push((await post("hello?status=503&failTimes=2&id=stops")).status);
  assert.deepEqual(statuses, [503, 503, 200, 200]);

  const whole = [];
  for (let turn = 0; turn < 3; turn++) whole.push((await wire(await post("count?tokens=5&cutAt=2&failTimes=1&id=cut"))).whole);
  assert.deepEqual(whole, [false, true, true]);
});

test("a redirect leads to the plain answer", async () => {
  const response = await post("hello?redirect=307");
  assert.ok(response.redirected);
  assert.equal(heard((await wire(response)).text), "Hello world");
});

test("a stream can break at any delta", async () => {
  const cut = await wire(await post("count?cutAt=2"));
  assert.deepEqual([heard(cut.text), cut.whole], ["1 2 ", false]);
  const reset = await wire(await post("count?cutAt=2&rst"));
  assert.equal(reset.whole, false);
  const end = await wire(await post("count?endAt=2"));
  assert.deepEqual([heard(end.text), end.whole, end.text.includes("[DONE]")], ["1 2 ", true, false]);
  const failed = await wire(await post("count?errorAt=1"));
  assert.equal(payloads(failed.text).at(-1).error.type, "server_error");
  assert.doesNotMatch(failed.text, /DONE/);
  const unfinished = payloads((await wire(await post("hello?noFinish&noDone"))).text);
  assert.deepEqual(unfinished.at(-1).choices[0].delta, { content: " world" });
  const start = await wire(await post("count?cutAt=0"));
  assert.equal(payloads(start.text).length, 1);
});

test("a JSON answer can break too", async () => {
  for (const [fault, ends] of [["cutAt=0", false], ["endAt=0", true]]) {
    const { text, whole } = await wire(await post(`hello?${fault}`, { stream: false }));
    assert.equal(whole, ends);
    assert.throws(() => JSON.parse(text));
  }
});

test("silence lasts until the peer leaves, and that is seen", async () => {
  for (const model of ["count?hangAt=2&gapMs=1", "hello?holdOpen", "hello?ttftMs=600000", "count?gapMs=600000"]) {
    const stop = new AbortController();
    const response = await post(model, {}, { signal: stop.signal });
    const seen = llm.requests.findLast((request) => request.model === model);
    assert.equal(seen.aborted, false);
    stop.abort();
    assert.equal(await llm.waitFor((request) => request.model === model && request.aborted), seen);
    assert.equal(response.status, 200);
  }
  const stop = new AbortController();
  const never = post("hello?headersMs=600000", {}, { signal: stop.signal });
  await llm.waitFor((request) => request.model === "hello?headersMs=600000");
  stop.abort();
  await assert.rejects(never, { name: "AbortError" });
  await llm.waitFor((request) => request.model === "hello?headersMs=600000" && request.aborted);
});

test("its own cut is not recorded as a hang-up", async () => {
  await wire(await post("hello?cutAt=1&id=own-cut"));
  assert.equal(llm.requests.at(-1).aborted, false);
});

test("the bytes can be odd", async () => {
  const bytes = async (model) => (await wire(await post(model))).text;
  assert.match(await bytes("hello?crlf"), /^data: \{.*\}\r\n\r\ndata: [\s\S]*data: \[DONE\]\r\n\r\n$/);
  assert.ok((await bytes("hello?bom")).startsWith("\uFEFFdata: "));
  assert.match(await bytes("hello?comments"), /^: STAND-IN PROCESSING\n\ndata: /);
  assert.match(await bytes("hello?ttftMs=30&heartbeatMs=5"), /^(: waiting\n\n)+data: /);
  assert.equal((await post("hello?empty")).headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.equal(await bytes("hello?empty"), "");
  assert.equal(JSON.parse(await bytes("hello?asJson")).choices[0].message.content, "Hello world");
  assert.match(await bytes("hello?html"), /^<!doctype html>/);
  assert.equal((await post("hello?contentType=text/plain")).headers.get("content-type"), "text/plain");
});

// Over a bare socket each write shows as one HTTP chunk of its own.
async function chunkSizes(model) {
  const body = JSON.stringify({ model, stream: true, messages: [] });
  const socket = connect(Number(new URL(llm.url).port), "127.0.0.1");
  socket.write(`POST /chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
  const parts = [];
  for await (const part of socket) parts.push(part);
  const raw = Buffer.concat(parts).toString("latin1");
  return [...raw.slice(raw.indexOf("\r\n\r\n")).matchAll(/\r\n([0-9a-f]+)\r\n/g)].map(([, size]) => parseInt(size, 16));
}

test("perWrite and splitBytes decide what one write holds", async () => {
  const events = 1 + 20 + 1 + 1; // role, numbers, finish, [DONE]
  assert.equal((await chunkSizes("count")).filter(Boolean).length, events);
  assert.equal((await chunkSizes("count?perWrite=8")).filter(Boolean).length, Math.ceil(events / 8));
  const pieces = (await chunkSizes("hello?splitBytes=7")).filter(Boolean);
  assert.ok(pieces.length > 50 && Math.max(...pieces) === 7);
  const { text } = await wire(await post("echo?splitBytes=1", { messages: [{ role: "user", content: "Grüß 👋" }] }));
  assert.equal(heard(text), "Grüß 👋");
});

test("a script of one's own controls status, headers and bytes", async () => {
  llm.script("own", async ({ body, headers, params, write, end, res, signal }) => {
    res.writeHead(203, { "x-own": params.mark });
    await write(`${body.messages[0].content} ${typeof headers.authorization} `);
    await write(new Uint8Array([33]));
    assert.equal(signal.aborted, false);
    end();
  });
  const response = await post("own?mark=7");
  assert.deepEqual([response.status, response.headers.get("x-own"), await response.text()], [203, "7", "How are you? string !"]);

  llm.script("plain", async ({ write, destroy }) => {
    await write("data: 1\n\n");
    destroy();
  });
  const plain = await post("plain");
  assert.equal(plain.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.deepEqual([(await wire(plain)).whole, llm.requests.at(-1).aborted], [false, false]);
  assert.throws(() => llm.script("", () => {}), /name/);
  assert.throws(() => llm.script("x", 1), /handler/);
});

test("waitFor gives up, and close ends everything", async () => {
  const own = await startLlm();
  await assert.rejects(own.waitFor(() => false, { timeoutMs: 5 }), /No request satisfied/);
  const broken = assert.rejects(own.waitFor(() => assert.fail("mine")), /mine/);
  await fetch(`${own.url}/models`);
  await broken;
  const hanging = await fetch(`${own.baseUrl}/chat/completions`, { method: "POST", body: '{"model":"hello?holdOpen","stream":true,"messages":[]}' });
  const waiting = assert.rejects(own.waitFor((request) => request.model === "never"), /closed before/);
  await own.close();
  await waiting;
  assert.equal((await wire(hanging)).whole, false);
  await assert.rejects(fetch(own.url));
  await own.close();
});

test("a taken port is refused", async () => {
  await assert.rejects(startLlm({ port: Number(new URL(llm.url).port) }), { code: "EADDRINUSE" });
});

test("as a program it starts, says so, and ends on Ctrl-C", async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./llm.js", import.meta.url)), "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve([code, signal])));
  const banner = await new Promise((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  const [, url] = banner.match(/at (http:\/\/127\.0\.0\.1:\d+),/);
  assert.equal((await fetch(`${url}/v1/models`)).status, 200);
  child.kill("SIGINT");
  assert.deepEqual(await ended, [0, null]);
});

test("the official client reads it", async () => {
  // It is installed for the benchmark.
  await modules("bench");
  const { default: OpenAI } = await import(createRequire(join(root, "bench", "package.json")).resolve("openai"));
  const client = new OpenAI({ apiKey: KEY, baseURL: llm.baseUrl, maxRetries: 2 });
  const messages = [{ role: "user", content: "Hi" }];

  let text = "";
  let usage;
  for await (const chunk of await client.chat.completions.create({ model: "hello?splitBytes=3&crlf", messages, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.deepEqual([text, usage.completion_tokens], ["Hello world", 2]);

  const final = await client.chat.completions.stream({ model: "tool", messages }).finalChatCompletion();
  assert.equal(final.choices[0].message.tool_calls[0].function.arguments, '{"city":"Vienna"}');
  const { data, request_id } = await client.chat.completions.create({ model: "hello?status=429&retryAfterMs=1&failTimes=2&id=client", messages }).withResponse();
  assert.equal(data.choices[0].message.content, "Hello world");
  assert.match(request_id, /^req_/);

  await assert.rejects(client.chat.completions.create({ model: "hello?status=404", messages }), { status: 404, code: "model_not_found" });
  await assert.rejects(async () => {
    for await (const _ of await client.chat.completions.create({ model: "count?errorAt=1", messages, stream: true }));
  }, /error while processing/);
  for await (const _ of await client.chat.completions.create({ model: "count?hangAt=1", messages, stream: true })) break;
  await llm.waitFor((request) => request.model === "count?hangAt=1" && request.aborted);
});
