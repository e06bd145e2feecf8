// Many answers at once and one after another: none is lost, nothing is left behind, and a fault inside ends one call only.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { current, instances } from "./module.js";

import { ChatClient, ChatStream, LiveAvatarLlmError } from "../../pkg/index.js";
import { all, answer, answered, answering, DONE, event, messages, never, NOWHERE, refused, thrown, turn, wire } from "./asking.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const said = (completion) => completion.choices[0].message.content;
const client = new ChatClient({ ...NOWHERE, fetch: () => answered("Hi") });

/** Fails unless every machine that was made in an instance was freed. */
const nothingLeft = (instance = current()) => assert.equal(instance.freed, instance.made, "each machine that was made is freed");

/** How streams are read in turns. */
const READERS = [
  async (stream) => (await all(stream.textStream())).join(""),
  async (stream) => (await all(stream)).map(({ choices }) => choices[0].delta.content ?? "").join(""),
  async (stream) => said(await ChatStream.fromResponse(stream.toResponse()).completion()),
  async (stream) => said(await stream.completion()),
  async (stream) => {
    const [text, completion] = await Promise.all([all(stream.textStream()), stream.completion()]);
    assert.equal(text.join(""), said(completion));
    return text.join("");
  },
];

/** So many answers in lockstep: each has its first word before any has its second. */
async function lockstep(count, words) {
  const lines = [];
  const many = new ChatClient({ ...NOWHERE, fetch: () => (lines.push(wire()), lines.at(-1).response) });
  const texts = Array.from({ length: count }, (_, index) => READERS[index % READERS.length](many.stream({ messages })));
  await turn();
  assert.equal(lines.length, count, "all are open at once");
  for (let word = 0; word < words; word++) {
    lines.forEach((line, index) => line.send(event({ content: `${index}.${word} ` })));
    await turn();
  }
  lines.forEach((line) => {
    line.send(event({}, "stop") + DONE);
    line.end();
  });
  const expected = (index) => Array.from({ length: words }, (_, word) => `${index}.${word} `).join("");
  (await Promise.all(texts)).forEach((text, index) => assert.equal(text, expected(index)));
}

test("1,000 answers at once, read in every way, all come whole and apart; then nothing is left", async () => {
  await lockstep(1000, 5);
  assert.ok(current().made >= 1000);
  nothingLeft();
});

test("the module's memory is the same after many rounds as after one", async () => {
  await lockstep(100, 3);
  const { byteLength } = current().memory.buffer;
  for (let round = 0; round < 6; round++) {
    await lockstep(100, 3);
    for (let index = 0; index < 50; index++) await client.complete({ messages: [{ role: "user", content: "x".repeat(1000) }] });
  }
  assert.equal(current().memory.buffer.byteLength, byteLength);
  nothingLeft();
  assert.equal(instances.length, 1, "one instance served all of it");
});

/** Endings of all kinds. */
const ENDINGS = {
  "a refusal": async (of) => thrown(() => of(() => refused(400)).completion()),
  "no network": async (of) => thrown(() => of(() => Promise.reject(new Error())).completion()),
  "no Response": async (of) => thrown(() => of(() => null).completion()),
  "half an answer": async (of) => thrown(() => of(() => new Response(event({ content: "Hi" }))).completion()),
  "a reported error": async (of) => thrown(() => all(of(() => new Response('data: {"error":"no"}\n\n')))),
  "what is no chat completion": async (of) => thrown(() => all(of(() => new Response("\0\xff[{")).textStream())),
  "a body of strings": async (of) => thrown(() => all(of(() => ({ status: 200, headers: new Headers(), body: ReadableStream.from(["x"]) })))),
  "another attempt": async (of) => said(await of(answering(refused(503, { "retry-after-ms": "1" }), answered("Hi"))).completion()),
  "a deadline": async (of) => thrown(() => of(never, { timeouts: { totalMs: 1 } }).completion()),
  "an abort": async (of) => {
    const stream = of(never);
    stream.abort();
    return thrown(() => stream.completion());
  },
  "an abort midway": async (of) => {
    const line = wire();
    const stream = of(() => line.response);
    const text = stream.textStream();
    line.send(event({ content: "Hi" }));
    await text.next();
    stream.abort();
    await line.cancelled;
  },
  "a signal aborted before": async (of) => thrown(() => of(never, { signal: AbortSignal.abort() }).completion()),
  "a loop that is left": async (of) => {
    for await (const _ of of(() => answered("a", "b"))) break;
  },
  "bytes that nobody wants": async (of) => of(() => answered("Hi")).toReadableStream().cancel(),
  "a wrong request": async () => thrown(() => client.stream({})),
  "wrong options": async () => thrown(() => client.stream({ messages }, { maxRetries: -1 })),
  "an unknown provider": async () => thrown(() => ChatStream.fromResponse(answered("Hi"), { provider: "robot" })),
};

