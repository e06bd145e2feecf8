// Where completions come from: the part of an upstream that is JavaScript, its key and its fetch.

import { asking, type Fetcher, type Key, sending } from "./access.js";
import type { ChatRequest } from "./chat.js";
import { invalid } from "./errors.js";

export type { Fetcher, Key } from "./access.js";

/** What all upstreams have in common. */
export interface Common {
  /** The model for requests that name none. */
  model?: string;
  /** Headers added to each request. */
  headers?: Record<string, string>;
  /** Query parameters added to each request. */
  query?: Record<string, string>;
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

/** Where completions come from. */
export type Upstream = OpenAIUpstream;

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
 * gave.
 * @internal
 */
export function access(upstream: Upstream, path = ""): Access {
  if (typeof upstream !== "object" || upstream === null || Array.isArray(upstream)) {
    throw invalid(path, "wrong_type", "an upstream must be an object such as { baseUrl, apiKey, model }");
  }
  const { apiKey, fetch: fetcher, ...rest } = upstream;
  const send = sending(fetcher, path);
  return { key: asking(apiKey, path), ask: (request) => send(request!), hasKey: apiKey !== undefined, rest };
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
