// A fetch of one's own, and whatever it may give.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ChatClient, ChatStream, ConnectionError, StreamError, ValidationError } from "../../pkg/index.js";
import { all, answer, answered, answering, DONE, event, messages, NOWHERE, refused, thrown, turn, wire } from "./asking.js";

const asking = (fetch) => new ChatClient({ ...NOWHERE, fetch }, { maxRetries: 0 }).stream({ messages });
const said = (completion) => completion.choices[0].message.content;
const encoded = (text) => new TextEncoder().encode(text);

/** A response whose body gives these. */
const giving = (...pieces) => ({ status: 200, headers: new Headers(), body: ReadableStream.from(pieces), bodyUsed: false });

/** Fetches that answer «Hi». */
const ANSWERS = {
  "a Response": () => answered("Hi"),
  "a promise of one": async () => answered("Hi"),
  "a promise-like of one": () => ({ then: (resolve) => resolve(answered("Hi")) }),
  "an object that has a fetch": { fetch: () => answered("Hi") },
  "an object that needs its `this`, as service bindings do": new (class {
    #words = ["Hi"];
    fetch() {
      return answered(...this.#words);
    }
  })(),
  "a Response of another library": () => giving(encoded(answer("Hi"))),
  "a Response without bodyUsed": () => ({ status: 200, headers: new Map(), body: ReadableStream.from([encoded(answer("Hi"))]) }),
  "headers that are no strings": () => ({ status: 200, headers: new Map([["x-request-id", 5]]), body: ReadableStream.from([encoded(answer("Hi"))]) }),
  "a status of 201": () => new Response(answer("Hi"), { status: 201 }),
  "Node's Buffers": () => giving(Buffer.from(answer("Hi"))),
  "empty pieces between": () => giving(new Uint8Array(), encoded(answer("Hi")), new Uint8Array()),
  "a view of a part of a buffer": () => giving(encoded(`xxx${answer("Hi")}`).subarray(3)),
  "another content type": () => new Response(answer("Hi"), { headers: { "content-type": "text/plain" } }),
  "a content type in capitals": () => new Response(answer("Hi"), { headers: { "Content-Type": "TEXT/EVENT-STREAM" } }),
  "JSON instead of a stream": () => Response.json({ choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }] }),
  "an async function over the real thing": async (request) => (await request.json()) && answered("Hi"),
  "a body that breaks after it has ended": () => {
    const line = wire();
    line.send(event({ content: "Hi" }, "stop"));
    turn().then(() => line.fail(new Error("cut")));
    return line.response;
  },
};

for (const [name, fetch] of Object.entries(ANSWERS)) {
  test(`${name} is an answer`, async () => {
    assert.equal(said(await asking(fetch).completion()), "Hi");
    assert.equal((await all(asking(fetch).textStream())).join(""), "Hi");
  });
}

/** What is no Response. */
const NONE = {
  "undefined": undefined,
  "null": null,
  "a string": answer("Hi"),
  "a number": 200,
  "true": true,
  "an object": {},
  "a list": [],
  "JSON, read already": { choices: [] },
  "a body alone": new ReadableStream(),
  "bytes": encoded(answer("Hi")),
  "a Request": new Request("http://127.0.0.1:1"),
  "the class": Response,
  "a status without headers": { status: 200, body: null },
  "headers that are a plain object": { status: 200, headers: {}, body: null },
  "a body that is a string": { status: 200, headers: new Headers(), body: answer("Hi") },
  "a status that is a string": { status: "200", headers: new Headers(), body: null },
};

describe("no Response is told as what is wrong with `fetch`, and not tried again", () => {
  for (const [name, value] of Object.entries(NONE)) {
    for (const [how, fetch] of Object.entries({ given: () => value, promised: async () => value })) {
      test(`${name}, ${how}`, async () => {
        const asked = answering(fetch);
        const error = await thrown(() => new ChatClient({ ...NOWHERE, fetch: asked }).complete({ messages }));
        assert.ok(error instanceof ValidationError, error?.stack);
        assert.equal(error.issues[0].path, "/fetch");
        assert.equal(error.code, "wrong_type");
        assert.equal(asked.requests.length, 1);
      });
    }
  }

  const USED = {
    "read": async () => {
      const response = answered("Hi");
      await response.text();
      return response;
    },
    "locked": () => {
      const response = answered("Hi");
      response.body.getReader();
      return response;
    },
  };
  for (const [name, fetch] of Object.entries(USED)) {
    test(`one whose body is ${name} already`, async () => {
      const error = await thrown(() => new ChatClient({ ...NOWHERE, fetch }).complete({ messages }));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.equal(error.issues[0].path, "/fetch");
      assert.equal(error.code, "already_read");
    });
  }
});