for (const [name, end] of Object.entries(ENDINGS)) {
  test(`after ${name} the client works, and nothing is left`, async () => {
    let fetch;
    const own = new ChatClient({ ...NOWHERE, fetch: (request) => fetch(request) }, { maxRetries: 1, timeouts: { headersMs: 60_000 } });
    const of = (given, options) => {
      fetch = given;
      return own.stream({ messages }, { maxRetries: given.requests ? 1 : 0, ...options });
    };
    for (let round = 0; round < 3; round++) {
      await end(of);
      fetch = () => answered("Hi");
      assert.equal(said(await own.complete({ messages })), "Hi");
    }
    nothingLeft();
    assert.equal(instances.length, 1, "none of this is a fault of the module's");
  });
}

test("a stream that was forgotten half read is freed by the garbage collector", async () => {
  const { made, freed } = current();
  await (async () => {
    for (let index = 0; index < 20; index++) {
      const line = wire();
      const stream = ChatStream.fromResponse(line.response);
      line.send(event({ content: "Hi" }));
      await stream.textStream().next();
      new ChatClient({ ...NOWHERE, fetch: () => answered("Hi") }, { timeouts: { idleMs: 1, firstTokenMs: 1 } }).stream({ messages });
    }
  })();
  assert.equal(current().made, made + 40);
  for (let round = 0; round < 500 && current().freed < freed + 40; round++) {
    await turn();
    collect();
  }
  assert.equal(current().freed, freed + 40);
});

