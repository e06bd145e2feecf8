// Connecting an LLM: the service is told where it is, a session is made with it, and the avatar says its words.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { inspect } from "node:util";

import { ApiError, ConnectionError, LiveAvatar, ValidationError } from "../../pkg/index.js";
import { DEMO_CONTEXT, IMAGE_AVATAR, OWN_AVATAR, startLiveAvatar, WAYNE, WAYNE_VOICE } from "../standins/liveavatar.js";
import { startLlm } from "../standins/llm.js";
import { thrown } from "./asking.js";

const API_KEY = "la-key-0123456789";
const LLM_KEY = "llm-key-0123456789";

let service;
let llm;
let client;
let upstream;
beforeEach(async () => {
  [service, llm] = await Promise.all([startLiveAvatar({ apiKey: API_KEY, retryWaitsMs: [1, 1, 1] }), startLlm({ key: LLM_KEY })]);
  client = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url });
  upstream = { baseUrl: llm.baseUrl, apiKey: LLM_KEY, model: "hello" };
});

/** How an upstream on this machine is connected. */
const named = (name) => ({ name, allowLocalUrl: true });

afterEach(() => Promise.all([service.close(), llm.close()]));

const seen = () => service.requests.map(({ method, path }) => `${method} ${path}`.replace(/[0-9a-f-]{36}$/, "{id}"));
const kept = () => [...service.state.secrets.values()].map(({ secret_value }) => secret_value);
const configured = () => [...service.state.llmConfigurations.values()].map(({ display_name, model_name, base_url }) => [display_name, model_name, base_url]);

/** What a started session's avatar says, and to whom it listened. */
async function heard({ llm_configuration_id }, text = "Hello?") {
  const { session_id, session_token } = await client.sessions.createToken({
    mode: "FULL", avatar_id: OWN_AVATAR, llm_configuration_id, avatar_persona: { voice_id: WAYNE_VOICE, context_id: DEMO_CONTEXT },
  });
  await client.sessions.start(session_token);
  const { outcome, heard } = await service.room(session_id).say(text);
  await client.sessions.stop(session_token);
  assert.equal(service.state.sessions.get(session_id).endReason, "USER_CLOSED");
  return [outcome, heard];
}

