// What every runtime must be able to do with the installed package. It is copied into each project and imports the package
// by its name; what it asks of the LLM is served by llm.js. It uses nothing that a runtime might not have.

import * as everything from "liveavatar-llm";

const { ApiError, ChatClient, ChatStream, LiveAvatarLlmError, ValidationError } = everything;
const messages = [{ role: "user", content: "Count for me." }];
const reason = new Error("the caller hung up");

/**
 * @param {{ baseUrl: string, key: string }} llm
 * @returns {Promise<{ runtime: string, results: Record<string, string> }>} what ran this, by its own words; each check and
 *   how it went: "ok", or what was wrong
 */
export async function scenario({ baseUrl, key }) {
  const client = new ChatClient({ baseUrl, apiKey: () => key }, { dangerouslyAllowBrowser: true });
  const results = {};
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check(client, { baseUrl, key });
      results[name] = "ok";
    } catch (error) {
      results[name] = `${error?.stack ?? error}`;
    }
  }
  // The oldest Node has no navigator.
  const runtime = globalThis.navigator?.userAgent ?? `Node.js/${process.versions.node}`;
  return { runtime, results };
}

const checks = {
  "imports everything by name": () => {
    const names = ["ApiError", "ChatClient", "ChatStream", "ConnectionError", "DeadlineError", "LiveAvatarLlmError", "StreamError", "ValidationError"];
    for (const name of names) equal(typeof everything[name], "function", name);
  },

  "reads each piece as it is sent": async (client) => {
    // The server holds each piece back until the one before it was acknowledged: a reader that waits for more never ends.
    const heard = [];
    for await (const text of client.stream({ model: "lockstep", messages }).textStream()) {
      heard.push(text);
      await client.complete({ model: "acknowledge", messages });
    }
    equal(heard.join("|"), "one |two |three");
  },

  "gives chunks, and the whole answer": async (client) => {
    const stream = client.stream({ model: "hello", messages });
    equal(stream instanceof ChatStream, true, "a ChatStream");
    const contents = [];
    for await (const chunk of stream) {
      equal(chunk.object, "chat.completion.chunk");
      contents.push(chunk.choices[0]?.delta.content ?? "");
    }
    equal(contents.join(""), "Hello world");
    const completion = await stream.completion();
    equal(completion.choices[0].message.content, "Hello world");
    equal((await stream.response).status, 200);
  },

  "gives bytes that another stream can read": async (client) => {
    const response = client.stream({ model: "count?tokens=3", messages }).toResponse();
    const completion = await ChatStream.fromResponse(response).completion();
    const direct = await client.complete({ model: "count?tokens=3", messages });
    equal(completion.choices[0].message.content, direct.choices[0].message.content);
  },

  "stops the upstream when a loop is left": async (client) => {
    for await (const text of client.stream({ model: "count?tokens=10000&gapMs=10", user: "leaves", messages }).textStream()) {
      equal(text.length > 0, true);
      break;
    }
    await client.complete({ model: "hungUp?user=leaves", messages }, { maxRetries: 0 });
  },

  "stops the upstream at a signal, and throws its reason": async (client) => {
    const controller = new AbortController();
    const stream = client.stream({ model: "count?tokens=10000&gapMs=10", user: "aborts", messages }, { signal: controller.signal });
    const thrown = await failure(async () => {
      for await (const text of stream.textStream()) if (text) controller.abort(reason);
    });
    equal(thrown, reason);
    await client.complete({ model: "hungUp?user=aborts", messages }, { maxRetries: 0 });
  },

  "answers overlapping calls of next() in their order": async (client) => {
    const iterator = client.stream({ model: "count?tokens=5&gapMs=5", messages }).textStream();
    const results = await Promise.all(Array.from({ length: 40 }, () => iterator.next()));
    const text = results.filter(({ done }) => !done).map(({ value }) => value).join("");
    equal(text, (await client.complete({ model: "count?tokens=5", messages })).choices[0].message.content);
    const firstDone = results.findIndex(({ done }) => done);
    equal(firstDone > 0 && results.slice(firstDone).every(({ done }) => done), true, "everything comes before the end");
  },

  "has methods that work alone": async (client) => {
    const { stream, complete } = client;
    equal((await stream({ model: "hello", messages }).completion()).choices[0].message.content, "Hello world");
    const { complete: spread } = { ...client };
    equal((await spread({ model: "hello", messages })).choices[0].message.content, "Hello world");
    equal((await complete({ model: "hello", messages })).choices[0].message.content, "Hello world");
    const { textStream, completion } = stream({ model: "hello", messages });
    const words = [];
    for await (const text of textStream()) words.push(text);
    equal(words.join(""), "Hello world");
    equal((await completion()).choices[0].message.content, "Hello world");
    const { toResponse } = stream({ model: "hello", messages });
    const { fromResponse } = ChatStream;
    equal((await fromResponse(toResponse()).completion()).choices[0].message.content, "Hello world");
    const { abort, completion: aborted } = stream({ model: "count?tokens=10000&gapMs=10", messages });
    abort(reason);
    equal(await failure(aborted), reason);
  },

  "says which status an upstream refused with, and not which key": async (_, { baseUrl }) => {
    const wrong = new ChatClient({ baseUrl, apiKey: "sk-wrong-0123456789" }, { dangerouslyAllowBrowser: true, maxRetries: 0 });
    const thrown = await failure(() => wrong.complete({ model: "hello", messages }));
    equal(thrown instanceof ApiError && thrown instanceof LiveAvatarLlmError && thrown instanceof Error, true, `${thrown?.stack}`);
    equal(thrown.name, "ApiError");
    equal(thrown.status, 401);
    equal(typeof thrown.code, "string");
    equal(/sk-wrong/.test(`${thrown.stack} ${JSON.stringify(thrown)} ${JSON.stringify(wrong)}`), false, "no key in it");
  },

  "says what is wrong with an argument before anything is sent": async (client) => {
    for (const wrong of [undefined, null, 1, "hello", {}, { messages: "hello" }]) {
      const thrown = await failure(() => client.complete(wrong));
      equal(thrown instanceof ValidationError, true, `${JSON.stringify(wrong)} threw ${thrown?.stack}`);
      equal(thrown.issues.length > 0 && thrown.message.length > 10, true, "it says why");
    }
    const thrown = await failure(() => new ChatClient({ baseUrl: "nowhere" }));
    equal(thrown instanceof ValidationError && /baseUrl/.test(thrown.message), true, `${thrown?.stack}`);
    equal((await client.complete({ model: "hello", messages })).choices[0].message.content, "Hello world", "the client works on");
  },

  "keeps many answers apart": async (client) => {
    const lengths = Array.from({ length: 20 }, (_, index) => index + 1);
    const texts = await Promise.all(lengths.map((tokens) => client.complete({ model: `count?tokens=${tokens}&gapMs=2`, messages })));
    const words = texts.map((completion) => completion.choices[0].message.content.trim().split(/\s+/).length);
    equal(words.join(), lengths.join());
  },
};

function equal(actual, expected, what = "") {
  if (!Object.is(actual, expected)) throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`);
}

async function failure(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
