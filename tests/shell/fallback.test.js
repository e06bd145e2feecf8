// Several sources: fallbacks in order, and sources by model.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { startLlm } from "../standins/llm.js";
import { FAILURE, hear, request, said, serving } from "./serving.js";

const llm = await startLlm();
after(() => llm.close());

const upstream = (model) => ({ baseUrl: llm.baseUrl, model });
const never = () => new Promise(() => {});

/** Ways of a source to give nothing that can be said. */
const FAILING = {
  "an upstream that is not there": { baseUrl: "http://127.0.0.1:1/v1", model: "m" },
  "an upstream that refuses": upstream("hello?status=401"),
  "an upstream that fails": upstream("hello?status=503"),
  "an upstream that drops the connection before any word": upstream("hello?cutAt=0"),
  "a function that throws": () => { throw new Error("no"); },
  "a function that gives nothing": () => "",
  "a function that gives what is no answer": () => 5,
};

for (const [name, source] of Object.entries(FAILING)) {
  test(`the next source speaks in place of ${name}`, async () => {
    const endpoint = serving([source, upstream("hello")]);
    assert.equal((await hear(endpoint.ask())).text, "Hello world");
    const { outcome, sources, error } = await endpoint.report();
    assert.deepEqual([outcome, sources.length, error], ["spoken", 2, undefined]);
    assert.ok(sources[0].error.code && sources[0].error.message);
    assert.deepEqual([sources[1].source, sources[1].model, sources[1].error], [1, "hello", undefined]);
  });
}

test("a source that stays silent is let go of, and the next one speaks", async () => {
  const id = `silent-${Math.random()}`;
  const endpoint = serving([upstream(`hello?headersMs=60000&id=${id}`), () => "I am here."], { timeouts: { firstTokenMs: 100 } });
  assert.equal((await hear(endpoint.ask())).text, "I am here.");
  await llm.waitFor((request) => request.model?.includes(id) && request.aborted);
  assert.equal((await endpoint.report()).sources[0].error.code, "deadline_first_token");
});

test("a function that stays silent is told so by its signal", async () => {
  let signal;
  const silent = (_, turn) => {
    ({ signal } = turn);
    return never();
  };
  const endpoint = serving([silent, () => "I am here."], { timeouts: { firstTokenMs: 100 } });
  assert.equal((await hear(endpoint.ask())).text, "I am here.");
  assert.equal(signal.aborted, true);
});

test("a key that is long in coming goes to no other source", async () => {
  let give;
  const slow = { baseUrl: llm.baseUrl, model: "hello?id=slow", apiKey: () => new Promise((resolve) => (give = resolve)) };
  const endpoint = serving([slow, { baseUrl: llm.baseUrl, model: "hello?id=quick&headersMs=60000" }], { timeouts: { firstTokenMs: 100 } });
  const heard = hear(endpoint.ask());
  await llm.waitFor((request) => request.model?.includes("id=quick"));
  give("the key of the first");
  assert.equal((await heard).text, FAILURE);
  const asked = llm.requests.filter((request) => /id=(?:slow|quick)/.test(request.model));
  assert.deepEqual(asked.map(({ headers }) => headers.authorization), [undefined]);
});

test("where all sources fail the failure line is said, and the report tells why each did", async () => {
  const endpoint = serving(Object.values(FAILING));
  assert.equal((await hear(endpoint.ask())).text, FAILURE);
  const { outcome, sources } = await endpoint.report();
  assert.deepEqual([outcome, sources.length], ["failed", Object.keys(FAILING).length]);
  assert.ok(sources.every(({ error }) => error.code));
});

test("once a source has spoken no other is asked", async () => {
  let asked = 0;
  const endpoint = serving([upstream("hello?cutAt=1"), () => `asked ${++asked}`]);
  assert.equal((await hear(endpoint.ask())).text, "Hello");
  assert.deepEqual([(await endpoint.report()).outcome, asked], ["cut", 0]);
});

