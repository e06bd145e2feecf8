// One streamed answer, as its reader sees it.

import { isRead, isResponse } from "./access.js";
import { Answer, type Form, type StreamMachine } from "./answer.js";
import { checkedOptions, jsonOfOptions } from "./arguments.js";
import type { ChatChunk, ChatCompletion, ChatUsage } from "./chat.js";
import { fromModule, invalid, LiveAvatarLlmError } from "./errors.js";
import type { ChatCallSoFar, DeepPartial } from "./growing.js";
import { instance } from "./instance.js";
import { Pieces } from "./pieces.js";
import type { StreamResponse, Task } from "./transfer.js";
import { checkedSpeech, type SpeechOptions } from "./speech.js";
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
  /** Until the first sentence was whole, with {@link ChatStream.sentences}. */
  firstSentenceMs?: number;
  /** Until the end, however it came. */
  totalMs?: number;
  /** Events with something of the answer in them. */
  chunks: number;
  /** Bytes of the body. */
  bytes: number;
  /** Tokens used, if the upstream told. */
  usage?: Partial<Pick<ChatUsage, "prompt_tokens" | "completion_tokens" | "total_tokens">>;
}

/** How an answer is read, beyond gathering it. */
export interface ReadOptions {
  /**
   * Takes the thoughts that a model writes into its message out of the content, and gives them as `reasoning_content`, in
   * every form in which the answer is read; default false.
   *
   * - `true`: what stands between `<think>` and `</think>` where the message begins with that, white space aside. The same
   *   words further on are the answer's own and stay.
   * - `"open"`: the message begins with thoughts and has `</think>` alone, as where a chat template ends the prompt with
   *   `<think>`. If that never comes, all of it is thoughts.
   *
   * White space right behind either tag is dropped. Where the upstream tells its reasoning apart, nothing is taken out.
   */
  thinkTags?: boolean | "open";
  /**
   * Whether the answer is JSON and is parsed: each message's content to `parsed`, the arguments of each call of a function
   * to `parsed_arguments`. Default: content if the request has a `response_format` of type `json_object` or `json_schema`,
   * arguments if it has `tools`. `true` asks for both, `false` for neither.
   *
   * Content that is no JSON is a `StreamError` of kind `notJson`, from {@link ChatStream.completion} and
   * {@link ChatStream.jsonStream}; a message that refuses, calls functions or is spoken need not have any, and has `null`
   * in `parsed`. A code fence around the value is passed over. Arguments that are no JSON are `null`, and none at all are
   * `{}`: the model wrote them, so they are the caller's to check, and no reason to lose the rest.
   */
  json?: boolean;
}

let make: (transfer: Answer) => ChatStream<any>;

/**
 * Begins to drive a machine.
 * @internal
 */
export function begin(task: Task<StreamMachine>, response?: Response): ChatStream<any> {
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
 * `Parsed` is what the JSON of the answer is taken to be, if it is any; it is not checked.
 *
 * All methods are bound.
 */
export class ChatStream<Parsed = unknown> implements AsyncIterable<ChatChunk> {
  static {
    make = (transfer) => new ChatStream(transfer);
  }

  readonly #transfer: Answer;
  #form: string | undefined;
  #isIterating = false;
  #completion: Promise<ChatCompletion<Parsed>> | undefined;

  private constructor(transfer: Answer) {
    this.#transfer = transfer;
  }

  /**
   * Reads an answer that was fetched elsewhere. `provider` is the dialect that it is in, default `"openai"`. What was asked
   * for is not known here: nothing is parsed unless `json` is true.
   *
   * @throws ValidationError if it is no Response, its body is already being read, or with an issue for what is wrong in
   *   `options`
   */
  static fromResponse<Parsed = unknown>(
    response: Response,
    options: ReadOptions & { provider?: Upstream["provider"] } = {},
  ): ChatStream<Parsed> {
    if (!isResponse(response)) throw invalid("", "wrong_type", "`fromResponse` takes a Response, such as fetch gives");
    if (isRead(response)) {
      throw invalid("", "already_read", "the response's body is already being read: give it, or a clone of it, before that");
    }
    const { provider = "openai", ...rest } = checkedOptions(options);
    if (typeof provider !== "string") throw invalid("/provider", "wrong_type", "`provider` must be a string such as \"openai\"");
    const shape = jsonOfOptions(rest);
    const exports = instance();
    try {
      const machine = exports.Stream.answered(provider, shape, seed(), performance.now(), Date.now() / 1000);
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

  /**
   * What can be said of choice 0, sentence by sentence, each as soon as it is whole: without thinking, markup, emoji and
   * addresses. A sentence of more than 300 characters is cut at a comma or space. `false` shapes nothing.
   *
   * @throws ValidationError, with an issue for everything that is wrong in the options
   */
  sentences = (options: SpeechOptions | false = {}): AsyncIterableIterator<string> => {
    const transfer = this.#claim("Sentences", checkedSpeech(options));
    return new Pieces(transfer, () => JSON.parse(transfer.take() || "[]") as string[], this.#begin);
  };

  /**
   * The content of choice 0 as JSON while it is being written: the value so far, once for each network read that has
   * changed it. What is told stays and only grows, so each value is the beginning of the next: strings as far as they have
   * come, arrays and objects with what is in them so far; a number or `true` once it is whole, a member once its value has
   * begun. The last value is the whole one. Each is made anew: it may be kept and changed.
   *
   * Where the content turns out to be no JSON, this ends with a `StreamError` of kind `notJson`. A refusal gives no value.
   * Content is parsed for {@link ChatStream.completion} as well, whatever was asked for.
   */
  jsonStream = <Value = Parsed>(): AsyncIterableIterator<DeepPartial<Value>> => {
    const transfer = this.#claim("Json");
    return new Pieces<DeepPartial<Value>>(transfer, () => parsed(transfer.take()), this.#begin, () => transfer.noJson());
  };

  /**
   * The calls of functions of choice 0 while they are being written: all of them so far, once for each network read that
   * has changed one. `value` is what {@link ChatStream.jsonStream} would give of the arguments, missing until there is any;
   * with `done` they are all there. Arguments that are no JSON have the value up to where they ceased to be.
   */
  toolStream = (): AsyncIterableIterator<ChatCallSoFar[]> => {
    const transfer = this.#claim("Calls");
    return new Pieces<ChatCallSoFar[]>(transfer, () => parsed(transfer.take()), this.#begin);
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
   *
   * @throws what the stream throws; also a `StreamError` of kind `notJson` if it had to be JSON, see {@link ReadOptions.json}
   */
  completion = (): Promise<ChatCompletion<Parsed>> => {
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

  #claim(form: Form, options = "{}"): Answer {
    if (this.#form !== undefined) {
      const first = this.#form === "Whole" ? "completion() is reading it" : `it is being read as ${this.#form.toLowerCase()}`;
      throw new LiveAvatarLlmError({
        code: "already_read",
        message: `an answer can be read in one way only, and ${first}: ask for an iterator once, and before completion() has begun`,
      });
    }
    this.#form = form;
    this.#transfer.readAs(form, options);
    return this.#transfer;
  }

  async #whole(): Promise<ChatCompletion<Parsed>> {
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
    const noJson = transfer.noJson();
    if (noJson) throw noJson;
    return transfer.completion() as ChatCompletion<Parsed>;
  }
}

/** The one value of a form that is JSON, if there is any. */
function parsed<Value>(json: string): Value[] {
  return json === "" ? [] : [JSON.parse(json) as Value];
}
