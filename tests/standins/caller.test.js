import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { callLlm, CALLER_DEFAULTS, completionsUrl, requestBody } from "./liveavatar/caller.js";
import { judge, Reading } from "./liveavatar/judge.js";
import { startLlm } from "./llm.js";
import { OUTCOMES, play } from "./outcomes.js";

const SECRET = "the-registered-secret";
// Long beside a busy machine's hiccups, short beside ten seconds.
const READ_TIMEOUT = 600;
const ROOM = { roomId: "RM_1", jobId: "AJ_1", agentId: "PA_1" };
const MESSAGES = [
  { role: "system", content: "You are Rose." },
  { role: "user", content: "Hi" },
];

let llm;
before(async () => {
  llm = await startLlm({ key: SECRET });
});
after(() => llm.close());

const call = (model, more = {}) =>
  callLlm({
    baseUrl: llm.baseUrl,
    secret: SECRET,
    model,
    messages: MESSAGES,
    room: ROOM,
    signal: new AbortController().signal,
    ...more,
    settings: { readTimeoutMs: READ_TIMEOUT, retryWaitsMs: [1, 1, 1], ...more.settings },
  });

test("every stream ends as it does with the real caller", { concurrency: true }, async (t) => {
  await Promise.all(
    OUTCOMES.map((row, index) =>
      t.test(row.name, async () => {
        const model = row.model ?? `row-${index}`;
        if (!row.model) llm.script(model, play(row, READ_TIMEOUT));
        const spoken = [];
        const { outcome, heard, attempts, why } = await call(model, { onText: (text) => spoken.push(text) });
        assert.deepEqual({ outcome, heard }, { outcome: row.outcome, heard: row.heard }, why);
        assert.equal(spoken.join(""), heard);
        assert.equal(attempts.length, row.model ? 1 : row.attempts);
        assert.equal(why === "", outcome === "spoken");
      }),
    ),
  );
});

test("offline, judge says the same of the same bytes", () => {
  for (const row of OUTCOMES) {
    if (row.model || row.status || row.headers?.["content-encoding"] || row.then) continue;
    let at = 0;
    const reads = row.pieces.map((piece) => (typeof piece === "number" ? { at: (at += piece * 10_000) } : { at, bytes: piece }));
    // A wait is no read: it moves the time of what follows.
    const verdict = judge(reads.filter((read) => read.bytes !== undefined || read === reads.at(-1)));
    assert.deepEqual({ outcome: verdict.outcome, heard: verdict.heard, again: verdict.retry }, { outcome: row.outcome, heard: row.heard, again: row.attempts > 1 }, `${row.name}: ${verdict.why}`);
  }
});

test("the offline judge keeps time", () => {
  const event = 'data: {"id":"1","choices":[{"delta":{"content":"Hi"}}]}\n\n';
  assert.equal(judge([{ at: 9_999, bytes: event }]).outcome, "spoken");
  assert.equal(judge([{ at: 10_001, bytes: event }]).outcome, "lost");
  assert.equal(judge([{ at: 0, bytes: event }, { at: 12_000, bytes: event }]).outcome, "cut");
  assert.equal(judge([{ at: 0, bytes: event }, { at: 40, bytes: event }], { readTimeoutMs: 30 }).heard, "Hi");
});

test("any split of the bytes reads the same", () => {
  for (const row of OUTCOMES) {
    if (row.model || row.status || row.then || row.headers?.["content-encoding"]) continue;
    const bytes = Buffer.concat(row.pieces.filter((piece) => typeof piece !== "number").map((piece) => Buffer.from(piece)));
    const read = (size) => {
      const reading = new Reading();
      for (let at = 0; at < bytes.length && !reading.done; at += size) reading.feed(bytes.subarray(at, at + size));
      if (!reading.done) reading.end();
      return { heard: reading.heard, failure: reading.failure, emitted: reading.emitted, toolCalls: reading.toolCalls };
    };
    const whole = read(bytes.length || 1);
    for (const size of [1, 2, 3, 7, 64]) assert.deepEqual(read(size), whole, `${row.name} by ${size}`);
  }
});

test("what the caller sends", async () => {
  await call("hello", { settings: { readTimeoutMs: CALLER_DEFAULTS.readTimeoutMs } });
  const { method, path, headers, body } = llm.requests.at(-1);
  assert.deepEqual([method, path], ["POST", "/v1/chat/completions"]);
  assert.deepEqual(Object.keys(body), ["messages", "model", "stream", "stream_options", "temperature"]);
  assert.deepEqual(body, { messages: MESSAGES, model: "hello", stream: true, stream_options: { include_usage: true }, temperature: 0.5 });
  assert.deepEqual(
    Object.fromEntries(Object.entries(headers).filter(([name]) => !["host", "content-length"].includes(name))),
    {
      "accept-encoding": "gzip, deflate",
      connection: "keep-alive",
      authorization: `Bearer ${SECRET}`,
      accept: "application/json",
      "content-type": "application/json",
      "user-agent": "LiveKit Agents/1.6.4 (python 3.12.12)",
      "x-livekit-room-id": "RM_1",
      "x-livekit-job-id": "AJ_1",
      "x-livekit-agent-id": "PA_1",
      "x-stainless-lang": "python",
      "x-stainless-package-version": "2.44.0",
      "x-stainless-os": "Linux",
      "x-stainless-arch": "x64",
      "x-stainless-runtime": "CPython",
      "x-stainless-runtime-version": "3.12.12",
      "x-stainless-async": "async:asyncio",
      "x-stainless-retry-count": "0",
      "x-stainless-read-timeout": "10.0",
    },
  );
  assert.deepEqual(CALLER_DEFAULTS, { readTimeoutMs: 10_000, retryWaitsMs: [100, 2000, 2000], temperature: 0.5, allowRemote: false });
});

