// One streamed answer, as its reader sees it.

import { isRead, isResponse } from "./access.js";
import { Answer, type StreamMachine } from "./answer.js";
import { checkedOptions } from "./arguments.js";
import type { ChatChunk, ChatCompletion, ChatUsage } from "./chat.js";
import { fromModule, invalid, LiveAvatarLlmError } from "./errors.js";
import { instance } from "./instance.js";
import { Pieces } from "./pieces.js";
import type { StreamResponse, Task } from "./transfer.js";
import type { Upstream } from "./upstream.js";

export type { StreamResponse } from "./transfer.js";

/** Times in milliseconds since the request went out, and counts; what has not happened yet is missing. */
export interface StreamMetrics {
  /** Until the response headers. */
  headersMs?: number;
  /** Until the first byte of the body. */
  firstByteMs?: number;
  /** Until the first piece of the message. */
  firstTokenMs?: number;
  /** Until the end, however it came. */
  totalMs?: number;
  /** Events with something of the answer in them. */
  chunks: number;
  /** Bytes of the body. */
  bytes: number;
  /** Tokens used, if the upstream told. */
  usage?: Partial<Pick<ChatUsage, "prompt_tokens" | "completion_tokens" | "total_tokens">>;
}

let make: (transfer: Answer) => ChatStream;

/**
 * Begins to drive a machine.
 * @internal
 */
export function begin(task: Task<StreamMachine>, response?: Response): ChatStream {
  return make(new Answer(task).start(response));
}

/**
 * Any 32 bits.
 * @internal
 */
export function seed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

/**
 * One streamed answer.
 *
 * Read it in one way: iterate over its chunks or its text, or take it as bytes. {@link ChatStream.completion} goes with
 * each of them. Leaving a loop, {@link ChatStream.abort} and the call's signal all stop the network read. What fails is
 * thrown where it is read: an `ApiError`, `ConnectionError`, `DeadlineError` or `StreamError`; after output it has the
 * `partial` completion. An abort throws the signal's own reason.
 *
 * All methods are bound.
 */
export class ChatStream implements AsyncIterable<ChatChunk> {
  static {
    make = (transfer) => new ChatStream(transfer);
  }

  readonly #transfer: Answer;
  #form: string | undefined;
  #isIterating = false;
  #completion: Promise<ChatCompletion> | undefined;

  private constructor(transfer: Answer) {
    this.#transfer = transfer;
  }

  /**
   * Reads an answer that was fetched elsewhere.
   *
   * @throws ValidationError if it is no Response, or its body is already being read
   */
  static fromResponse(response: Response, options: { provider?: Upstream["provider"] } = {}): ChatStream {
    if (!isResponse(response)) throw invalid("", "wrong_type", "`fromResponse` takes a Response, such as fetch gives");
    if (isRead(response)) {
      throw invalid("", "already_read", "the response's body is already being read: give it, or a clone of it, before that");
    }
    const { provider = "openai" } = checkedOptions(options);
    if (typeof provider !== "string") throw invalid("/provider", "wrong_type", "`provider` must be a string such as \"openai\"");
    const exports = instance();
    try {
      const machine = exports.Stream.answered(provider, seed(), performance.now(), Date.now() / 1000);
      return begin({ machine, exports }, response);
    } catch (thrown) {
      throw fromModule(thrown, exports);
    }
  }

  /** Resolves with status and headers of the response, once there is one; rejects like the stream if there is none. */
  get response(): Promise<StreamResponse> {
    return this.#transfer.response;
  }

  /** Times and counts so far. */
  get metrics(): StreamMetrics {
    return (this.#transfer.metrics() ?? { chunks: 0, bytes: 0 }) as StreamMetrics;
  }

  /** OpenAI-shaped chunks, with members that are unknown here. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ChatChunk> {
    const transfer = this.#claim("Chunks");
    return new Pieces(transfer, () => JSON.parse(transfer.take() || "[]") as ChatChunk[], this.#begin);
  }

  /** The words of choice 0, one string for each network read that brought some. */
  textStream = (): AsyncIterableIterator<string> => {
    const transfer = this.#claim("Text");
    const take = (): string[] => {
      const text = transfer.take();
      return text === "" ? [] : [text];
    };
    return new Pieces(transfer, take, this.#begin);
  };

  /** The answer as an event stream of strict chunks: read on demand, cancelled with the stream. */
  toReadableStream = (): ReadableStream<Uint8Array> => {
    const transfer = this.#claim("Events");
    const take = (): Uint8Array[] => {
      const bytes = transfer.takeBytes();
      return bytes.length === 0 ? [] : [bytes];
    };
    const pieces = new Pieces(transfer, take, this.#begin);
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await pieces.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => this.abort(reason),
      },
      { highWaterMark: 0 },
    );
  };

  /** The answer as the response of an endpoint: {@link ChatStream.toReadableStream} with the headers that go with it. */
  toResponse = (init: ResponseInit = {}): Response => {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "text/event-stream; charset=utf-8");
    if (!headers.has("cache-control")) headers.set("cache-control", "no-cache, no-transform");
    return new Response(this.toReadableStream(), { ...init, headers });
  };

  /**
   * The whole answer. While nobody iterates, this reads it; else it resolves when whoever iterates has come to the end.
   * Ask for an iterator before, or in the same turn of the event loop; it gives everything, whenever it begins.
   */
  completion = (): Promise<ChatCompletion> => {
    this.#completion ??= this.#whole();
    return this.#completion;
  };

  /** Ends the stream: its readers get `reason`, by default an `AbortError`. */
  abort = (reason?: unknown): void => {
    this.#transfer.stop(reason === undefined ? new DOMException("The answer was aborted.", "AbortError") : reason);
  };

  #begin = (): void => {
    this.#isIterating = true;
  };

  #claim(form: "Text" | "Chunks" | "Events"): Answer {
    if (this.#form !== undefined) {
      const first = this.#form === "Whole" ? "completion() is reading it" : `it is being read as ${this.#form.toLowerCase()}`;
      throw new LiveAvatarLlmError({
        code: "already_read",
        message: `an answer can be read in one way only, and ${first}: ask for an iterator once, and before completion() has begun`,
      });
    }
    this.#form = form;
    this.#transfer.readAs(form);
    return this.#transfer;
  }

  async #whole(): Promise<ChatCompletion> {
    const transfer = this.#transfer;
    // Whoever asks for an iterator in this turn comes first.
    await Promise.resolve();
    if (!this.#isIterating) {
      this.#form ??= "Whole";
      while (!transfer.over && !this.#isIterating) {
        await (transfer.reader ? transfer.drain(transfer.reader) : transfer.settled());
      }
    }
    await transfer.ended;
    const { over } = transfer;
    if (over && "error" in over) throw over.error;
    return transfer.completion()!;
  }
}
