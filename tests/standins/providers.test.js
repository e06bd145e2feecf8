// The stand-ins for the providers, proven by each provider's own package: what it makes of requests is taken, and what they
// answer is what it reads.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { KEY, startProviders } from "./providers.js";
import { clients, TOOLS } from "./sdks/clients.js";

const providers = await startProviders();
after(() => providers.close());
const { anthropic, gemini, azure, entra, deployed } = clients(providers);

const HELLO = "Hello wörld \"x\"\n😀";
const WITH_TOOLS = TOOLS.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters }));
const user = (content) => ({ role: "user", content });

/** What is thrown. */
const refusal = (work) => work().then(() => assert.fail("it was taken"), (error) => error);

describe("Anthropic", () => {
  const ask = (model, more = {}) => ({ model, max_tokens: 2048, messages: [user("Hi")], ...more });

  test("a message is streamed and gathered, and comes whole", async () => {
    const streamed = await anthropic.messages.stream(ask("hello")).finalMessage();
    assert.equal(streamed.content[0].text, HELLO);
    assert.deepEqual([streamed.stop_reason, streamed.usage.output_tokens], ["end_turn", 25]);
    assert.deepEqual((await anthropic.messages.create(ask("hello"))).content, [{ type: "text", text: HELLO }]);
  });

  test("calls of tools and thoughts go there and back", async () => {
    const thinking = { type: "enabled", budget_tokens: 1024 };
    const first = await anthropic.messages.stream(ask("thinking", { tools: WITH_TOOLS, thinking })).finalMessage();
    assert.deepEqual(first.content.map(({ type }) => type), ["thinking", "redacted_thinking", "tool_use", "thinking", "tool_use"]);
    const results = first.content.filter(({ type }) => type === "tool_use").map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "sunny" }));
    const messages = [user("Hi"), { role: "assistant", content: first.content }, user(results)];
    const last = await anthropic.messages.stream(ask("thinking", { tools: WITH_TOOLS, thinking, messages })).finalMessage();
    assert.equal(last.content[0].text, "The tools say: sunny, sunny.");
  });

  test("an error midway is one", async () => {
    const error = await refusal(() => anthropic.messages.stream(ask("error")).finalMessage());
    assert.match(String(error), /Overloaded/);
  });

  const call = { type: "tool_use", id: "t", name: "weather", input: {} };
  const given = { type: "tool_result", tool_use_id: "t", content: "1" };
  const WRONG = {
    "a message without words": { messages: [user("")] },
    "a temperature above 1": { temperature: 1.5 },
    "a temperature and top_p": { temperature: 0.5, top_p: 0.5 },
    "a member that is unknown": { n: 1 },
    "a system message among the others": { messages: [{ role: "system", content: "x" }, user("x")] },
    "a call without its result": { messages: [user("x"), { role: "assistant", content: [call] }, user("y")] },
    "a result without its call": { messages: [user([given])] },
    "a thought that is not signed": { messages: [user("x"), { role: "assistant", content: [{ type: "thinking", thinking: "a", signature: "b" }, { type: "text", text: "c" }] }, user("y")] },
    "thinking, and calls without thoughts": { tools: WITH_TOOLS, thinking: { type: "enabled", budget_tokens: 1024 }, messages: [user("x"), { role: "assistant", content: [call] }, user([given])] },
    "white space at the end of what is to be gone on with": { messages: [user("x"), { role: "assistant", content: "y " }] },
    "a budget as large as the answer": { thinking: { type: "enabled", budget_tokens: 2048 } },
  };
  for (const [what, more] of Object.entries(WRONG)) {
    test(`${what} is refused`, async () => {
      const error = await refusal(() => anthropic.messages.create(ask("hello", more)));
      assert.equal(error.status, 400, String(error));
      assert.equal(error.error.error.type, "invalid_request_error");
    });
  }
});

describe("Gemini", () => {
  const ask = (model, contents = "Hi", config = {}) => ({ model, contents, config });
  const declared = { tools: [{ functionDeclarations: TOOLS.map(({ name, description, parameters }) => ({ name, description, parametersJsonSchema: parameters })) }] };
  const gathered = async (request) => {
    const parts = [];
    let last;
    for await (const response of await gemini.models.generateContentStream(request)) {
      parts.push(...(response.candidates?.[0].content?.parts ?? []));
      last = response;
    }
    return { parts, last };
  };

  test("an answer is streamed, and comes whole", async () => {
    const { parts, last } = await gathered(ask("hello"));
    assert.equal(parts.map(({ text }) => text).join(""), HELLO);
    assert.deepEqual([last.candidates[0].finishReason, last.usageMetadata.totalTokenCount], ["STOP", 17]);
    assert.equal((await gemini.models.generateContent(ask("hello"))).candidates[0].finishReason, "STOP");
  });

  test("a call with its signature and its result go there and back", async () => {
    const { parts } = await gathered(ask("thinking", "Hi", declared));
    const called = parts.find((part) => part.functionCall);
    const result = { functionResponse: { id: called.functionCall.id, name: called.functionCall.name, response: { output: "sunny" } } };
    const contents = [{ role: "user", parts: [{ text: "Hi" }] }, { role: "model", parts: [called] }, { role: "user", parts: [result] }];
    assert.equal((await gathered(ask("thinking", contents, declared))).parts[0].text, "The tools say: sunny.");
    delete called.thoughtSignature;
    assert.equal((await refusal(() => gathered(ask("thinking", contents, declared)))).status, 400);
  });

  test("a blocked prompt has no candidate, and says why", async () => {
    const { parts, last } = await gathered(ask("refusal"));
    assert.deepEqual([parts, last.promptFeedback.blockReason], [[], "SAFETY"]);
  });

  const WRONG = {
    "an unknown role": [[{ role: "assistant", parts: [{ text: "x" }] }]],
    "a turn without parts": [[{ role: "user", parts: [] }]],
    "a result of what was not called": [[{ role: "user", parts: [{ functionResponse: { name: "f", response: {} } }] }]],
    "a temperature above 2": ["Hi", { temperature: 3 }],
  };
  for (const [what, [contents, config]] of Object.entries(WRONG)) {
    test(`${what} is refused`, async () => {
      assert.equal((await refusal(() => gemini.models.generateContent(ask("hello", contents, config)))).status, 400);
    });
  }
});

describe("Azure", () => {
  for (const [how, client] of Object.entries({ "a deployment and a key": deployed, "version 1 and a key": azure, "version 1 and a token of Entra": entra })) {
    test(`${how}: an answer is streamed, after a first chunk without choices`, async () => {
      let text = "";
      let chunks = 0;
      for await (const chunk of await client.chat.completions.create({ model: "hello", messages: [user("Hi")], stream: true })) {
        if (chunks++ === 0) assert.deepEqual([chunk.choices, chunk.id], [[], ""]);
        text += chunk.choices[0]?.delta?.content ?? "";
      }
      assert.equal(text, HELLO);
    });
  }

  test("no other key is taken", async () => {
    const { azure: wrong } = clients(providers, "another-key");
    assert.equal((await refusal(() => wrong.chat.completions.create({ model: "hello", messages: [] }))).status, 401);
  });
});

test("each has the key in its header, and none in its address", () => {
  for (const { provider, url, headers } of providers.requests) {
    assert.ok(!url.href.includes(KEY), provider);
    assert.ok(Object.values(headers).some((value) => String(value).includes(KEY)) || headers["api-key"] === "another-key");
  }
});
