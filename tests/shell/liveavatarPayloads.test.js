// Payloads, made and looked at before they are sent, whatever value comes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  buildSessionToken, LiveAvatar, schemas, validateChatRequest, validateContext, validateLlmConfiguration, validateSecret, validateSessionToken, ValidationError,
} from "../../pkg/index.js";
import { DEMO_CONTEXT, OWN_AVATAR, startLiveAvatar, VOICE_AGENT, WAYNE } from "../standins/liveavatar.js";
import { thrown } from "./asking.js";

const VALIDATORS = { validateChatRequest, validateContext, validateLlmConfiguration, validateSecret, validateSessionToken };
const session = (more = {}) => ({ mode: "FULL", avatar_id: OWN_AVATAR, avatar_persona: { context_id: DEMO_CONTEXT }, ...more });

const circle = {};
circle.self = circle;
const revoked = (value) => {
  const { proxy, revoke } = Proxy.revocable(value, {});
  revoke();
  return proxy;
};
const all = (trap) => new Proxy({}, Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, trap])));
const deep = (open, close) => JSON.parse(`${open.repeat(10_000)}1${close.repeat(10_000)}`);
let bomb;
for (let depth = 0; depth < 100_000; depth++) bomb = [bomb];

describe("whatever value comes ends in an issue", () => {
  for (const [name, value, code] of [
    ["nothing", undefined, "wrong_type"],
    ["null", null, "wrong_type"],
    ["a number", 5, "wrong_type"],
    ["a text", "{}", "wrong_type"],
    ["a list", [], "wrong_type"],
    ["a function", () => {}, "wrong_type"],
    ["a symbol", Symbol("s"), "wrong_type"],
    ["a BigInt", 5n, "not_json"],
    ["a BigInt inside", { mode: 5n }, "not_json"],
    ["a circle", circle, "not_json"],
    ["a getter that throws", { get mode() { throw new Error("no"); } }, "not_json"],
    ["a getter that throws what has no text", { get mode() { throw Object.create(null); } }, "not_json"],
    ["a getter that throws a thing that throws", { get mode() { throw all(() => { throw all(() => { throw new Error("no"); }); }); } }, "not_json"],
    ["a proxy that throws", all(() => { throw new Error("no"); }), "not_json"],
    ["a proxy that is revoked", revoked({}), "not_json"],
    ["a list that is revoked", revoked([]), "not_json"],
    ["10,000 lists in each other", deep("[", "]"), "not_json"],
    ["10,000 objects in each other", deep('{"a":', "}"), "not_json"],
    ["100,000 lists in each other", bomb, "not_json"],
    ["a toJSON that throws", { toJSON() { throw new Error("no"); } }, "not_json"],
    ["a text of 100 MB", { secret_value: "x".repeat(100 << 20) }, "too_large"],
  ]) {
    test(name, () => {
      for (const [validator, validate] of Object.entries(VALIDATORS)) {
        const [issue, ...others] = validate(value);
        assert.deepEqual([issue.path, issue.code, issue.severity, others.length], ["", code, "error", 0], validator);
      }
      for (const { "~standard": { validate } } of Object.values(schemas)) assert.equal(validate(value).issues.length, 1);
      assert.ok(validateSessionToken(session(), { context: value }) instanceof Array);
    });
  }

  test("and what is like a payload is looked at", () => {
    assert.deepEqual(validateSessionToken(Object.assign(Object.create(null), session())), []);
    assert.deepEqual(validateSessionToken(new Proxy(session(), {})), []);
    const odd = session({ max_session_duration: NaN, mode: undefined, voice_agent: Symbol("s") });
    assert.deepEqual(validateSessionToken(odd), [], "as it would be sent");
  });
});

test("variables that a context asks for are missed", async () => {
  const service = await startLiveAvatar();
  const client = new LiveAvatar({ apiKey: service.apiKey, baseUrl: service.url });
  const context = await client.contexts.create({ name: "c", prompt: "You are ${who}.", opening_text: "Hello, ${name}" });
  const found = (payload) => validateSessionToken(payload, { context }).map(({ path, code, severity }) => [path, code, severity]);
  assert.deepEqual(found(session({ dynamic_variables: { who: "x" } })), [["/dynamic_variables/name", "unfilled_variable", "warning"]]);
  assert.deepEqual(found(session({ dynamic_variables: { who: "x", name: "y" } })), []);
  assert.deepEqual(validateSessionToken(session(), { context: null }), []);
  await service.close();
});

