// An answer as sentences that can be said.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatStream, StreamError, ValidationError } from "../../pkg/index.js";
import { answered, event, wire } from "./asking.js";

async function sentences(options, ...pieces) {
  const stream = ChatStream.fromResponse(answered(...pieces));
  return Array.fromAsync ? Array.fromAsync(stream.sentences(options)) : collect(stream.sentences(options));
}

async function collect(iterable) {
  const all = [];
  for await (const one of iterable) all.push(one);
  return all;
}

test("sentences come whole, without what no voice can say", async () => {
  assert.deepEqual(
    await sentences(undefined, "<think>Hm.</think>**It is", "** 3.5 degrees. Dr. ", "Berg says: wear a coat! 🧥", " See https://a.example/x"),
    ["It is 3.5 degrees.", "Dr. Berg says: wear a coat!", "See a.example"],
  );
});

test("nothing is shaped where that is wished", async () => {
  assert.deepEqual(await sentences(false, "**Yes.** <think>", "No."), ["**Yes.** <think>No."]);
});

test("options are heeded, and told where they are wrong before the stream is claimed", async () => {
  assert.deepEqual(await sentences({ links: "skip" }, "See https://a.example/x now."), ["See now."]);
  const stream = ChatStream.fromResponse(answered("Yes."));
  for (const options of [{ links: "loud" }, { emojis: "keep" }, "x", null]) {
    assert.throws(() => stream.sentences(options), (error) => error instanceof ValidationError && error.issues[0].path.startsWith("/speech"));
  }
  assert.deepEqual(await collect(stream.sentences()), ["Yes."]);
});

test("a sentence comes before the answer goes on, and metrics tell when", async () => {
  const { response, send, end } = wire();
  const stream = ChatStream.fromResponse(response);
  const iterator = stream.sentences();
  send(event({ content: "One. Tw" }));
  assert.deepEqual(await iterator.next(), { value: "One.", done: false });
  assert.ok(stream.metrics.firstSentenceMs >= 0);
  send(event({ content: "o" }));
  send("data: [DONE]\n\n");
  end();
  assert.deepEqual(await iterator.next(), { value: "Two", done: false });
  assert.equal((await iterator.next()).done, true);
});

test("what had come of an answer that breaks off is said, and then the error is thrown", async () => {
  const { response, send, end } = wire();
  const said = [];
  send(event({ content: "One. And" }));
  end();
  await assert.rejects(async () => {
    for await (const sentence of ChatStream.fromResponse(response).sentences()) said.push(sentence);
  }, StreamError);
  assert.deepEqual(said, ["One.", "And"]);
});
