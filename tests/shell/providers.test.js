// Providers with dialects of their own, through the client and the endpoint: the same answers in OpenAI's terms, and in meaning
// what each provider's own package makes of the same bytes.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { after, describe, test } from "node:test";

import { ApiError, ChatClient, ChatEndpoint, ChatStream, StreamError, ValidationError } from "../../pkg/index.js";
import { KEY, startProviders } from "../standins/providers.js";
import { workersAi } from "../standins/providers/workersAi.js";
import { clients, TOOLS } from "../standins/sdks/clients.js";
import { all, messages, thrown } from "./asking.js";
import { hear, said, serving } from "./serving.js";

const providers = await startProviders();
after(() => providers.close());
const sdks = clients(providers);

const HELLO = "Hello wörld \"x\"\n😀";
/** What a voice says of it. */
const SPOKEN = "Hello wörld \"x\"";
const tools = TOOLS.map((tool) => ({ type: "function", function: tool }));

/** An upstream of each kind that there is. */
const UPSTREAMS = {
  anthropic: { provider: "anthropic", baseUrl: `${providers.anthropic}/v1`, apiKey: KEY },
  gemini: { provider: "gemini", baseUrl: `${providers.gemini}/v1beta`, apiKey: KEY },
  azure: { provider: "azure", baseUrl: `${providers.azure}/openai/v1`, apiKey: KEY },
};
const client = (name, more = {}) => new ChatClient({ ...UPSTREAMS[name], ...more });

describe("every provider", () => {
  for (const name of Object.keys(UPSTREAMS)) {
    test(`${name}: words, and one finish`, async () => {
      const stream = client(name).stream({ model: "hello", messages, stream_options: { include_usage: true } });
      const chunks = await all(stream);
      assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), HELLO);
      assert.deepEqual(chunks.flatMap(({ choices }) => choices.map(({ finish_reason }) => finish_reason)).filter(Boolean), ["stop"]);
      assert.ok(chunks.every(({ id, object }) => id === chunks[0].id && object === "chat.completion.chunk"));
      const { usage } = await stream.completion();
      assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
    });

    test(`${name}: a refusal is content_filter`, async () => {
      const { choices } = await client(name).complete({ model: "refusal", messages });
      assert.equal(choices[0].finish_reason, "content_filter");
    });

    test(`${name}: an error midway is an error with what came before it`, async () => {
      const error = await thrown(() => client(name).complete({ model: "error", messages }));
      assert.ok(error instanceof StreamError, inspect(error));
      assert.deepEqual([error.kind, /Overloaded/.test(error.message)], ["error", true]);
      assert.match(error.partial.choices[0].message.content, /^Hel/);
    });

    test(`${name}: a wrong key is told without it`, async () => {
      const apiKey = "sk-wrong-0123456789";
      const error = await thrown(() => client(name, { apiKey }).complete({ model: "hello", messages }));
      assert.ok(error instanceof ApiError, inspect(error));
      assert.ok(!inspect(error, { depth: 9 }).includes(apiKey));
    });

    test(`${name}: the key stands in one header and not in the address`, () => {
      const mine = providers.requests.filter(({ provider, headers }) => provider === name && JSON.stringify(headers).includes(KEY));
      assert.ok(mine.length > 0);
      for (const { url, headers } of mine) {
        assert.ok(!url.href.includes(KEY));
        assert.equal(Object.values(headers).filter((value) => String(value).includes(KEY)).length, 1);
      }
    });

    test(`${name}: an endpoint says it to the voice caller`, async () => {
      const { ask, report } = serving({ ...UPSTREAMS[name], override: { model: "hello" } });
      const { text, finish, usage } = await hear(ask(said("Hello")));
      assert.deepEqual([text, finish, usage.total_tokens > 0, (await report()).outcome], [SPOKEN, "stop", true, "spoken"]);
    });
  }

  for (const name of ["anthropic", "gemini"]) {
    test(`${name}: a refusal for now is tried again`, async () => {
      assert.equal((await client(name).complete({ model: "busy", messages })).choices[0].message.content, HELLO);
    });

    for (const model of ["tools", "thinking"]) {
      test(`${name}: ${model}, sent back as they came, are taken, and answered`, async () => {
        const first = await client(name).complete({ model, messages, tools });
        const { message, finish_reason } = first.choices[0];
        assert.equal(finish_reason, "tool_calls");
        const results = message.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "sunny" }));
        const more = model === "thinking" && name === "anthropic" ? { reasoning_effort: "low" } : {};
        const last = await client(name).complete({ model, messages: [...messages, message, ...results], tools, ...more });
        assert.equal(last.choices[0].message.content, `The tools say: ${results.map(() => "sunny").join(", ")}.`);
      });
    }

    test(`${name}: an endpoint's tools are called, and what the provider wants back goes back`, async () => {
      const called = [];
      const defaults = name === "anthropic" ? { thinking: { type: "enabled", budget_tokens: 1024 } } : {};
      const tools = [{ ...TOOLS[0], run: (given) => (called.push(given), "sunny") }];
      const { ask } = serving({ ...UPSTREAMS[name], override: { model: "thinking" }, defaults }, { tools });
      assert.match((await hear(ask(said("Hello")))).text, /The tools say: .*sunny/);
      assert.ok(called.length > 0);
    });

    test(`${name}: what has no counterpart is told before anything is sent`, async () => {
      const before = providers.requests.length;
      const error = await thrown(() => client(name).stream({ model: "hello", messages, n: 2 }));
      assert.ok(error instanceof ValidationError, inspect(error));
      assert.deepEqual([error.issues[0].path, providers.requests.length], ["/n", before]);
    });
  }
});