describe("a fault inside the module", () => {
  const internal = (error) => {
    assert.ok(error instanceof LiveAvatarLlmError, error?.stack);
    assert.equal(error.constructor, LiveAvatarLlmError);
    assert.equal(error.code, "internal");
    assert.match(error.message, /further calls are not affected/);
    assert.ok(error.cause instanceof WebAssembly.RuntimeError);
  };
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on("uncaughtException", note);
  after(() => process.off("uncaughtException", note));

  const streaming = (fetch, options) => new ChatClient({ ...NOWHERE, fetch }, { maxRetries: 0, ...options }).stream({ messages });
  const broken = () => {
    const line = wire();
    line.fail(new Error("cut"));
    return line.response;
  };
  const completing = (fetch, options) => () => streaming(fetch, options).completion();
  const hi = () => answered("Hi");
  /** Where it traps, and a call that comes there. */
  const PLACES = {
    client_new: () => new ChatClient({ ...NOWHERE }),
    client_stream: completing(hi),
    stream_answered: () => ChatStream.fromResponse(answered("Hi")),
    stream_next: completing(hi),
    stream_send: completing(hi),
    stream_respond: completing(hi),
    stream_requestId: completing(hi),
    stream_push: completing(hi),
    stream_end: completing(() => new Response("")),
    stream_lose: completing(() => Promise.reject(new Error())),
    stream_deadline: completing(never),
    stream_tick: completing(never, { timeouts: { headersMs: 1 } }),
    stream_failure: completing(() => refused(400)),
    stream_readText: () => all(streaming(hi).textStream()),
    stream_readChunks: () => all(streaming(hi)),
    stream_readEvents: () => all(streaming(hi).toReadableStream()),
    stream_take: () => all(ChatStream.fromResponse(new Response(event({ content: "Hi" }))).textStream()),
    stream_takeBytes: () => all(ChatStream.fromResponse(new Response(event({ content: "Hi" }))).toReadableStream()),
  };

  for (const [place, work] of Object.entries(PLACES)) {
    test(`in ${place} ends that call with code \`internal\`; the next has a fresh instance`, async () => {
      // So that there is an instance to trap in.
      await client.complete({ messages });
      const trapped = current();
      trapped.trapIn = place;
      internal(await thrown(work));
      assert.equal(trapped.trapIn, undefined, "it did trap");
      assert.equal(said(await client.complete({ messages })), "Hi");
      assert.notEqual(current(), trapped);
      nothingLeft();
      await turn();
      assert.deepEqual(unhandled, []);
    });
  }

  test("in fromResponse leaves nothing behind that fails later", async () => {
    for (const place of ["stream_respond", "stream_next", "stream_deadline", "stream_requestId"]) {
      await client.complete({ messages });
      current().trapIn = place;
      internal(await thrown(() => ChatStream.fromResponse(answered("Hi")).completion()));
      await turn();
      assert.deepEqual(unhandled, []);
    }
  });

  for (const place of ["stream_next", "stream_tick", "stream_deadline"]) {
    test(`in a timer, when nobody reads, reaches whoever reads then: ${place}`, async () => {
      await client.complete({ messages });
      const line = wire();
      const stream = streaming(() => line.response, { timeouts: { idleMs: 1 } });
      await stream.response;
      current().trapIn = place;
      await line.cancelled;
      internal(await thrown(() => stream.completion()));
      assert.deepEqual(unhandled, []);
    });
  }

  test("while a metric is asked for harms nobody", async () => {
    await client.complete({ messages });
    const stream = ChatStream.fromResponse(answered("Hi"));
    current().trapIn = "stream_metrics";
    assert.deepEqual(Object.keys(stream.metrics).filter((name) => !/Ms$/.test(name)), ["chunks", "bytes"]);
    internal(await thrown(() => stream.completion()));
    assert.equal(said(await client.complete({ messages })), "Hi");
  });

  test("at the end of an answer takes the answer with it, and nothing else", async () => {
    for (const place of ["stream_completion", "__wbg_stream_free"]) {
      await client.complete({ messages });
      current().trapIn = place;
      const outcome = await client.complete({ messages }).catch((error) => error);
      if (outcome instanceof Error) internal(outcome);
      else assert.equal(said(outcome), "Hi");
      assert.equal(said(await client.complete({ messages })), "Hi");
    }
  });

  test("leaves the streams that were open: each goes on, or says so", async () => {
    await client.complete({ messages });
    const trapped = current();
    const lines = Array.from({ length: 20 }, wire);
    const readings = lines.map((line) => all(ChatStream.fromResponse(line.response).textStream()).then((text) => text.join(""), (error) => error));
    for (const line of lines) line.send(event({ content: "One " }));
    await turn();
    trapped.trapIn = "stream_push";
    lines[7].send(event({ content: "two" }));
    internal(await readings[7]);
    assert.equal(said(await client.complete({ messages })), "Hi");
    for (const [index, line] of lines.entries()) {
      if (index !== 7) line.send(event({ content: "two" }) + DONE);
    }
    for (const [index, reading] of readings.entries()) {
      if (index !== 7) assert.equal(await reading, "One two");
    }
    assert.equal(trapped.freed, trapped.made, "the old instance's machines are freed there");
    nothingLeft();
  });

  test("again and again is survived", async () => {
    for (let round = 0; round < 20; round++) {
      current().trapIn = "stream_push";
      internal(await thrown(() => client.complete({ messages })));
      assert.equal(said(await client.complete({ messages })), "Hi");
    }
    nothingLeft();
    assert.equal(await all(ChatStream.fromResponse(new Response(answer("Hi"))).textStream()).then((text) => text.join("")), "Hi");
  });
});
