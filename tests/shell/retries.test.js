// What is tried again, when, and how often.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { ApiError, ChatClient, ChatStream, ConnectionError, DeadlineError, StreamError, ValidationError } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { all, answer, answered, answering, ask, event, failing, messages, never, NOWHERE, refused, thrown, turn, wire } from "./asking.js";
import { stopClock } from "./clock.js";

const llm = await startLlm();
after(() => llm.close());

const said = (completion) => completion.choices[0].message.content;
const lost = () => Promise.reject(new Error("no network"));

/** A response whose body gives this, and then breaks. */
const broken = (...texts) =>
  new Response(new ReadableStream({
    pull: (controller) => (texts.length > 0 ? controller.enqueue(new TextEncoder().encode(texts.shift())) : controller.error(new Error("cut"))),
  }, { highWaterMark: 0 }));

/** What a first attempt comes to: whether another follows. */
const ATTEMPTS = {
  "a lost connection": [lost, true],
  "a fetch that throws at once": [() => { throw new Error("at once"); }, true],
  "a rejection that is no Error": [() => Promise.reject("no network"), true],
  "a rejection with nothing": [() => Promise.reject(), true],
  "a connection that breaks before anything came": [() => broken(), true],
  "a connection that breaks after a comment": [() => broken(": hello\n\n"), true],
  "a connection that breaks after the role, which nobody got,": [() => broken(event({ role: "assistant" })), true],
  "a connection that breaks after a word": [() => broken(event({ content: "Hi" })), false],
  "a body that ends after a word": [() => new Response(event({ content: "Hi" })), false],
  "an empty body": [() => new Response(""), false],
  "a page": [() => new Response("<!doctype html><p>Sign in"), false],
  "an error reported in the stream": [() => new Response('data: {"error":{"message":"overloaded"}}\n\n'), true],
  "an error reported in the stream that will not pass": [() => new Response('data: {"error":{"message":"no such model","code":404}}\n\n'), false],
  "what is not JSON": [() => new Response("data: {\n\n"), false],
  "no Response": [() => "hello", false],
  "a redirect": [() => refused(307, { location: "https://example.com" }), false],
  "a 503 with x-should-retry: false": [() => refused(503, { "x-should-retry": "false" }), false],
  "a 400 with x-should-retry: true": [() => refused(400, { "x-should-retry": "true" }), true],
};
for (const status of [408, 409, 429, 500, 502, 503, 504, 529, 599]) ATTEMPTS[`a ${status}`] = [() => refused(status), true];
for (const status of [400, 401, 402, 403, 404, 405, 410, 413, 418, 422, 451]) ATTEMPTS[`a ${status}`] = [() => refused(status), false];

for (const [name, [attempt, isRetried]] of Object.entries(ATTEMPTS)) {
  test(`${name} is ${isRetried ? "" : "not "}tried again`, async (t) => {
    const time = stopClock(t);
    const fetch = answering(attempt, answered("Second"));
    const completion = new ChatClient({ ...NOWHERE, fetch }).complete({ messages }).then(said, (error) => error);
    await time.pass(10_000);
    const outcome = await completion;
    if (isRetried) assert.equal(outcome, "Second");
    else assert.ok(outcome instanceof Error, String(outcome));
    assert.equal(fetch.requests.length, isRetried ? 2 : 1);
    assert.equal(time.timers(), 0);
  });
}

test("a connection that breaks after the role is not tried again if somebody got the role", async () => {
  const fetch = answering(broken(event({ role: "assistant" })), answered("Second"));
  const stream = new ChatClient({ ...NOWHERE, fetch }).stream({ messages });
  await assert.rejects(all(stream), { name: "ConnectionError" });
  assert.equal(fetch.requests.length, 1);
});

