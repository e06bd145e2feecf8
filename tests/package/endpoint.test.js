// An endpoint in workerd: the packed package, before an LLM and before a developer's own code.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { startLlm } from "../standins/llm.js";
import { deferred, events, hear, said, TOKEN } from "../shell/serving.js";
import { bundle, run } from "./worker.js";

const KEY = "sk-standin-0123456789";

// What a developer would write, and beside it a binding that tells the test what happens inside.
const MAIN = `
import { ChatEndpoint } from "liveavatar-llm";

const tell = (env, what, signal) => env.TEST.fetch("http://test.example/", { method: "POST", body: JSON.stringify(what), signal });

async function* own(request, { text, signal, env, waitUntil }) {
  signal.addEventListener("abort", () => waitUntil(tell(env, { aborted: text })));
  try {
    for (let step = 0; ; step++) {
      const { words } = await (await tell(env, { step, text }, signal)).json();
      if (words === null) return;
      yield words;
    }
  } finally {
    waitUntil(tell(env, { returned: text }));
  }
}

let env;
export default new ChatEndpoint((bindings) => {
  env = bindings;
  return {
    source: env.LLM ? { baseUrl: env.LLM, apiKey: env.KEY } : own,
    auth: { bearer: env.TOKEN },
    onTurn: async ({ error, ...report }) => void (await tell(env, { report: { ...report, code: error?.code } })),
  };
});
`;

const cleanUp = [];
const suite = { after: (work) => cleanUp.unshift(work) };
let outdir;
let llm;
before(async () => {
  [outdir, llm] = await Promise.all([bundle(suite, { "main.js": MAIN }), startLlm({ key: KEY })]);
});
after(async () => {
  await llm.close();
  for (const work of cleanUp) await work();
});

