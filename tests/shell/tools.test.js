// Tools that the endpoint runs for its model.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { startLlm } from "../standins/llm.js";
import { deferred, FAILURE, hear, said, serving } from "./serving.js";

const llm = await startLlm();
after(() => llm.close());

const call = (id, name, args) => ({ id, type: "function", function: { name, arguments: args } });
const calls = (...made) => ({ choices: [{ index: 0, delta: { tool_calls: made.map((one, index) => ({ index, ...one })) }, finish_reason: "tool_calls" }] });

const PARAMETERS = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

/** A model that makes these calls, and then says what it was told of them. */
function model(...made) {
  const seen = [];
  const source = (request) => {
    seen.push(request);
    const told = request.messages.filter(({ role }) => role === "tool");
    return told.length === 0 ? [calls(...made)] : told.map(({ tool_call_id, content }) => `${tool_call_id}: ${content}`).join("; ");
  };
  return { source, seen };
}

test("a tool is run with its arguments and the turn, and the model goes on", async () => {
  const { source, seen } = model(call("c1", "weather", '{"city":"Bern"}'));
  const run = (args, turn) => {
    assert.deepEqual(args, { city: "Bern" });
    assert.deepEqual([turn.text, turn.signal.aborted], ["Hello", false]);
    return { sky: "blue" };
  };
  const endpoint = serving(source, { tools: [{ name: "weather", description: "The sky.", parameters: PARAMETERS, run }] });
  assert.equal((await hear(endpoint.ask())).text, 'c1: {"sky":"blue"}');
  assert.deepEqual(seen[0].tools, [{ type: "function", function: { name: "weather", description: "The sky.", parameters: PARAMETERS } }]);
  assert.deepEqual(seen[1].messages.slice(2), [
    { role: "assistant", content: null, tool_calls: [call("c1", "weather", '{"city":"Bern"}')] },
    { role: "tool", tool_call_id: "c1", content: '{"sky":"blue"}' },
  ]);
  const { outcome, tools, sources } = await endpoint.report();
  assert.deepEqual([outcome, tools.length, tools[0].name, tools[0].outcome, sources.length], ["spoken", 1, "weather", "returned", 2]);
});

test("calls made together run together", async () => {
  const { source } = model(call("a", "one", "{}"), call("b", "two", "{}"));
  const started = { one: deferred(), two: deferred() };
  const run = (own, other) => async () => {
    started[own].resolve();
    await started[other].promise;
    return own;
  };
  const tools = [{ name: "one", run: run("one", "two") }, { name: "two", run: run("two", "one") }];
  assert.equal((await hear(serving(source, { tools }).ask())).text, "a: one; b: two");
});

for (const [name, run, told] of [
  ["throws", () => { throw new Error("no clock"); }, '{"error":"no clock"}'],
  ["rejects with what is no error", () => Promise.reject("tired"), '{"error":"tired"}'],
  ["gives nothing", () => undefined, "null"],
  ["gives what is no JSON", () => 1n, /error.*BigInt/],
  ["gives a text", () => "noon", "noon"],
  ["gives a number", async () => 12, "12"],
]) {
  test(`a tool that ${name} tells the model so`, async () => {
    const { source } = model(call("c", "time", ""));
    const { text } = await hear(serving(source, { tools: [{ name: "time", run }] }).ask());
    if (typeof told === "string") assert.equal(text, `c: ${told}`);
    else assert.match(text, told);
  });
}

test("a tool with wrong arguments is not run", async () => {
  const { source } = model(call("c", "weather", '{"city":5}'));
  const run = () => assert.fail("it was run");
  assert.match((await hear(serving(source, { tools: [{ name: "weather", parameters: PARAMETERS, run }] }).ask())).text, /city must be of type/);
});

test("a schema that can tell itself as JSON Schema is as good as one", async () => {
  const { source, seen } = model(call("c", "weather", "{}"));
  const parameters = { "~standard": { version: 1, vendor: "x", jsonSchema: { input: ({ target }) => (assert.equal(target, "draft-2020-12"), PARAMETERS) } } };
  const { text } = await hear(serving(source, { tools: [{ name: "weather", parameters, run: () => "" }] }).ask());
  assert.match(text, /city is missing/);
  assert.deepEqual(seen[0].tools[0].function.parameters, PARAMETERS);
});

test("a tool that takes too long is given up, and told by its signal", async () => {
  const { source } = model(call("c", "time", ""));
  let signal;
  const run = (_, turn) => {
    ({ signal } = turn);
    return new Promise(() => {});
  };
  const { text } = await hear(serving(source, { tools: [{ name: "time", run, timeoutMs: 50 }] }).ask());
  assert.match(text, /too long/);
  assert.equal(signal.aborted, true);
});

test("a caller that hangs up while a tool runs ends it", async () => {
  const { source } = model(call("c", "time", ""));
  const begun = deferred();
  const run = (_, { signal }) => {
    begun.resolve(signal);
    return new Promise(() => {});
  };
  const endpoint = serving(source, { tools: [{ name: "time", run }] });
  const response = await endpoint.ask();
  const signal = await begun.promise;
  await response.body.cancel();
  assert.equal(signal.aborted, true);
  assert.equal((await endpoint.report()).outcome, "interrupted");
});

test("a model that does nothing but call is asked to speak at last", async () => {
  let asked = 0;
  const source = (request) => (request.tool_choice === "none" ? "Enough." : [calls(call(`c${asked++}`, "time", ""))]);
  const endpoint = serving(source, { tools: [{ name: "time", run: () => "noon" }], limits: { toolRounds: 3 } });
  assert.equal((await hear(endpoint.ask())).text, "Enough.");
  assert.deepEqual([asked, (await endpoint.report()).tools.length], [3, 3]);
});

test("an upstream calls tools like a function", async () => {
  llm.script("tools", ({ body, write, end }) => {
    const told = body.messages.find(({ role }) => role === "tool");
    const events = told
      ? [{ choices: [{ index: 0, delta: { content: `It is ${told.content}.` }, finish_reason: "stop" }] }]
      : [
          { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: "c", function: { name: "time", arguments: '{"zo' } }] } }] },
          { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: 'ne":"UTC"}' } }] }, finish_reason: "tool_calls" }] },
        ];
    for (const event of events) write(`data: ${JSON.stringify(event)}\n\n`);
    end("data: [DONE]\n\n");
  });
  const endpoint = serving({ baseUrl: llm.baseUrl, model: "tools" }, { tools: [{ name: "time", run: ({ zone }) => `noon in ${zone}` }] });
  assert.equal((await hear(endpoint.ask())).text, "It is noon in UTC.");
});

test("a model that fails after its calls is made up for by the next source", async () => {
  const first = (request) => (request.messages.some(({ role }) => role === "tool") ? "" : [calls(call("c", "time", ""))]);
  const second = (request) => request.messages.at(-1).content;
  const endpoint = serving([first, second], { tools: [{ name: "time", run: () => "noon" }] });
  assert.equal((await hear(endpoint.ask())).text, "noon");
  assert.notEqual((await hear(serving(first, { tools: [{ name: "time", run: () => "noon" }] }).ask())).text, "");
  assert.equal((await hear(serving(first, { tools: [{ name: "time", run: () => "noon" }] }).ask())).text, FAILURE);
});