test("from an LLM to its words out of an avatar's mouth", async () => {
  const connected = await client.connectLlm(upstream, named("Mine"));
  assert.deepEqual(Object.keys(connected), ["llm_configuration_id", "secret_id", "did"]);
  assert.match(connected.did.join("; "), /^created the secret Mine #[0-9a-f]{8}; created the LLM configuration Mine$/);
  assert.deepEqual(await heard(connected), ["spoken", "Hello world"]);
  const { headers, model, body } = llm.requests.at(-1);
  assert.deepEqual([headers.authorization, model], [`Bearer ${LLM_KEY}`, "hello"]);
  assert.equal(body.messages.at(-1).content, "Hello?");
});

test("connecting again changes nothing", async () => {
  const first = await client.connectLlm(upstream, named("Mine"));
  service.requests.length = 0;
  const again = await client.connectLlm(upstream, named("Mine"));
  assert.deepEqual(again, { ...first, did: [] });
  assert.deepEqual(seen(), ["GET /v1/secrets", "GET /v1/llm-configurations", "GET /v1/llm-configurations/{id}"]);
});

test("what has changed is changed, under the same id", async () => {
  const first = await client.connectLlm({ ...upstream, apiKey: "old-0123456789", model: "count" }, named("Mine"));
  const other = await client.connectLlm({ ...upstream, model: "other" }, named("Other"));
  const second = await client.connectLlm(upstream, named("Mine"));
  assert.equal(second.llm_configuration_id, first.llm_configuration_id);
  assert.notEqual(second.secret_id, first.secret_id);
  assert.deepEqual(second.did.map((words) => words.split(" ")[0]), ["created", "updated", "deleted"]);
  assert.match(second.did[1], /: model_name, secret_id$/);
  assert.deepEqual(configured(), [["Mine", "hello", llm.baseUrl], ["Other", "other", llm.baseUrl]]);
  assert.deepEqual(kept(), [LLM_KEY, LLM_KEY], "one for each name");
  assert.deepEqual(await heard(second), ["spoken", "Hello world"]);
  assert.deepEqual((await client.connectLlm({ ...upstream, model: "other" }, named("Other"))).secret_id, other.secret_id);
});

test("a key that is a function is asked once", async () => {
  let asked = 0;
  await client.connectLlm({ ...upstream, apiKey: async () => (asked++, LLM_KEY) }, named("Mine"));
  assert.equal(asked, 1);
  assert.deepEqual(kept(), [LLM_KEY]);
  const own = new RangeError("no key today");
  assert.equal(await thrown(() => client.connectLlm({ ...upstream, apiKey: () => { throw own; } }, named("Mine"))), own);
});

test("a fetch of the upstream's own is for others", async () => {
  await client.connectLlm({ ...upstream, fetch: () => assert.fail("the service calls, nobody here") }, named("Mine"));
  assert.equal(llm.requests.length, 0);
});

test("the guide's spellings will do as well", async () => {
  service.set({ names: "guide" });
  const connected = await client.connectLlm(upstream, named("Mine"));
  assert.deepEqual(await heard(connected), ["spoken", "Hello world"]);
  assert.deepEqual((await client.connectLlm(upstream, named("Mine"))).did, []);
});

test("several at once, each by its name", async () => {
  const names = ["One", "Two", "Three", "Four"];
  const connected = await Promise.all(names.map((name) => client.connectLlm(upstream, named(name))));
  assert.equal(new Set(connected.map(({ llm_configuration_id }) => llm_configuration_id)).size, 4);
  assert.deepEqual(configured().map(([name]) => name).sort(), names.sort());
});

describe("at the same time", () => {
  test("calls of one client for one name wait for each other", async () => {
    const connected = await Promise.all(Array.from({ length: 5 }, () => client.connectLlm(upstream, named("Mine"))));
    assert.deepEqual(connected.map(({ did }) => did.length), [2, 0, 0, 0, 0]);
    assert.equal(new Set(connected.map((one) => one.llm_configuration_id)).size, 1);
    assert.deepEqual([kept(), configured().length], [[LLM_KEY], 1]);
  });

  test("one that fails holds up none behind it", async () => {
    service.fail({ kind: "refusal", status: 403, times: 1 });
    const [first, second] = await Promise.allSettled([client.connectLlm(upstream, named("Mine")), client.connectLlm(upstream, named("Mine"))]);
    assert.deepEqual([first.status, first.reason?.status, second.status], ["rejected", 403, "fulfilled"]);
  });

  test("one that is aborted while it waits lets nobody pass", async () => {
    const aborting = new AbortController();
    const reason = new Error("enough");
    const waiting = [client.connectLlm(upstream, named("Mine")), client.connectLlm(upstream, { ...named("Mine"), signal: aborting.signal }), client.connectLlm(upstream, named("Mine"))];
    aborting.abort(reason);
    const [first, second, third] = await Promise.allSettled(waiting);
    assert.equal(second.reason, reason);
    assert.deepEqual([first.value.did.length, third.value.did.length], [2, 0]);
  });

  test("several clients settle on one configuration, and a later call clears what they left", async () => {
    const clients = Array.from({ length: 3 }, () => new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url }));
    await Promise.all(clients.map((one) => one.connectLlm(upstream, named("Mine"))));
    const last = await client.connectLlm(upstream, named("Mine"));
    assert.deepEqual([kept(), configured().length], [[LLM_KEY], 1]);
    assert.deepEqual(await heard(last), ["spoken", "Hello world"]);
    assert.deepEqual((await client.connectLlm(upstream, named("Mine"))).did, []);
  });
});

