// Reading an answer piece by piece: chunks, text, and what an iterator promises.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { ChatClient, ChatStream, ConnectionError, LiveAvatarLlmError, StreamError } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { all, answer, answered, ask, DONE, event, messages, thrown, turn, wire } from "./asking.js";

const llm = await startLlm();
after(() => llm.close());
const client = new ChatClient({ baseUrl: llm.baseUrl });

const contents = (chunks) => chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");

/** A stream and the wire it is read from. */
function wired() {
  const line = wire();
  return { line, stream: ChatStream.fromResponse(line.response) };
}

describe("chunks", () => {
  test("come as the upstream sent them, with members that are unknown here", async () => {
    const chunk = {
      id: "a", object: "chat.completion.chunk", created: 7, model: "m", x_chunk: { deep: [1, null] }, service_tier: "default",
      choices: [{ index: 0, x_choice: true, delta: { role: "assistant", content: "Hi", x_delta: "\ud83d\ude00" }, finish_reason: "stop" }],
    };
    const given = await all(ChatStream.fromResponse(new Response(`data: ${JSON.stringify(chunk)}\n\n${DONE}`)));
    assert.deepEqual(given, [chunk]);
  });

  test("of an ordinary upstream are all given", async () => {
    const chunks = await all(client.stream({ ...ask("hello"), stream_options: { include_usage: true } }));
    assert.equal(contents(chunks), "Hello world");
    assert.equal(chunks.at(-2).choices[0].finish_reason, "stop");
    assert.deepEqual(chunks.at(-1).choices, [], "the chunk with the usage has no choice");
    assert.equal(chunks.at(-1).usage.completion_tokens, 2);
  });

  const choice = (rest) => ({ index: 0, finish_reason: null, ...rest });
  const chunk = (rest) => ({ id: "a", object: "chat.completion.chunk", created: 7, model: "m", ...rest });
  const lines = (...payloads) => payloads.map((payload) => `data: ${JSON.stringify(payload)}\n\n`).join("");
  const message = { role: "assistant", content: "Hi" };
  const hi = choice({ delta: { content: "Hi" } });
  const finish = chunk({ choices: [choice({ delta: {}, finish_reason: "stop" })] });
  const whole = { ...chunk(), object: "chat.completion", choices: [choice({ message, finish_reason: "stop" })] };
  /** Bodies that bend the rules, each of which says «Hi». */
  const BENT = {
    "one completion, not streamed": JSON.stringify(whole),
    "a chunk a line, without an event stream": [chunk({ choices: [hi] }), finish].map((each) => JSON.stringify(each)).join("\n"),
    "no finish reason": lines(chunk({ choices: [hi] })) + DONE,
    "no [DONE]": lines(chunk({ choices: [{ ...hi, finish_reason: "stop" }] })),
    "no id, object, time or model": lines({ choices: [hi] }) + DONE,
    "all of these null": lines({ id: null, object: null, created: null, model: null, choices: [hi] }) + DONE,
    "numbers and texts exchanged": lines(chunk({ id: 5, created: "7", model: 3, choices: [hi] })) + DONE,
    "no index": lines(chunk({ choices: [{ delta: { content: "Hi" } }] })) + DONE,
    "an empty finish reason": lines(chunk({ choices: [{ ...hi, finish_reason: "" }] })) + DONE,
    "choices that are null at first": lines(chunk({ choices: null }), chunk({ choices: [hi] })) + DONE,
    "line ends of the other kind, and comments": `: hello\r\n\r\n${lines(chunk({ choices: [hi] })).replaceAll("\n", "\r\n")}data:[DONE]`,
    "`message` for `delta`": lines(chunk({ choices: [choice({ message })] })) + DONE,
    "`message` beside `delta`": lines(chunk({ choices: [{ ...hi, message }] })) + DONE,
    "no delta beside the finish": lines(chunk({ choices: [hi] }), chunk({ choices: [choice({ finish_reason: "stop" })] })) + DONE,
  };

  for (const [name, body] of Object.entries(BENT)) {
    test(`are rebuilt where the upstream's are bent: ${name}`, async () => {
      const chunks = await all(ChatStream.fromResponse(new Response(body)));
      for (const { id, object, created, model, choices } of chunks) {
        assert.deepEqual([typeof id, object, typeof created, typeof model], ["string", "chat.completion.chunk", "number", "string"]);
        assert.ok(Array.isArray(choices));
        for (const { index, delta, finish_reason: reason } of choices) {
          assert.ok(Number.isInteger(index) && typeof delta === "object" && (reason === null || reason === "stop"), JSON.stringify(chunks));
        }
      }
      assert.equal(new Set(chunks.map(({ id }) => id)).size, 1, "one id throughout");
      assert.equal(contents(chunks), "Hi");
      const reasons = chunks.flatMap(({ choices }) => choices).map((each) => each.finish_reason);
      assert.deepEqual(reasons.filter(Boolean), ["stop"], "one finish");
      assert.deepEqual(await all(ChatStream.fromResponse(new Response(body)).textStream()), ["Hi"]);
    });
  }

  test("that are rebuilt keep what is unknown in them", async () => {
    const bent = lines(
      { choices: [{ delta: { content: "Hi", x_delta: 1 }, x_choice: { a: 2 } }], x_chunk: [3], service_tier: "flex" },
      { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }, x_groq: { id: "r" } },
    ) + DONE;
    const chunks = await all(ChatStream.fromResponse(new Response(bent)));
    assert.equal(contents(chunks), "Hi");
    assert.ok(chunks.some(({ choices }) => choices[0]?.delta.x_delta === 1), JSON.stringify(chunks));
    assert.ok(chunks.some(({ choices }) => choices[0]?.x_choice?.a === 2), JSON.stringify(chunks));
    assert.deepEqual([chunks[0].x_chunk, chunks[0].service_tier], [[3], "flex"]);
    assert.deepEqual([chunks.at(-1).usage.total_tokens, chunks.at(-1).choices], [2, []]);
    assert.ok(chunks.some((each) => each.x_groq?.id === "r"), JSON.stringify(chunks));
  });

  test("have all the alternatives, the text has the first", async () => {
    const two = lines(
      chunk({ choices: [choice({ delta: { content: "A" } }), choice({ index: 1, delta: { content: "B" } })] }),
      chunk({ choices: [choice({ index: 1, delta: {}, finish_reason: "stop" }), choice({ delta: {}, finish_reason: "stop" })] }),
    ) + DONE;
    const chunks = await all(ChatStream.fromResponse(new Response(two)));
    const given = chunks.flatMap(({ choices }) => choices).map(({ index, delta }) => `${index} ${delta.content ?? "-"}`);
    assert.deepEqual(given, ["0 A", "1 B", "1 -", "0 -"]);
    assert.deepEqual(await all(ChatStream.fromResponse(new Response(two)).textStream()), ["A"]);
  });
});

