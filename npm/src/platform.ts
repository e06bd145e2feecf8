// What the module cannot do by itself when it calls LiveAvatar: ask for the key, fetch, and wait.

import { DeadlineError, invalid, LiveAvatarLlmError, StreamError } from "./errors.js";
import type { Exports } from "./instance.js";
import { isBytes } from "./transfer.js";
import { reading } from "./upstream.js";

type Way = Parameters<Exports["perform"]>[4];

/** The longest that a timer can wait, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** The largest answer that is read, in bytes: far more than any that is known. */
const LARGEST = 8 << 20;

/**
 * What a call needs of the outside.
 * @internal
 */
export interface Outside {
  key(): Promise<string | undefined>;
  /** How long an attempt may take, the key included; without an end if undefined. */
  timeoutMs: number | undefined;
  fetch(request: Request): Promise<Response>;
  /** What has been learnt about names, in all calls of a client. */
  memory: { names: number };
}

/**
 * The module's way out, for one call.
 * @internal
 */
export class Platform implements Way {
  /** The platform's reason why the last attempt got no answer. */
  cause: unknown;
  readonly #outside: Outside;
  /** Rejects when the call is aborted, with the signal's reason. */
  readonly #aborted: Promise<never>;
  #unlisten = (): void => {};
  #attempt = new AbortController();
  /** When the attempt began with asking for the key. */
  #began: number | undefined;

  constructor(outside: Outside, signal?: AbortSignal) {
    this.#outside = outside;
    this.#aborted = new Promise((_, reject) => {
      if (!signal) return;
      const stop = (): void => {
        reject(signal.reason);
        this.#attempt.abort(signal.reason);
      };
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop);
      this.#unlisten = () => signal.removeEventListener("abort", stop);
    });
    this.#aborted.catch(() => {});
  }

  get names(): number {
    return this.#outside.memory.names;
  }

  set names(names: number) {
    this.#outside.memory.names = names;
  }

  /** Waits for what is nobody's deadline, unless the call is aborted. */
  unlessAborted<Value>(promise: Promise<Value>): Promise<Value> {
    return Promise.race([this.#aborted, promise]);
  }

  async key(ask = this.#outside.key): Promise<string> {
    this.#began = performance.now();
    const { timeoutMs } = this.#outside;
    const message = `the function given as \`apiKey\` gave none within ${timeoutMs} ms: raise \`timeoutMs\` if it needs longer`;
    const late = (): never => {
      throw new DeadlineError({ code: "deadline_attempt", message, phase: "attempt" });
    };
    return (await this.#within(timeoutMs, ask(), late)) ?? "";
  }

  signal(): AbortSignal {
    this.#attempt = new AbortController();
    return this.#attempt.signal;
  }

  fetch(request: Request, timeoutMs: number | undefined): Promise<Response | string> {
    const attempt = this.#attempt;
    const left = timeoutMs === undefined ? undefined : timeoutMs - (this.#began === undefined ? 0 : performance.now() - this.#began);
    this.#began = undefined;
    return this.#within(left, this.#answer(request, attempt.signal), () => {
      attempt.abort();
      return "late";
    });
  }

  sleep(ms: number): Promise<void> {
    return this.#within(ms, new Promise(() => {}), () => {});
  }

  /** The call is over: lets go of its signal. */
  end(): void {
    this.#unlisten();
  }

  /** What a promise gives; what `late` gives, once so long has passed. */
  async #within<Value, Late>(ms: number | undefined, promise: Promise<Value>, late: () => Late): Promise<Value | Late> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const passed = new Promise<Late>((resolve, reject) => {
      if (ms === undefined) return;
      const pass = async (): Promise<Late> => late();
      timer = setTimeout(() => void pass().then(resolve, reject), Math.min(Math.max(ms, 0), LONGEST_MS));
    });
    try {
      return await this.unlessAborted(Promise.race([promise, passed]));
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(request: Request, signal: AbortSignal): Promise<Response | string> {
    try {
      const response = await this.#outside.fetch(request);
      if (!signal.aborted) return await whole(response, signal);
      await response.body?.cancel();
      return "";
    } catch (thrown) {
      if (thrown instanceof LiveAvatarLlmError) throw thrown;
      this.cause = thrown;
      return code(thrown);
    }
  }
}

/** The platform's code for why something failed: Node has it in the cause, Bun in the error. */
function code(thrown: unknown): string {
  const error = thrown as { code?: unknown; cause?: { code?: unknown } } | null | undefined;
  const found = error?.cause?.code ?? error?.code;
  return typeof found === "string" ? found : "";
}

/** The same response, as one of the platform's own with all of its body there. */
async function whole(response: Response, signal: AbortSignal): Promise<Response> {
  const { status, headers, body } = response;
  let text = "";
  if (body) {
    const reader = reading(body);
    const stop = (): void => void reader.cancel().catch(() => {});
    signal.addEventListener("abort", stop);
    const decoder = new TextDecoder();
    for (let size = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!isBytes(value)) throw unreadable("its body gave something that is no Uint8Array");
      size += value.byteLength;
      if (size > LARGEST) {
        stop();
        throw new StreamError({ code: "stream_too_large", message: "LiveAvatar's answer is larger than 8 MiB", kind: "tooLarge" });
      }
      text += decoder.decode(value, { stream: true });
    }
    text += decoder.decode();
  }
  // What a redirect that is not followed looks like in a page cannot be made in another way.
  if (status === 0) return Response.error();
  const isEmpty = status === 204 || status === 205 || status === 304;
  try {
    return new Response(isEmpty ? null : text, { status, headers: [...headers.entries()] });
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : String(cause));
  }
}

/** The error for an answer that has come, and is none that a platform's own fetch gives. */
function unreadable(why: string): Error {
  return invalid("/fetch", "wrong_type", `the \`fetch\` that was given gave a Response that cannot be read: ${why}`);
}
