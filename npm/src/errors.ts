// The error classes. What is in them comes from the module as plain data.

import type { ChatPartial } from "./chat.js";
import { discard, type Exports } from "./instance.js";

/** One thing that is wrong with a value, and where in it. */
export interface Issue {
  /** RFC 6901 JSON pointer to the value; empty for the whole. */
  path: string;
  /** Stable name of the rule that was broken. */
  code: string;
  /** What is wrong and what to write instead. */
  message: string;
  /** Whether it would be refused, or accepted in silence and regretted. */
  severity: "error" | "warning";
  /** The member or value that was probably meant. */
  suggestion?: string;
}

/**
 * An error as the module gives it.
 * @internal
 */
export interface Failure {
  family?: string;
  code: string;
  message: string;
  issues?: Issue[];
  status?: number;
  serviceCode?: string;
  body?: string;
  requestId?: string;
  retryAfterMs?: number;
  phase?: DeadlineError["phase"];
  kind?: StreamError["kind"];
}

/** What all errors of this package are. No message, and no other member, ever holds a key or a token. */
export class LiveAvatarLlmError extends Error {
  static {
    this.prototype.name = "LiveAvatarLlmError";
  }
  /** Stable name of what went wrong. */
  readonly code: string;
  /** What had come of the answer, if anything had. */
  declare readonly partial?: ChatPartial;

  /** @internal */
  constructor(failure: Failure, options: { cause?: unknown; partial?: ChatPartial } = {}) {
    super(failure.message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = failure.code;
    if (options.partial) this.partial = options.partial;
  }
}

/**
 * A value that was given is not what it must be. It is thrown before anything is sent, unless the value is what a function of
 * yours gave, such as `apiKey` or `fetch`: then it is thrown when the function gave that.
 */
export class ValidationError extends LiveAvatarLlmError {
  static {
    this.prototype.name = "ValidationError";
  }
  /** Everything that was found wrong. */
  readonly issues: Issue[];

  /** @internal */
  constructor(failure: Failure) {
    super(failure);
    this.issues = failure.issues ?? [];
  }
}

/** The other side answered with a status that means no; or, from LiveAvatar, without what was asked for (`unreadable`). */
export class ApiError extends LiveAvatarLlmError {
  static {
    this.prototype.name = "ApiError";
  }
  /** The HTTP status. */
  readonly status: number;
  /** Its own code, as text. */
  declare readonly serviceCode?: string;
  /** The body as text, at most 64 KiB of it. */
  readonly body: string;
  /** Its id for the request. */
  declare readonly requestId?: string;
  /** How long it asks to wait, in milliseconds. */
  declare readonly retryAfterMs?: number;

  /** @internal */
  constructor(failure: Failure) {
    super(failure);
    this.status = failure.status ?? 0;
    this.body = failure.body ?? "";
    if (failure.serviceCode !== undefined) this.serviceCode = failure.serviceCode;
    if (failure.requestId !== undefined) this.requestId = failure.requestId;
    if (failure.retryAfterMs !== undefined) this.retryAfterMs = failure.retryAfterMs;
  }
}

/** There was no answer, or the connection broke; `cause` has the platform's reason. */
export class ConnectionError extends LiveAvatarLlmError {
  static {
    this.prototype.name = "ConnectionError";
  }
}

/** A deadline passed. */
export class DeadlineError extends LiveAvatarLlmError {
  static {
    this.prototype.name = "DeadlineError";
  }
  /** Which one: as in the `timeouts` option, `attempt` for `timeoutMs` of a call to LiveAvatar, or `prepare` for what an endpoint's `prepare` took. */
  readonly phase: "attempt" | "headers" | "firstToken" | "idle" | "total" | "prepare";

  /** @internal */
  constructor(failure: Failure, options?: { partial?: ChatPartial }) {
    super(failure, options);
    this.phase = failure.phase ?? "total";
  }
}

/** The answer came, but is not a whole, readable message. */
export class StreamError extends LiveAvatarLlmError {
  static {
    this.prototype.name = "StreamError";
  }
  /**
   * In which way:
   * - `truncated`: it broke off
   * - `empty`: it held no message
   * - `error`: it reported an error
   * - `malformed`: it could not be read
   * - `tooLarge`: one event of it was larger than 32 MiB
   * - `notJson`: it is whole, but not the JSON that was asked for; the message says where it ceases to be, or what cut it
   */
  readonly kind: "truncated" | "empty" | "error" | "malformed" | "tooLarge" | "notJson";
  /** The upstream's own code for the error it reported. */
  declare readonly serviceCode?: string;

  /** @internal */
  constructor(failure: Failure, options?: { partial?: ChatPartial }) {
    super(failure, options);
    this.kind = failure.kind ?? "malformed";
    if (failure.serviceCode !== undefined) this.serviceCode = failure.serviceCode;
  }
}

/**
 * The error class for what the module gives as plain data.
 * @internal
 */
export function toError(failure: Failure, options: { cause?: unknown; partial?: ChatPartial } = {}): LiveAvatarLlmError {
  switch (failure.family) {
    case "validation":
      return new ValidationError(failure);
    case "api":
      return new ApiError(failure);
    case "connection":
      return new ConnectionError(failure, options);
    case "deadline":
      return new DeadlineError(failure, options);
    case "stream":
      return new StreamError(failure, options);
    default:
      return new LiveAvatarLlmError(failure, options);
  }
}

/**
 * A validation error with one issue, for what has to be checked before the module is entered.
 * @internal
 */
export function invalid(path: string, code: string, message: string): ValidationError {
  return new ValidationError({ code, message, issues: [{ path, code, message, severity: "error" }] });
}

/**
 * What was thrown out of the module, as an error. After a trap, the next call gets a fresh instance.
 * @internal
 */
export function fromModule(thrown: unknown, exports: Exports, options?: { cause?: unknown }): unknown {
  if (thrown instanceof WebAssembly.RuntimeError) {
    discard(exports);
    return new LiveAvatarLlmError(
      { code: "internal", message: "a fault inside liveavatar-llm ended this call; further calls are not affected. Please report it." },
      { cause: thrown },
    );
  }
  const failure = thrown as Failure | null;
  return !(thrown instanceof Error) && typeof failure?.family === "string" ? toError(failure, options) : thrown;
}
