// What this package makes of the fixtures' bytes beside what `openai` makes of them.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { ChatClient } from "../../pkg/index.js";

const require = createRequire(fileURLToPath(new URL("../../bench/package.json", import.meta.url)));
const { default: OpenAI } = require("openai");

const folder = new URL("../core/fixtures/", import.meta.url);
const request = { model: "m", messages: [{ role: "user", content: "What time is it?" }] };

const answer = (body) => async () => new Response(body, { headers: { "content-type": "text/event-stream" } });

/** What of a completion both must agree on. */
function meaning({ choices: [choice], usage }) {
  const { message, finish_reason } = choice;
  return {
    content: message.content || null,
    refusal: message.refusal ?? null,
    calls: (message.tool_calls ?? []).map(({ id, function: { name, arguments: text } }) => ({ id, name, arguments: text })),
    finish_reason,
    usage: usage ? [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens] : null,
  };
}

async function theirs(body) {
  const client = new OpenAI({ apiKey: "none", baseURL: "http://localhost/v1", fetch: answer(body), maxRetries: 0 });
  return meaning(await client.chat.completions.stream(request).finalChatCompletion());
}

async function ours(body) {
  const client = new ChatClient({ baseUrl: "http://localhost/v1", fetch: answer(body) }, { maxRetries: 0 });
  return meaning(await client.complete(request));
}

const INDEX = /invalid tool call index/;
const ROLE = /missing role/;
const FINISH = /missing finish_reason/;
const NO_EVENTS = /without sending any chunks/;
const NO_CHOICES = /chunk.choices is not iterable/;
const NO_JSON = /malformed server-sent event JSON/;

/** Where `openai` fails, how; where it understands something else, what. In all others both understand the same. */
const DIFFERENT = {
  "anthropic-tool": /Cannot read properties of undefined/,
  "bytes-comments-and-fields": NO_JSON,
  "chunk-without-choices": NO_CHOICES,
  "content-as-parts": { content: "Six,[object Object],[object Object][object Object]" },
  "databricks-usage": { usage: [107, null, null] },
  "gemini-tool-in-pieces": INDEX,
  "gemini-tools": INDEX,
  // Two calls are one.
  "gemini-tools-without-ids": { calls: [{ name: "weather", arguments: '{"town":"Graz"}{"town":"Linz"}' }], finish_reason: "stop" },
  "github-copilot-no-finish": FINISH,
  "github-copilot-tool": NO_JSON,
  "github-copilot-two-choices": NO_EVENTS,
  "groq-usage-aside": { usage: null },
  "id-and-model-odd": /invalid choice index/,
  "json-array": NO_EVENTS,
  "json-array-in-an-event": NO_CHOICES,
  "json-lines": NO_EVENTS,
  "json-lines-in-an-event-stream": NO_EVENTS,
  "json-pretty": NO_EVENTS,
  "json-then-done": NO_EVENTS,
  "json-whole": NO_EVENTS,
  "litellm-block-index": FINISH,
  "litellm-stop-on-each": { finish_reason: "STOP" },
  "message-for-delta": ROLE,
  "mistral-reasoning": { content: "[object Object][object Object][object Object]." },
  "mistral-tool": INDEX,
  "mistral-tool-in-pieces": ROLE,
  "moonshot-tools-without-index": INDEX,
  "moonshot-usage-in-choice": { usage: null },
  "ollama-native": NO_EVENTS,
  "ollama-tools": { calls: [{ name: "file_write", arguments: '{"path":"a.py"}{"path":"b.py"}' }], finish_reason: "stop" },
  "ollama-tools-without-index": INDEX,
  "text-for-delta": ROLE,
  "tgi-tool": /tool_calls is not iterable/,
  "together-text": ROLE,
  "tool-id-late-and-repeated": /missing `type`/,
  "vllm-finish-null": FINISH,
  "workers-ai-tool-as-content": ROLE,
  "zai-run-together": NO_JSON,
  "zai-truncated-before-the-next": NO_JSON,
};

/** Bodies that are no answer: neither finds one. */
const NO_ANSWER = ["bytes-event-error", "bytes-web-page", "cohere-dialect", "error-as-text", "error-injected-into-an-event", "json-cut", "llama-cpp-error",
  "lm-studio-error", "minimax-anthropic-dialect", "openai-error", "openrouter-error", "vllm-error"];

const fixtures = readdirSync(folder).filter((name) => name.endsWith(".txt")).map((name) => name.slice(0, -4));

test("the fixtures mean what openai takes them to mean, where it understands them", async (t) => {
  // It prints what it cannot read.
  t.mock.method(console, "error", () => {});
  for (const name of [...Object.keys(DIFFERENT), ...NO_ANSWER]) assert.ok(fixtures.includes(name), `there is no ${name}`);
  for (const name of fixtures) {
    const body = readFileSync(new URL(`${name}.txt`, folder));
    const different = DIFFERENT[name];
    if (NO_ANSWER.includes(name)) {
      await assert.rejects(ours(body), { name: "StreamError" }, name);
      await assert.rejects(theirs(body), name);
    } else if (different instanceof RegExp) {
      await ours(body);
      await assert.rejects(theirs(body), different, name);
    } else {
      const [one, other] = [await ours(body), await theirs(body)];
      if (different?.calls) {
        // It makes ids up.
        for (const call of other.calls) delete call.id;
        assert.equal(one.calls.length, 2, name);
        one.calls = other.calls;
        assert.deepEqual(other.calls, different.calls, name);
      }
      assert.deepEqual(other, { ...one, ...different }, name);
      if (different) assert.notDeepEqual(one, other, `${name} is no longer different`);
    }
  }
});
