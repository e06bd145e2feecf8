// Drives the machine of one answer: fetches, reads, waits and stops, and knows nothing of what is read.

import type { ChatCompletion } from "./chat.js";
import { type Failure, fromModule, invalid, LiveAvatarLlmError, toError, ValidationError } from "./errors.js";
import type { Exports } from "./instance.js";
import type { Access } from "./upstream.js";

/**
 * Set in what {@link Transfer.receive} gives: there is output to take.
 * @internal
 */
export const HAS_OUTPUT = 1;
/** Set in what {@link Transfer.receive} gives: read no further, see {@link Transfer.settled}. */
const STOP_READING = 2;
/** Set in what the machine gives: its deadline is earlier than it was. */
const EARLIER_DEADLINE = 4;

const NOTHING = new Uint8Array();
const END = { done: true, value: undefined } as const;

/** How long the end of a body is waited for, once all of its answer has come, so that its connection can be used again. */
const TAIL_MS = 1000;

/** What is known of a response before its body. */
export interface StreamResponse {
  status: number;
  headers: Headers;
  /** The upstream's id for the request. */
  requestId?: string;
}

/**
 * The machine of one answer.
 * @internal
 */
export type Machine = ReturnType<InstanceType<Exports["Client"]>["stream"]>;

/**
 * What a transfer needs.
 * @internal
 */
export interface Task {
  machine: Machine;
  exports: Exports;
  /** Where requests go; a transfer that begins with a response needs none. */
  access?: Access;
  response?: Response;
  signal?: AbortSignal | undefined;
}

/**
 * One answer on its way. Whoever reads it calls {@link Transfer.receive} with what {@link Transfer.reader} gives, after
 * {@link Transfer.listen}; where there is no reader it is being opened or is over, and {@link Transfer.settled} says.
 * @internal
 */
export class Transfer {
  /** Reads the body, while there is an answer to be read. */
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** A read that {@link Transfer.drain} is waiting for: whoever begins to iterate has to wait for it too. */
  reading: Promise<number> | undefined;
  /** How it ended, once it has. */
  over: { error?: unknown } | undefined;
  /** Resolves when it is over. */
  readonly ended: Promise<void>;
  /** Resolves with the last attempt's response. */
  readonly response: Promise<StreamResponse>;

  readonly #exports: Exports;
  readonly #access: Access | undefined;
  readonly #signal: AbortSignal | undefined;
  #machine: Machine | undefined;
  #attempt: AbortController | undefined;
  #opening: Promise<void>;
  /** Reads the body of a refusal. */
  #refusal: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake = (): void => {};
  #end!: () => void;
  #answer!: (response: StreamResponse) => void;
  #refuse!: (reason: unknown) => void;
  #lastResponse: StreamResponse | undefined;
  /** The platform's reason for the last failure. */
  #cause: unknown;
  #isWaiting = false;
  #waitingSince = 0;
  /** Nobody was waiting when a deadline passed, so that there is none until somebody is. */
  #isResting = false;
  /** What the machine had to say when it was freed. */
  #last: { output: string; bytes: Uint8Array; completion: string | undefined; metrics: unknown } | undefined;
  #isBytes = false;

