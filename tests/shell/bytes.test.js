// An answer as an event stream: for another reader, through an endpoint of one's own.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { after, describe, test } from "node:test";

import { ChatClient, ChatStream, ConnectionError, StreamError } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { all, answer, answered, ask, DONE, event, messages, NOWHERE, thrown, turn, wire } from "./asking.js";

const llm = await startLlm();
after(() => llm.close());
const client = new ChatClient({ baseUrl: llm.baseUrl });

const bytesOf = async (pieces) => Buffer.concat(await all(pieces)).toString();

const USAGE = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };

/** A chunk with these choices, and perhaps usage. */
const chunk = (choices, rest = {}) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices, ...rest })}\n\n`;
/** One strict chunk. */
const strict = (delta, finish = null) => chunk([{ index: 0, delta, finish_reason: finish }]);
const ROLE = strict({ role: "assistant", content: "" });
const HI = strict({ content: "Hi" }) + strict({}, "stop");

test("the bytes are strict chunks, the role first, one finish, and [DONE]", async () => {
  const given = await bytesOf(ChatStream.fromResponse(answered("Hel", "lo")).toReadableStream());
  const head = 'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":';
  assert.equal(given, [
    `${head}{"role":"assistant","content":""},"finish_reason":null}]}`,
    `${head}{"content":"Hel"},"finish_reason":null}]}`,
    `${head}{"content":"lo"},"finish_reason":null}]}`,
    `${head}{},"finish_reason":"stop"}]}`,
    "data: [DONE]",
    "",
  ].join("\n\n"));
});

const call = { index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "" } };
const rest = { index: 0, function: { arguments: '{"a":1}' } };
const half = { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 };
/** Bodies, and what they are as strict chunks. */
const STRICT = {
  "no finish reason is made up for": [event({ content: "Hi" }) + DONE, HI],
  "usage comes last, and alone": [
    chunk([{ index: 0, delta: { content: "Hi" }, finish_reason: null }], { usage: half }) + event({}, "stop") + chunk([], { usage: USAGE }) + DONE,
    HI + chunk([], { usage: USAGE }),
  ],
  "usage that is not whole is left out": [
    chunk([{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }], { usage: { prompt_tokens: null } }) + DONE,
    HI,
  ],
  "comments, ids, retries and padding are left out": [
    `: hello\n\nid: 5\nretry: 10\nevent: message\n${event({ content: "Hi" }).replace("{", '{"obfuscation":"xyz",')}${event({}, "stop")}${DONE}: bye\n\n`,
    HI,
  ],
  "calls of functions keep their pieces": [
    event({ tool_calls: [call] }) + event({ tool_calls: [rest] }) + event({}, "tool_calls") + DONE,
    strict({ tool_calls: [call] }) + strict({ tool_calls: [rest] }) + strict({}, "tool_calls"),
  ],
  "a finish reason is given once": [
    event({ content: "Hi" }, "length") + event({}, "stop") + DONE,
    strict({ content: "Hi" }) + strict({}, "length"),
  ],
};

for (const [name, [body, chunks]] of Object.entries(STRICT)) {
  test(`strict chunks: ${name}`, async () => {
    assert.equal(await bytesOf(ChatStream.fromResponse(new Response(body)).toReadableStream()), ROLE + chunks + DONE);
  });
}

test("an answer without id, model or time gets an id and a time of its own", async () => {
  const given = await bytesOf(ChatStream.fromResponse(new Response(`data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n${DONE}`)).toReadableStream());
  const heads = given.split("\n\n").slice(0, -2).map((line) => JSON.parse(line.slice(6)));
  assert.equal(new Set(heads.map(({ id, created, model }) => `${id} ${created} ${model}`)).size, 1);
  assert.match(heads[0].id, /^chatcmpl-[0-9a-f]{8}$/);
  assert.ok(Number.isInteger(heads[0].created) && heads[0].created > 1.7e9);
});

test("what another reader gets is the same answer", async () => {
  for (const model of ["hello", "think", "tool", "markdown", "count?tokens=40&perWrite=3"]) {
    const direct = await client.complete(ask(model));
    const response = client.stream({ ...ask(model), stream_options: { include_usage: true } }).toResponse();
    const through = await ChatStream.fromResponse(response).completion();
    for (const completion of [direct, through]) {
      for (const name of ["id", "created", "service_tier", "system_fingerprint"]) delete completion[name];
    }
    assert.deepEqual(through, direct);
  }
});

describe("reading on demand", () => {
  test("nothing is read before someone pulls, and then as much as was pulled", async () => {
    const line = wire();
    const stream = ChatStream.fromResponse(line.response);
    const response = stream.toResponse();
    await turn();
    assert.equal(line.pulls(), 0);
    const reader = response.body.getReader();
    const first = reader.read();
    await turn();
    assert.equal(line.pulls(), 1);
    line.send(event({ content: "Hi" }));
    assert.equal(Buffer.from((await first).value).toString(), ROLE + strict({ content: "Hi" }), "one piece for a read");
    await turn();
    assert.equal(line.pulls(), 1, "a reader that is slow slows the upstream");
    reader.read();
    await turn();
    assert.equal(line.pulls(), 2);
    await reader.cancel();
  });

  test("a stream that is cancelled before it is read stops the upstream", async () => {
    const line = wire();
    await ChatStream.fromResponse(line.response).toReadableStream().cancel();
    await line.cancelled;
  });

  test("cancel cancels the upstream's body, and completion() rejects with its reason", async () => {
    const line = wire();
    const stream = ChatStream.fromResponse(line.response);
    const reader = stream.toReadableStream().getReader();
    line.send(event({ content: "Hi" }));
    await reader.read();
    const reason = new Error("the caller hung up");
    await reader.cancel(reason);
    await line.cancelled;
    assert.equal(await thrown(() => stream.completion()), reason);
  });

  test("cancel without a reason is an AbortError", async () => {
    const stream = ChatStream.fromResponse(wire().response);
    await stream.toReadableStream().cancel();
    assert.equal((await thrown(() => stream.completion())).name, "AbortError");
  });

  test("cancel closes the upstream's connection", async () => {
    const user = "cancels";
    const reader = client.stream({ ...ask("count?tokens=100000&gapMs=5"), user }).toReadableStream().getReader();
    await reader.read();
    await reader.cancel();
    await llm.waitFor((request) => request.body?.user === user && request.aborted);
  });

  test("both branches of tee() get all of it", async () => {
    const [one, two] = client.stream(ask("count?tokens=20&perWrite=6")).toReadableStream().tee();
    const [first, second] = await Promise.all([bytesOf(one), bytesOf(two)]);
    assert.equal(first, second);
    assert.match(first, /"20 ".*\[DONE\]/s);
  });

  test("other streams take it", async () => {
    const text = ChatStream.fromResponse(answered("Hi")).toReadableStream().pipeThrough(new TextDecoderStream());
    assert.equal((await all(text)).join(""), ROLE + strict({ content: "Hi" }) + strict({}, "stop") + DONE);
  });
});

describe("an error", () => {
  test("ends the stream with itself, after what had come, and without [DONE]", async () => {
    const line = wire();
    const stream = ChatStream.fromResponse(line.response);
    const reader = stream.toReadableStream().getReader();
    line.send(event({ content: "Hi" }));
    assert.equal(Buffer.from((await reader.read()).value).toString(), ROLE + strict({ content: "Hi" }));
    line.fail(new Error("cut"));
    const error = await thrown(() => reader.read());
    assert.ok(error instanceof ConnectionError);
    assert.equal(await thrown(() => stream.completion()), error);
    assert.equal(error.partial.choices[0].message.content, "Hi");
  });

  test("in one read with words comes after them", async () => {
    const reader = ChatStream.fromResponse(new Response(event({ content: "Hi" }))).toReadableStream().getReader();
    assert.equal(Buffer.from((await reader.read()).value).toString(), ROLE + strict({ content: "Hi" }));
    assert.equal((await thrown(() => reader.read())).kind, "truncated");
  });

  test("before the first byte is one of the first read", async () => {
    const reader = client.stream(ask("hello?status=401")).toReadableStream().getReader();
    assert.equal((await thrown(() => reader.read())).status, 401);
    const empty = client.stream(ask("hello?empty")).toResponse();
    assert.ok(await thrown(() => empty.text()) instanceof StreamError);
  });
});

describe("toResponse()", () => {
  test("has the headers of an event stream that nobody may keep or change", () => {
    const response = ChatStream.fromResponse(answered("Hi")).toResponse();
    assert.equal(response.status, 200);
    assert.deepEqual(Object.fromEntries(response.headers), {
      "cache-control": "no-cache, no-transform",
      "content-type": "text/event-stream; charset=utf-8",
    });
  });

  test("takes what `init` says, in each of its forms", () => {
    for (const headers of [{ "X-Own": "1" }, [["x-own", "1"]], new Headers({ "x-own": "1" })]) {
      const response = ChatStream.fromResponse(answered("Hi")).toResponse({ status: 202, statusText: "Soon", headers });
      assert.deepEqual([response.status, response.statusText, response.headers.get("x-own")], [202, "Soon", "1"]);
      assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    }
    const own = ChatStream.fromResponse(answered("Hi")).toResponse({ headers: { "Content-Type": "text/plain", "Cache-Control": "no-store" } });
    assert.deepEqual([own.headers.get("content-type"), own.headers.get("cache-control")], ["text/plain", "no-store"]);
  });

  test("leaves the `init` it was given as it was", () => {
    const init = { headers: new Headers({ "x-own": "1" }) };
    ChatStream.fromResponse(answered("Hi")).toResponse(init);
    assert.deepEqual([...init.headers], [["x-own", "1"]]);
  });

  test("serves through a real server to another client, and hanging up reaches the upstream", async () => {
    const server = createServer(async (request, response) => {
      const stream = client.stream(JSON.parse(Buffer.concat(await request.toArray()).toString()));
      const { status, headers, body } = stream.toResponse();
      response.writeHead(status, Object.fromEntries(headers));
      const readable = Readable.fromWeb(body);
      readable.on("error", () => {});
      response.on("close", () => readable.destroy());
      readable.pipe(response);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const next = new ChatClient({ baseUrl: `http://127.0.0.1:${server.address().port}` });
    try {
      const completion = await next.complete(ask("count?tokens=30"));
      assert.equal(completion.choices[0].message.content.split(" ").length, 31);
      const user = "hangs up";
      for await (const _ of next.stream({ ...ask("count?tokens=100000&gapMs=5"), user }).textStream()) break;
      await llm.waitFor((request) => request.body?.user === user && request.aborted);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

test("an answer that is fetched with doubles has the same bytes as one from a network", async () => {
  const double = new ChatClient({ ...NOWHERE, fetch: () => new Response(answer("a", "b")) }).stream({ messages });
  assert.equal(await bytesOf(double.toReadableStream()), await bytesOf(ChatStream.fromResponse(answered("a", "b")).toReadableStream()));
});