describe("what fetch throws is the cause of a ConnectionError", () => {
  for (const cause of [new Error("no network"), new TypeError("fetch failed"), "no network", 5, null, { code: "ECONNRESET" }]) {
    test(`${cause}, at once or later`, async () => {
      for (const fetch of [
        () => { throw cause; },
        () => Promise.reject(cause),
        async () => { throw cause; },
      ]) {
        const error = await thrown(() => asking(fetch).completion());
        assert.ok(error instanceof ConnectionError, error?.stack);
        assert.equal(error.code, "connection_failed");
        assert.equal(error.cause, cause);
        assert.equal(error.partial, undefined);
      }
    });
  }

  test("what a body throws, too", async () => {
    const cause = new Error("cut");
    for (const words of [[], ["Hi"]]) {
      const line = wire();
      for (const word of words) line.send(event({ content: word }));
      const stream = asking(() => line.response);
      const error = thrown(() => all(stream));
      await turn();
      line.fail(cause);
      assert.ok(await error instanceof ConnectionError);
      assert.equal((await error).code, "connection_lost");
      assert.equal((await error).cause, cause);
      assert.equal((await error).partial?.choices[0].message.content, words[0]);
    }
  });

  test("an AbortError of its own is not ours", async () => {
    const cause = new DOMException("The operation was aborted.", "AbortError");
    const error = await thrown(() => asking(() => Promise.reject(cause)).completion());
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.cause, cause);
  });
});

/** Answers that are none: the kind, what is said, and the words that had come. */
const BROKEN = {
  "no body": [() => new Response(null), "empty", /without any message/],
  "an empty body": [() => new Response(""), "empty", /without any message/],
  "white space": [() => new Response(" \n\n "), "empty", /without any message/],
  "[DONE] alone": [() => new Response(DONE), "empty", /without any message/],
  "a page": [() => new Response("<!doctype html><title>Sign in</title>"), "empty", /web page.*base URL/],
  "some text": [() => new Response("It works!"), "empty", /without any message/],
  "JSON of something else": [() => Response.json({ hello: "world" }), "empty", /without any message/],
  "an error with a status of 200": [() => Response.json({ error: { message: "No credit left", code: "quota" } }), "error", /No credit left/],
  "an error event": [() => new Response('event: error\ndata: {"message":"overloaded"}\n\n'), "error", /overloaded/],
  "an error after words": [() => new Response(`${event({ content: "Hi" })}data: {"error":"overloaded"}\n\n`), "error", /overloaded/, "Hi"],
  "a body that ends after words": [() => new Response(event({ content: "Hi" })), "truncated", /broke off.*halfway/, "Hi"],
  "a body that ends in an event": [() => new Response(answer("Hi", "lost").slice(0, 200)), "truncated", /broke off/, "Hi"],
  "a body that ends in a role": [() => new Response(event({ role: "assistant" })), "truncated", /broke off/, null],
  "what is not JSON": [() => new Response(`${event({ content: "Hi" })}data: {"choices":[}\n\n`), "malformed", /not JSON/, "Hi"],
};

const READERS = [
  (stream) => stream.completion(),
  (stream) => all(stream),
  (stream) => all(stream.textStream()),
  (stream) => stream.toResponse().text(),
];

for (const [name, [fetch, kind, message, partial]] of Object.entries(BROKEN)) {
  test(`${name} is a StreamError of kind ${kind}`, async () => {
    for (const read of READERS) {
      const error = await thrown(() => read(asking(fetch)));
      assert.ok(error instanceof StreamError, error?.stack);
      assert.equal(error.kind, kind);
      assert.match(error.message, message);
      assert.equal(error.partial?.choices[0].message.content, partial);
    }
  });
}

test("an error's own code is kept", async () => {
  const error = await thrown(() => asking(() => Response.json({ error: { message: "No", code: "quota" } })).completion());
  assert.equal(error.serviceCode, "quota");
});

describe("a body that gives no bytes is told, and cancelled", () => {
  const buffer = new ArrayBuffer(8);
  for (const piece of ["data: {}\n\n", 5, { data: "x" }, ["x"], new Uint16Array(4), new DataView(buffer), buffer, null, undefined]) {
    test(`${Object.prototype.toString.call(piece)}`, async () => {
      let cancelled = false;
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(piece),
        cancel: () => void (cancelled = true),
      });
      const error = await thrown(() => asking(() => ({ status: 200, headers: new Headers(), body })).completion());
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.match(error.message, /Uint8Array/);
      assert.ok(cancelled);
    });
  }
});

/** Bodies that are none, of other libraries or doubles in tests. */
const NO_BODIES = {
  "gives no reader": { getReader() {} },
  "throws when it is asked for a reader": { getReader() { throw new TypeError("locked"); } },
  "has a reader that cannot read": { getReader: () => ({ cancel() {} }) },
  "has a reader that gives nothing": { getReader: () => ({ read() {}, cancel() {} }) },
  "has a reader that gives a promise of nothing": { getReader: () => ({ read: async () => null, cancel() {} }) },
  "has a reader that gives a number": { getReader: () => ({ read: () => 5, cancel: () => 5 }) },
};