describe("text", () => {
  test("is one string for each network read that brought some", async () => {
    const { line, stream } = wired();
    const text = stream.textStream();
    const read = async (...sent) => {
      const next = text.next();
      for (const bytes of sent) {
        line.send(bytes);
        await turn();
      }
      return (await next).value;
    };
    assert.equal(await read(event({ role: "assistant" }), event({ content: "One" })), "One", "none for a read without words");
    assert.equal(await read(event({ content: " two" }) + event({ content: " three" })), " two three");
    const umlaut = new TextEncoder().encode(event({ content: "ü" }));
    assert.equal(await read(...[...umlaut].map((byte) => Uint8Array.of(byte))), "ü", "a word cut into bytes comes whole");
    line.send(event({}, "stop") + DONE);
    assert.deepEqual(await text.next(), { value: undefined, done: true });
  });

  for (const how of ["splitBytes=1", "splitBytes=7&crlf", "perWrite=40&comments", "bom&noDone"]) {
    test(`is the same however it comes over the network: ${how}`, async () => {
      const pieces = await all(client.stream(ask(`count?tokens=8&${how}`)).textStream());
      assert.equal(pieces.join(""), Array.from({ length: 8 }, (_, index) => `${index + 1} `).join(""));
      assert.ok(pieces.every((piece) => piece.length > 0));
    });
  }

  test("that came in one read with an error is given before the error", async () => {
    const body = `${event({ content: "so far" })}data: {"error":{"message":"overloaded"}}\n\n`;
    const text = ChatStream.fromResponse(new Response(body)).textStream();
    assert.equal((await text.next()).value, "so far");
    const error = await thrown(() => text.next());
    assert.ok(error instanceof StreamError);
    assert.equal(error.partial.choices[0].message.content, "so far");
  });
});

