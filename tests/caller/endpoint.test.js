// An endpoint as LiveAvatar's caller hears it: the packed package in workerd, before a stand-in LLM, and LiveKit's own
// libraries asking, in the version that was observed and in the newest.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { LiveAvatar } from "../../pkg/index.js";
import { bundle, run } from "../package/worker.js";
import { DEMO_CONTEXT, OWN_AVATAR, startLiveAvatar, WAYNE_VOICE } from "../standins/liveavatar.js";
import { startLlm } from "../standins/llm.js";
import { startCaller } from "./caller.js";
import { VERSIONS } from "./environment.js";

const KEY = "sk-standin-0123456789";
const TOKEN = "the-registered-secret";
const FAILURE = "Sorry, something went wrong on my side. Could you say that again?";

const MAIN = `
import { ChatEndpoint } from "liveavatar-llm";
export default new ChatEndpoint((env) => ({
  source: { baseUrl: env.LLM, apiKey: env.KEY },
  auth: { bearer: env.TOKEN },
  onTurn: ({ outcome }) => env.TEST.fetch("http://test.example/", { method: "POST", body: outcome }).then(() => {}),
}));
`;

const outcomes = [];
const cleanUp = [];
let llm;
let baseUrl;
before(async () => {
  const suite = { after: (work) => cleanUp.unshift(work) };
  const TEST = async (request) => (outcomes.push(await request.text()), new Response());
  const [outdir] = await Promise.all([bundle(suite, { "main.js": MAIN }), startLlm({ key: KEY }).then((started) => (llm = started))]);
  const url = await run(suite, outdir, { bindings: { TOKEN, KEY, LLM: llm.baseUrl }, serviceBindings: { TEST } });
  baseUrl = new URL("v1", url).href;
});
after(async () => {
  await llm?.close();
  for (const work of cleanUp) await work();
});

const STORY = Array.from({ length: 2000 }, (_, index) => `${index + 1} `).join("");

/** What the LLM does, and what the caller hears of it. */
const HEARD = {
  "an answer": ["hello", "Hello world"],
  "text in any script": ["say?text=Grüße, 你好, שלום € «ça va»&splitBytes=1", "Grüße, 你好, שלום € «ça va»"],
  "a long answer": ["count?tokens=2000", STORY],
  "an answer after twelve silent seconds": ["hello?ttftMs=12000", "Hello world"],
  "an answer whose headers come after twelve seconds": ["hello?headersMs=12000", "Hello world"],
  "the answer without the thoughts": ["think", "I thought about it: Are you there?."],
  "an answer in one JSON body": ["hello?asJson", "Hello world"],
  "an answer with another line end, a byte order mark and comments": ["hello?crlf&bom&comments", "Hello world"],
  "an answer whose connection stays open": ["hello?holdOpen", "Hello world"],
  "an answer at the third attempt": ["hello?status=503&retryAfterMs=1&failTimes=2", "Hello world"],
  "the words until a break": ["count?tokens=9&cutAt=3", "1 2 3 "],
  "the words until an error": ["count?tokens=9&errorAt=2", "1 2 "],
  "the failure line for a refusal": ["hello?status=401", FAILURE],
  "the failure line for a source that keeps failing": ["hello?status=500", FAILURE],
  "the failure line for a call of a tool": ["tool", FAILURE],
  "the failure line for a login page": ["hello?html", FAILURE],
  "the failure line for nothing": ["hello?empty", FAILURE],
};