describe("the same bytes say the same to the provider's own package", () => {
  /** Answers an SDK and keeps the bytes. */
  const recording = async (ask, address, path, headers, body) => {
    const response = await fetch(`${address}${path}`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
    const bytes = await response.arrayBuffer();
    return { theirs: await ask(), ours: (provider) => ChatStream.fromResponse(new Response(bytes), { provider }).completion() };
  };

  for (const model of ["hello", "tools", "thinking", "cache"]) {
    test(`anthropic: ${model}`, async () => {
      const body = { model, max_tokens: 100, messages, stream: true, ...(model === "tools" && { tools: TOOLS.map(({ name, parameters }) => ({ name, input_schema: parameters })) }) };
      const headers = { "x-api-key": KEY, "anthropic-version": "2023-06-01" };
      const { theirs, ours } = await recording(() => sdks.anthropic.messages.stream(body).finalMessage(), providers.anthropic, "/v1/messages", headers, body);
      const { id, model: named, choices, usage } = await ours("anthropic");
      const { message } = choices[0];
      const of = (...types) => theirs.content.filter(({ type }) => types.includes(type));
      assert.deepEqual([id, named], [theirs.id, theirs.model]);
      assert.equal(message.content ?? "", of("text").map(({ text }) => text).join(""));
      assert.equal(message.reasoning_content ?? "", of("thinking").map(({ thinking }) => thinking).join(""));
      assert.deepEqual(message.thinking_blocks ?? [], of("thinking", "redacted_thinking"));
      assert.deepEqual(
        (message.tool_calls ?? []).map(({ id, function: { name, arguments: given } }) => ({ type: "tool_use", id, name, input: JSON.parse(given) })),
        of("tool_use"),
      );
      const { input_tokens, cache_read_input_tokens: read, cache_creation_input_tokens: created, output_tokens } = theirs.usage;
      assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [input_tokens + read + created, output_tokens]);
      assert.equal(usage.prompt_tokens_details.cached_tokens, read);
    });

    test(`gemini: ${model}`, async () => {
      const declared = model === "tools" ? [{ functionDeclarations: TOOLS.map(({ name, parameters }) => ({ name, parametersJsonSchema: parameters })) }] : undefined;
      const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
      const gathered = async () => {
        const parts = [];
        let last;
        for await (last of await sdks.gemini.models.generateContentStream({ model, contents, config: { tools: declared } })) {
          parts.push(...(last.candidates?.[0].content?.parts ?? []));
        }
        return { parts, usage: last.usageMetadata, id: last.responseId, model: last.modelVersion };
      };
      const path = `/v1beta/models/${model}:streamGenerateContent?alt=sse`;
      const { theirs, ours } = await recording(gathered, providers.gemini, path, { "x-goog-api-key": KEY }, { contents, tools: declared });
      const { id, model: named, choices, usage } = await ours("gemini");
      const { message } = choices[0];
      const text = (isThought) => theirs.parts.filter((part) => part.text && Boolean(part.thought) === isThought).map((part) => part.text).join("");
      assert.deepEqual([id, named], [theirs.id, theirs.model]);
      assert.deepEqual([message.content ?? "", message.reasoning_content ?? ""], [text(false), text(true)]);
      assert.deepEqual(
        (message.tool_calls ?? []).map(({ function: { name, arguments: given } }) => ({ name, args: JSON.parse(given) })),
        theirs.parts.filter((part) => part.functionCall).map(({ functionCall: { name, args } }) => ({ name, args })),
      );
      assert.equal(message.extra_content?.google.thought_signature, theirs.parts.find((part) => part.thoughtSignature)?.thoughtSignature);
      const { promptTokenCount, candidatesTokenCount, thoughtsTokenCount = 0, totalTokenCount, cachedContentTokenCount = 0 } = theirs.usage;
      assert.deepEqual([usage.prompt_tokens, usage.completion_tokens, usage.total_tokens], [promptTokenCount, candidatesTokenCount + thoughtsTokenCount, totalTokenCount]);
      assert.deepEqual([usage.prompt_tokens_details.cached_tokens, usage.completion_tokens_details.reasoning_tokens], [cachedContentTokenCount, thoughtsTokenCount]);
    });
  }
});

