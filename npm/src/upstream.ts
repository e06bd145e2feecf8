// Where completions come from: the part of an upstream that is JavaScript, its key and its fetch.

import { asking, type Fetcher, isResponse, type Key, sending, unset } from "./access.js";
import type { ChatRequest } from "./chat.js";
import { invalid } from "./errors.js";

export type { Fetcher, Key } from "./access.js";

/** What all upstreams have in common. */
export interface Common {
  /** The model for requests that name none. */
  model?: string;
  /** Headers added to each request. */
  headers?: Record<string, string> | Headers;
  /** Query parameters added to each request, each name once. */
  query?: Record<string, string> | URLSearchParams;
  /** What sends the requests; default: the global `fetch` at the time of the request. */
  fetch?: Fetcher;
  /** Members put under the request's own values. */
  defaults?: Partial<ChatRequest> & { [member: string]: unknown };
  /** Members put over the request's own values; `null` removes one. */
  override?: { [Member in keyof ChatRequest]?: ChatRequest[Member] | null } & { [member: string]: unknown };
}

/** OpenAI, and whatever speaks its chat completions. */
export type OpenAIUpstream = Common & {
  provider?: "openai";
  /** What `/chat/completions` is appended to, as given; default `https://api.openai.com/v1`. */
  baseUrl?: string;
  /** Sent as `Authorization: Bearer …`; leave it out for an upstream that needs none. */
  apiKey?: Key;
};

/**
 * Anthropic's Messages API. Requests and answers are in OpenAI's terms as everywhere; what that means here:
 *
 * - `max_tokens`, which must be there, is 4096 unless the request says otherwise, and the thinking budget on top of it.
 * - A `temperature` above 1 is sent as 1. Beside `temperature`, `top_p` is left out; beside thinking, both are: the service
 *   refuses them.
 * - `reasoning_effort` is a thinking budget in tokens: `minimal` and `low` 1024, `medium` 4096, `high` 16 384, `xhigh` and
 *   `max` 32 768, `none` no thinking. For models that ask for another form give `thinking` in the request, which goes over it.
 * - What the model thought comes as `reasoning_content`, and signed as `thinking_blocks` of the message or of the call that it
 *   led to. A message that is sent back as it came has them, and they go back; thoughts without signature do not.
 * - `response_format` of type `json_schema` becomes `output_config.format`, which the service holds to and not all models have;
 *   `json_object` is a `ValidationError`.
 * - All messages of the system and the developer become `system`; what one side says in a row becomes one turn; blank texts,
 *   and white space at the end of an answer that is to be gone on with, are left out.
 * - Arguments of calls in the history that are no JSON object are sent as `{ invalid_arguments: "…" }`.
 * - `user` becomes `metadata.user_id`. Left out are `frequency_penalty`, `presence_penalty`, `logit_bias`, `seed`,
 *   `verbosity`, `store`, `metadata`, `service_tier`, `prediction`, a message's `name`, and `prompt_cache_…`.
 * - Token counts come with every answer, whether `stream_options` asks for them or not.
 * - A `ValidationError` are `n` above 1, `logprobs`, sound, custom tools, `allowed_tools`, and what `functions` was for.
 * - Any other member of the request, and parts and tools of other types, are taken to be Anthropic's own and sent as they are.
 */
export type AnthropicUpstream = Common & {
  provider: "anthropic";
  /** What `/messages` is appended to, as given; default `https://api.anthropic.com/v1`. */
  baseUrl?: string;
  /**
   * Sent as `x-api-key`. With `dangerouslyAllowBrowser` the header that lets a page read the answers is sent, too:
   * `anthropic-dangerous-direct-browser-access`.
   */
  apiKey: Key;
  /** The `anthropic-version` that is asked for; default `2023-06-01`. */
  version?: string;
};

/**
 * OpenAI's models on Azure. Requests and answers are OpenAI's own; filter results are passed on where they stand.
 *
 * Without `deployment` it is the version 1 API, where `model` is the name of a deployment. With it, it is the older one, whose
 * addresses have the deployment and a version.
 */
export type AzureUpstream = Common & {
  provider: "azure";
  /**
   * The address of the resource, `https://….openai.azure.com`, to which `/openai/v1/chat/completions` is appended, or
   * `/openai/deployments/…/chat/completions` if there is a `deployment`. Without one, an address with a path is taken as it is,
   * and `/chat/completions` appended to it.
   */
  baseUrl: string;
  /** Sent as `api-key`. Give this or `entraToken`. */
  apiKey?: Key;
  /** A token of Microsoft Entra, sent as `Authorization: Bearer …`. A function is asked for each request. */
  entraToken?: Key;
  /** The deployment that is asked; default: none is named in the address. */
  deployment?: string;
  /** Sent as `api-version`. A `deployment` needs one, such as `2024-10-21`; without, the default is to send none. */
  apiVersion?: string;
};

