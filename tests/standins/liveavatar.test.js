import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import http from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DEMO_CONTEXT, ELEVENLABS_AGENT, IMAGE_AVATAR, OWN_AVATAR, startLiveAvatar, STANDIN_KEY, VOICE_AGENT, WAYNE, WAYNE_VOICE } from "./liveavatar.js";
import { OPTIONS } from "./liveavatar/options.js";
import { startLlm } from "./llm.js";

const LLM_KEY = "key-of-the-llm";
const NOBODY = "11111111-2222-4333-8444-555555555555";
const FAST = { readTimeoutMs: 500, retryWaitsMs: [1, 1, 1] };

let liveavatar;
let llm;
beforeEach(async () => {
  [liveavatar, llm] = await Promise.all([startLiveAvatar(FAST), startLlm({ key: LLM_KEY })]);
});
afterEach(() => Promise.all([liveavatar.close(), llm.close()]));

/** One request; gives status, headers and the parsed body. */
async function ask(method, path, body, { key = liveavatar.apiKey, bearer, headers = {} } = {}) {
  const response = await fetch(liveavatar.url + path, {
    method,
    headers: { ...(key && { "x-api-key": key }), ...(bearer && { authorization: `Bearer ${bearer}` }), ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, body: json, data: json?.data };
}
const get = (path, more) => ask("GET", path, undefined, more);
const post = (path, body, more) => ask("POST", path, body, more);

const secret = async (value = LLM_KEY) => (await post("/v1/secrets", { secret_type: "OPENAI_API_KEY", secret_value: value, secret_name: "My key" })).data.id;
const configuration = async (model = "hello", more = {}) =>
  (await post("/v1/llm-configurations", { display_name: "Mine", model_name: model, secret_id: await secret(), base_url: llm.baseUrl, ...more })).data.id;
const full = (more = {}) => ({ mode: "FULL", avatar_id: OWN_AVATAR, avatar_persona: { voice_id: WAYNE_VOICE, context_id: DEMO_CONTEXT }, ...more });
const mint = (more) => post("/v1/sessions/token", full(more));
const start = (session_token) => post("/v1/sessions/start", undefined, { key: null, bearer: session_token });

/** A started session with a custom LLM. */
async function session(model = "hello", more = {}) {
  const { data } = await mint({ llm_configuration_id: await configuration(model), ...more });
  const started = await start(data.session_token);
  assert.equal(started.status, 201, started.text);
  return { id: data.session_id, bearer: data.session_token, ...started.data };
}

/** Says something in the room and gives what came back, event by event. */
async function say(id, text, more = {}) {
  const response = await fetch(`${liveavatar.url}/standin/rooms/${id}/say`, { method: "POST", body: JSON.stringify({ text, ...more }) });
  if (response.status !== 200) return { status: response.status, error: (await response.json()).error };
  const events = (await response.text())
    .split("\n\n")
    .filter(Boolean)
    .map((block) => /^event: (\w+)\ndata: (.*)$/.exec(block))
    .map(([, name, data]) => [name, JSON.parse(data)]);
  return { status: 200, events, spoken: events.filter(([name]) => name === "speaking").map(([, { text }]) => text), ...events.at(-1)[1] };
}

test("the guide's three steps, and the avatar says Hello world", async () => {
  const made = await post("/v1/secrets", { secret_type: "OPENAI_API_KEY", secret_value: LLM_KEY, secret_name: "My LLM Key" });
  assert.deepEqual([made.status, made.body.code, Object.keys(made.data)], [200, 1000, ["id", "secret_name"]]);

  const configured = await post("/v1/llm-configurations", { display_name: "My Custom LLM", model_name: "hello", secret_id: made.data.id, base_url: llm.baseUrl });
  assert.deepEqual(Object.keys(configured.data), ["id", "display_name", "model_name", "secret_id", "base_url", "created_at", "updated_at"]);

  const context = await post("/v1/contexts", { name: "Rose", prompt: "You are ${name}, and ${mood}. ${later}", opening_text: "I am ${name}." });
  assert.deepEqual(context.data.required_dynamic_variables, ["name", "mood", "later"]);

  const token = await post("/v1/sessions/token", {
    mode: "FULL",
    avatar_id: WAYNE,
    is_sandbox: true,
    llm_configuration_id: configured.data.id,
    avatar_persona: { voice_id: WAYNE_VOICE, context_id: context.data.id },
    dynamic_variables: { name: "Rose", mood: null, unused: "x" },
  });
  assert.deepEqual(Object.keys(token.data), ["session_id", "session_token"]);
  const claims = JSON.parse(Buffer.from(token.data.session_token.split(".")[1], "base64url"));
  assert.deepEqual(claims.start_session_data, { mode: "FULL", agent_type: "liveavatar_agent", is_sandbox: true, voice_id: WAYNE_VOICE, avatar_id: WAYNE, interactivity_type: "CONVERSATIONAL" });

  const started = await start(token.data.session_token);
  assert.equal(started.status, 201);
  assert.deepEqual(Object.keys(started.data), ["session_id", "livekit_url", "livekit_client_token", "livekit_agent_token", "max_session_duration", "ws_url"]);
  assert.deepEqual([started.data.max_session_duration, started.data.ws_url], [60, null]);
  assert.match(started.data.livekit_url, /^wss:/);

  const room = await (await fetch(`${liveavatar.url}/standin/rooms/${token.data.session_id}`)).json();
  assert.deepEqual([room.ready, room.opening_text], [true, "I am Rose."]);

  const heard = await say(token.data.session_id, "How are you?");
  assert.deepEqual(heard.events.map(([name]) => name), ["attempt", "speaking", "speaking", "outcome"]);
  assert.deepEqual(heard.spoken, ["Hello", " world"]);
  assert.deepEqual([heard.outcome, heard.heard, heard.attempts.length], ["spoken", "Hello world", 1]);
  assert.ok(heard.firstTextMs >= 0 && heard.totalMs >= heard.firstTextMs);

  const { headers, body } = llm.requests.at(-1);
  assert.equal(headers.authorization, `Bearer ${LLM_KEY}`);
  assert.match(headers["x-livekit-room-id"], /^RM_/);
  assert.deepEqual(body.messages, [
    { role: "system", content: "You are Rose, and . ${later}" },
    { role: "assistant", content: "I am Rose." },
    { role: "user", content: "How are you?" },
  ]);

  const transcript = await get(`/v1/sessions/${token.data.session_id}/transcript`);
  assert.equal(transcript.data.session_active, true);
  assert.deepEqual(
    transcript.data.transcript_data.map(({ role, transcript: said }) => [role, said]),
    [["avatar", "I am Rose."], ["user", "How are you?"], ["avatar", "Hello world"]],
  );
  assert.ok(transcript.data.transcript_data.every(({ absolute_timestamp, relative_timestamp }) => Number.isInteger(absolute_timestamp) && relative_timestamp >= 0));

  assert.equal((await post("/v1/sessions/stop", undefined, { key: null, bearer: token.data.session_token })).status, 200);
  const { data: ended } = await get(`/v1/sessions/${token.data.session_id}`);
  assert.deepEqual([ended.end_reason, ended.mode, ended.source, ended.is_sandbox, ended.credits_consumed], ["USER_CLOSED", "FULL", "API", true, 0]);
});

test("who may ask: each endpoint takes its own kind of key", async () => {
  const { bearer } = await session();
  const key = liveavatar.apiKey;
  const status = async (method, path, body, more) => (await ask(method, path, body, more)).status;
  for (const [path, method = "GET"] of [["/v1/secrets"], ["/v1/llm-configurations"], ["/v1/contexts"], ["/v1/avatars"], ["/v1/voices"], ["/v1/memory"], ["/v1/voice_agents"], ["/v1/users/credits"], ["/v1/sessions?type=active"]]) {
    assert.equal(await status(method, path, undefined, { key }), 200, path);
    assert.equal(await status(method, path, undefined, { key: "wrong" }), 401, path);
    assert.equal(await status(method, path, undefined, { key: null }), 401, path);
    assert.equal(await status(method, path, undefined, { key: null, bearer: key }), 401, `${path} with the key as Bearer`);
    assert.equal(await status(method, path, undefined, { key: null, bearer }), 401, `${path} with a session token`);
  }
  for (const path of ["/v1/avatars/public", "/v1/languages", "/v1/llm-models"]) assert.equal(await status("GET", path, undefined, { key: null }), 200, path);

  assert.equal(await status("POST", "/v1/sessions/token", full(), { key: null, bearer }), 401);
  assert.equal(await status("POST", "/v1/sessions/start", undefined, { key }), 401);
  assert.equal(await status("POST", "/v1/sessions/keep-alive", undefined, { key: null, bearer }), 200);
  assert.equal(await status("POST", "/v1/sessions/keep-alive", undefined, { key: "wrong", bearer: "wrong" }), 401);

  const { body } = await get("/v1/secrets", { key: "wrong" });
  assert.deepEqual(body, { code: 4001, data: null, message: "Invalid API key" });
});

test("odd paths and verbs", async () => {
  const id = await secret();
  const { id: sessionId } = await session();
  const rows = [
    ["GET", "/v1/llm_configurations", 404],
    ["POST", "/v1/llm_configurations", 404],
    ["GET", "/v1/voice-agents", 404],
    ["GET", "/v2/secrets", 404],
    ["GET", "/v1/secrets/", 404],
    ["DELETE", "/v1/sessions", 405],
    ["DELETE", `/v1/sessions/${sessionId}`, 405],
    ["PUT", `/v1/secrets/${id}`, 405],
    ["PATCH", `/v1/secrets/${id}`, 405],
    ["GET", `/v1/secrets/${id}`, 405],
    ["POST", "/v1/sessions/keep_alive", 405],
    ["PUT", `/v1/llm-configurations/${await configuration()}`, 405],
    ["GET", "/v1/sessions/token", 405],
    ["POST", "/v1/avatars/public", 405],
  ];
  for (const [method, path, status] of rows) {
    const answer = await ask(method, path);
    assert.equal(answer.status, status, `${method} ${path}`);
    assert.equal(answer.body.code, 4000 + status - 400);
  }
  assert.equal((await ask("DELETE", "/v1/sessions")).headers.get("allow"), "GET");
});

test("names: the guide's spelling by switch", async () => {
  const guides = { secret_type: "LLM_API_KEY", secret_value: "v", secret_name: "n" };
  const refused = await post("/v1/secrets", guides);
  assert.equal(refused.status, 422);
  assert.match(refused.data[0].message, /^Input should be 'OPENAI_API_KEY', .* or 'CARTESIA_API_KEY'$/);

  liveavatar.set({ names: "guide" });
  const made = await post("/v1/secrets", guides);
  assert.equal(made.data.secret_id, made.data.id);
  assert.equal((await post("/v1/secrets", { ...guides, secret_type: "OPENAI_API_KEY" })).status, 422);
  const fields = { display_name: "d", model_name: "m", secret_id: made.data.secret_id };
  assert.equal((await post("/v1/llm-configurations", fields)).status, 404);
  const configured = await post("/v1/llm_configurations", fields);
  assert.equal(configured.data.llm_configuration_id, configured.data.id);
  assert.equal((await get(`/v1/llm_configurations/${configured.data.id}`)).status, 200);
});

test("a 422 comes in either shape", async () => {
  const wrong = { secret_name: "", secret_type: "OPENAI_API_KEY" };
  const { status, body } = await post("/v1/secrets", wrong);
  assert.equal(status, 422);
  assert.deepEqual(body, {
    code: 4022,
    data: [
      { loc: ["secret_name"], message: "String should have at least 1 character", params: { min_length: 1 } },
      { loc: ["secret_value"], message: "Field required" },
    ],
    message: "Validation error",
  });
  liveavatar.set({ errorShape: "fastapi" });
  assert.deepEqual((await post("/v1/secrets", wrong)).body, {
    detail: [
      { type: "string_too_short", loc: ["body", "secret_name"], msg: "String should have at least 1 character", input: "", ctx: { min_length: 1 } },
      { type: "missing", loc: ["body", "secret_value"], msg: "Field required", input: wrong },
    ],
  });
  // Only what doesn't validate has two shapes.
  assert.equal((await get("/v1/secrets", { key: "wrong" })).body.code, 4001);
});

test("what doesn't validate", async () => {
  const rows = [
    ["/v1/sessions/token", full({ avatar_id: "Wayne" }), /valid UUID/],
    ["/v1/sessions/token", full({ llm_configuration_id: "mine" }), /valid UUID/],
    ["/v1/sessions/token", full({ avatar_id: undefined }), /Field required/],
    ["/v1/sessions/token", full({ mode: "CUSTOM" }), /expected tags: 'FULL', 'LITE'/],
    ["/v1/sessions/token", full({ avatar_persona: undefined }), /exactly one of avatar_persona or voice_agent/],
    ["/v1/sessions/token", full({ voice_agent: { id: VOICE_AGENT } }), /exactly one of avatar_persona or voice_agent/],
    ["/v1/sessions/token", full({ is_sandbox: "perhaps" }), /valid boolean/],
    ["/v1/sessions/token", full({ max_session_duration: 0 }), /greater than 0/],
    ["/v1/sessions/token", full({ max_session_duration: 1.5 }), /valid integer/],
    ["/v1/sessions/token", full({ interactivity_type: "TALK" }), /'CONVERSATIONAL' or 'PUSH_TO_TALK'/],
    ["/v1/sessions/token", full({ video_settings: { quality: "ultra" } }), /'very_high'/],
    ["/v1/sessions/token", full({ dynamic_variables: { name: "x".repeat(1001) } }), /at most 1000 characters/],
    ["/v1/sessions/token", full({ dynamic_variables: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, ""])) }), /at most 50 items/],
    ["/v1/sessions/token", full({ dynamic_variables: { ["k".repeat(65)]: "" } }), /at most 64 characters/],
    ["/v1/sessions/token", full({ dynamic_variables: { n: 1 } }), /valid string/],
    ["/v1/sessions/token", full({ avatar_persona: { voice_settings: { speed: 1 } } }), /extract tag/],
    ["/v1/sessions/token", full({ avatar_persona: { voice_settings: { provider: "elevenLabs", speed: 2 } } }), /less than or equal to 1.2/],
    ["/v1/sessions/token", full({ avatar_persona: { voice_settings: { provider: "fish", model: "s3" } } }), /'s1' or 's2'/],
    ["/v1/sessions/token", full({ avatar_persona: { voice_settings: { provider: "elevenLabs", apply_language_text_normalization: true } } }), /language 'ja'/],
    ["/v1/sessions/token", full({ avatar_persona: { llm_settings: { provider: "openai", model: "my-own" } } }), /'gpt-4o'/],
    ["/v1/sessions/token", { mode: "LITE" }, /Field required/],
    ["/v1/sessions/token", { mode: "LITE", avatar_id: OWN_AVATAR, livekit_config: { livekit_url: "wss://x" } }, /Field required/],
    ["/v1/sessions/token", { mode: "LITE", avatar_id: OWN_AVATAR, gemini_realtime_config: { secret_id: NOBODY, voice: "Wayne" } }, /'Puck'/],
    ["/v1/sessions/token", [], /valid dictionary/],
    ["/v1/secrets", undefined, /Field required/],
    ["/v1/secrets", { secret_name: "n", secret_value: "", secret_type: "OPENAI_API_KEY" }, /at least 1 character/],
    ["/v1/secrets", { secret_name: "n".repeat(256), secret_value: "v", secret_type: "OPENAI_API_KEY" }, /at most 255 characters/],
    ["/v1/llm-configurations", { display_name: "d", secret_id: NOBODY }, /Field required/],
    ["/v1/llm-configurations", { display_name: "d", model_name: 1, secret_id: NOBODY }, /valid string/],
    ["/v1/contexts", { name: "n", prompt: "p" }, /Field required/],
    ["/v1/sessions/stop", {}, /valid UUID|Field required/],
    ["/v1/sessions/stop", { session_id: NOBODY, reason: "BORED" }, /'USER_CLOSED'/],
    ["/v1/memory", { memory_type: "session", session_id: "x" }, /valid UUID/],
    ["/v2/embeddings", { avatar_id: OWN_AVATAR }, /Field required/],
  ];
  for (const [path, body, message] of rows) {
    const answer = await post(path, body);
    assert.equal(answer.status, 422, `${path} ${JSON.stringify(body)}: ${answer.text}`);
    assert.match(answer.data[0].message, message, `${path} ${JSON.stringify(body)}`);
  }
  for (const [path, message] of [["/v1/sessions", /Field required/], ["/v1/sessions?type=old", /'active' or 'historic'/], ["/v1/secrets?page=0", null], ["/v1/avatars?page=0", /greater than or equal to 1/], ["/v1/avatars?page_size=101", /less than or equal to 100/], ["/v1/contexts/mine", /valid UUID/]]) {
    const answer = await get(path);
    assert.equal(answer.status, message ? 422 : 200, path);
    if (message) assert.match(answer.data[0].message, message);
  }
  const notJson = await fetch(`${liveavatar.url}/v1/secrets`, { method: "POST", headers: { "x-api-key": liveavatar.apiKey, "content-type": "application/json" }, body: "{" });
  assert.match((await notJson.json()).data[0].message, /JSON decode error/);
  const untyped = await fetch(`${liveavatar.url}/v1/secrets`, { method: "POST", headers: { "x-api-key": liveavatar.apiKey }, body: "{}" });
  assert.match((await untyped.json()).data[0].message, /valid dictionary/);
});