/** A worker, what it tells, and a way to ask it. */
async function worker({ upstream = false, flags = [], answer = () => ({}) } = {}) {
  const told = [];
  const waiting = new Set();
  const TEST = async (request) => {
    const what = await request.json();
    const reply = answer(what);
    told.push(what);
    waiting.forEach((look) => look());
    return Response.json(await reply);
  };
  const url = await run(suite, outdir, {
    bindings: { TOKEN, KEY, ...(upstream && { LLM: llm.baseUrl }) },
    serviceBindings: { TEST: async (request) => TEST(request) },
    compatibilityFlags: flags,
  });
  return {
    ask: (text, { token = TOKEN, path = "/v1/chat/completions", model = "avatar", ...more } = {}) =>
      fetch(new URL(path, url), {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "x-livekit-room-id": "RM_1" },
        body: JSON.stringify(said(text, { model })),
        ...more,
      }),
    /** The first thing told, past or to come, that is such. */
    told: (isSuch) =>
      new Promise((resolve) => {
        const look = () => {
          const found = told.find(isSuch);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** The next event that is no sign of life. */
async function next(answer) {
  for (;;) {
    const { value } = await answer.next();
    if (!value?.sign) return value;
  }
}

const event = (delta, finish_reason = null) =>
  `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

test("an upstream's words are passed on as they come, two turns at once", async () => {
  const heard = new Map();
  llm.script("lockstep", async ({ body, write, end }) => {
    const { content } = body.messages.at(-1);
    for (const words of ["one", " two", " three"]) {
      const step = deferred();
      heard.set(content, step.resolve);
      await write(event({ content: words }));
      // Whoever waits for more than this never gets it.
      await step.promise;
    }
    end(`${event({}, "stop")}data: [DONE]\n\n`);
  });
  const { ask, told } = await worker({ upstream: true });
  const turns = await Promise.all(["first", "second"].map(async (text) => ({ text, answer: events(await ask(text, { model: "lockstep" })) })));
  for (const { answer } of turns) assert.deepEqual(await next(answer), { role: true });
  for (const words of ["one", " two", " three"]) {
    for (const { text, answer } of turns) {
      assert.deepEqual(await next(answer), { words });
      heard.get(text)();
    }
  }
  for (const { answer } of turns) {
    assert.deepEqual(await next(answer), { finish: "stop" });
    assert.deepEqual(await next(answer), { done: true });
    assert.ok((await answer.next()).done);
  }
  const { report } = await told(({ report }) => report);
  assert.deepEqual([report.outcome, report.roomId], ["spoken", "RM_1"]);
});

test("an upstream that is silent is bridged", async () => {
  const go = deferred();
  llm.script("slow", async ({ write, end }) => {
    await go.promise;
    await write(event({ content: "Hello" }));
    end(`${event({}, "stop")}data: [DONE]\n\n`);
  });
  const { ask } = await worker({ upstream: true });
  const answer = events(await ask("Hi", { model: "slow" }));
  assert.deepEqual((await answer.next()).value, { role: true });
  for (let sign = 0; sign < 3; sign++) assert.deepEqual((await answer.next()).value, { sign: true });
  go.resolve();
  assert.deepEqual(await next(answer), { words: "Hello" });
});

test("an upstream that fails is replaced by the failure line, and told of", async () => {
  const { ask, told } = await worker({ upstream: true });
  assert.match((await hear(ask("Hi", { model: "hello?status=401" }))).text, /^Sorry/);
  const { report } = await told(({ report }) => report);
  assert.deepEqual([report.outcome, report.code], ["failed", "unauthorized"]);
});

test("code of the developer's own answers as it goes", async () => {
  const steps = [deferred(), deferred(), deferred()];
  const { ask, told } = await worker({ answer: ({ step }) => steps[step]?.promise ?? {} });
  const answer = events(await ask("Hi"));
  assert.deepEqual(await next(answer), { role: true });
  for (const [index, words] of ["Hello", " world"].entries()) {
    steps[index].resolve({ words });
    assert.deepEqual(await next(answer), { words });
  }
  steps[2].resolve({ words: null });
  assert.deepEqual(await next(answer), { finish: "stop" });
  assert.equal((await told(({ report }) => report)).report.outcome, "spoken");
});

test("who may not ask is refused, and other addresses are none", async () => {
  const { ask } = await worker();
  assert.equal((await ask("Hi", { token: "another" })).status, 401);
  assert.equal((await ask("Hi", { path: "/v1/chat/completions/chat/completions" })).status, 404);
  assert.equal((await ask("Hi", { method: "PUT" })).status, 405);
});

for (const flags of [[], ["enable_request_signal"]]) {
  describe(`a caller that hangs up, ${flags.length ? "where requests have signals" : "where requests have no signals"}`, () => {
    test("is noticed by an upstream that speaks", async () => {
      const speaking = `count?tokens=100000&gapMs=5&id=${flags}`;
      const { ask, told } = await worker({ upstream: true, flags });
      await hangUp(ask, { model: speaking }, ({ words }) => words?.trim() === "3");
      await llm.waitFor(({ model, aborted }) => model === speaking && aborted);
      assert.equal((await told(({ report }) => report)).report.outcome, "interrupted");
    });

    test("is noticed each time, by many at once", async () => {
      const { ask } = await worker({ upstream: true, flags });
      const models = Array.from({ length: 60 }, (_, index) => `count?tokens=100000&gapMs=5&id=${flags}${index}`);
      const left = [...models];
      const callers = Array.from({ length: 12 }, async () => {
        for (let model = left.pop(); model; model = left.pop()) await hangUp(ask, { model }, ({ words }) => words?.trim() === "2");
      });
      await Promise.all(callers);
      for (const each of models) await llm.waitFor(({ model, aborted }) => model === each && aborted);
    });

    test("is noticed by an upstream that is silent", async () => {
      const silent = `count?hangAt=2&id=${flags}`;
      const { ask, told } = await worker({ upstream: true, flags });
      await hangUp(ask, { model: silent }, ({ words }) => words?.trim() === "2");
      await llm.waitFor(({ model, aborted }) => model === silent && aborted);
      assert.equal((await told(({ report }) => report)).report.outcome, "interrupted");
    });

    test("is noticed by code of the developer's own", async (t) => {
      const gone = deferred();
      const { ask, told } = await worker({ flags, answer: ({ step }) => (step === 0 ? { words: "Hello" } : step === 1 ? gone.promise : {}) });
      t.after(() => gone.resolve({ words: null }));
      await hangUp(ask, {}, ({ words }) => words === "Hello");
      assert.deepEqual(await told(({ aborted }) => aborted), { aborted: "Hi" });
      assert.deepEqual(await told(({ returned }) => returned), { returned: "Hi" });
      assert.equal((await told(({ report }) => report)).report.outcome, "interrupted");
    });
  });
}

/** Listens until something is heard, and goes away. */
async function hangUp(ask, more, isHeard) {
  const controller = new AbortController();
  for await (const heard of events(await ask("Hi", { ...more, signal: controller.signal }))) {
    if (isHeard(heard)) break;
  }
  controller.abort();
}
