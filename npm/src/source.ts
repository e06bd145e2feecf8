// Where an endpoint's answers come from: an upstream, or the developer's own code.

import { isRead, isResponse } from "./access.js";
import type { ChatChunk, ChatRequest } from "./chat.js";
import { invalid } from "./errors.js";
import type { Origin } from "./transfer.js";
import { lettingGo, type Pull, reading, type Upstream } from "./upstream.js";

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
 * Asks a function.
 * @internal
 */
export function given(source: Extract<Source, Function>, request: ChatRequest, turn: Omit<TurnInfo, "signal">): Origin {
  return {
    key: async () => undefined,
    ask: async (_, signal) => pull(await source(request, { ...turn, signal })),
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