describe("when a step fails", () => {
  for (const [name, fault, Class] of [
    ["refused", { kind: "refusal", status: 422, message: "not today" }, ApiError],
    ["failed", { kind: "serverError", times: 9 }, ApiError],
    ["cut", { kind: "cut", times: 9 }, ConnectionError],
  ]) {
    test(`the secret is taken back when the configuration is ${name}`, async () => {
      service.fail({ ...fault, on: "POST /v1/llm-configurations" });
      const error = await thrown(() => client.connectLlm(upstream, named("Mine")));
      assert.ok(error instanceof Class, error.stack);
      assert.doesNotMatch(inspect(error, { depth: 9 }), /0123456789/);
      assert.deepEqual([kept(), configured()], [[], []]);
      assert.equal(seen().at(-1), "DELETE /v1/secrets/{id}");
    });
  }

  test("the old secret is left when the change is refused", async () => {
    await client.connectLlm({ ...upstream, apiKey: "old-0123456789" }, named("Mine"));
    service.fail({ kind: "refusal", status: 400, message: "not today", on: "PATCH *" });
    const error = await thrown(() => client.connectLlm(upstream, named("Mine")));
    assert.match(error.message, /not today$/);
    assert.deepEqual(kept(), ["old-0123456789"]);
    assert.equal((await client.connectLlm(upstream, named("Mine"))).did.length, 3);
    assert.deepEqual(kept(), [LLM_KEY]);
  });

  test("an old secret that cannot be deleted holds nothing up", async () => {
    await client.connectLlm({ ...upstream, apiKey: "old-0123456789" }, named("Mine"));
    service.fail({ kind: "refusal", status: 400, on: "DELETE *" });
    const connected = await client.connectLlm(upstream, named("Mine"));
    assert.match(connected.did[2], /^failed, left to the next run: deleted the secret Mine #/);
    assert.deepEqual(await heard(connected), ["spoken", "Hello world"]);
    const { did } = await client.connectLlm(upstream, named("Mine"));
    assert.match(did.join(), /^deleted the secret Mine #/);
    assert.deepEqual(kept(), [LLM_KEY]);
  });

  test("the API key is wrong", async () => {
    const client = new LiveAvatar({ apiKey: "wrong-0123456789", baseUrl: service.url });
    const error = await thrown(() => client.connectLlm(upstream, named("Mine")));
    assert.deepEqual([error.name, error.status], ["ApiError", 401]);
    assert.deepEqual(seen(), ["GET /v1/secrets"]);
  });
});

describe("only what the service can call is connected", () => {
  for (const [name, more, path, message] of [
    ["another provider", { provider: "anthropic" }, "/provider", /put a ChatEndpoint in front/],
    ["headers", { headers: { "x-a": "b" } }, "/headers", /put a ChatEndpoint in front/],
    ["a query", { query: { a: "b" } }, "/query", /put a ChatEndpoint in front/],
    ["defaults", { defaults: { temperature: 0 } }, "/defaults", /put a ChatEndpoint in front/],
    ["an override", { override: { temperature: null } }, "/override", /put a ChatEndpoint in front/],
    ["a model that is not set", { model: undefined }, "/model", /variable that is not set/],
    ["a key that is not set", { apiKey: undefined }, "/apiKey", /any word/],
    ["an address that is not set", { baseUrl: undefined }, "/baseUrl", /variable that is not set: give the address/],
    ["a port that is none", { baseUrl: "https://a.example.com:99999" }, "/baseUrl", /host and port/],
    ["OpenAI without its version", { baseUrl: "https://api.openai.com" }, "/baseUrl", /write https:\/\/api\.openai\.com\/v1$/],
    ["an empty key", { apiKey: "" }, "/apiKey", /empty/],
    ["a key with a line break", { apiKey: "key\n0123456789" }, "/apiKey", /line break/],
    ["a number as key", { apiKey: 5 }, "/apiKey", /string/],
    ["the endpoint for a base", { baseUrl: "https://a.example.com/chat/completions" }, "/baseUrl", /write https:\/\/a\.example\.com$/],
    ["a misspelt member", { baseURL: "https://a.example.com" }, "/baseURL", /`baseUrl`/],
    ["a circle", { headers: (() => { const circle = {}; circle.self = circle; return circle; })() }, "", /circular/i],
  ]) {
    test(name, async () => {
      const error = await thrown(() => client.connectLlm({ ...upstream, ...more }, named("Mine")));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.equal(error.issues[0].path, path);
      assert.match(error.message, message);
      assert.doesNotMatch(inspect(error, { depth: 9 }), /0123456789/);
      assert.equal(service.requests.length, 0);
    });
  }

  for (const [what, name] of [["model", "model"], ["key", "apiKey"], ["address", "baseUrl"]]) {
    test(`no ${what}`, async () => {
      const { [name]: _, ...rest } = upstream;
      const error = await thrown(() => client.connectLlm(rest, named("Mine")));
      assert.deepEqual([error.name, error.code, error.issues[0].path], ["ValidationError", "missing", `/${name}`]);
      assert.equal(service.requests.length, 0);
    });
  }

  test("an address of this machine, unless that is allowed", async () => {
    const error = await thrown(() => client.connectLlm(upstream, { name: "Mine" }));
    assert.deepEqual([error.name, error.code], ["ValidationError", "url_not_public"]);
    assert.match(error.message, /allowLocalUrl: true/);
    assert.equal(service.requests.length, 0);
  });

  test("not the service itself", async () => {
    const error = await thrown(() => client.connectLlm({ ...upstream, baseUrl: `${service.url}/v1` }, named("Mine")));
    assert.match(error.message, /address of LiveAvatar's API/);
  });

  for (const options of [undefined, null, {}, { name: "" }, { name: 5 }, { name: "n".repeat(246) }]) {
    test(`a name that is none: ${JSON.stringify(options)?.slice(0, 20)}`, async () => {
      const error = await thrown(() => client.connectLlm({ ...upstream, baseUrl: "https://a.example.com" }, options));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.equal(error.issues[0].path, "/name");
    });
  }

  for (const wrong of [undefined, null, "https://a.example.com", []]) {
    test(`an upstream that is none: ${JSON.stringify(wrong)}`, async () => {
      assert.ok((await thrown(() => client.connectLlm(wrong, named("Mine")))) instanceof ValidationError);
    });
  }
});

describe("everything to a session", () => {
  const options = (more = {}) => ({ name: "Mine", llm: upstream, avatar_id: OWN_AVATAR, context: { prompt: "Be brief.", opening_text: "Hello" }, allowLocalUrl: true, ...more });

  test("from nothing to its words out of an avatar's mouth, as often as one likes", async () => {
    const session = await client.connect(options({ session: { max_session_duration: 60 } }));
    assert.deepEqual(Object.keys(session).sort(), ["avatar_id", "avatar_persona", "llm_configuration_id", "max_session_duration", "mode"]);
    assert.deepEqual(await client.connect(options({ session: { max_session_duration: 60 } })), session);
    const { session_id, session_token } = await client.sessions.createToken(session);
    await client.sessions.start(session_token);
    const { heard } = await service.room(session_id).say("Hello?");
    assert.equal(heard, "Hello world");
    const [system, opening] = llm.requests.at(-1).body.messages;
    assert.deepEqual([system.content, opening.content], ["Be brief.", "Hello"]);
    assert.equal([...service.state.contexts.values()].filter(({ name }) => name === "Mine").length, 1);
  });

  test("what is there is used: a context by its id, the sandbox's avatar, a voice", async () => {
    const session = await client.connect(options({ avatar_id: WAYNE, context: { context_id: DEMO_CONTEXT }, session: { is_sandbox: true, voice_id: WAYNE_VOICE } }));
    assert.deepEqual([session.avatar_id, session.avatar_persona], [WAYNE, { voice_id: WAYNE_VOICE, context_id: DEMO_CONTEXT }]);
    assert.ok((await client.sessions.createToken(session)).session_token);
  });

  test("what was made is taken back when the LLM is refused", async () => {
    service.fail({ kind: "refusal", status: 403, message: "not today", on: "POST /v1/llm-configurations" });
    const error = await thrown(() => client.connect(options()));
    assert.match(error.message, /not today$/);
    assert.deepEqual([kept(), configured(), [...service.state.contexts.keys()]], [[], [], [DEMO_CONTEXT]]);
  });

  test("what is wrong is told before anything is sent", async () => {
    for (const [wrong, path] of [
      [undefined, ""], [{ ...options(), llm: undefined }, ""], [options({ avatar_id: "x" }), "/avatar_id"], [options({ context: undefined }), "/context"],
      [options({ name: "" }), "/name"], [options({ allowLocalUrl: false }), "/baseUrl"], [options({ llm: { ...upstream, apiKey: undefined } }), "/apiKey"],
    ]) {
      const error = await thrown(() => client.connect(wrong));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.ok(error.issues[0].path.endsWith(path), `${error.issues[0].path} for ${path}`);
    }
    assert.equal(service.requests.length, 0);
  });

  test("a picture without a voice is told", async () => {
    const error = await thrown(() => client.connect(options({ avatar_id: IMAGE_AVATAR })));
    assert.deepEqual([error.name, error.issues[0].path], ["ValidationError", "/session/voice_id"]);
  });
});

test("an LLM is taken back, whatever the names of the service", async () => {
  for (const names of ["reference", "guide"]) {
    service.set({ names });
    const client = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url });
    await client.connectLlm(upstream, named("Mine"));
    const { deleted } = await client.pruneLlm({ name: "Mine" });
    assert.match(deleted.join("; "), /^the LLM configuration Mine; the secret Mine #[0-9a-f]{8}$/);
    assert.deepEqual([kept(), configured()], [[], []]);
    assert.deepEqual(await client.pruneLlm({ name: "Mine" }), { deleted: [] });
  }
  assert.equal((await thrown(() => client.pruneLlm({ name: "" }))).issues[0].path, "/name");
  assert.equal((await thrown(() => client.pruneLlm({ name: "Mine", signal: AbortSignal.abort(new Error("no")) }))).message, "no");
});