test("what is refused with 400 and 404", async () => {
  const memory = (await session().then(({ id }) => post("/v1/memory", { memory_type: "session", session_id: id }))).data.id;
  const rows = [
    [400, "POST", "/v1/sessions/token", full({ avatar_id: NOBODY }), /access to this avatar/],
    [400, "POST", "/v1/sessions/token", full({ avatar_persona: { context_id: NOBODY } }), /Context with id/],
    [400, "POST", "/v1/sessions/token", full({ is_sandbox: true }), /not supported in sandbox mode/],
    [400, "POST", "/v1/sessions/token", full({ is_sandbox: true, avatar_id: WAYNE, max_session_duration: 180 }), /max_session_duration \(180s\) exceeds the maximum allowed \(60s\)/],
    [400, "POST", "/v1/sessions/token", full({ max_session_duration: 1201 }), /\(1201s\) exceeds the maximum allowed \(1200s\)/],
    [400, "POST", "/v1/sessions/token", { mode: "FULL", avatar_id: OWN_AVATAR, voice_agent: { id: VOICE_AGENT }, dynamic_variables: {} }, /inside voice_agent/],
    [400, "POST", "/v1/sessions/token", { mode: "FULL", avatar_id: OWN_AVATAR, voice_agent: { id: NOBODY } }, /not found in your space/],
    [400, "POST", "/v1/sessions/token", { mode: "FULL", avatar_id: OWN_AVATAR, voice_agent: { id: ELEVENLABS_AGENT } }, /omit it/],
    [400, "POST", "/v1/sessions/token", { avatar_id: OWN_AVATAR, voice_agent: { id: ELEVENLABS_AGENT, language: "de" } }, /do not apply/],
    [400, "POST", "/v1/sessions/token", full({ memory: { session_memory_id: NOBODY } }), /Memory with id/],
    [400, "POST", "/v1/sessions/token", full({ memory: { session_memory_id: memory, prev_session_id: NOBODY } }), /do not match/],
    [400, "POST", "/v1/llm-configurations", { display_name: "d", model_name: "m", secret_id: NOBODY }, /Secret with id '.*' not found in your space/],
    [400, "POST", "/v1/voices/third_party", { provider_voice_id: "v", secret_id: NOBODY }, /not found in your space/],
    [404, "DELETE", `/v1/secrets/${NOBODY}`, undefined, /Secret not found/],
    [404, "GET", `/v1/llm-configurations/${NOBODY}`, undefined, /LLM configuration not found/],
    [404, "PATCH", `/v1/llm-configurations/${NOBODY}`, {}, /LLM configuration not found/],
    [404, "DELETE", `/v1/llm-configurations/${NOBODY}`, undefined, /LLM configuration not found/],
    [404, "GET", `/v1/contexts/${NOBODY}`, undefined, /Context not found/],
    [404, "GET", `/v1/sessions/${NOBODY}`, undefined, /Session not found/],
    [404, "POST", "/v1/sessions/stop", { session_id: NOBODY }, /Session not found/],
    [404, "POST", "/v1/sessions/keep-alive", { session_id: NOBODY }, /Session not found/],
    [404, "GET", `/v1/memory/${NOBODY}`, undefined, /Memory not found/],
    [404, "GET", `/v1/voice_agents/${NOBODY}`, undefined, /Voice agent not found/],
    [404, "DELETE", `/v1/avatars/${WAYNE}`, undefined, /Avatar not found/],
  ];
  for (const [status, method, path, body, message] of rows) {
    const answer = await ask(method, path, body);
    assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(body)}: ${answer.text}`);
    assert.equal(answer.body.code, 4000 + status - 400);
    assert.match(answer.data?.[0]?.message ?? answer.body.message, message);
  }
  const sandbox = await mint({ is_sandbox: true });
  assert.equal(sandbox.body.message, "Bad request error");
  assert.deepEqual(sandbox.data[0].loc, ["avatar_id"]);
});

test("members that the service doesn't know are ignored, one in the wrong place too", async () => {
  const made = await post("/v1/contexts", { name: "n", prompt: "p", opening_text: null, temperature: 1 });
  assert.equal("temperature" in made.data, false);
  const llm_configuration_id = await configuration();
  const { status, data } = await mint({ avatar_persona: { context_id: DEMO_CONTEXT, llm_configuration_id }, video_quality: "high" });
  assert.equal(status, 200);
  await start(data.session_token);
  const { outcome, heard } = await say(data.session_id, "Hi");
  assert.equal(outcome, "spoken");
  assert.match(heard, /has no LLM configuration/);
  assert.equal(llm.requests.length, 0);
});

test("an LLM configuration is looked up at the start, not at the token", async () => {
  const { status, data } = await mint({ llm_configuration_id: NOBODY });
  assert.equal(status, 200);
  const refused = await start(data.session_token);
  assert.deepEqual([refused.status, refused.body.message], [400, `LLM configuration with id '${NOBODY}' not found in your space`]);

  // So a change before the start counts, and one after it doesn't.
  const id = await configuration("hello");
  const { data: minted } = await mint({ llm_configuration_id: id });
  await ask("PATCH", `/v1/llm-configurations/${id}`, { model_name: "count?tokens=2" });
  await start(minted.session_token);
  await ask("PATCH", `/v1/llm-configurations/${id}`, { model_name: "story" });
  assert.equal((await say(minted.session_id, "Hi")).heard, "1 2 ");
});

test("secrets: a value goes in and never comes out", async () => {
  const first = await secret("the-value");
  const second = await secret();
  const { text, data } = await get("/v1/secrets");
  assert.doesNotMatch(text, /the-value/);
  assert.deepEqual(data.map(({ id }) => id), [second, first]);
  assert.deepEqual(Object.keys(data[0]).sort(), ["created_at", "id", "secret_name", "secret_type"]);
  const other = await (await fetch(`${liveavatar.url}/standin`)).text();
  assert.doesNotMatch(other, /the-value/);
  assert.equal(liveavatar.state.secrets.get(first).secret_value, "the-value");
  assert.deepEqual((await ask("DELETE", `/v1/secrets/${first}`)).body, { code: 1000, data: null, message: "Success" });
  assert.equal((await get("/v1/secrets")).data.length, 1);
});

test("configurations: the list says less, PATCH changes only what is given", async () => {
  const first = await configuration();
  const second = await configuration("story", { base_url: null });
  const { data } = await get("/v1/llm-configurations");
  assert.deepEqual(data.map(({ id }) => id), [second, first]);
  assert.deepEqual(Object.keys(data[0]), ["id", "display_name", "model_name", "secret_id"]);
  assert.equal((await get(`/v1/llm-configurations/${second}`)).data.base_url, null);
  const patched = await ask("PATCH", `/v1/llm-configurations/${first}`, { base_url: "http://localhost:1/x" });
  assert.deepEqual([patched.data.base_url, patched.data.model_name], ["http://localhost:1/x", "hello"]);
  assert.equal((await ask("PATCH", `/v1/llm-configurations/${first}`, { base_url: "" })).status, 422);
  await ask("DELETE", `/v1/llm-configurations/${first}`);
  assert.equal((await get(`/v1/llm-configurations/${first}`)).status, 404);
});

test("a deleted secret breaks its sessions in silence", async () => {
  const id = await configuration();
  const { data: full } = await get(`/v1/llm-configurations/${id}`);
  await ask("DELETE", `/v1/secrets/${full.secret_id}`);
  const { data } = await mint({ llm_configuration_id: id });
  assert.equal((await start(data.session_token)).status, 201);
  const { outcome, why } = await say(data.session_id, "Hi");
  assert.deepEqual([outcome, llm.requests.length], ["mute", 0]);
  assert.match(why, /secret .* deleted/);
});

test("every other endpoint answers in the envelope", async () => {
  const own = (await post("/v1/contexts", { name: "n", prompt: "p", opening_text: null, links: [{ url: "u", faq: null }] })).data;
  assert.match(own.links[0].id, /^[0-9a-f-]{36}$/);
  const voice = (await post("/v1/voices/third_party", { provider_voice_id: "pv", secret_id: await secret() })).data.voice_id;
  const { id } = await session();
  await say(id, "Hi");
  const memory = (await post("/v1/memory", { memory_type: "session", session_id: id })).data;
  assert.match(memory.memory_content, /user: Hi/);
  const rows = [
    ["GET", "/v1/contexts", undefined, (data) => assert.deepEqual(Object.keys(data.results[0]), ["id", "name", "created_at", "updated_at"])],
    ["PATCH", `/v1/contexts/${own.id}`, { name: "m", prompt: "${q}", opening_text: null }, (data) => assert.deepEqual([data.name, data.required_dynamic_variables, data.links.length], ["m", ["q"], 1])],
    ["DELETE", `/v1/contexts/${own.id}`, undefined, (data) => assert.equal(data, null)],
    ["GET", "/v1/avatars", undefined, (data) => assert.equal(data.count, 2)],
    ["GET", "/v1/avatars/public", undefined, (data) => assert.equal(data.results[0].id, WAYNE)],
    ["GET", `/v1/avatars/${IMAGE_AVATAR}`, undefined, (data) => assert.deepEqual([data.type, data.default_voice, data.error_message], ["IMAGE", null, null])],
    ["PATCH", `/v1/avatars/${IMAGE_AVATAR}`, { default_voice_id: WAYNE_VOICE, name: "Face" }, (data) => assert.deepEqual([data.default_voice.name, data.name], ["Wayne", "Face"])],
    ["DELETE", `/v1/avatars/${IMAGE_AVATAR}`, undefined, (data) => assert.equal(data, null)],
    ["GET", "/v1/voices", undefined, (data) => assert.equal(data.results[0].id, WAYNE_VOICE)],
    ["GET", "/v1/voices?voice_type=private", undefined, (data) => assert.equal(data.results[0].id, voice)],
    ["GET", `/v1/voices/${voice}`, undefined, (data) => assert.equal(data.name, "pv")],
    ["PATCH", `/v1/voices/${voice}`, { name: "Mine" }, (data) => assert.equal(data.name, "Mine")],
    ["GET", `/v1/voices/${voice}/preview`, undefined, (data) => assert.ok(data.audio_base64)],
    ["DELETE", `/v1/voices/${voice}`, undefined, (data) => assert.equal(data, null)],
    ["GET", "/v1/voice_agents", undefined, (data) => assert.ok(Array.isArray(data) && !("agent_configuration" in data[0]))],
    ["GET", `/v1/voice_agents/${VOICE_AGENT}`, undefined, (data) => assert.ok(data.agent_configuration.llm_settings)],
    ["GET", "/v1/llm-models", undefined, (data) => assert.ok(data.openai.includes("gpt-4o-mini"))],
    ["GET", "/v1/languages", undefined, (data) => assert.deepEqual(Object.keys(data[0]), ["language", "code"])],
    ["GET", "/v1/users/credits", undefined, (data) => assert.match(data.credits_left, /^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$/)],
    ["GET", "/v1/memory?type=session", undefined, (data) => assert.ok(data.results[0].memory_content_preview)],
    ["GET", `/v1/memory/${memory.id}`, undefined, (data) => assert.equal(data.session_episodes[0].session_id, id)],
    ["POST", "/v2/embeddings", { avatar_id: OWN_AVATAR, context_id: DEMO_CONTEXT }, (data) => assert.deepEqual([data.orientation, data.script], ["horizontal", null])],
    ["GET", "/v1/sessions?type=active", undefined, (data) => assert.equal(data.results[0].id, id)],
    ["DELETE", `/v1/sessions/${id}/events`, undefined, (data) => assert.equal(data, null)],
    ["GET", `/v1/sessions/${id}/transcript`, undefined, (data) => assert.deepEqual(data.transcript_data, [])],
  ];
  for (const [method, path, body, check] of rows) {
    const answer = await ask(method, path, body);
    assert.deepEqual([answer.status, answer.body.code, Object.keys(answer.body)], [200, 1000, ["code", "data", "message"]], `${method} ${path}: ${answer.text}`);
    check(answer.data);
  }
  const removed = await ask("DELETE", `/v1/memory/${memory.id}`);
  assert.deepEqual([removed.status, removed.text], [204, ""]);
  liveavatar.set({ successCode: 100 });
  assert.equal((await get("/v1/languages")).body.code, 100);
});

test("pages", async () => {
  for (let n = 0; n < 5; n++) await post("/v1/contexts", { name: `c${n}`, prompt: "p", opening_text: null });
  const first = (await get("/v1/contexts?page_size=4")).data;
  assert.deepEqual([first.count, first.previous, first.results.map(({ name }) => name)], [6, null, ["c4", "c3", "c2", "c1"]]);
  assert.equal(first.next, `${liveavatar.url}/v1/contexts?page_size=4&page=2`);
  const second = (await get(first.next.replace(liveavatar.url, ""))).data;
  assert.deepEqual([second.next, second.results.length], [null, 2]);
  assert.match(second.previous, /page=1$/);
  liveavatar.set({ pageLinks: "relative" });
  assert.equal((await get("/v1/contexts?page_size=4")).data.next, "/v1/contexts?page_size=4&page=2");
});

test("concurrency, credits and rate limit, by option", async () => {
  liveavatar.set({ concurrency: 1 });
  const first = await session();
  const { data: second } = await mint();
  const busy = await start(second.session_token);
  assert.deepEqual([busy.status, busy.body], [403, { code: 4032, data: null, message: "Session concurrency limit reached" }]);
  liveavatar.set({ concurrencyCode: 4003, concurrencyStatus: 409 });
  const older = await start(second.session_token);
  assert.deepEqual([older.status, older.body.code], [409, 4003]);
  await post("/v1/sessions/stop", undefined, { key: null, bearer: first.bearer });
  assert.equal((await start(second.session_token)).status, 201);

  liveavatar.set({ credits: 1, concurrency: null });
  const poor = await start((await mint()).data.session_token);
  assert.deepEqual([poor.status, poor.body.code, poor.body.message], [403, 4033, "No credits available"]);
  const sandbox = await mint({ avatar_id: WAYNE, is_sandbox: true });
  assert.equal((await start(sandbox.data.session_token)).status, 201);

  const still = await startLiveAvatar({ rateLimit: 2, now: () => 1_000_400 });
  const knock = (path, key = still.apiKey) => fetch(still.url + path, { headers: { "x-api-key": key } });
  const answers = [await knock("/v1/secrets"), await knock("/v1/secrets"), await knock("/v1/secrets"), await knock("/v1/llm-configurations"), await knock("/v1/secrets", "another")];
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 429, 200, 401]);
  assert.deepEqual(answers.slice(0, 3).map(({ headers }) => [headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-reset"), headers.get("retry-after")]), [["1", "1", null], ["0", "1", null], ["0", "1", "1"]]);
  still.advance(600);
  assert.equal((await knock("/v1/secrets")).status, 200);
  await still.close();
});

test("failures on demand", async () => {
  const rows = [
    [{ kind: "concurrency" }, 403, 4032],
    [{ kind: "noCredits" }, 403, 4033],
    [{ kind: "rateLimit", retryAfter: 3 }, 429, 4029],
    [{ kind: "invalidKey" }, 401, 4001],
    [{ kind: "serverError" }, 500, 5000],
    [{ kind: "refusal", status: 418, code: 7, message: "no" }, 418, 7],
    [{ kind: "notJson" }, 502, undefined],
  ];
  for (const [fault, status, code] of rows) {
    liveavatar.fail(fault);
    const answer = await get("/v1/languages");
    assert.deepEqual([answer.status, answer.body?.code], [status, code], fault.kind);
    if (fault.retryAfter) assert.equal(answer.headers.get("retry-after"), "3");
    assert.equal((await get("/v1/languages")).status, 200);
  }
  liveavatar.fail({ kind: "rateLimit", on: "POST /v1/secrets", times: 2 });
  assert.equal((await get("/v1/secrets")).status, 200);
  assert.deepEqual([(await post("/v1/secrets", {})).status, (await post("/v1/secrets", {})).status, (await post("/v1/secrets", {})).status], [429, 429, 422]);
  liveavatar.fail({ kind: "serverError", on: "/v1/secrets/{secret_id}" });
  assert.equal((await ask("DELETE", "/v1/secrets/x")).status, 500);

  liveavatar.fail({ kind: "cut" });
  await assert.rejects(get("/v1/languages"), /fetch failed/);
  liveavatar.fail({ kind: "hang" });
  await assert.rejects(fetch(`${liveavatar.url}/v1/languages`, { signal: AbortSignal.timeout(30) }), { name: "TimeoutError" });
  assert.throws(() => liveavatar.fail({ kind: "gremlins" }), /Unknown kind/);
  assert.throws(() => liveavatar.fail({ kind: "cut", when: 1 }), /Unknown member/);
});

test("start, stop and keep-alive take no body, or an empty one", async () => {
  const json = { headers: { "content-type": "application/json" } };
  const { data } = await mint();
  const started = await post("/v1/sessions/start", undefined, { key: null, bearer: data.session_token, ...json });
  assert.equal(started.status, 201);
  const { data: other } = await mint();
  assert.equal((await post("/v1/sessions/start", { session_id: other.session_id }, { key: null, bearer: other.session_token, headers: { "content-type": "text/plain" } })).status, 201);
  assert.equal((await post("/v1/sessions/keep-alive", undefined, { key: null, bearer: data.session_token, ...json })).status, 200);
  assert.equal((await post("/v1/sessions/keep-alive", {}, { key: null, bearer: data.session_token })).status, 200);
  assert.equal((await post("/v1/sessions/keep-alive", { session_id: data.session_id })).status, 200);
  assert.equal((await post("/v1/sessions/stop", {}, { key: null, bearer: data.session_token })).status, 200);
  assert.equal((await get(`/v1/sessions/${data.session_id}`)).data.end_reason, "UNKNOWN");

  const third = await session();
  assert.equal((await post("/v1/sessions/stop", { session_id: third.id, reason: "USER_DISCONNECTED" })).status, 200);
  assert.equal((await get(`/v1/sessions/${third.id}`)).data.end_reason, "USER_DISCONNECTED");
});

test("starting and stopping twice are switches", async () => {
  const one = await session();
  assert.equal((await start(one.bearer)).status, 400);
  liveavatar.set({ startTwice: "repeat" });
  assert.deepEqual((await start(one.bearer)).data.livekit_client_token, one.livekit_client_token);
  const stop = () => post("/v1/sessions/stop", undefined, { key: null, bearer: one.bearer });
  assert.deepEqual([(await stop()).status, (await stop()).status], [200, 404]);
  liveavatar.set({ stopTwice: "ok" });
  assert.equal((await stop()).status, 200);
  liveavatar.set({ tokenLifetimeMs: 1000 });
  const { data } = await mint();
  liveavatar.advance(1001);
  assert.equal((await start(data.session_token)).status, 401);
});

test("time ends sessions, and says why", async () => {
  const reason = async ({ id }) => (await get(`/v1/sessions/${id}`)).data.end_reason;
  const brief = await session("hello", { max_session_duration: 100 });
  const idle = await session();
  const kept = await session();
  const sandbox = await session("hello", { avatar_id: WAYNE, is_sandbox: true });
  liveavatar.advance(60_000);
  assert.deepEqual([await reason(brief), await reason(sandbox)], [undefined, "MAX_DURATION_REACHED"]);
  liveavatar.advance(60_000);
  await post("/v1/sessions/keep-alive", { session_id: kept.id });
  liveavatar.advance(200_000);
  assert.deepEqual([await reason(brief), await reason(idle), await reason(kept)], ["MAX_DURATION_REACHED", "IDLE_TIMEOUT", undefined]);
  assert.equal((await get(`/v1/sessions/${brief.id}`)).data.duration, 100);
  assert.equal((await say(brief.id, "Hi")).status, 409);
  assert.equal((await post("/v1/sessions/keep-alive", { session_id: brief.id })).status, 404);

  const list = async (query) => (await get(`/v1/sessions?${query}`)).data.results.map(({ id }) => id);
  assert.deepEqual(await list("type=active"), [kept.id]);
  assert.deepEqual(await list("type=historic"), [sandbox.id, idle.id, brief.id]);
  assert.deepEqual(await list(`type=historic&avatar_id=${WAYNE}`), [sandbox.id]);
  const left = Number((await get("/v1/users/credits")).data.credits_left);
  assert.ok(left < 1000 - 2 * (100 + 300 + 320) / 60 + 1 && left > 970);
  liveavatar.set({ credits: 0 });
  assert.equal(await reason(kept), "NO_CREDITS");
});

test("a session's history grows, and a silent turn leaves the user's words alone", async () => {
  const { id } = await session("echo");
  await say(id, "one");
  llm.script("echo", ({ res }) => res.writeHead(401).end());
  const lost = await say(id, "two");
  assert.deepEqual([lost.outcome, lost.attempts.length, lost.spoken], ["lost", 1, []]);
  llm.script("echo", ({ body, write, end }) => write(`data: {"id":"1","choices":[{"delta":{"content":"part"}}]}\n\ndata: {\n\n`).then(() => end()));
  assert.equal((await say(id, "three")).outcome, "cut");
  llm.script("echo", ({ res }) => res.writeHead(200, { "content-type": "application/json" }).end("{}"));
  const mute = await say(id, "four");
  assert.deepEqual([mute.outcome, mute.attempts[0].status], ["mute", 200]);
  await say(id, "five");
  assert.deepEqual(
    llm.requests.at(-1).body.messages.slice(2).map(({ role, content }) => `${role[0]}: ${content}`),
    ["u: one", "a: one", "u: two", "u: three", "a: part", "u: four", "u: five"],
  );
  const { data } = await get(`/v1/sessions/${id}/transcript`);
  assert.deepEqual(data.transcript_data.map(({ transcript }) => transcript), ["Hello, I am the demo avatar.", "one", "one", "two", "three", "part", "four", "five"]);
});

test("barge-in cancels the request, and the cancelled reply is forgotten", async () => {
  const { id } = await session("count?tokens=3&hangAt=2");
  const first = say(id, "first");
  await llm.waitFor((request) => request.body?.messages?.at(-1).content === "first");
  const second = say(id, "second");
  assert.equal((await first).outcome, "interrupted");
  await llm.waitFor((request) => request.aborted && request.body.messages.at(-1).content === "first");
  await llm.waitFor((request) => request.body?.messages?.at(-1).content === "second");

  const room = await (await fetch(`${liveavatar.url}/standin/rooms/${id}`)).json();
  assert.equal(room.speaking, true);
  const stopped = await fetch(`${liveavatar.url}/standin/rooms/${id}/interrupt`, { method: "POST" });
  assert.deepEqual(await stopped.json(), { interrupted: true });
  assert.equal((await second).outcome, "interrupted");
  assert.deepEqual(await (await fetch(`${liveavatar.url}/standin/rooms/${id}/interrupt`, { method: "POST" })).json(), { interrupted: false });

  liveavatar.set({ interruptedReply: "heard" });
  let texts = 0;
  const outcome = await liveavatar.room(id).say("third", ({ type }) => type === "speaking" && ++texts === 2 && liveavatar.room(id).interrupt());
  assert.deepEqual([outcome.outcome, outcome.heard], ["interrupted", "1 2 "]);
  assert.deepEqual(liveavatar.room(id).messages.slice(2).map(({ role, content }) => `${role[0]}: ${content}`), ["u: first", "u: second", "u: third", "a: 1 2 "]);
});

test("whoever listens in the room is told of each arrival, of signs of life before the first word as well", async () => {
  const { id } = await session("hello?ttftMs=60&heartbeatMs=10");
  const told = [];
  await liveavatar.room(id).say("Hello", ({ type }) => told.push(type), () => told.push("arrived"));
  const first = told.indexOf("speaking");
  assert.deepEqual([told[0], told[1], told[2], told[first - 1]], ["attempt", "arrived", "arrived", "arrived"], told.join(" "));
  assert.ok(first > 2, told.join(" "));
});

test("many fragments at once: only the last is answered", async () => {
  const { id } = await session("echo?ttftMs=20");
  const outcomes = await Promise.all(["a", "b", "c", "d"].map((text) => liveavatar.room(id).say(text)));
  assert.deepEqual(outcomes.map(({ outcome }) => outcome), ["interrupted", "interrupted", "interrupted", "spoken"]);
  assert.deepEqual(liveavatar.room(id).messages.slice(2).map(({ content }) => content), ["a", "b", "c", "d", "d"]);
});

test("stopping a session cuts its speech", async () => {
  const { id, bearer } = await session("count?hangAt=2");
  const speech = say(id, "Hi");
  await llm.waitFor((request) => request.body?.messages);
  await post("/v1/sessions/stop", undefined, { key: null, bearer });
  assert.equal((await speech).outcome, "interrupted");
  await llm.waitFor((request) => request.aborted);
  assert.match((await liveavatar.room(id).say("Hi")).why, /ended: USER_CLOSED/);
});

test("an empty utterance is asked too", async () => {
  const { id } = await session("hello");
  assert.equal((await say(id, "")).heard, "Hello world");
  assert.deepEqual(llm.requests.at(-1).body.messages.at(-1), { role: "user", content: "" });
});

test("silences that nobody reports", async () => {
  const row = async (more, message, text) => {
    const { id } = await session("hello", more);
    const { outcome, why } = await say(id, "Hi");
    assert.equal(outcome, "mute");
    assert.match(why, message);
    assert.equal(llm.requests.length, 0);
    return id;
  };
  await row({ avatar_persona: { voice_id: WAYNE_VOICE } }, /restricted mode/);
  await row({ avatar_id: WAYNE }, /is_sandbox/);
  liveavatar.set({ restrictedMode: false });
  const { id } = await session("hello", { avatar_persona: {} });
  assert.equal((await say(id, "Hi")).heard, "Hello world");
  assert.deepEqual(llm.requests.at(-1).body.messages, [{ role: "user", content: "Hi" }]);
});

test("push to talk: nothing is heard until the button is held", async () => {
  const { id } = await session("hello", { interactivity_type: "PUSH_TO_TALK" });
  const unheard = await say(id, "Hi");
  assert.equal(unheard.status, 409);
  assert.match(unheard.error, /push_to_talk/);
  assert.equal((await say(id, "Hi", { push_to_talk: true })).heard, "Hello world");
});

test("after four failed turns in a row the agent is gone", async () => {
  const { id } = await session("hello?status=401");
  for (let turn = 0; turn < 4; turn++) assert.equal((await say(id, "Hi")).outcome, "lost");
  const { outcome, why } = await say(id, "Hi");
  assert.equal(outcome, "mute");
  assert.match(why, /closed itself/);
  assert.equal(llm.requests.length, 4);
  liveavatar.set({ agentClosesAfter: null });
  assert.equal((await say(id, "Hi")).outcome, "lost");
});

test("voice agents, and what wins when both models are named", async () => {
  const agent = await mint({ avatar_persona: undefined, voice_agent: { id: VOICE_AGENT }, llm_configuration_id: await configuration() });
  await start(agent.data.session_token);
  assert.equal((await say(agent.data.session_id, "Hi")).heard, "Hello world");
  liveavatar.set({ llmPrecedence: "settings" });
  const managed = await session("hello", { avatar_persona: { context_id: DEMO_CONTEXT, llm_settings: { provider: "openai", model: "gpt-4o" } } });
  assert.match((await say(managed.id, "Hi")).heard, /own model/);

  const { data } = await post("/v1/sessions/token", { avatar_id: OWN_AVATAR, voice_agent: { id: ELEVENLABS_AGENT } });
  assert.deepEqual((await start(data.session_token)).data.ws_url, null);
  assert.match((await say(data.session_id, "Hi")).error, /LITE/);
});

test("LITE: a WebSocket, unless a connector is named; never an LLM configuration", async () => {
  const lite = async (more) => start((await post("/v1/sessions/token", { mode: "LITE", avatar_id: OWN_AVATAR, llm_configuration_id: "not looked at", ...more })).data.session_token);
  assert.match((await lite({})).data.ws_url, /^wss:/);
  assert.equal((await lite({ openai_realtime_config: { secret_id: NOBODY } })).data.ws_url, null);
});

test("where unknown ids are noticed is a switch", async () => {
  liveavatar.set({ checkAvatar: "start", checkContext: "never", checkVoice: "token" });
  assert.equal((await mint({ avatar_persona: { voice_id: NOBODY } })).status, 400);
  const { data } = await mint({ avatar_id: NOBODY, avatar_persona: { context_id: NOBODY } });
  const refused = await start(data.session_token);
  assert.deepEqual([refused.status, refused.data[0].loc], [400, ["avatar_id"]]);
  liveavatar.set({ checkSecretType: true });
  const gemini = await post("/v1/secrets", { secret_type: "GEMINI_API_KEY", secret_value: "v", secret_name: "n" });
  assert.equal((await post("/v1/llm-configurations", { display_name: "d", model_name: "m", secret_id: gemini.data.id })).status, 400);
  liveavatar.set({ transcriptUnit: "ms" });
  const { id } = await session();
  const { data: read } = await get(`/v1/sessions/${id}/transcript`);
  assert.ok(read.transcript_data[0].absolute_timestamp > 1e12);
  const { data: later } = await get(`/v1/sessions/${id}/transcript?start_timestamp=${read.next_timestamp + 1}`);
  assert.deepEqual(later.transcript_data, []);
});

test("newer callers look at the model list first", async () => {
  liveavatar.set({ prewarm: true });
  await session();
  const request = await llm.waitFor(({ path }) => path === "/v1/models");
  assert.deepEqual([request.method, request.headers.authorization], ["GET", `Bearer ${LLM_KEY}`]);
});

test("pages of this computer may call with credentials, others may not", async () => {
  const origin = "http://localhost:5173";
  const preflight = await fetch(`${liveavatar.url}/v1/sessions/start`, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
  assert.equal(preflight.headers.get("access-control-allow-credentials"), "true");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "authorization,content-type");
  const refused = await get("/v1/secrets", { key: "wrong", headers: { origin } });
  assert.deepEqual([refused.status, refused.headers.get("access-control-allow-origin"), refused.headers.get("vary")], [401, origin, "Origin"]);
  for (const other of ["https://evil.example", "http://localhost.evil.example", "null"]) assert.equal((await get("/v1/languages", { headers: { origin: other } })).status, 403, other);
  const rebound = await new Promise((resolve, reject) => http.get(`${liveavatar.url}/v1/languages`, { headers: { host: "evil.example" } }, resolve).on("error", reject));
  rebound.resume();
  assert.equal(rebound.statusCode, 403);
});

test("the stand-in can be switched over HTTP", async () => {
  const own = (path, body) => fetch(liveavatar.url + path, { method: "POST", body: JSON.stringify(body) });
  assert.equal((await (await own("/standin/options", { names: "guide" })).json()).names, "guide");
  assert.equal((await get("/v1/llm_configurations")).status, 200);
  assert.match((await (await own("/standin/options", { colour: 1 })).json()).error, /Unknown option "colour"/);
  assert.match((await (await own("/standin/options", { names: "mine", credits: 0 })).json()).error, /wants "reference" or "guide"/);
  assert.match((await (await own("/standin/options", { allowRemote: true })).json()).error, /Unknown option/);
  assert.equal(liveavatar.options.credits, 1000);
  assert.equal((await own("/standin/options", [])).status, 400);
  assert.equal((await own("/standin/fail", { kind: "serverError" })).status, 200);
  assert.equal((await get("/v1/languages")).status, 500);
  assert.equal((await own("/standin/fail", { kind: "x" })).status, 400);
  const before = liveavatar.state.contexts.size;
  const { now } = await (await own("/standin/clock", { advanceMs: 86_400_000 })).json();
  assert.ok(Date.parse(now) > Date.now() + 86_000_000 && before === liveavatar.state.contexts.size);
  assert.equal((await own("/standin/clock", {})).status, 400);

  liveavatar.set({ names: "reference" });
  const { id } = await session("hello");
  await say(id, "Hi");
  const turns = await (await fetch(`${liveavatar.url}/standin/turns`)).json();
  assert.deepEqual([turns[0].session_id, turns[0].text, turns[0].outcome.heard], [id, "Hi", "Hello world"]);
  assert.doesNotMatch(JSON.stringify(turns), new RegExp(LLM_KEY));
  const described = await (await fetch(`${liveavatar.url}/standin`)).json();
  assert.deepEqual(Object.keys(described.options), Object.keys(OPTIONS));
  assert.equal(described.options.names.value, "reference");
  assert.match(await (await fetch(liveavatar.url)).text(), /stand-in/);
  assert.equal((await own("/standin/nothing", {})).status, 404);
});

test("the room refuses what makes no sense, and says why", async () => {
  const room = (path, init) => fetch(`${liveavatar.url}/standin/rooms/${path}`, init);
  assert.equal((await room(NOBODY)).status, 404);
  const { data } = await mint();
  assert.match((await say(data.session_id, "Hi")).error, /not started/);
  const { id } = await session();
  assert.equal((await room(`${id}/say`)).status, 405);
  assert.equal((await room(`${id}/say`, { method: "POST", body: "Hi" })).status, 400);
  await post("/v1/sessions/stop", { session_id: id });
  assert.match((await say(id, "Hi")).error, /ended: UNKNOWN/);
});

test("a listener that leaves doesn't stop the speech", async () => {
  const { id } = await session("count?tokens=3&gapMs=10");
  const leave = new AbortController();
  await fetch(`${liveavatar.url}/standin/rooms/${id}/say`, { method: "POST", body: '{"text":"Hi"}', signal: leave.signal });
  leave.abort();
  await llm.waitFor((request) => request.status === 200);
  while (liveavatar.turns[0]?.outcome === null) await new Promise(setImmediate);
  assert.equal(liveavatar.turns[0].outcome.heard, "1 2 3 ");
});

test("requests are recorded", async () => {
  await get("/v1/secrets?page=1");
  const { method, path, query, headers, status } = liveavatar.requests.at(-1);
  assert.deepEqual([method, path, query, headers["x-api-key"], status], ["GET", "/v1/secrets", { page: "1" }, STANDIN_KEY, 200]);
});

test("options are checked at the start", async () => {
  await assert.rejects(startLiveAvatar({ colour: "red" }), /Unknown option "colour"/);
  await assert.rejects(startLiveAvatar({ credits: "many" }), /number/);
});

test("closing ends the speech", async () => {
  const { id } = await session("count?hangAt=1");
  const speech = liveavatar.room(id).say("Hi");
  await llm.waitFor((request) => request.body?.messages);
  await liveavatar.close();
  assert.equal((await speech).outcome, "interrupted");
  await llm.waitFor((request) => request.aborted);
});

test("as a program it starts, says so, and ends on Ctrl-C", async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./liveavatar.js", import.meta.url))], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, LIVEAVATAR_STANDIN_KEY: "own-key" } });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve([code, signal])));
  const banner = await new Promise((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  assert.doesNotMatch(banner, /own-key/);
  const [, url] = banner.match(/at (http:\/\/127\.0\.0\.1:\d+),/);
  assert.equal((await fetch(`${url}/v1/secrets`, { headers: { "x-api-key": "own-key" } })).status, 200);
  child.kill("SIGINT");
  assert.deepEqual(await ended, [0, null]);
});

test("a wrong argument is told", async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./liveavatar.js", import.meta.url)), "--prot", "1"], { stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  child.stderr.on("data", (data) => (told += data));
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 2);
  assert.match(told, /usage: --port <number> \[--allow-remote\]/);
});