describe("an object of sources", () => {
  const endpoint = serving({ fast: upstream("hello"), slow: [() => "", () => "slowly"], default: () => "neither" });
  for (const [model, text] of [["fast", "Hello world"], ["slow", "slowly"], ["other", "neither"], [undefined, "neither"]]) {
    test(`answers for the model ${model} with its own`, async () => {
      assert.equal((await hear(endpoint.ask(said("Hi", { model })))).text, text);
    });
  }

  test("is told in the list of models", async () => {
    const response = await endpoint.ask(undefined, { method: "GET", path: "/v1/models" });
    assert.deepEqual((await response.json()).data.map(({ id }) => id), ["fast", "slow", "default"]);
  });

  test("without a default refuses a model that it has not", async () => {
    const response = await serving({ fast: () => "x" }).ask(said("Hi", { model: "other" }));
    assert.equal(response.status, 404);
    assert.equal((await response.json()).error.code, "model_not_found");
  });
});

test("a filler is said while the source is silent", async () => {
  let speak;
  const source = () => new Promise((resolve) => (speak = () => resolve("Hello.")));
  const endpoint = serving(source, { say: { filler: { afterMs: 50, line: ({ text }) => `You said ${text}. One moment.` } } });
  const response = await endpoint.ask(said("Hi"));
  const heard = [];
  for await (const bytes of response.body) {
    const words = /"content":"([^"]+)"/.exec(new TextDecoder().decode(bytes))?.[1];
    if (!words) continue;
    heard.push(words);
    speak();
  }
  assert.deepEqual(heard, ["You said Hi. One moment.", " Hello."]);
  assert.equal((await endpoint.report()).filler, true);
});

test("a request is prepared before a source sees it, with the turn at hand", async () => {
  const prepare = async (asked, { text, path, env }) => {
    assert.deepEqual([path, env], [["sessions", "7"], undefined]);
    return { ...asked, messages: [{ role: "system", content: `Known: ${text}` }, ...asked.messages] };
  };
  const endpoint = serving((asked) => asked.messages[0].content, { prepare });
  assert.equal((await hear(endpoint.ask(said("cats"), { path: "/sessions/7/v1/chat/completions" }))).text, "Known: cats");
});

for (const [name, prepare, code] of [
  ["throws", () => { throw new Error("no"); }, "source_failed"],
  ["gives nothing", () => undefined, "bad_source"],
  ["gives no request", () => ({}), "missing"],
]) {
  test(`where \`prepare\` ${name} the failure line is said`, async () => {
    const endpoint = serving(() => "never", { prepare });
    assert.equal((await hear(endpoint.ask())).text, FAILURE);
    const { outcome, error } = await endpoint.report();
    assert.equal(outcome, "failed");
    assert.ok(error.code, code);
  });
}

test("the user hears no word of what the report tells, and the report holds words only if asked", async () => {
  const silent = serving(() => "Hello.", {});
  await hear(silent.ask(said("Psst")));
  assert.equal((await silent.report()).text, undefined);
  const telling = serving(() => "Hello.", { reportText: true });
  await hear(telling.ask(said("Psst")));
  assert.deepEqual((await telling.report()).text, { user: "Psst", spoken: "Hello." });
});

describe("pages", () => {
  const { endpoint } = serving(() => "Hello.", { cors: { origins: ["https://page.example"] } });
  const preflight = (origin) =>
    endpoint.fetch(new Request("http://endpoint.example/v1/chat/completions", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization, x-mine" },
    }));

  test("may ask if they are named", async () => {
    const { status, headers } = await preflight("https://page.example");
    assert.equal(status, 204);
    assert.equal(headers.get("access-control-allow-origin"), "https://page.example");
    assert.equal(headers.get("access-control-allow-headers"), "authorization, x-mine");
    assert.match(headers.get("vary"), /origin/i);
    const answer = await endpoint.fetch(request(said(), { headers: { origin: "https://page.example" } }));
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://page.example");
    assert.equal((await hear(answer)).text, "Hello.");
  });

  test("may read why they were refused", async () => {
    const answer = await endpoint.fetch(request(said(), { token: "wrong", headers: { origin: "https://page.example" } }));
    assert.deepEqual([answer.status, answer.headers.get("access-control-allow-origin")], [401, "https://page.example"]);
  });

  test("may not if they are not", async () => {
    const { status, headers } = await preflight("https://other.example");
    assert.deepEqual([status, headers.get("access-control-allow-origin")], [405, null]);
    const answer = await endpoint.fetch(request(said(), { headers: { origin: "https://other.example" } }));
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
  });
});
