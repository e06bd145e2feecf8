// The chat client.

import { guardPage } from "./access.js";
import { checkedOptions, checkedSignal, json, jsonOfOptions } from "./arguments.js";
import type { ChatCompletion, ChatRequest } from "./chat.js";
import { fromModule } from "./errors.js";
import { type Exports, instance } from "./instance.js";
import { begin, type ChatStream, type ReadOptions, seed } from "./stream.js";
import { access, type Access, type Upstream } from "./upstream.js";

/** Deadlines in milliseconds; `Infinity` is none. */
export interface Timeouts {
  /** From an attempt's beginning, before its key is asked for, to its response headers; default 30 000. */
  headersMs?: number;
  /** From an attempt's beginning to the first piece of its message; default 60 000. */
  firstTokenMs?: number;
  /** The longest silence between two reads; default 30 000. */
  idleMs?: number;
  /** The whole call, retries and their waits included; default none. */
  totalMs?: number;
}

/** What may be set for one call. Of {@link ReadOptions}, over the client's. */
export interface CallOptions extends ReadOptions {
  /** Ends the call when it is aborted, with its reason. */
  signal?: AbortSignal;
  /** Deadlines of this call, over the client's. */
  timeouts?: Timeouts;
  /** How often a failed attempt is followed by another, over the client's. */
  maxRetries?: number;
}

/** What may be set for a client. */
export interface ClientOptions extends ReadOptions {
  /** Deadlines of each call. */
  timeouts?: Timeouts;
  /**
   * How often a failed attempt is followed by another; default 2. Tried again are lost connections, deadlines and the
   * statuses 408, 409, 429 and 5xx, but never once something of the answer was handed over. A wait that the upstream
   * asks for (`Retry-After`) is kept, up to a minute.
   */
  maxRetries?: number;
  /** Allows a key in a page, where whoever opens the page can read it; default false. */
  dangerouslyAllowBrowser?: boolean;
}

/**
 * Streams chat completions from an upstream.
 *
 * ```ts
 * const client = new ChatClient({ baseUrl: "https://api.example.com/v1", apiKey: () => env.KEY, model: "gpt-4o-mini" });
 * for await (const text of client.stream({ messages: [{ role: "user", content: "Hello" }] }).textStream()) show(text);
 * ```
 *
 * Its methods are bound: `const { stream } = client` works.
 */
export class ChatClient {
  readonly #access: Access;
  readonly #upstream: string;
  readonly #options: string;
  readonly #inPage: boolean;
  #machine: { exports: Exports; client: InstanceType<Exports["Client"]> } | undefined;

  /**
   * @throws ValidationError, with an issue for everything that is wrong in `upstream` or `options`
   */
  constructor(upstream: Upstream, options: ClientOptions = {}) {
    this.#access = access(upstream);
    const { dangerouslyAllowBrowser, ...policy } = checkedOptions(options);
    if (this.#access.hasKey) guardPage(dangerouslyAllowBrowser);
    this.#inPage = dangerouslyAllowBrowser === true;
    this.#upstream = json(this.#access.rest, "", "the upstream");
    this.#options = jsonOfOptions(policy);
    this.#client();
  }

  /**
   * Asks for an answer and streams it. The request goes out at once; what fails after that reaches whoever reads the
   * stream. `Parsed` is what its JSON is taken to be, if `response_format` asks for any; it is not checked.
   *
   * @throws ValidationError, with an issue for everything that is wrong in `request` or `options`; nothing was sent
   */
  stream = <Parsed = unknown, Asked extends ChatRequest = ChatRequest & { [member: string]: unknown }>(
    request: Asked,
    options: CallOptions = {},
  ): ChatStream<Parsed> => this.#begin(request, options, false);

  /**
   * Asks for an answer and gives it whole. It is streamed all the same: so the deadlines are about silence, not length,
   * and an error has what came before it as `partial`. Token counts are asked for unless `stream_options` says otherwise.
   *
   * ```ts
   * const response_format = { type: "json_schema" as const, json_schema: { name: "weather", schema, strict: true } };
   * const { choices } = await client.complete<Weather>({ messages, response_format });
   * show(choices[0]?.message.parsed?.degrees);
   * ```
   *
   * @throws like {@link ChatClient.stream} and {@link ChatStream.completion}, but as a rejection
   */
  complete = async <Parsed = unknown, Asked extends ChatRequest = ChatRequest & { [member: string]: unknown }>(
    request: Asked,
    options: CallOptions = {},
  ): Promise<ChatCompletion<Parsed>> => this.#begin(request, options, true).completion();

  #begin(request: ChatRequest, options: CallOptions, whole: boolean): ChatStream<any> {
    const { signal, ...policy } = checkedOptions(options);
    checkedSignal(signal);
    const asked = json(request, "", "the request");
    const changes = jsonOfOptions(policy);
    const { exports, client } = this.#client();
    try {
      const machine = client.stream(asked, changes, whole, seed(), performance.now(), Date.now() / 1000);
      return begin({ machine, exports, origin: this.#access, signal });
    } catch (thrown) {
      throw fromModule(thrown, exports);
    }
  }

  /** The module's side of this client, in the instance that is current. */
  #client() {
    const exports = instance();
    if (this.#machine?.exports !== exports) {
      try {
        this.#machine = { exports, client: new exports.Client(this.#upstream, this.#options, this.#inPage) };
      } catch (thrown) {
        throw fromModule(thrown, exports);
      }
    }
    return this.#machine;
  }
}
