// Answers that are JSON, calls of functions and thoughts: parsed at the end, and told while they are written.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ChatClient, ChatStream, StreamError, ValidationError } from "../../pkg/index.js";
import { all, answered, answering, DONE, event, messages, NOWHERE, thrown, turn, wire } from "./asking.js";

const SCHEMA = { type: "json_schema", json_schema: { name: "weather", schema: { type: "object" } } };
const TOOLS = [{ type: "function", function: { name: "find", parameters: { type: "object" } } }];

const asking = (answer, rest, options) => new ChatClient({ ...NOWHERE, fetch: answering(answer) }, options).stream({ messages, ...rest });
const message = ({ choices }) => choices[0].message;
const sse = (...events) => new Response(events.join("") + DONE, { headers: { "content-type": "text/event-stream" } });
const call = (index, rest) => event({ tool_calls: [{ index, ...rest }] });

function wired(options) {
  const line = wire();
  return { line, stream: ChatStream.fromResponse(line.response, options) };
}

describe("completion() of an answer that had to be JSON", () => {
  test("has its value, where the request asks for that", async () => {
    const request = { response_format: SCHEMA };
    const whole = await asking(answered('{"degrees":', "21.5}"), request).completion();
    assert.deepEqual(message(whole), { role: "assistant", content: '{"degrees":21.5}', refusal: null, parsed: { degrees: 21.5 } });
    assert.deepEqual(message(await asking(answered("[1]"), { response_format: { type: "json_object" } }).completion()).parsed, [1]);
    const fetch = answering(answered("{}"));
    const client = new ChatClient({ ...NOWHERE, fetch, defaults: request });
    assert.deepEqual(message(await client.complete({ messages })).parsed, {}, "by the upstream's defaults, whole");
  });

  test("has none where nobody asks for that", async () => {
    assert.equal("parsed" in message(await asking(answered("{}")).completion()), false);
    assert.equal("parsed" in message(await asking(answered("Sure."), { response_format: SCHEMA }, { json: false }).completion()), false);
    assert.equal("parsed" in message(await ChatStream.fromResponse(answered("{}")).completion()), false);
  });

  test("has it by the option, of client, call or response", async () => {
    assert.deepEqual(message(await asking(answered("{}"), {}, { json: true }).completion()).parsed, {});
    const client = new ChatClient({ ...NOWHERE, fetch: answering(answered("[]"), answered("no")) }, { json: false });
    assert.deepEqual(message(await client.complete({ messages }, { json: true })).parsed, []);
    assert.equal(message(await client.complete({ messages, response_format: SCHEMA })).content, "no");
    assert.deepEqual(message(await ChatStream.fromResponse(answered("{}"), { json: true }).completion()).parsed, {});
  });

  test("takes the code fence off that a model puts around it", async () => {
    const whole = await asking(answered("```json\n", '{"a":1}', "\n```"), { response_format: SCHEMA }).completion();
    assert.deepEqual([message(whole).parsed, message(whole).content], [{ a: 1 }, '```json\n{"a":1}\n```']);
  });

  test("is null for a refusal", async () => {
    const whole = await asking(sse(event({ refusal: "No." }, "stop")), { response_format: SCHEMA }).completion();
    assert.deepEqual([message(whole).parsed, message(whole).refusal], [null, "No."]);
  });

  const FAULTS = {
    "words instead": [answered("Sure! Here it is."), /at position 0 it goes on with «Sure! Here it is\.»/],
    "words behind it": [answered('{"a":1}', " is all."), /at position 8 it goes on with «is all\.»/],
    "an answer cut by its length": [sse(event({ content: '{"a":' }, "length")), /raise `max_completion_tokens`/],
    "an answer cut by a filter": [sse(event({ content: '{"a":' }, "content_filter")), /content filter/],
    "nothing": [sse(event({}, "stop")), /no words/],
    "thoughts before it": [answered("<think>Hm.</think>{}"), /set `thinkTags`/],
  };
  for (const [name, [response, why]] of Object.entries(FAULTS)) {
    test(`rejects with the reason and what came: ${name}`, async () => {
      const stream = asking(response, { response_format: SCHEMA });
      const error = await thrown(() => stream.completion());
      assert.ok(error instanceof StreamError);
      assert.deepEqual([error.code, error.kind], ["stream_not_json", "notJson"]);
      assert.match(error.message, why);
      assert.equal(message(error.partial).parsed, null);
      assert.equal(await thrown(() => stream.completion()), error, "and stays the same");
    });
  }

  test("rejects alone: whoever reads the text has it to its end", async () => {
    const stream = asking(answered("Sure."), { response_format: SCHEMA });
    assert.deepEqual(await all(stream.textStream()), ["Sure."]);
    assert.equal((await thrown(() => stream.completion())).kind, "notJson");
  });
});