  constructor({ machine, exports, access, response, signal }: Task) {
    this.#machine = machine;
    this.#exports = exports;
    this.#access = access;
    this.#signal = signal;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.response = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#refuse = reject;
    });
    this.response.catch(() => {});
    if (signal?.aborted) this.stop(signal.reason);
    else signal?.addEventListener("abort", this.#aborted);
    if (response) this.#accept(response);
    this.#opening = this.#open();
  }

  /** Waits until there is a body to read, or it is over. */
  async settled(): Promise<void> {
    // Its end need not be waited for where someone's function, such as the one that gives the key, does not return.
    await Promise.race([this.#opening, this.ended]);
    if (this.over || this.reader) return;
    // An attempt failed while its body was read.
    this.#opening = this.#open();
    return this.#opening;
  }

  /** To be called before each read. */
  listen(): void {
    this.#isWaiting = true;
    this.#waitingSince = performance.now();
    if (!this.#isResting) return;
    this.#isResting = false;
    this.#step((machine) => machine.tick(this.#waitingSince, this.#waitingSince));
    this.#arm();
  }

  /** Reads once, for nobody who iterates. */
  async drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    this.listen();
    this.reading = reader.read().then(
      (result) => this.receive(result),
      (cause) => this.broke(cause),
    );
    await this.reading;
    this.reading = undefined;
  }

  /** Takes what the reader gave. Gives a sum of HAS_OUTPUT and STOP_READING. */
  receive({ done, value }: ReadableStreamReadResult<Uint8Array>): number {
    this.#isWaiting = false;
    const machine = this.#machine;
    if (!machine) return STOP_READING;
    if (done) return this.#step(() => machine.end(performance.now()));
    if (!ArrayBuffer.isView(value) || value.BYTES_PER_ELEMENT !== 1) {
      this.#finish({ error: invalid("", "wrong_type", "the response's body gave something that is no Uint8Array") });
      return STOP_READING;
    }
    try {
      const flags = machine.push(value, performance.now());
      return flags < STOP_READING ? flags : this.#note(flags);
    } catch (thrown) {
      return this.#trapped(thrown);
    }
  }

  /** Takes what the reader threw. Gives the same as {@link Transfer.receive}. */
  broke(cause: unknown): number {
    this.#isWaiting = false;
    this.#cause = cause;
    return this.#step((machine) => machine.lose(performance.now()));
  }

  /** Sets the form of the output. */
  readAs(form: "Text" | "Chunks" | "Events"): void {
    this.#isBytes = form === "Events";
    this.#ask((machine) => machine[`read${form}`]());
  }

  /** Takes the output that has come, in a form of text. */
  take(): string {
    if (this.#machine) return this.#ask((machine) => machine.take()) ?? "";
    const output = this.#last?.output ?? "";
    if (this.#last) this.#last.output = "";
    return output;
  }

  /** Takes the output that has come, in a form of bytes. */
  takeBytes(): Uint8Array {
    if (this.#machine) return this.#ask((machine) => machine.takeBytes()) ?? NOTHING;
    const bytes = this.#last?.bytes ?? NOTHING;
    if (this.#last) this.#last.bytes = NOTHING;
    return bytes;
  }

  /** The answer so far, if there is any. */
  completion(): ChatCompletion | undefined {
    const json = this.#ask((machine) => machine.completion()) ?? this.#last?.completion;
    return json === undefined ? undefined : (JSON.parse(json) as ChatCompletion);
  }

  /** Times and counts so far. */
  metrics(): unknown {
    return this.#ask((machine) => machine.metrics()) ?? this.#last?.metrics;
  }

  /** Ends it for a reason of the caller's, which is what readers then get. */
  stop(reason: unknown): void {
    this.#finish({ error: reason });
  }

  #aborted = (): void => this.stop(this.#signal?.reason);

  async #open(): Promise<void> {
    try {
      for (let machine = this.#machine; machine && !this.over; machine = this.#machine) {
        switch (machine.next()) {
          case "send":
            await this.#send(machine);
            break;
          case "wait":
            this.#arm();
            await new Promise<void>((resolve) => (this.#wake = resolve));
            break;
          case "read":
            if (this.reader) return;
            this.receive(END);
            break;
          case "readRefusal":
            if (this.#refusal) await this.drain(this.#refusal);
            else this.receive(END);
            break;
          default:
            this.#conclude();
        }
      }
    } catch (thrown) {
      this.#finish({ error: fromModule(thrown, this.#exports) });
    }
  }

  async #send(machine: Machine): Promise<void> {
    const access = this.#access;
    this.#cause = this.#lastResponse = undefined;
    this.#arm();
    const key = await access?.key();
    if (this.over || !access) return;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const request = machine.send(key, attempt.signal, performance.now());
    this.#arm();
    const fetched = access.fetch(request);
    // A fetch that does not heed its signal must not be waited for, nor its late response be left open.
    const stopped = new Promise<never>((_, reject) => attempt.signal.addEventListener("abort", reject));
    let response: Response | undefined;
    try {
      response = await Promise.race([fetched, stopped]);
    } catch (cause) {
      if (!attempt.signal.aborted) {
        if (cause instanceof ValidationError) throw cause;
        this.#cause = cause;
        machine.lose(performance.now());
      }
    }
    if (attempt.signal.aborted) fetched.then((late) => late.body?.cancel()).catch(() => {});
    else if (response) this.#accept(response);
  }

  #accept(response: Response): void {
    const machine = this.#machine;
    if (!machine) return;
    const { status, headers, body } = response;
    machine.respond(status, [...headers.entries()].flat().map(String), performance.now());
    const requestId = machine.requestId();
    this.#lastResponse = { status, headers, ...(requestId === undefined ? {} : { requestId }) };
    const reader = body?.getReader();
    if (machine.next() === "read") {
      this.reader = reader;
      this.#answer(this.#lastResponse);
    } else {
      this.#refusal = reader;
    }
    this.#arm();
  }

  /** Asks the machine, if there still is one. A fault in it ends the call. */
  #ask<Answer>(ask: (machine: Machine) => Answer): Answer | undefined {
    if (!this.#machine) return undefined;
    try {
      return ask(this.#machine);
    } catch (thrown) {
      this.#trapped(thrown);
      return undefined;
    }
  }

  #step(act: (machine: Machine) => number): number {
    const flags = this.#ask(act);
    return flags === undefined ? STOP_READING : this.#note(flags);
  }

  /** Does what the machine's answer asks for. */
  #note(flags: number): number {
    if (flags & EARLIER_DEADLINE) this.#arm();
    if (flags & STOP_READING) {
      if (this.#ask((machine) => machine.next()) === "done") this.#conclude();
      else this.#release();
    }
    return flags & (HAS_OUTPUT | STOP_READING);
  }

  #trapped(thrown: unknown): number {
    this.#finish({ error: fromModule(thrown, this.#exports) });
    return STOP_READING;
  }

  /** Watches the deadline. One that moved away is looked at again when it would have been reached. */
  #arm(): void {
    clearTimeout(this.#timer);
    const at = this.#ask((machine) => machine.deadline());
    if (at === undefined) return;
    const LONGEST = 2 ** 31 - 1;
    this.#timer = setTimeout(this.#overdue, Math.min(Math.max(at - performance.now(), 0), LONGEST));
  }

  #overdue = (): void => {
    this.#isResting = !this.#isWaiting;
    const before = this.#ask((machine) => machine.next());
    this.#step((machine) => machine.tick(this.#isWaiting ? this.#waitingSince : undefined, performance.now()));
    if (this.over) return;
    if (this.#ask((machine) => machine.next()) === before) this.#arm();
    this.#wake();
  };

  /** The machine is done. */
  #conclude(): void {
    const failure: Failure | undefined = this.#ask((machine) => machine.failure());
    if (!failure) {
      this.#finish({});
      return;
    }
    const partial = this.completion();
    this.#finish({
      error: toError(failure, {
        ...(this.#cause === undefined ? {} : { cause: this.#cause }),
        ...(partial ? { partial } : {}),
      }),
    });
  }

  /** It is over: lets go of everything. */
  #finish(over: { error?: unknown }): void {
    if (this.over) return;
    this.over = over;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#aborted);
    const fault = this.#free();
    if (fault && !("error" in over)) this.over = over = fault;
    // Whoever waits for more of a body that has said all would wait for its end, too.
    if ("error" in over || this.#isWaiting) this.#release();
    else this.#letEnd();
    if (this.#lastResponse) this.#answer(this.#lastResponse);
    else this.#refuse(over.error);
    this.#wake();
    this.#end();
  }

  /** Keeps what the machine knows, and gives its memory back. Gives the fault that it was lost by, if it was. */
  #free(): { error: unknown } | undefined {
    const machine = this.#machine;
    this.#machine = undefined;
    if (!machine) return undefined;
    try {
      machine.stop(performance.now());
      const bytes = this.#isBytes ? machine.takeBytes() : NOTHING;
      this.#last = { output: machine.take(), bytes, completion: machine.completion(), metrics: machine.metrics() };
      machine.free();
      return undefined;
    } catch (thrown) {
      // A trapped instance is given up with all its memory.
      const error = fromModule(thrown, this.#exports);
      return this.#last ? undefined : { error };
    }
  }

  /** Stops the attempt and its body. */
  #release(): void {
    const reader = this.reader ?? this.#refusal;
    this.reader = this.#refusal = undefined;
    reader?.cancel().catch(() => {});
    this.#attempt?.abort();
  }

  /** Reads on to the body's end, which should be near, so that its connection can be used again. */
  #letEnd(): void {
    const { reader } = this;
    this.reader = undefined;
    if (!reader) return;
    const stop = (): void => void reader.cancel().catch(() => {});
    const timer = setTimeout(stop, TAIL_MS);
    (timer as { unref?(): void }).unref?.();
    const on = ({ done }: { done: boolean }): unknown => (done ? clearTimeout(timer) : reader.read().then(on));
    reader.read().then(on).catch(() => clearTimeout(timer));
  }
}

/**
 * The error for a stream whose reader went away before its end.
 * @internal
 */
export function stopped(): LiveAvatarLlmError {
  return new LiveAvatarLlmError({ code: "stopped", message: "whoever read this answer stopped before its end" });
}
