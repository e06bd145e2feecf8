// Where an endpoint's answers come from: an upstream, or the developer's own code.

import { isRead, isResponse } from "./access.js";
import type { ChatChunk, ChatRequest } from "./chat.js";
import { invalid } from "./errors.js";
import type { Origin } from "./transfer.js";
import { access, type Access, lettingGo, type Pull, reading, type Upstream } from "./upstream.js";

/** One turn of the caller, as the developer's own code sees it. */
export interface TurnInfo {
  /** The id of the answer. */
  id: string;
  /**
   * The same for all requests about one utterance in one room. The caller asks before the user has finished and asks
   * again when there is more, so what must happen once per utterance can be told by this.
   */
  utteranceId: string;
  /** The caller's id for the room, the same throughout a session; missing if the caller sends none. */
  roomId?: string;
  /** The caller's id for its job, if it sends one. */
  jobId?: string;
  /** The caller's id for its agent, if it sends one. */
  agentId?: string;
  /**
   * The parts of the address before `/v1` or `/chat/completions`: with `https://example.com/sessions/7/v1` registered as
   * `base_url` they are `["sessions", "7"]`.
   */
  path: string[];
  /** What the user has just said: the words of all user messages at the end of the conversation. */
  text: string;
  /** Aborted when the answer is not wanted any more: the caller hung up, or a deadline passed. */
  signal: AbortSignal;
  /** The caller's request; its body has been read. */
  request: Request;
  /** The worker's bindings, or whatever was given to `fetch` as its second argument. */
  env: unknown;
  /** Keeps a worker alive until the promise settles, also after the caller has hung up. */
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * What the developer's own code may answer with: words, as a whole or in pieces; chunks as OpenAI's API has them; or a
 * response or body that streams such chunks.
 */
export type Sourced =
  | string
  | Response
  | ReadableStream<Uint8Array>
  | Iterable<string | ChatChunk>
  | AsyncIterable<string | ChatChunk>;

/** Where answers come from: an upstream, or a function that is asked each time. */
export type Source = Upstream | ((request: ChatRequest, turn: TurnInfo) => Sourced | Promise<Sourced>);

/**
 * A source, taken apart.
 * @internal
 */
export type Settled = Access | Extract<Source, Function>;

/**
 * The sources for one model, or for all.
 * @internal
 */
export interface Route {
  model?: string;
  isList: boolean;
  sources: Settled[];
}

/**
 * Takes the sources of an endpoint apart, and says what is wrong with those that are none. `isMember` tells the names that
 * an upstream's members have.
 * @internal
 */
export function routes(source: unknown, isMember: (name: string) => boolean): Route[] {
  if (source === undefined || source === null) {
    throw invalid("/source", "missing", "`source` is missing: give an upstream such as { baseUrl, apiKey, model }, or a function");
  }
  if (typeof source !== "object" || Array.isArray(source)) return [route(source, "/source")];
  const entries = Object.entries(source);
  const isSource = (value: unknown): boolean => typeof value === "function" || (typeof value === "object" && value !== null);
  const isRecord = entries.length > 0 && entries.every(([name, value]) => !isMember(name) && isSource(value));
  if (!isRecord) return [route(source, "/source")];
  return entries.map(([model, value]) => ({ model, ...route(value, `/source/${model}`) }));
}

function route(source: unknown, path: string): Route {
  if (!Array.isArray(source)) return { isList: false, sources: [settled(source, path)] };
  if (source.length === 0) throw invalid(path, "missing", "the list of sources is empty: give one at least");
  return { isList: true, sources: source.map((one, index) => settled(one, `${path}/${index}`)) };
}

function settled(source: unknown, path: string): Settled {
  return typeof source === "function" ? (source as Extract<Source, Function>) : access(source as Upstream, path);
}

/**
 * Where the answers of one turn come from: of all the sources, that which the machine is asking.
 * @internal
 */
export function origin(
  machine: { source(): number; request(): string },
  sources: Settled[],
  turn: Omit<TurnInfo, "signal">,
): Origin {
  const current = (): Settled => sources[machine.source()]!;
  return {
    key: async () => {
      const source = current();
      return typeof source === "function" ? undefined : source.key();
    },
    ask: async (request, signal) => {
      const source = current();
      if (typeof source !== "function") return source.ask(request);
      return pull(await source(JSON.parse(machine.request()) as ChatRequest, { ...turn, signal }));
    },
  };
}

function pull(sourced: unknown): Response | Pull {
  if (typeof sourced === "string") return iterate([sourced][Symbol.iterator]());
  if (typeof sourced === "object" && sourced !== null) {
    if (isResponse(sourced)) {
      if (isRead(sourced)) throw alreadyRead("Response");
      return sourced;
    }
    const { getReader, locked } = sourced as ReadableStream<unknown>;
    if (typeof getReader === "function") {
      if (locked) throw alreadyRead("ReadableStream");
      return reading(sourced as ReadableStream<unknown>);
    }
    const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = sourced as AsyncIterable<unknown> & Iterable<unknown>;
    if (typeof asynchronous === "function") return iterate(asynchronous.call(sourced));
    if (typeof synchronous === "function") return iterate(synchronous.call(sourced));
  }
  const found = sourced === null ? "null" : typeof sourced;
  throw invalid("/source", "wrong_type", `the source gave ${found}: give a text, a Response, a stream, or an iterable of texts or chunks`);
}

function alreadyRead(what: string): Error {
  return invalid("/source", "already_read", `the source gave a ${what} that is already being read: give a new one`);
}

function iterate(iterator: AsyncIterator<unknown> | Iterator<unknown>): Pull {
  const next = async (): Promise<{ done?: boolean | undefined; value?: unknown }> => {
    const { done, value } = await iterator.next();
    return { done, value };
  };
  return lettingGo(next, (reason) => iterator.return?.(reason));
}