describe("arguments of calls", () => {
  const response = () => sse(
    call(0, { id: "t0", type: "function", function: { name: "find", arguments: '{"city":' } }),
    call(0, { function: { arguments: '"Vienna"}' } }),
    call(1, { id: "t1", type: "function", function: { name: "now", arguments: "" } }),
    call(2, { id: "t2", type: "function", function: { name: "find", arguments: '{"city"' } }),
    event({}, "tool_calls"),
  );

  test("are parsed where the request has tools; those that are no JSON are null, and lose nothing", async () => {
    const whole = await asking(response(), { tools: TOOLS }).completion();
    assert.deepEqual(message(whole).tool_calls.map(({ function: { parsed_arguments } }) => parsed_arguments), [{ city: "Vienna" }, {}, null]);
    assert.equal(message(whole).tool_calls[2].function.arguments, '{"city"');
    const plain = await asking(response()).completion();
    assert.equal(plain.choices[0].message.tool_calls.some(({ function: called }) => "parsed_arguments" in called), false);
  });

  test("and what else was parsed stay here when a message is sent back", async () => {
    const fetch = answering(response(), answered("{}"), answered("Hi"));
    const client = new ChatClient({ ...NOWHERE, fetch });
    const first = message(await client.complete({ messages, tools: TOOLS }));
    const second = message(await client.complete({ messages, response_format: SCHEMA }));
    await client.complete({ messages: [...messages, first, second] });
    const sent = await fetch.requests[2].json();
    assert.deepEqual(sent.messages[1].tool_calls[0], { id: "t0", type: "function", function: { name: "find", arguments: '{"city":"Vienna"}' } });
    assert.deepEqual(sent.messages[2], { role: "assistant", content: "{}", refusal: null });
  });
});

describe("jsonStream()", () => {
  test("gives the value so far, once for each network read that has changed it", async () => {
    const { line, stream } = wired();
    const values = stream.jsonStream();
    const read = async (...contents) => {
      const next = values.next();
      for (const content of contents) {
        line.send(event({ content }));
        await turn();
      }
      return (await next).value;
    };
    assert.deepEqual(await read('{"ti'), {});
    assert.deepEqual(await read("tle", '":"Co'), { title: "Co" });
    assert.deepEqual(await read('ffee","steps":["Gr'), { title: "Coffee", steps: ["Gr"] });
    assert.deepEqual(await read('"', ',', '"'), { title: "Coffee", steps: ["Gr", ""] });
    assert.deepEqual(await read('"],"minutes":1', "2", "}"), { title: "Coffee", steps: ["Gr", ""], minutes: 12 });
    line.send(event({}, "stop") + DONE);
    assert.deepEqual(await values.next(), { value: undefined, done: true });
    assert.deepEqual(message(await stream.completion()).parsed, { title: "Coffee", steps: ["Gr", ""], minutes: 12 });
  });

  test("has nothing left over: the last value is the whole", async () => {
    for (const whole of ["12", '"a"', "null", '{"a":[true,{"b":"\\u00e9\\ud83d\\ude00"}],"__proto__":{"c":1}}']) {
      const values = await all(ChatStream.fromResponse(answered(...whole)).jsonStream());
      assert.deepEqual(values.at(-1), JSON.parse(whole));
    }
  });

  test("ends with an error where it turns out to be no JSON", async () => {
    const stream = ChatStream.fromResponse(answered('{"a":"x"', "; that is all"));
    const values = stream.jsonStream();
    assert.deepEqual(await values.next(), { value: { a: "x" }, done: false });
    const error = await thrown(() => values.next());
    assert.equal(error.kind, "notJson");
    assert.equal(message(error.partial).content, '{"a":"x"; that is all');
    assert.deepEqual(await values.next(), { value: undefined, done: true });
    assert.equal(await thrown(() => stream.completion()), error);
  });

  test("ends with the stream's own error where it breaks off, after what came", async () => {
    const values = ChatStream.fromResponse(new Response(event({ content: '["a","b' }))).jsonStream();
    assert.deepEqual((await values.next()).value, ["a", "b"]);
    const error = await thrown(() => values.next());
    assert.equal(error.kind, "truncated");
    assert.equal(message(error.partial).parsed, null);
  });

  test("gives nothing of a refusal", async () => {
    assert.deepEqual(await all(ChatStream.fromResponse(sse(event({ refusal: "No." }, "stop"))).jsonStream()), []);
  });

  test("is the one reader of its stream, and leaving it cancels the read", async () => {
    const { line, stream } = wired();
    const values = stream.jsonStream();
    assert.equal((await thrown(() => stream.textStream())).code, "already_read");
    assert.equal((await thrown(() => stream.toolStream())).code, "already_read");
    line.send(event({ content: "[1,2" }));
    for await (const value of values) {
      assert.deepEqual(value, [1]);
      break;
    }
    await line.cancelled;
  });
});