describe("azure", () => {
  const hello = (upstream) => new ChatClient({ provider: "azure", baseUrl: providers.azure, ...upstream }).complete({ messages });
  const last = () => providers.requests.at(-1);

  test("a deployment is asked at its own address, with the version", async () => {
    assert.equal((await hello({ baseUrl: `${providers.azure}/openai`, apiKey: KEY, deployment: "hello", apiVersion: "2024-10-21" })).choices[0].message.content, HELLO);
    assert.equal(last().url.pathname + last().url.search, "/azure/openai/deployments/hello/chat/completions?api-version=2024-10-21");
  });

  test("a token of Entra is a bearer, and asked for each time", async () => {
    let asked = 0;
    const upstream = { baseUrl: `${providers.azure}/openai/v1`, model: "hello", entraToken: async () => (asked++, KEY) };
    const client = new ChatClient({ provider: "azure", ...upstream });
    for (const time of [1, 2]) {
      await client.complete({ messages });
      assert.deepEqual([last().headers.authorization, last().headers["api-key"], asked], [`Bearer ${KEY}`, undefined, time]);
    }
  });

  const WRONG = {
    "both keys": [{ apiKey: KEY, entraToken: KEY }, "/entraToken", "ambiguous"],
    "a token that is not set": [{ entraToken: undefined }, "/entraToken", "unset"],
    "a number as token": [{ entraToken: 5 }, "/entraToken", "wrong_type"],
    "an empty token": [{ entraToken: "" }, "/entraToken", "bad_key"],
    "a token for another provider": [{ provider: "openai", entraToken: KEY }, "/entraToken", "unknown_member"],
  };
  for (const [what, [upstream, path, code]] of Object.entries(WRONG)) {
    test(`${what} is told`, async () => {
      const error = await thrown(() => hello(upstream));
      assert.deepEqual([error.issues?.[0].path, error.code], [path, code], inspect(error));
      assert.ok(!inspect(error, { depth: 9 }).includes(KEY));
    });
  }
});