describe("the wait before the next attempt", () => {
  /** What a refusal says, and the wait it asks for. */
  const ASKED = {
    "retry-after-ms": [{ "retry-after-ms": "1234" }, 1234],
    "Retry-After in seconds": [{ "retry-after": "7" }, 7000],
    "Retry-After of half a second": [{ "retry-after": "0.5" }, 500],
    "Retry-After as a date": [{ "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT", date: "Sun, 06 Nov 1994 08:49:27 GMT" }, 10_000],
    "both: milliseconds go first": [{ "retry-after": "7", "retry-after-ms": "20" }, 20],
    "a minute": [{ "retry-after": "60" }, 60_000],
  };
  for (const [name, [headers, wait]] of Object.entries(ASKED)) {
    test(`is what the upstream asks for: ${name}`, async (t) => {
      const time = stopClock(t);
      const fetch = answering(refused(429, headers), answered("Second"));
      const completion = new ChatClient({ ...NOWHERE, fetch }).complete({ messages });
      await time.pass(wait - 1);
      assert.equal(fetch.requests.length, 1);
      await time.pass(1);
      assert.equal(fetch.requests.length, 2);
      assert.equal(said(await completion), "Second");
    });
  }

  test("is not begun if the upstream asks for more than a minute: the error says how long", async (t) => {
    const time = stopClock(t);
    const error = await thrown(() => new ChatClient({ ...NOWHERE, fetch: answering(refused(429, { "retry-after": "61" })) }).complete({ messages }));
    assert.ok(error instanceof ApiError);
    assert.equal(error.retryAfterMs, 61_000);
    assert.equal(time.timers(), 0);
  });

  const undated = { "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT" };
  for (const headers of [{}, { "retry-after": "soon" }, { "retry-after": "-5" }, { "retry-after-ms": "NaN" }, undated]) {
    test(`is half a second, then twice as much, up to a quarter less, where none is asked for: ${JSON.stringify(headers)}`, async (t) => {
      const time = stopClock(t);
      const fetch = answering(...Array.from({ length: 6 }, () => refused(503, headers)), answered("Last"));
      const completion = new ChatClient({ ...NOWHERE, fetch }).complete({ messages }, { maxRetries: 6 });
      for (const [index, wait] of [500, 1000, 2000, 4000, 8000, 8000].entries()) {
        let waited = 0;
        while (fetch.requests.length <= index + 1) waited += await time.passToNext();
        assert.ok(wait * 0.75 - 0.001 <= waited && waited <= wait + 0.001, `${waited} ms`);
      }
      assert.equal(said(await completion), "Last");
    });
  }

  test("of those who failed together is not the same", async (t) => {
    const time = stopClock(t);
    const sent = new Set();
    let passed = 0;
    const fetches = Array.from({ length: 20 }, () => answering(refused(503), () => (sent.add(passed), answered("Hi"))));
    const completions = fetches.map((fetch) => new ChatClient({ ...NOWHERE, fetch }).complete({ messages }));
    for (; passed < 510; passed += 5) await time.pass(5);
    await Promise.all(completions);
    assert.ok(sent.size > 3, `at ${[...sent]}`);
  });
});

describe("how often", () => {
  /** The client's and the call's `maxRetries`, and how many requests there are then. */
  const LIMITS = [
    [{}, {}, 3],
    [{ maxRetries: 0 }, {}, 1],
    [{ maxRetries: 1 }, {}, 2],
    [{}, { maxRetries: 0 }, 1],
    [{ maxRetries: 0 }, { maxRetries: 4 }, 5],
    [{}, { maxRetries: undefined }, 3],
  ];
  const FAILURES = {
    "lost connections": [lost, ConnectionError],
    "refusals": [() => refused(500), ApiError],
    "deadlines": [never, DeadlineError],
  };
  for (const [ofClient, ofCall, requests] of LIMITS) {
    for (const [name, [attempt, Class]] of Object.entries(FAILURES)) {
      test(`${name}, with ${JSON.stringify(ofClient)} for the client and ${JSON.stringify(ofCall)} for the call: ${requests}`, async (t) => {
        const time = stopClock(t);
        const fetch = answering(...Array.from({ length: requests }, () => attempt));
        const error = thrown(() => new ChatClient({ ...NOWHERE, fetch }, ofClient).complete({ messages }, ofCall));
        await time.pass(1_000_000);
        assert.ok(await error instanceof Class);
        assert.equal(fetch.requests.length, requests);
      });
    }
  }

  test("an answer that was fetched elsewhere is not asked for again", async () => {
    assert.ok(await thrown(() => ChatStream.fromResponse(refused(503, { "retry-after-ms": "1" })).completion()) instanceof ApiError);
  });
});

test("the last failure is what is told, without the causes of earlier ones", async (t) => {
  const time = stopClock(t);
  const cause = new Error("no network");
  const failed = () => Promise.reject(cause);
  const outcome = async (...attempts) => {
    const client = new ChatClient({ ...NOWHERE, fetch: answering(...attempts) }, { maxRetries: attempts.length - 1 });
    const error = thrown(() => client.complete({ messages }));
    await time.pass(1_000_000);
    return error;
  };
  assert.equal((await outcome(refused(500), failed)).cause, cause);
  for (const last of [refused(500), never, new Response(event({ content: "Hi" })), new Response("")]) {
    const error = await outcome(failed, last);
    assert.ok(!(error instanceof ConnectionError));
    assert.equal("cause" in error, false, error.stack);
  }
});

test("an answer that is lost, and asked for again in vain, has had its response; nothing is an unhandled rejection", async (t) => {
  const time = stopClock(t);
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const stream = new ChatClient({ ...NOWHERE, fetch: answering(broken(), lost) }, { maxRetries: 1 }).stream({ messages });
  const error = thrown(() => stream.completion());
  await time.pass(1000);
  assert.equal((await error).code, "connection_failed");
  assert.equal((await stream.response).status, 200);
  await turn();
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
});