/**
 * Gemini's API (`streamGenerateContent`). Requests and answers are in OpenAI's terms as everywhere; what that means here:
 *
 * - What a tool gave is sent with the name of the function, which is looked up by `tool_call_id` among the calls before. One that
 *   is not there is a `ValidationError`. What is no JSON object is sent as `{ output: "…" }`.
 * - `reasoning_effort` is `thinkingBudget`: `none` 0, `minimal` and `low` 1024, `medium` 8192, `high`, `xhigh` and `max` 24 576.
 * - `response_format` becomes `responseMimeType` and `responseJsonSchema`.
 * - `thoughtSignature` comes as `extra_content.google.thought_signature` of a call or of the message. A message that is sent back
 *   as it came has them, and they go back. Thoughts come as `reasoning_content`, and do not go back.
 * - Calls without an id of Gemini's get one that begins with `call_`, which is not sent back.
 * - Pictures by address are `fileData`, with the type that the end of the address tells; data is `inlineData`. A picture in an
 *   answer is one of the message's `images`.
 * - A prompt that was blocked finishes with `content_filter`; `promptFeedback` says why.
 * - All messages of the system and the developer become `systemInstruction`; what one side says in a row becomes one turn;
 *   blank texts are left out; arguments of calls that are no JSON object are sent as `{ invalid_arguments: "…" }`.
 * - Left out are `parallel_tool_calls`, a tool's `strict`, `logit_bias`, `verbosity`, `store`, `metadata`, `service_tier`,
 *   `prediction`, `user`, a message's `name`, and `prompt_cache_…`.
 * - Token counts come with every answer, whether `stream_options` asks for them or not.
 * - A `ValidationError` are `n` above 1, `logprobs`, `modalities` with sound, custom tools, `allowed_tools`, and what `functions`
 *   was for.
 * - `generationConfig` in the request goes over what is translated. Any other member, and parts and tools of other types, are
 *   taken to be Gemini's own and sent as they are.
 */
export type GeminiUpstream = Common & {
  provider: "gemini";
  /** What `/models/…` is appended to, as given; default `https://generativelanguage.googleapis.com/v1beta`. */
  baseUrl?: string;
  /** Sent as `x-goog-api-key`, never in the address. */
  apiKey: Key;
};

/**
 * A Workers AI binding. There is no address, key or header; what the binding throws is an `ApiError` with status 502, and is
 * tried again.
 *
 * - Content is sent as a text: parts that are nothing but texts are joined, `null` is an empty one. Other parts go as they are.
 * - `max_completion_tokens` is sent as `max_tokens`. Without either, many models stop after 256 tokens.
 * - `stream_options` is left out; everything else is sent as it is.
 */
export type WorkersAIUpstream = Pick<Common, "model" | "defaults" | "override"> & {
  provider: "workers-ai";
  /** The binding, such as `env.AI`. */
  ai: { run(model: string, input: object): Promise<unknown> };
};

/** Where completions come from. */
export type Upstream = OpenAIUpstream | AzureUpstream | AnthropicUpstream | GeminiUpstream | WorkersAIUpstream;

/**
 * The key and the fetch of an upstream, and the rest of it.
 * @internal
 */
export interface Access {
  /** The key for the next request. */
  key(): Promise<string | undefined>;
  /** Sends a request. */
  ask(request: Request | undefined): Promise<Response>;
  /** Whether there is a key. */
  hasKey: boolean;
  /** What is left: plain data. */
  rest: object;
}

/**
 * Takes an upstream apart, and says what is wrong with its key or its fetch. `path` leads to it from what the developer
 * gave; `otherwise` says what to do where there is no key.
 * @internal
 */
export function access(upstream: Upstream, path = "", otherwise = ", or leave it out if the upstream needs none"): Access {
  if (typeof upstream !== "object" || upstream === null || Array.isArray(upstream)) {
    throw invalid(path, "wrong_type", "an upstream must be an object such as { baseUrl, apiKey, model }");
  }
  if (upstream.provider === "workers-ai") return binding(upstream, path);
  const { apiKey, fetch: fetcher, ...rest } = upstream as OpenAIUpstream & { entraToken?: Key };
  const { entraToken } = rest;
  if (apiKey === undefined && "apiKey" in upstream) throw unset(`${path}/apiKey`, otherwise);
  if (entraToken === undefined && "entraToken" in upstream) throw unset(`${path}/entraToken`, otherwise, "entraToken");
  const send = sending(fetcher, path);
  if (entraToken === undefined) {
    const key = asking(apiKey, path, otherwise);
    return { key, ask: (request) => send(request!), hasKey: apiKey !== undefined, rest: plain(rest, path) };
  }
  if (apiKey !== undefined) throw invalid(`${path}/entraToken`, "ambiguous", "there are `apiKey` and `entraToken`: give one of them");
  const key = asking(entraToken, path, otherwise, "entraToken");
  return { key, ask: (request) => send(request!), hasKey: true, rest: plain({ ...rest, entraToken: true }, path) };
}