describe("workers-ai", () => {
  const through = (model, ai = workersAi()) => new ChatClient({ provider: "workers-ai", ai, model: `@cf/standin/${model}` });

  for (const model of ["text", "whole", "openai"]) {
    test(`${model}: words, and one finish`, async () => {
      const chunks = await all(through(model).stream({ messages }));
      assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), HELLO);
      assert.deepEqual(chunks.flatMap(({ choices }) => choices.map(({ finish_reason }) => finish_reason)).filter(Boolean), ["stop"]);
    });
  }

  test("calls without ids and functions are calls", async () => {
    const { choices } = await through("calls").complete({ messages, tools });
    assert.deepEqual(
      [choices[0].finish_reason, choices[0].message.tool_calls.map(({ function: { name, parsed_arguments } }) => [name, parsed_arguments])],
      ["tool_calls", [["weather", { town: "Graz" }], ["time", {}]]],
    );
  });

  test("a value where JSON was asked for is content", async () => {
    const { choices } = await through("json").complete({ messages, response_format: { type: "json_object" } });
    assert.deepEqual(choices[0].message.parsed, { town: "Graz" });
  });

  test("the binding gets its model and plain texts", async () => {
    const ai = workersAi();
    await through("text", ai).complete({ messages: [{ role: "user", content: [{ type: "text", text: "A" }, { type: "text", text: "B" }] }], max_completion_tokens: 9 });
    assert.deepEqual(ai.runs, [["@cf/standin/text", { messages: [{ role: "user", content: "AB" }], stream: true, max_tokens: 9 }]]);
  });

  test("what the binding throws is an error with its words", async () => {
    const error = await thrown(() => through("nothing").complete({ messages }, { maxRetries: 0 }));
    assert.ok(error instanceof ApiError, inspect(error));
    assert.match(error.message, /5007: No such model/);
  });

  test("leaving it stops its stream", async () => {
    let cancelled;
    const body = new ReadableStream({ start: (it) => it.enqueue(new TextEncoder().encode('data: {"response":"Hi"}\n\n')), cancel: () => void (cancelled = true) });
    for await (const _ of through("x", { run: async () => body }).stream({ messages })) break;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(cancelled, true);
  });

  test("an endpoint says it, by the binding of its environment", async () => {
    const endpoint = new ChatEndpoint((env) => ({ source: { provider: "workers-ai", ai: env.AI, model: "@cf/standin/text" }, auth: "none" }));
    const request = new Request("http://localhost/v1/chat/completions", { method: "POST", body: JSON.stringify(said("Hello")) });
    const text = await (await endpoint.fetch(request, { AI: workersAi() })).text();
    const spoken = text.split("\n\n").filter((event) => event.startsWith("data: {")).map((event) => JSON.parse(event.slice(6)).choices[0]?.delta.content ?? "").join("");
    assert.equal(spoken, SPOKEN);
  });

  const WRONG = {
    "no binding": [{}, "/ai", "wrong_type"],
    "a binding without run": [{ ai: {} }, "/ai", "wrong_type"],
    "a key": [{ ai: workersAi(), apiKey: KEY }, "/apiKey", "unknown_member"],
    "an address": [{ ai: workersAi(), baseUrl: "https://a.example" }, "/baseUrl", "unknown_member"],
  };
  for (const [what, [upstream, path, code]] of Object.entries(WRONG)) {
    test(`${what} is told`, async () => {
      const error = await thrown(() => new ChatClient({ provider: "workers-ai", ...upstream }));
      assert.deepEqual([error.issues?.[0].path, error.code], [path, code], inspect(error));
    });
  }
});

test("anthropic: a page that may have a key says that it is one", async () => {
  for (const dangerouslyAllowBrowser of [false, true]) {
    await new ChatClient(UPSTREAMS.anthropic, { dangerouslyAllowBrowser }).complete({ model: "hello", messages });
    const header = providers.requests.at(-1).headers["anthropic-dangerous-direct-browser-access"];
    assert.equal(header, dangerouslyAllowBrowser ? "true" : undefined);
  }
});

test("redirects are not followed with any provider's key", async () => {
  for (const name of Object.keys(UPSTREAMS)) {
    const fetch = () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } });
    const error = await thrown(() => client(name, { fetch }).complete({ model: "hello", messages }));
    assert.equal(error.code, "redirected", name);
  }
});
