// Every method of the client of LiveAvatar's API against the stand-in of the service: how it succeeds, and how it fails.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, test } from "node:test";

import { ApiError, ConnectionError, LiveAvatar, ValidationError } from "../../pkg/index.js";
import { DEMO_CONTEXT, IMAGE_AVATAR, OWN_AVATAR, OWN_VOICE, startLiveAvatar, VOICE_AGENT, WAYNE } from "../standins/liveavatar.js";
import { endpoints } from "../standins/liveavatar/routes.js";
import { thrown } from "./asking.js";
import { CONTEXT, made, METHODS } from "./liveavatarMethods.js";

const API_KEY = "la-key-0123456789";

let service;
let client;
beforeEach(async () => {
  service = await startLiveAvatar({ apiKey: API_KEY });
  client = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url });
});
afterEach(() => service.close());

describe("every method", () => {
  for (const [name, [on, ask]] of Object.entries(METHODS)) {
    test(`${name}: refusals become ApiErrors with the service's words`, async () => {
      const what = await made(client, service);
      for (const [fault, status, code, message, serviceCode] of [
        [{ kind: "invalidKey" }, 401, "unauthorized", /Invalid API key/, "4001"],
        [{ kind: "noCredits" }, 403, "forbidden", /No credits available/, "4033"],
        [{ kind: "concurrency" }, 403, "forbidden", /concurrency limit/, "4032"],
        [{ kind: "refusal", status: 400, message: "Bad request error", data: [{ loc: ["avatar_id"], message: "no access" }] }, 400, "bad_request", /avatar_id: no access/, "4000"],
        [{ kind: "refusal", status: 409, message: "Not now" }, 409, "refused", /Not now/, "4009"],
      ]) {
        service.fail({ ...fault, on });
        const error = await thrown(() => ask(client, what));
        assert.ok(error instanceof ApiError, error.stack);
        assert.deepEqual([error.status, error.code, error.serviceCode], [status, code, serviceCode]);
        assert.match(error.message, message);
        assert.match(error.message, /^LiveAvatar /);
        assert.ok(JSON.parse(error.body).message);
      }
      assert.equal(service.requests.length, 5, "none of them is made again");
    });

    test(`${name}: a 429 is made again, after the wait that was asked for`, async () => {
      const what = await made(client, service);
      service.fail({ kind: "rateLimit", on, times: 2, retryAfter: 0 });
      await ask(client, what);
      assert.deepEqual(service.requests.map(({ status }) => status).slice(0, 2), [429, 429]);
      assert.equal(service.requests.length, 3);
    });

    test(`${name}: a failure, a web page and a cut connection are told apart`, async () => {
      const what = await made(client, service);
      const once = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url, maxRetries: 0 });
      for (const [kind, Class, message] of [
        ["serverError", ApiError, /^LiveAvatar failed \(500\): Internal server error$/],
        ["notJson", ApiError, /^LiveAvatar failed \(502\): a web page instead of JSON/],
        ["cut", ConnectionError, /^no answer from LiveAvatar/],
      ]) {
        service.fail({ kind, on });
        const error = await thrown(() => ask(once, what));
        assert.ok(error instanceof Class, error.stack);
        assert.match(error.message, message);
        if (Class === ConnectionError) assert.ok(error.cause instanceof Error);
      }
      assert.equal(service.requests.length, 3);
    });
  }

  test("each ends with the signal's reason, and lets go of it", async () => {
    const what = await made(client, service);
    for (const [name, [, ask]] of Object.entries(METHODS)) {
      service.requests.length = 0;
      const reason = new Error(name);
      assert.equal(await thrown(() => ask(client, what, { signal: AbortSignal.abort(reason) })), reason);
      assert.equal(service.requests.length, 0);
      service.fail({ kind: "hang", times: 1 });
      const aborting = new AbortController();
      let listeners = 0;
      const { signal } = aborting;
      const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
      signal.addEventListener = (...rest) => (listeners++, add(...rest));
      signal.removeEventListener = (...rest) => (listeners--, remove(...rest));
      const error = thrown(() => ask(client, what, { signal }));
      while (service.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      aborting.abort(reason);
      assert.equal(await error, reason, name);
      assert.equal(listeners, 0, name);
    }
    assert.ok((await thrown(() => client.secrets.list({ signal: 5 }))) instanceof ValidationError);
  });

  test("each method asks its endpoint, and there is one for each", async () => {
    const places = endpoints(service.options);
    assert.deepEqual(Object.values(METHODS).map(([on]) => on).sort(), [...places].sort());
    for (const [name, [on, ask]] of Object.entries(METHODS)) {
      const fresh = await startLiveAvatar({ apiKey: API_KEY });
      const client = new LiveAvatar({ apiKey: API_KEY, baseUrl: fresh.url });
      const answer = await ask(client, await made(client, fresh));
      const [{ method, path, status }, ...others] = fresh.requests;
      const pattern = new RegExp(`^${on.replace(/\{\w+\}/g, "[^/]+")}$`);
      assert.match(`${method} ${path}`, pattern);
      assert.equal(others.length, 0, name);
      const expected = name === "sessions.start" ? 201 : name === "memory.delete" ? 204 : 200;
      assert.equal(status, expected, name);
      assert.equal(answer === undefined, /delete|stop|keepAlive/.test(name), name);
      await fresh.close();
    }
  });

  test("each has its row in docs/liveavatar-api.md", () => {
    const text = readFileSync(new URL("../../docs/liveavatar-api.md", import.meta.url), "utf8");
    const rows = [...text.matchAll(/^\| `([\w.]+)` \| `([A-Z]+ [^`]+)` \|/gm)].map(([, name, on]) => [name, on]);
    assert.deepEqual(rows, Object.entries(METHODS).map(([name, [on]]) => [name, on]));
  });

  test("where the service knows other names, each finds them", async () => {
    for (const [name, [, ask]] of Object.entries(METHODS)) {
      const fresh = await startLiveAvatar({ apiKey: API_KEY, names: "guide" });
      const client = new LiveAvatar({ apiKey: API_KEY, baseUrl: fresh.url });
      const what = await made(client, fresh);
      await ask(client, what).catch((error) => assert.fail(`${name}: ${error.message}`));
      await fresh.close();
    }
  });
});

describe("what the methods give", () => {
  const all = async (listing) => {
    const items = [];
    for await (const item of listing) items.push(item);
    return items;
  };

  test("contexts are kept, replaced and deleted", async () => {
    const context = await client.contexts.create(CONTEXT);
    assert.deepEqual([context.prompt, context.opening_text, context.required_dynamic_variables], [CONTEXT.prompt, null, ["who"]]);
    assert.deepEqual(await client.contexts.get(context.id), context);
    const changed = await client.contexts.update(context.id, { ...CONTEXT, prompt: "Be brief.", links: [{ url: "https://a.example.com", faq: null }] });
    assert.deepEqual([changed.prompt, changed.links.length, changed.required_dynamic_variables], ["Be brief.", 1, []]);
    assert.equal(await client.contexts.delete(context.id), undefined);
    assert.deepEqual((await all(client.contexts.list())).map(({ id }) => id), [DEMO_CONTEXT]);
  });

  test("a list gives all its items, page after page, and single pages", async () => {
    for (let number = 0; number < 7; number++) await client.contexts.create({ ...CONTEXT, name: `c${number}` });
    for (const pageLinks of ["absolute", "relative"]) {
      service.set({ pageLinks });
      service.requests.length = 0;
      const listing = client.contexts.list({ page_size: 3 });
      assert.equal(service.requests.length, 0, "nothing is asked for before it is read");
      assert.deepEqual((await all(listing)).map(({ name }) => name), ["c6", "c5", "c4", "c3", "c2", "c1", "c0", "Demo"]);
      assert.deepEqual(service.requests.map(({ query }) => query), [1, 2, 3].map((page) => ({ page_size: "3", page: String(page) })));
      assert.equal((await all(listing)).length, 8, "it can be read again");
    }
    const second = await client.contexts.list({ page: 2, page_size: 3 }).page();
    assert.deepEqual([second.count, second.results.map(({ name }) => name)], [8, ["c3", "c2", "c1"]]);
    assert.deepEqual((await client.contexts.list({ page_size: 3 }).page(3)).results.map(({ name }) => name), ["c0", "Demo"]);
    assert.equal((await all(client.contexts.list({ page: 2, page_size: 3 }))).length, 5, "it begins where it was told to");
    service.requests.length = 0;
    for await (const { name } of client.contexts.list({ page_size: 3 })) if (name === "c5") break;
    assert.equal(service.requests.length, 1, "no more is asked for than is read");
    assert.equal((await thrown(() => client.contexts.list({ page_size: 101 }).page())).status, 422);
  });

  test("avatars and voices are one's own or everybody's", async () => {
    assert.deepEqual((await all(client.avatars.list())).map(({ id }) => id), [IMAGE_AVATAR, OWN_AVATAR]);
    assert.deepEqual((await all(client.avatars.listPublic())).map(({ id }) => id), [WAYNE]);
    assert.deepEqual((await all(client.voices.list({ voice_type: "private" }))).map(({ id }) => id), [OWN_VOICE]);
    const changed = await client.avatars.update(OWN_AVATAR, { name: "New", default_voice_id: OWN_VOICE });
    assert.deepEqual([changed.name, changed.default_voice.id], ["New", OWN_VOICE]);
    assert.equal((await client.voices.update(OWN_VOICE, { name: "Own" })).name, "Own");
    assert.match((await client.voices.preview(OWN_VOICE)).audio_base64, /^UklGR/);
    assert.equal((await thrown(() => client.avatars.delete(WAYNE))).status, 404);
  });

  test("sessions can be looked at, and what was said in them", async () => {
    const { session_id, live, memory_id } = await made(client, service);
    assert.deepEqual((await all(client.sessions.list({ type: "active" }))).map(({ id }) => id), [session_id]);
    assert.equal((await client.sessions.get(session_id)).mode, "FULL");
    assert.equal((await client.sessions.transcript(session_id)).session_active, true);
    assert.equal((await client.memory.get(memory_id)).session_episodes[0].session_id, session_id);
    await client.sessions.stop(live);
    assert.equal((await client.sessions.get(session_id)).end_reason, "USER_CLOSED");
    await client.sessions.deleteEvents(session_id);
    assert.deepEqual((await client.sessions.transcript(session_id)).transcript_data, []);
    assert.equal((await thrown(() => client.sessions.list({}).page())).status, 422, "a type must be given");
  });

  test("the rest can be looked at", async () => {
    assert.ok((await client.llmModels()).openai.includes("gpt-4o-mini"));
    assert.ok((await client.languages()).some(({ code }) => code === "ja"));
    assert.deepEqual(await client.credits(), { credits_left: "1000" });
    assert.equal((await client.voiceAgents.get(VOICE_AGENT)).agent_type, "liveavatar_agent");
    assert.equal((await client.voiceAgents.list())[0].agent_configuration, undefined);
    const { embed_id, url } = await client.embeddings({ avatar_id: OWN_AVATAR, context_id: DEMO_CONTEXT });
    assert.ok(url.endsWith(embed_id));
  });

  test("what is newer than this package passes through", async () => {
    Object.assign(service.state.avatars.get(OWN_AVATAR), { status: "RETIRED", mood: { is: ["new"] } });
    const avatar = await client.avatars.get(OWN_AVATAR);
    assert.deepEqual([avatar.status, avatar.mood], ["RETIRED", { is: ["new"] }]);
    await client.avatars.update(OWN_AVATAR, { name: "n", newer: true });
    assert.deepEqual(service.requests.at(-1).body, { name: "n", newer: true });
  });
});

describe("a session that lasts", () => {
  test("is kept alive again and again until the signal is aborted", async () => {
    const { live } = await made(client, service);
    const aborting = new AbortController();
    // A failure between is made up for.
    service.fail({ kind: "serverError", on: "POST /v1/sessions/keep-alive", times: 4 });
    const kept = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url, maxRetries: 0 }).sessions.keepAlive(live, { everyMs: 1, signal: aborting.signal });
    while (service.requests.length < 7) await new Promise((resolve) => setImmediate(resolve));
    aborting.abort(new Error("enough"));
    assert.equal(await kept, undefined);
    const { length } = service.requests;
    assert.ok(service.requests.every(({ path, status }, index) => path === "/v1/sessions/keep-alive" && (status === (index < 4 ? 500 : 200) || index === length - 1)));
  });

  test("that has ended is not kept alive for ever", async () => {
    const { live } = await made(client, service);
    const kept = client.sessions.keepAlive(live, { everyMs: 1 });
    kept.catch(() => {});
    await client.sessions.stop(live);
    assert.deepEqual([(await thrown(() => kept)).status, (await thrown(() => client.sessions.keepAlive(live, { everyMs: 0 }))).code], [404, "out_of_range"]);
    const aborted = { everyMs: 1, signal: AbortSignal.abort(new Error("no")) };
    assert.equal(await client.sessions.keepAlive(live, aborted), undefined);
  });

  for (const transcriptUnit of ["s", "ms"]) {
    test(`gives what is said in it line by line, each once, whatever its unit of time: ${transcriptUnit}`, async () => {
      service.set({ transcriptUnit });
      const { session_id, live } = await made(client, service);
      const { lines } = service.state.sessions.get(session_id);
      const say = (text, role = "user") => lines.push({ role, text, at: service.state.sessions.get(session_id).startedAt + 10 });
      lines.length = 0;
      say("Hello");
      const heard = [];
      for await (const { transcript } of client.sessions.followTranscript(session_id, { everyMs: 1 })) {
        heard.push(transcript);
        // In the same moment, and the same words.
        if (heard.length === 1) say("Hello"), say("Well", "avatar");
        if (heard.length === 3) say("Bye"), await client.sessions.stop(live);
      }
      assert.deepEqual(heard, ["Hello", "Hello", "Well", "Bye"]);
    });
  }

  test("is not followed after an abort", async () => {
    const { session_id } = await made(client, service);
    const reason = new Error("enough");
    const aborting = new AbortController();
    const next = client.sessions.followTranscript(session_id, { everyMs: 1000, signal: aborting.signal })[Symbol.asyncIterator]();
    service.state.sessions.get(session_id).lines.push({ role: "user", text: "Hi", at: Date.now() });
    while ((await next.next()).value.transcript !== "Hi");
    const rest = thrown(() => next.next());
    aborting.abort(reason);
    assert.equal(await rest, reason);
    assert.equal((await thrown(() => client.sessions.followTranscript(session_id, { everyMs: "x" })[Symbol.asyncIterator]().next())).code, "out_of_range");
  });
});