test("the readers see nothing of it", async () => {
  const fetch = () => answering(refused(503, { "retry-after-ms": "1" }), () => broken(": hello\n\n"), answered("One ", "two"));
  const stream = () => new ChatClient({ ...NOWHERE, fetch: fetch() }).stream({ messages });
  const [text, chunks, bytes, whole] = await Promise.all([
    all(stream().textStream()), all(stream()), stream().toResponse().text(), stream().completion(),
  ]);
  assert.equal(text.join(""), "One two");
  assert.equal(chunks.length, 3);
  assert.equal(bytes, await ChatStream.fromResponse(new Response(answer("One ", "two"))).toResponse().text());
  assert.equal(said(whole), "One two");
});

test("the body of a refused attempt is read or cancelled", async (t) => {
  const time = stopClock(t);
  const line = wire();
  line.send("x".repeat(100_000));
  const fetch = answering(new Response(line.response.body, { status: 503 }), answered("Hi"));
  const completion = new ChatClient({ ...NOWHERE, fetch }).complete({ messages });
  await line.cancelled;
  await time.pass(1000);
  assert.equal(said(await completion), "Hi");
});

test("a key that fails, or that no header can carry, is told and not tried again", async () => {
  const mine = new Error("the vault is closed");
  for (const [apiKey, expected] of [
    [() => Promise.reject(mine), (error) => assert.equal(error, mine)],
    [() => { throw mine; }, (error) => assert.equal(error, mine)],
    [() => 5, (error) => assert.ok(error instanceof ValidationError)],
    [() => undefined, (error) => assert.ok(error instanceof ValidationError)],
    [() => "", (error) => assert.ok(error instanceof ValidationError)],
    [() => "sk-123\n", (error) => assert.match(error.message, /trim it/)],
    [() => "sk-…", (error) => assert.match(error.message, /not ASCII/)],
  ]) {
    let asked = 0;
    const key = () => (asked++, apiKey());
    expected(await thrown(() => new ChatClient({ ...NOWHERE, apiKey: key, fetch: () => assert.fail("sent") }).complete({ messages })));
    assert.equal(asked, 1);
  }
});

// Over a network; the last, since the clock may not stop while Node's fetch has timers.
describe("over a network", () => {
  test("each attempt sends the same request, body and all, and asks for the key anew", async () => {
    let asked = 0;
    const client = new ChatClient({ baseUrl: llm.baseUrl, apiKey: async () => `sk-000${++asked}`, headers: { "x-a": "1" } });
    const request = { ...failing("hello?status=503&retryAfterMs=1", 2), user: "again", temperature: 0.25, own: { deep: ["ü"] } };
    assert.equal(said(await client.complete(request)), "Hello world");
    const sent = llm.requests.filter(({ body }) => body?.user === "again");
    assert.deepEqual(sent.map(({ status }) => status), [503, 503, 200]);
    assert.deepEqual(sent.map(({ headers }) => headers.authorization), ["Bearer sk-0001", "Bearer sk-0002", "Bearer sk-0003"]);
    for (const { body, headers, path } of sent) {
      assert.deepEqual(body, sent[0].body);
      assert.equal(path, sent[0].path);
      assert.deepEqual({ ...headers, authorization: "" }, { ...sent[0].headers, authorization: "" });
    }
    assert.deepEqual(sent[0].body.own, { deep: ["ü"] });
  });

  test("a connection that is cut after a word is not asked for again", async () => {
    const client = new ChatClient({ baseUrl: llm.baseUrl });
    for (const how of ["cutAt=2", "cutAt=2&rst", "endAt=2", "errorAt=2"]) {
      const user = `cut by ${how}`;
      const error = await thrown(() => client.complete({ ...ask(`count?${how}`), user }));
      assert.ok(error instanceof ConnectionError || error instanceof StreamError, error.stack);
      // A reset may take with it what was not read yet.
      if (!how.includes("rst")) assert.equal(said(error.partial), "1 2 ");
      await turn();
      if (error.partial) assert.equal(llm.requests.filter(({ body }) => body?.user === user).length, 1);
    }
  });

  test("where nothing listens there is a ConnectionError with the platform's reason", async () => {
    const error = await thrown(() => new ChatClient(NOWHERE, { maxRetries: 0 }).complete({ messages }));
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.code, "connection_failed");
    assert.ok(error.cause instanceof TypeError);
    assert.match(error.message, /check the base URL/);
  });

  test("a client goes on after refusals", async () => {
    const client = new ChatClient({ baseUrl: llm.baseUrl });
    for (const status of [429, 500, 503]) {
      assert.equal(said(await client.complete(failing(`hello?status=${status}&retryAfterMs=1`, 1))), "Hello world");
    }
  });
});