test("the request goes out at once, the answer is read when someone reads", async () => {
  const eager = client.stream({ ...ask("hello"), user: "eager" });
  await llm.waitFor(({ body }) => body?.user === "eager");
  eager.abort();
  const { line, stream } = wired();
  await stream.response;
  await turn();
  assert.equal(line.pulls(), 0);
  const text = stream.textStream();
  await turn();
  assert.equal(line.pulls(), 0, "to have an iterator is not to read");
  const next = text.next();
  await turn();
  assert.equal(line.pulls(), 1);
  line.send(event({ content: "Hi" }));
  await next;
  await turn();
  assert.equal(line.pulls(), 1, "nothing is read ahead");
});

const WAYS = {
  "chunks": (stream) => stream[Symbol.asyncIterator](),
  "text": (stream) => stream.textStream(),
  "events": (stream) => stream.toReadableStream(),
};

describe("an answer is read in one way only", () => {
  for (const [name, first] of Object.entries(WAYS)) {
    for (const [other, second] of Object.entries({ ...WAYS, "a response": (stream) => stream.toResponse() })) {
      test(`while it is read as ${name}, ${other} is refused, and the first goes on`, async () => {
        const { line, stream } = wired();
        const reading = first(stream);
        const error = await thrown(() => second(stream));
        assert.ok(error instanceof LiveAvatarLlmError, error?.stack);
        assert.equal(error.code, "already_read");
        assert.match(error.message, new RegExp(`being read as ${name}`));
        line.send(answer("Hi"));
        line.end();
        assert.ok((await all(reading)).length > 0);
        assert.equal((await thrown(() => second(stream))).code, "already_read", "nor is it afterwards");
      });
    }

    test(`${name} are refused once completion() reads`, async () => {
      const { stream } = wired();
      stream.completion().catch(() => {});
      await turn();
      const error = await thrown(() => first(stream));
      assert.equal(error.code, "already_read");
      assert.match(error.message, /completion\(\) is reading it/);
      stream.abort();
    });
  }
});