describe("a session is made in one breath", () => {
  const UUID = "11111111-2222-4333-8444-555555555555";
  for (const [name, options, payload] of [
    ["with a persona", { avatar_id: OWN_AVATAR, context_id: DEMO_CONTEXT, voice_id: UUID, language: "de", llm_configuration_id: UUID },
      { mode: "FULL", avatar_id: OWN_AVATAR, llm_configuration_id: UUID, avatar_persona: { context_id: DEMO_CONTEXT, voice_id: UUID, language: "de" } }],
    ["in the sandbox", { is_sandbox: true, context_id: DEMO_CONTEXT, max_session_duration: 60, memory: null },
      { mode: "FULL", avatar_id: WAYNE, is_sandbox: true, max_session_duration: 60, avatar_persona: { context_id: DEMO_CONTEXT } }],
    ["with an agent", { avatar_id: OWN_AVATAR, voice_agent_id: VOICE_AGENT, language: "de", dynamic_variables: { a: "b" } },
      { mode: "FULL", avatar_id: OWN_AVATAR, voice_agent: { id: VOICE_AGENT, language: "de", dynamic_variables: { a: "b" } } }],
    ["with variables", { avatar_id: OWN_AVATAR, context_id: DEMO_CONTEXT, dynamic_variables: { a: "b" } },
      { mode: "FULL", avatar_id: OWN_AVATAR, avatar_persona: { context_id: DEMO_CONTEXT }, dynamic_variables: { a: "b" } }],
    ["that is a payload already", { ...session(), language: "de" }, { ...session(), avatar_persona: { context_id: DEMO_CONTEXT, language: "de" } }],
    ["in LITE mode", { mode: "LITE", is_sandbox: true, livekit_config: { livekit_url: "u", livekit_room: "r", livekit_client_token: "t" } },
      { mode: "LITE", avatar_id: WAYNE, is_sandbox: true, livekit_config: { livekit_url: "u", livekit_room: "r", livekit_client_token: "t" } }],
  ]) {
    test(name, () => {
      const made = buildSessionToken(options);
      assert.deepEqual(made, payload);
      assert.deepEqual(validateSessionToken(made), []);
      assert.deepEqual(buildSessionToken(made), made, "and made again it stays the same");
    });
  }

  for (const [name, options, path, code] of [
    ["without an avatar", { context_id: DEMO_CONTEXT }, "/avatar_id", "missing"],
    ["with half an id", { avatar_id: "x", context_id: DEMO_CONTEXT }, "/avatar_id", "bad_uuid"],
    ["without a persona", { avatar_id: OWN_AVATAR }, "/avatar_persona", "exactly_one"],
    ["with both", { avatar_id: OWN_AVATAR, context_id: DEMO_CONTEXT, voice_agent_id: VOICE_AGENT }, "/voice_agent", "exactly_one"],
    ["with too long a sandbox", { is_sandbox: true, context_id: DEMO_CONTEXT, max_session_duration: 61 }, "/max_session_duration", "out_of_range"],
    ["with a voice that is none", { avatar_id: OWN_AVATAR, context_id: DEMO_CONTEXT, voice_settings: { provider: "fish", speed: 2 } }, "/avatar_persona/voice_settings/speed", "out_of_range"],
    ["of nothing", undefined, "", "wrong_type"],
    ["of a list", [], "", "wrong_type"],
  ]) {
    test(`${name} it is refused`, async () => {
      const error = await thrown(() => buildSessionToken(options));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.deepEqual([error.issues[0].path, error.issues[0].code], [path, code]);
    });
  }
});

describe("as Standard Schemas", () => {
  test("a value is left as it is, and warnings are not told", () => {
    const value = session({ avatar_persona: {}, surplus: 1 });
    assert.ok(validateSessionToken(value).length > 0);
    const result = schemas.sessionToken["~standard"].validate(value);
    assert.equal(result.value, value);
    assert.equal(result.issues, undefined);
    for (const { "~standard": { version, vendor } } of Object.values(schemas)) assert.deepEqual([version, vendor], [1, "liveavatar-llm"]);
  });

  test("an issue has the way to it, with numbers in lists", () => {
    const { issues } = schemas.chatRequest["~standard"].validate({ messages: [{ role: "user", content: "x" }, { role: "user" }] });
    assert.deepEqual(issues.map(({ path }) => path), [["messages", 1, "content"]]);
    const variables = schemas.sessionToken["~standard"].validate(session({ dynamic_variables: { "a/b~c": 5 } }));
    assert.deepEqual(variables.issues.map(({ path }) => path), [["dynamic_variables", "a/b~c"]]);
  });
});