test("the names of reasoning models change the body", () => {
  const keys = (model) => Object.keys(requestBody({ model, messages: [], temperature: 0.5 })).slice(1).join(" ");
  assert.equal(keys("gpt-4o-mini"), "model stream stream_options temperature");
  assert.equal(keys("o3-mini"), "model stream stream_options");
  assert.equal(keys("openai/gpt-5-nano"), "model stream stream_options");
  assert.equal(keys("gpt-5-nano"), "model reasoning_effort stream stream_options");
  assert.equal(requestBody({ model: "gpt-5-nano", messages: [], temperature: 1 }).reasoning_effort, "minimal");
  assert.equal(requestBody({ model: "gpt-5.1", messages: [], temperature: 1 }).reasoning_effort, "none");
});

test("the path is appended as given", () => {
  assert.equal(completionsUrl("http://a.example/v1"), "http://a.example/v1/chat/completions");
  assert.equal(completionsUrl("http://a.example/v1/"), "http://a.example/v1/chat/completions");
  assert.equal(completionsUrl("http://a.example"), "http://a.example/chat/completions");
  assert.equal(completionsUrl("http://a.example/v1/chat/completions"), "http://a.example/v1/chat/completions/chat/completions");
  assert.equal(completionsUrl("http://a.example/v1?key=1"), "http://a.example/v1?key=1/chat/completions");
  assert.equal(completionsUrl(null), "https://api.openai.com/v1/chat/completions");
});

test("failures that end give a spoken turn, after the waits", async () => {
  const { outcome, heard, attempts } = await call("hello?status=503&failTimes=3&id=caller");
  assert.deepEqual([outcome, heard, attempts.map(({ status }) => status)], ["spoken", "Hello world", [503, 503, 503, 200]]);
  const started = performance.now();
  await call("hello?status=503", { settings: { retryWaitsMs: [30, 50] } });
  assert.ok(performance.now() - started >= 79);
});

test("what went wrong is told, the secret never", async () => {
  llm.script("leak", ({ res, headers }) => res.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify({ error: { message: `no such key: ${headers.authorization}` } })));
  const { why } = await call("leak");
  assert.equal(why, "the endpoint answered 401: no such key: Bearer …");
  assert.match((await call("hello", { baseUrl: "http://127.0.0.1:1" })).why, /ECONNREFUSED/);
  assert.match((await call("hello", { baseUrl: "nonsense" })).why, /not a URL/);
  assert.match((await call("hello", { baseUrl: "ftp://127.0.0.1" })).why, /neither http nor https/);
});

test("only this computer is called", async () => {
  for (const baseUrl of [null, "http://192.0.2.1/v1", "https://example.com"]) {
    const { outcome, why, attempts } = await call("hello", { baseUrl });
    assert.equal(outcome, "refused");
    assert.match(why, /allowRemote/);
    assert.equal(attempts.length, 1);
  }
  llm.script("away", ({ res }) => res.writeHead(307, { location: "http://192.0.2.1/v1/chat/completions" }).end());
  assert.equal((await call("away")).outcome, "refused");
});

test("a redirect to another origin doesn't get the key", async () => {
  const other = await startLlm();
  llm.script("onward", ({ res }) => res.writeHead(307, { location: `${other.baseUrl}/chat/completions` }).end());
  other.script("onward", ({ write, end }) => write("data: [DONE]\n\n").then(() => end()));
  await call("onward");
  assert.equal(other.requests[0].headers.authorization, undefined);
  assert.equal(other.requests[0].body.model, "onward");
  await other.close();
});

test("a redirect in a circle ends, and so does one to nowhere", async () => {
  llm.script("nowhere", ({ res }) => res.writeHead(307, { location: "http://[" }).end());
  const { outcome, attempts, why } = await call("nowhere");
  assert.deepEqual([outcome, attempts.length], ["lost", 4]);
  assert.match(why, /not a URL/);
  llm.script("circle", ({ res }) => res.writeHead(307, { location: "/v1/chat/completions" }).end());
  assert.match((await call("circle")).why, /more than 20 times/);
});

test("interrupting cancels the request in flight, the waits too", async () => {
  for (const [model, moment] of [["count?hangAt=2", "text"], ["hello?headersMs=600000&id=stop", "request"], ["hello?status=503&id=stop", "refusal"]]) {
    const stop = new AbortController();
    const turn = call(model, {
      signal: stop.signal,
      settings: { readTimeoutMs: 60_000, retryWaitsMs: [60_000] },
      onText: (text) => moment === "text" && text === "2 " && stop.abort(),
    });
    if (moment === "request") llm.waitFor((request) => request.model === model).then(() => stop.abort());
    if (moment === "refusal") llm.waitFor((request) => request.model === model && request.status === 503).then(() => stop.abort());
    const { outcome, heard } = await turn;
    assert.deepEqual([outcome, heard], ["interrupted", moment === "text" ? "1 2 " : ""]);
    if (moment !== "refusal") await llm.waitFor((request) => request.model === model && request.aborted);
  }
  const stopped = await call("hello", { signal: AbortSignal.abort() });
  assert.deepEqual([stopped.outcome, stopped.attempts], ["interrupted", []]);
});

test("an answer is not cut short by leaving at [DONE]", async () => {
  const before = llm.requests.length;
  for (let turn = 0; turn < 20; turn++) await call("hello?usage");
  assert.deepEqual(llm.requests.slice(before).filter((request) => request.aborted), []);
});