describe("calls of next() beside one another are answered in their order", () => {
  test("each by reads of its own", async () => {
    const { line, stream } = wired();
    const text = stream.textStream();
    const order = [];
    const calls = Array.from({ length: 5 }, (_, index) => text.next().finally(() => order.push(index)));
    // The reads without words are not taken for the calls that made them.
    for (const word of ["", "a", "", "", "b", "c"]) line.send(event({ role: "assistant", content: word }));
    line.send(DONE);
    line.end();
    assert.deepEqual((await Promise.all(calls)).map(({ value }) => value), ["a", "b", "c", undefined, undefined]);
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  test("several by one read", async () => {
    const chunks = ChatStream.fromResponse(answered("a", "b", "c"))[Symbol.asyncIterator]();
    const given = await Promise.all(Array.from({ length: 6 }, () => chunks.next()));
    assert.deepEqual(given.map(({ value, done }) => value?.choices[0].delta.content ?? done), ["a", "b", "c", false, true, true]);
  });

  test("an error answers one of them, and the rest are at the end", async () => {
    const { line, stream } = wired();
    const text = stream.textStream();
    const calls = Promise.allSettled(Array.from({ length: 4 }, () => text.next()));
    line.send(event({ content: "a" }));
    await turn();
    line.fail(new Error("cut"));
    const given = await calls;
    assert.deepEqual(given.map(({ status, value }) => value?.value ?? value?.done ?? status), ["a", "rejected", true, true]);
    assert.ok(given[1].reason instanceof ConnectionError);
  });
});

describe("leaving early stops the network read", () => {
  const LEAVE = {
    "break": async (pieces) => {
      for await (const _ of pieces) break;
    },
    "return()": async (pieces) => {
      await pieces.next();
      assert.deepEqual(await pieces.return(), { value: undefined, done: true });
    },
    "an error in the loop's body, which goes on": async (pieces) => {
      const mine = new Error("mine");
      const error = await thrown(async () => {
        for await (const _ of pieces) throw mine;
      });
      assert.equal(error, mine);
    },
  };

  for (const [how, leave] of Object.entries(LEAVE)) {
    test(`${how}: the body is cancelled, and nothing more is given`, async () => {
      const { line, stream } = wired();
      line.send(event({ content: "a" }) + event({ content: "b" }));
      const chunks = stream[Symbol.asyncIterator]();
      await leave(chunks);
      await line.cancelled;
      assert.deepEqual(await chunks.next(), { value: undefined, done: true }, "although another had come with the first");
      const error = await thrown(() => stream.completion());
      assert.ok(error instanceof LiveAvatarLlmError);
      assert.equal(error.code, "stopped");
    });

    test(`${how}: the upstream's connection is closed`, async () => {
      const user = `leaves by ${how}`;
      await leave(client.stream({ ...ask("count?tokens=100000&gapMs=5"), user }).textStream());
      await llm.waitFor((request) => request.body?.user === user && request.aborted);
    });
  }

  test("return() before anything was asked for", async () => {
    const user = "never began";
    const text = client.stream({ ...ask("hello?headersMs=60000"), user }).textStream();
    await llm.waitFor((request) => request.body?.user === user);
    await text.return();
    await llm.waitFor((request) => request.body?.user === user && request.aborted);
    assert.deepEqual(await text.next(), { value: undefined, done: true });
  });

  test("return() while next() waits answers it with the end", async () => {
    const { line, stream } = wired();
    const text = stream.textStream();
    const waiting = [text.next(), text.next()];
    await turn();
    await text.return();
    assert.deepEqual(await Promise.all(waiting), [{ value: undefined, done: true }, { value: undefined, done: true }]);
    await line.cancelled;
  });

  test("return() after the end changes nothing", async () => {
    const stream = ChatStream.fromResponse(answered("Hi"));
    const text = stream.textStream();
    await all(text);
    assert.deepEqual(await text.return(), { value: undefined, done: true });
    assert.equal((await stream.completion()).choices[0].message.content, "Hi");
  });
});

describe("an iterator", () => {
  for (const way of ["chunks", "text"]) {
    test(`of ${way} is iterable, and at its end for ever`, async () => {
      const pieces = WAYS[way](ChatStream.fromResponse(answered("Hi")));
      assert.equal(pieces[Symbol.asyncIterator](), pieces);
      assert.ok((await all(pieces)).length > 0);
      for (let round = 0; round < 3; round++) assert.deepEqual(await pieces.next(), { value: undefined, done: true });
      assert.deepEqual(await all(pieces), []);
    });

    test(`of ${way} throws once, and is then at its end`, async () => {
      const { line, stream } = wired();
      const pieces = WAYS[way](stream);
      line.send(event({ content: "Hi" }));
      line.end();
      assert.equal((await pieces.next()).done, false);
      assert.ok(await thrown(() => pieces.next()) instanceof StreamError);
      for (let round = 0; round < 3; round++) assert.deepEqual(await pieces.next(), { value: undefined, done: true });
    });
  }
});

test("the methods of a stream work alone and spread", async () => {
  const { textStream } = client.stream(ask("hello"));
  assert.equal((await all(textStream())).join(""), "Hello world");
  const { toReadableStream } = client.stream(ask("hello"));
  assert.match(Buffer.concat(await all(toReadableStream())).toString(), /\[DONE\]/);
  const { toResponse, completion } = { ...client.stream(ask("hello")) };
  assert.match(await toResponse().text(), /\[DONE\]/);
  assert.equal((await completion()).choices[0].message.content, "Hello world");
  const { abort, completion: aborted } = client.stream({ model: "hello?headersMs=60000", messages });
  abort("enough");
  assert.equal(await thrown(aborted), "enough");
});