describe("a body that is none is told as that, and not tried again, if it", () => {
  for (const [name, body] of Object.entries(NO_BODIES)) {
    test(name, async () => {
      for (const status of [200, 500]) {
        for (const read of READERS) {
          const fetch = answering(() => ({ status, headers: new Headers(), body }));
          const error = await thrown(() => read(new ChatClient({ ...NOWHERE, fetch }, { timeouts: { totalMs: 5000 } }).stream({ messages })));
          // What a refusal says is worth less than that it is one.
          assert.ok(error instanceof ValidationError, error?.stack);
          assert.match(error.message, /no ReadableStream/);
          assert.equal(fetch.requests.length, 1);
        }
      }
    });
  }

  test("throws when it is read, which is as if it had broken", async () => {
    const cause = new Error("no");
    const error = await thrown(() => asking(() => ({ status: 200, headers: new Headers(), body: { getReader: () => ({ read() { throw cause; }, cancel() {} }) } })).completion());
    assert.deepEqual([error.code, error.cause], ["connection_lost", cause]);
  });

  test("is the body of a response that was fetched elsewhere", async () => {
    for (const body of Object.values(NO_BODIES)) {
      const stream = () => ChatStream.fromResponse({ status: 200, headers: new Headers(), body });
      assert.ok(await thrown(() => stream().completion()) instanceof ValidationError);
      assert.ok(await thrown(() => all(stream())) instanceof ValidationError);
    }
  });
});

/** Readers that cannot be let go of. */
const UNCANCELLABLE = {
  "gives nothing": { cancel() {} },
  "throws": { cancel() { throw new Error("no"); } },
  "rejects": { cancel: () => Promise.reject(new Error("no")) },
  "is not there": {},
  "is no function": { cancel: 5 },
};

describe("an end is an end, though the reader's cancel", () => {
  for (const [name, double] of Object.entries(UNCANCELLABLE)) {
    const of = (...pieces) => {
      const read = async () => (pieces.length > 0 ? { value: encoded(pieces.shift()) } : new Promise(() => {}));
      return asking(() => ({ status: 200, headers: new Headers(), body: { getReader: () => ({ read, ...double }) } }));
    };
    test(name, async () => {
      const aborted = of(event({ content: "Hi" }));
      assert.equal((await aborted.response).status, 200);
      const completion = thrown(() => aborted.completion());
      await turn();
      aborted.abort("enough");
      assert.equal(await completion, "enough");
      assert.equal((await thrown(() => of(event({ content: "Hi" }), "data: {\n\n").completion())).kind, "malformed");
      assert.equal(said(await of(answer("Hi")).completion()), "Hi");
      const left = of(event({ content: "Hi" }), event({ content: "Hi" }));
      for await (const _ of left.textStream()) break;
    });
  }
});

test("a status that is a refusal without a body is told", async () => {
  const error = await thrown(() => asking(() => new Response(null, { status: 404 })).completion());
  assert.equal(error.status, 404);
  assert.equal(error.body, "");
});

test("the answer's words may come late, in any pieces", async () => {
  const line = wire();
  const stream = asking(() => turn().then(() => line.response));
  const text = all(stream.textStream());
  for (const byte of encoded(answer("Grüße", " 🎉"))) {
    line.send(Uint8Array.of(byte));
    await turn();
  }
  line.end();
  assert.equal((await text).join(""), "Grüße 🎉");
});

test("a buffer that is used again after it was given does no harm", async () => {
  const line = wire();
  const stream = asking(() => line.response);
  const text = stream.textStream();
  const buffer = encoded(event({ content: "one" }));
  const next = text.next();
  line.send(buffer);
  assert.equal((await next).value, "one");
  buffer.fill(0);
  line.send(event({ content: "two" }, "stop") + DONE);
  assert.equal((await text.next()).value, "two");
  assert.equal((await stream.completion()).choices[0].message.content, "onetwo");
});

test("the fetch of each request is asked, and the global one is looked up when it is needed", async () => {
  const { fetch } = globalThis;
  const client = new ChatClient(NOWHERE);
  try {
    globalThis.fetch = () => answered("Double");
    assert.equal(said(await client.complete({ messages })), "Double");
    globalThis.fetch = undefined;
    const error = await thrown(() => client.complete({ messages }));
    assert.ok(error instanceof ValidationError);
    assert.match(error.message, /no global fetch/);
  } finally {
    globalThis.fetch = fetch;
  }
});

test("the body of a refusal is kept as far as it came, up to 64 KiB", async () => {
  const error = await thrown(() => asking(() => refused(400, {}, "x".repeat(200_000))).completion());
  assert.equal(error.status, 400);
  assert.equal(error.body.length, 65_536);
  const endless = wire();
  endless.send("no ");
  const stream = asking(() => new Response(endless.response.body, { status: 400 }));
  await turn();
  endless.fail(new Error("cut"));
  assert.equal((await thrown(() => stream.completion())).body, "no");
});