/** What a binding gives, as a response: a body, or a whole answer. */
function binding(upstream: WorkersAIUpstream, path: string): Access {
  const { ai, ...rest } = upstream;
  if (typeof ai?.run !== "function") {
    throw invalid(`${path}/ai`, "wrong_type", "`ai` must be a Workers AI binding, such as env.AI: an object with a function `run`");
  }
  const ask = async (request: Request | undefined): Promise<Response> => {
    const [model, input] = (await request!.json()) as [string, object];
    let given: unknown;
    try {
      given = await ai.run(model, input);
    } catch (cause) {
      return new Response(cause instanceof Error ? cause.message : String(cause), { status: 502 });
    }
    if (isResponse(given)) return given;
    if (typeof (given as ReadableStream | null)?.getReader === "function") return new Response(given as ReadableStream<Uint8Array>);
    // Nothing of a whole answer is missing.
    return new Response(`${JSON.stringify(given)}\n[DONE]`);
  };
  return { key: async () => undefined, ask, hasKey: false, rest: plain(rest, path) };
}

/** Members as plain data: `undefined`, which JSON leaves out, as `null`, which tells of a variable that is not set. */
function plain(members: object, path: string): object {
  const named = Object.entries(members).map(([name, value]): [string, unknown] =>
    name === "headers" || name === "query" ? [name, pairs(value, `${path}/${name}`)] : [name, value ?? null],
  );
  return Object.fromEntries(named);
}

/** Names and values as a plain object, whether they are one or are iterated like `Headers` and `URLSearchParams`. */
function pairs(given: unknown, path: string): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given ?? null;
  if (!(Symbol.iterator in given)) return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value ?? null]));
  const found = new Map<string, unknown>();
  for (const pair of given as Iterable<unknown>) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw invalid(path, "wrong_type", `\`${path.slice(1).replace("/", ".")}\` must be an object of strings, or give names and values when it is iterated`);
    }
    const [name, value] = pair as [unknown, unknown];
    if (found.has(String(name))) throw invalid(`${path}/${String(name)}`, "duplicate", `\`${String(name)}\` is given more than once: give it once`);
    found.set(String(name), value ?? null);
  }
  return Object.fromEntries(found);
}

/** What reading gives. */
interface Read {
  done?: boolean | undefined;
  value?: unknown;
}

/**
 * What a body is read with, or an iterator that stands for one.
 * @internal
 */
export interface Pull {
  read(): Promise<Read>;
  cancel(reason?: unknown): Promise<unknown>;
}

/**
 * What reads a body. Its methods always give promises, and reading gives results: a body may be of another library, or a
 * double in a test, whose methods throw, give something else, or are not there.
 * @internal
 */
export function reading(body: ReadableStream<unknown>): Pull {
  let reader: Pull | undefined;
  try {
    reader = body.getReader();
  } catch (cause) {
    throw unreadable(`its getReader() threw: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  // The platform's own keep to this, and are read without a further promise.
  if (reader instanceof ReadableStreamDefaultReader) return reader;
  const read = async (): Promise<Read> => {
    if (typeof reader?.read !== "function") throw unreadable("its reader has no read()");
    const result: unknown = await reader.read();
    if (typeof result !== "object" || result === null) throw unreadable(`read() gave ${result === null ? "null" : typeof result}`);
    return result;
  };
  return lettingGo(read, (reason) => reader?.cancel?.(reason));
}

/**
 * The same, where whoever waits for a piece is let go when the rest is not wanted any more, whether `cancel` sees to that
 * or not.
 * @internal
 */
export function lettingGo(read: () => Promise<Read>, cancel: (reason: unknown) => unknown): Pull {
  let stop = (): void => {};
  return {
    read: () =>
      new Promise((resolve, reject) => {
        stop = () => resolve({ done: true });
        read().then(resolve, reject);
      }),
    cancel: async (reason) => {
      stop();
      return cancel(reason);
    },
  };
}

function unreadable(why: string): Error {
  return invalid("", "wrong_type", `the body is no ReadableStream: ${why}, where a reader's read() gives { done, value }`);
}
