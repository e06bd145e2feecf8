import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { callLlm, CALLER_DEFAULTS, completionsUrl, requestBody } from "./liveavatar/caller.js";
import { startLlm } from "./llm.js";
import { OUTCOMES, play } from "./outcomes.js";

const SECRET = "the-registered-secret";
// Long beside a busy machine's hiccups, short beside ten seconds. Rows wait for each other, since all at once they would be such a hiccup.
const READ_TIMEOUT = 1500;
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

test("every stream ends as it does with the real caller", { concurrency: 12 }, async (t) => {
  await Promise.all(
    OUTCOMES.map((row, index) =>
      t.test(row.name, async () => {
        const model = row.model ?? `row-${index}`;
        if (!row.model) llm.script(model, play(row, READ_TIMEOUT));
        const spoken = [];
        const { outcome, heard, attempts, why, code } = await call(model, { onText: (text) => spoken.push(text) });
        assert.deepEqual({ outcome, heard }, { outcome: row.outcome, heard: row.heard }, why);
        assert.equal(spoken.join(""), heard);
        assert.equal(attempts.length, row.model ? 1 : row.attempts);
        assert.deepEqual([why === "", code === ""], [outcome === "spoken", outcome === "spoken"]);
      }),
    ),
  );
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
  assert.equal((await call("circle")).code, "too_many_redirects");
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
