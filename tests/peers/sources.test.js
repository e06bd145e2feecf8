// What other packages stream, as what an endpoint's function gives: OpenAI's client and the AI SDK, before the same LLM.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { FAILURE, hear, serving } from "../shell/serving.js";
import { startLlm } from "../standins/llm.js";

const require = createRequire(new URL("../../bench/package.json", import.meta.url));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const [{ OpenAI }, { streamText }, { createOpenAICompatible }] = await Promise.all(["openai", "ai", "@ai-sdk/openai-compatible"].map(load));

const KEY = "sk-standin-0123456789";
const llm = await startLlm({ key: KEY });
after(() => llm.close());

const openai = new OpenAI({ baseURL: llm.baseUrl, apiKey: KEY, maxRetries: 0 });
const provider = createOpenAICompatible({ name: "standin", baseURL: llm.baseUrl, apiKey: KEY });
const asked = (model) => (request, { signal }) =>
  streamText({ model: provider(model), messages: request.messages.filter(({ role }) => role === "user"), abortSignal: signal, maxRetries: 0, onError() {} });

/** Functions of a model's name that give sources. */
const SPOKEN = {
  "OpenAI's stream": (model) => (request, { signal }) => openai.chat.completions.create({ ...request, model, stream: true }, { signal }),
  "OpenAI's stream, as a body": (model) => async (request, { signal }) => (await openai.chat.completions.create({ ...request, model, stream: true }, { signal })).toReadableStream(),
  "OpenAI's response": (model) => (request, { signal }) => openai.chat.completions.create({ ...request, model, stream: true }, { signal }).asResponse(),
  "the AI SDK's textStream": (model) => (request, turn) => asked(model)(request, turn).textStream,
  "the AI SDK's fullStream, its texts picked out": (model) =>
    async function* (request, turn) {
      for await (const part of asked(model)(request, turn).fullStream) if (part.type === "text-delta") yield part.text;
    },
};

for (const [name, source] of Object.entries(SPOKEN)) {
  describe(name, () => {
    test("is said as it comes", async () => {
      const endpoint = serving(source("count?tokens=5"));
      const { words, text, signs } = await hear(endpoint.ask());
      assert.deepEqual([text, signs], ["1 2 3 4 5 ", 0]);
      assert.ok(words.length > 1, "in pieces");
      assert.equal((await endpoint.report()).outcome, "spoken");
    });

    test("that fails is replaced by the failure line, and told of", async () => {
      const endpoint = serving(source("hello?status=401"));
      assert.equal((await hear(endpoint.ask())).text, FAILURE);
      const { outcome, error } = await endpoint.report();
      assert.equal(outcome, "failed");
      assert.ok(error);
    });

    test("is let go of when the caller hangs up", async () => {
      const model = `count?tokens=100000&gapMs=5&id=${encodeURIComponent(name)}`;
      const endpoint = serving(source(model));
      const reader = (await endpoint.ask()).body.getReader();
      await llm.waitFor((request) => request.model === model);
      await reader.cancel();
      await llm.waitFor((request) => request.model === model && request.aborted);
      assert.equal((await endpoint.report()).outcome, "interrupted");
    });
  });
}

/** What is no chat completion, and holds more than words: what of it is to be said is for its developer to choose. */
const NOT_SPOKEN = {
  "the AI SDK's fullStream as it is": (request, turn) => asked("hello")(request, turn).fullStream,
  "the AI SDK's response for its own pages": (request, turn) => asked("hello")(request, turn).toUIMessageStreamResponse(),
  "the AI SDK's response of plain text": (request, turn) => asked("hello")(request, turn).toTextStreamResponse(),
};

for (const [name, source] of Object.entries(NOT_SPOKEN)) {
  test(`${name} is not said, but told of`, async () => {
    const endpoint = serving(source);
    assert.equal((await hear(endpoint.ask())).text, FAILURE);
    const { outcome, error } = await endpoint.report();
    assert.deepEqual([outcome, error.kind], ["failed", "empty"]);
  });
}
