// Where completions come from: the part of an upstream that is JavaScript, its key and its fetch.

import type { ChatRequest } from "./chat.js";
import { invalid } from "./errors.js";

/** An API key, or a function that is asked for it before each request. */
export type Key = string | (() => string | Promise<string>);

/** What sends requests: a function like `fetch`, or an object that has one, such as a service binding. */
export type Fetcher =
  | ((request: Request) => Response | Promise<Response>)
  | { fetch(request: Request): Response | Promise<Response> };

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
  fetch(request: Request): Promise<Response>;
  /** Whether there is a key. */
  hasKey: boolean;
  /** What is left: plain data. */
  rest: object;
}

/**
 * Takes an upstream apart, and says what is wrong with its key or its fetch.
 * @internal
 */
export function access(upstream: Upstream): Access {
  if (typeof upstream !== "object" || upstream === null || Array.isArray(upstream)) {
    throw invalid("", "wrong_type", "an upstream must be an object such as { baseUrl, apiKey, model }");
  }
  const { apiKey, fetch: fetcher, ...rest } = upstream;
  if (apiKey !== undefined && typeof apiKey !== "string" && typeof apiKey !== "function") {
    throw invalid("/apiKey", "wrong_type", "`apiKey` must be a string, or a function that gives one");
  }
  if (apiKey === "") {
    throw invalid("/apiKey", "bad_key", "`apiKey` is empty: give the key, or leave it out if the upstream needs none");
  }
  return {
    key: async () => {
      if (typeof apiKey !== "function") return apiKey;
      const key: unknown = await apiKey();
      if (typeof key === "string") return key;
      throw invalid("/apiKey", "wrong_type", "the function given as `apiKey` gave no string");
    },
    fetch: send(fetcher),
    hasKey: apiKey !== undefined,
    rest,
  };
}

function send(fetcher: Fetcher | undefined): (request: Request) => Promise<Response> {
  if (fetcher === undefined) {
    return async (request) => {
      if (typeof globalThis.fetch !== "function") {
        throw invalid("/fetch", "missing", "this runtime has no global fetch: give one as `fetch`");
      }
      return globalThis.fetch(request);
    };
  }
  const call =
    typeof fetcher === "function"
      ? fetcher
      : typeof fetcher === "object" && fetcher !== null && typeof fetcher.fetch === "function"
        ? (request: Request) => fetcher.fetch(request)
        : undefined;
  if (!call) {
    throw invalid("/fetch", "wrong_type", "`fetch` must be a function like fetch, or an object that has one");
  }
  return async (request) => {
    const response: unknown = await call(request);
    if (!isResponse(response)) throw invalid("/fetch", "wrong_type", "the `fetch` that was given did not give a Response");
    if (isRead(response)) {
      throw invalid("/fetch", "already_read", "the `fetch` that was given gave a Response that is already being read: give a new one");
    }
    return response;
  };
}

/**
 * Whether somebody has the body of a response already.
 * @internal
 */
export function isRead({ bodyUsed, body }: Response): boolean {
  return bodyUsed || body?.locked === true;
}

/**
 * Whether a value can be used as a Response, whichever realm or library it is from.
 * @internal
 */
export function isResponse(value: unknown): value is Response {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers, body } = value as Response;
  const readable = body === null || body === undefined || typeof body.getReader === "function";
  return typeof status === "number" && typeof headers?.entries === "function" && readable;
}