describe("toolStream()", () => {
  test("gives all calls so far, once for each network read that has changed one", async () => {
    const { line, stream } = wired();
    const calls = stream.toolStream();
    const read = async (...events) => {
      const next = calls.next();
      for (const bytes of events) {
        line.send(bytes);
        await turn();
      }
      return (await next).value;
    };
    const find = { index: 0, id: "t0", name: "find", arguments: '{"city":"Vi', value: { city: "Vi" }, done: false };
    assert.deepEqual(await read(event({ content: "I look." }), call(0, { id: "t0", function: { name: "find", arguments: find.arguments } })), [find]);
    const found = { ...find, arguments: '{"city":"Vienna"}', value: { city: "Vienna" }, done: true };
    assert.deepEqual(await read(call(0, { function: { arguments: 'enna"}' } })), [found], "done before the answer is");
    const now = { index: 1, id: "t1", name: "now", arguments: "", done: false };
    assert.deepEqual(await read(call(1, { id: "t1", function: { name: "now" } })), [found, now]);
    assert.deepEqual(await read(event({}, "tool_calls")), [found, { ...now, value: {}, done: true }]);
    line.send(DONE);
    assert.deepEqual(await calls.next(), { value: undefined, done: true });
  });
});

describe("thinkTags", () => {
  const PIECES = ["<th", "ink>Hm", ".</think>", "\n\nYes", "."];

  test("takes thoughts out of every form", async () => {
    const stream = (options = { thinkTags: true }) => ChatStream.fromResponse(answered(...PIECES), options);
    assert.equal((await all(stream().textStream())).join(""), "Yes.");
    const whole = message(await stream().completion());
    assert.deepEqual([whole.reasoning_content, whole.content], ["Hm.", "Yes."]);
    const deltas = (await all(stream())).map(({ choices }) => choices[0].delta);
    assert.equal(deltas.map(({ content }) => content ?? "").join(""), "Yes.");
    assert.equal(deltas.map(({ reasoning_content: thought }) => thought ?? "").join(""), "Hm.");
    const bytes = await stream().toResponse().text();
    assert.ok(bytes.includes('"reasoning_content":"Hm') && !bytes.includes("think>"), bytes);
    assert.equal((await all(stream({}).textStream())).join(""), PIECES.join(""), "when asked to");
  });

  test("takes them out before JSON is read", async () => {
    const stream = asking(answered("<think>Hm.</think>", '{"a":1}'), { response_format: SCHEMA }, { thinkTags: true });
    assert.deepEqual((await all(stream.jsonStream())).at(-1), { a: 1 });
  });

  test("knows of an opening tag in the prompt by the word `open`, for a call or for all", async () => {
    const answer = () => answered("Hm.</thi", "nk>Yes.");
    const client = new ChatClient({ ...NOWHERE, fetch: answering(answer(), answer(), answer()) }, { thinkTags: "open" });
    assert.equal(message(await client.complete({ messages })).content, "Yes.");
    assert.equal(message(await client.complete({ messages }, { thinkTags: true })).content, "Hm.</think>Yes.");
    assert.equal(message(await client.complete({ messages }, { thinkTags: false })).content, "Hm.</think>Yes.");
  });

  test("gives what it has held back when the body is held open", async () => {
    const { line, stream } = wired({ thinkTags: true });
    const text = stream.textStream();
    line.send(event({ content: "<" }));
    line.send(event({}, "stop"));
    assert.equal((await text.next()).value, "<");
    await text.return();
  });
});

test("options that are none, or of another type, are refused", async () => {
  const rows = [
    [() => new ChatClient(NOWHERE, { thinkTags: "yes" }), "/thinkTags"],
    [() => new ChatClient(NOWHERE).stream({ messages }, { json: 1 }), "/json"],
    [() => ChatStream.fromResponse(answered("Hi"), { json: null }), "/json"],
    [() => ChatStream.fromResponse(answered("Hi"), { thinktags: true }), "/thinktags"],
  ];
  for (const [act, path] of rows) {
    const error = await thrown(act);
    assert.ok(error instanceof ValidationError, String(error));
    assert.deepEqual(error.issues.map((issue) => issue.path), [path]);
  }
});