for (const version of VERSIONS) {
  describe(`the caller (${version}) hears`, { concurrency: true }, () => {
    let caller;
    before(async () => {
      caller = await startCaller(version);
    });
    after(() => caller?.close());

    const ask = (model, more = {}) =>
      caller.ask({ baseUrl, apiKey: TOKEN, model, messages: [{ role: "system", content: "You are Rose." }, { role: "user", content: "Are you there?" }], ...more });

    for (const [name, [model, text]] of Object.entries(HEARD)) {
      test(name, async () => {
        const marked = model.includes("failTimes") ? `${model}&id=${version}` : model;
        const { heard, error, attempts, toolCalls } = await ask(marked);
        assert.deepEqual({ heard, error, attempts, toolCalls }, { heard: text, error: null, attempts: 1, toolCalls: [] });
      });
    }

    test("nothing where the user said nothing, and no error either", async () => {
      const { heard, error, attempts } = await ask("hello", { messages: [{ role: "user", content: "" }] });
      assert.deepEqual({ heard, error, attempts }, { heard: "", error: null, attempts: 1 });
    });

    test("how many tokens were used", async () => {
      const { usage } = await ask("hello");
      assert.ok(usage.prompt_tokens > 0 && usage.total_tokens === usage.prompt_tokens + usage.completion_tokens, JSON.stringify(usage));
    });

    test("nothing with another token, which it does not try again", async () => {
      const { heard, error, attempts } = await ask("hello", { apiKey: "another" });
      assert.deepEqual([heard, error.status, attempts], ["", 401, 1]);
    });

    test("no more once it is interrupted, and then nobody speaks to nobody", async () => {
      const model = `count?tokens=100000&gapMs=5&id=${version}`;
      const { heard, interrupted } = await ask(model, { interruptAfterChars: 9 });
      assert.ok(interrupted && "1 2 3 4 5 6 7 8 9 ".startsWith(heard) && heard.length >= 9, heard);
      await llm.waitFor((request) => request.model === model && request.aborted);
    });

    test("what it looks for before a session, if it does", async () => {
      const before = llm.requests.length;
      const { sent } = await caller.prewarm({ baseUrl, apiKey: TOKEN, model: "hello" });
      assert.equal(sent, version === "newest");
      assert.deepEqual(llm.requests.slice(before).filter(({ method }) => method === "GET"), [], "the LLM is not asked for that");
    });
  });
}

test("every turn was reported", () => {
  for (const outcome of ["spoken", "cut", "failed", "empty"]) assert.ok(outcomes.includes(outcome), `${outcome}: ${outcomes}`);
});

describe("the whole way: an LLM connected, a session started, and the avatar says what the source said", () => {
  let standin;
  let liveAvatar;
  let session;
  before(async () => {
    standin = await startLiveAvatar();
    liveAvatar = new LiveAvatar({ apiKey: standin.apiKey, baseUrl: standin.url });
    const { llm_configuration_id } = await liveAvatar.connectLlm({ baseUrl, apiKey: TOKEN, model: "hello" }, { name: "Mine", allowLocalUrl: true });
    session = await liveAvatar.sessions.createToken({
      mode: "FULL",
      avatar_id: OWN_AVATAR,
      avatar_persona: { voice_id: WAYNE_VOICE, context_id: DEMO_CONTEXT },
      llm_configuration_id,
    });
    await liveAvatar.sessions.start(session);
  });
  after(() => standin?.close());

  test("with the stand-in's caller", async () => {
    const { outcome, heard, attempts } = await standin.room(session.session_id).say("How are you?");
    assert.deepEqual([outcome, heard, attempts.length], ["spoken", "Hello world", 1]);
    const { headers, body } = llm.requests.findLast(({ model }) => model === "hello");
    assert.equal(headers.authorization, `Bearer ${KEY}`, "the LLM gets its own key, not the token");
    assert.equal(body.messages.at(-1).content, "How are you?");
  });

  for (const version of VERSIONS) {
    test(`with the caller itself (${version}) in the stand-in's room`, async (t) => {
      const caller = await startCaller(version);
      t.after(() => caller.close());
      // What the session has been given when it started, as LiveAvatar's agent has it.
      const { llm: registered, messages, room } = standin.room(session.session_id);
      const endpoint = { baseUrl: registered.baseUrl, apiKey: registered.secret, model: registered.model, room: room.roomId };
      const { heard, error, attempts } = await caller.ask({ ...endpoint, messages: [...messages, { role: "user", content: "And now?" }] });
      assert.deepEqual([heard, error, attempts], ["Hello world", null, 1]);
    });
  }

  test("and the session stops", async () => {
    await liveAvatar.sessions.stop(session);
    assert.equal(standin.room(session.session_id)?.speaking ?? false, false);
    assert.equal(standin.state.sessions.get(session.session_id).live, false);
  });
});
