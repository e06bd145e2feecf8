// Answers that are handed on whole.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { ChatStream } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { said, serving } from "./serving.js";

const llm = await startLlm();
after(() => llm.close());

const faithful = (source, options = {}) => serving(source, { output: "faithful", ...options });
const tool = { index: 0, id: "c", type: "function", function: { name: "look", arguments: "{}" } };
const ANSWER = [
  { choices: [{ index: 0, delta: { reasoning_content: "Hm." } }] },
  { choices: [{ index: 0, delta: { content: "Hello" } }] },
  { choices: [{ index: 0, delta: { tool_calls: [tool] }, finish_reason: "tool_calls" }] },
];

test("reasoning, words and calls of tools arrive", async () => {
  const stream = ChatStream.fromResponse(await faithful(() => ANSWER).ask());
  const { choices: [{ message, finish_reason }] } = await stream.completion();
  assert.equal(finish_reason, "tool_calls");
  assert.deepEqual([message.reasoning_content, message.content, message.tool_calls.length], ["Hm.", "Hello", 1]);
});

test("a whole answer does too", async () => {
  const response = await faithful(() => ANSWER).ask(said("Hi", { stream: false, stream_options: undefined }));
  const { choices: [{ message }] } = await response.json();
  assert.deepEqual([message.reasoning_content, message.content], ["Hm.", "Hello"]);
});

test("a request whose last message is a tool's is no empty turn", async () => {
  const messages = [{ role: "user", content: "x" }, { role: "assistant", content: null, tool_calls: [tool] }, { role: "tool", tool_call_id: "c", content: "y" }];
  const stream = ChatStream.fromResponse(await faithful((request) => `${request.messages.length} messages`).ask({ ...said(), messages }));
  assert.equal((await stream.completion()).choices[0].message.content, "3 messages");
});

for (const [name, source, status, code] of [
  ["an upstream that refuses the request", () => ({ baseUrl: llm.baseUrl, model: "hello?status=422" }), 422, "bad_request"],
  ["an upstream that refuses its key", () => ({ baseUrl: llm.baseUrl, model: "hello?status=401" }), 502, "unauthorized"],
  ["an upstream that is not there", () => ({ baseUrl: "http://127.0.0.1:1", model: "m" }), 502, "connection_failed"],
  ["a function that throws", () => () => { throw new Error("secret"); }, 500, "source_failed"],
  ["a source that says nothing", () => () => "", 502, "stream_empty"],
]) {
  for (const stream of [true, false]) {
    test(`${name} is told by the status, ${stream ? "streamed" : "whole"}`, async () => {
      const endpoint = faithful(source());
      const response = await endpoint.ask(said("Hi", { stream }));
      const { error } = await response.json();
      assert.deepEqual([response.status, error.code], [status, code]);
      assert.ok(!error.message.includes("secret"));
      assert.equal((await endpoint.report()).outcome, "failed");
    });
  }
}

test("the next source answers in place of one that fails", async () => {
  const stream = ChatStream.fromResponse(await faithful([{ baseUrl: llm.baseUrl, model: "hello?status=500" }, () => "Hello."]).ask());
  assert.equal((await stream.completion()).choices[0].message.content, "Hello.");
});

test("an error midway is told in the stream", async () => {
  const stream = ChatStream.fromResponse(await faithful({ baseUrl: llm.baseUrl, model: "hello?cutAt=1" }).ask());
  await assert.rejects(stream.completion(), (error) => error.partial.choices[0].message.content === "Hello");
});
