// Drives a machine that reads an answer: asks for it, reads, waits and stops, and knows nothing of what is read.

import { isResponse } from "./access.js";
import { fromModule, invalid, LiveAvatarLlmError, ValidationError } from "./errors.js";
import type { Exports } from "./instance.js";
import { type Pull, reading } from "./upstream.js";

/**
 * Set in what {@link Transfer.receive} gives: there is output to take.
 * @internal
 */
export const HAS_OUTPUT = 1;
/** Set in what {@link Transfer.receive} gives: read no further, see {@link Transfer.settled}. */
const STOP_READING = 2;
/** Set in what the machine gives: its deadline is earlier than it was. */
const EARLIER_DEADLINE = 4;

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
 * What drives and is driven: a machine of the module that reads an answer. See src/call/ for what each method means.
 * @internal
 */
export interface Machine {
  next(): string;
  /** Which of several is to be asked. */
  source?(): number;
  send(key: string | undefined, signal: AbortSignal, now: number): Request | undefined;
  respond(status: number, headers: string[], now: number): void;
  requestId(): string | undefined;
  push(bytes: Uint8Array, now: number): number;
  end(now: number): number;
  lose(now: number): number;
  deadline(): number | undefined;
  tick(waitingSince: number | undefined, now: number): number;
  free(): void;
}

/**
 * Where an answer comes from.
 * @internal
 */
export interface Origin {
  /** The key for the next request. */
  key(): Promise<string | undefined>;
  /** Asks: with a request that the machine has made, or without one. */
  ask(request: Request | undefined, signal: AbortSignal): Promise<Response | Pull>;
}

/**
 * What a transfer needs.
 * @internal
 */
export interface Task<Driven extends Machine> {
  machine: Driven;
  exports: Exports;
  /** Where answers come from; a transfer that begins with a response needs none. */
  origin?: Origin;
  signal?: AbortSignal | undefined;
}

/**
 * One answer on its way. Whoever reads it calls {@link Transfer.receive} with what {@link Transfer.reader} gives, after
 * {@link Transfer.listen}; where there is no reader it is being opened or is over, and {@link Transfer.settled} says.
 * @internal
 */
export abstract class Transfer<Driven extends Machine> {
  /** Reads the answer, while there is one to be read. */
  reader: Pull | undefined;
  /** A read that {@link Transfer.drain} is waiting for: whoever begins to iterate has to wait for it too. */
  reading: Promise<number> | undefined;
  /** How it ended, once it has. */
  over: { error?: unknown } | undefined;
  /** Resolves when it is over. */
  readonly ended: Promise<void>;
  /** Resolves with the last attempt's response. */
  readonly response: Promise<StreamResponse>;

  /** What is driven, until it is over. */
  protected machine: Driven | undefined;
  /** The platform's reason for the last failure. */
  protected cause: unknown;

  readonly #exports: Exports;
  readonly #origin: Origin | undefined;
  readonly #signal: AbortSignal | undefined;
  #attempt: AbortController | undefined;
  #opening: Promise<void> = Promise.resolve();
  /** Reads the body of a refusal. */
  #refusal: Pull | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake = (): void => {};
  #end!: () => void;
  #answer!: (response: StreamResponse) => void;
  #refuse!: (reason: unknown) => void;
  #lastResponse: StreamResponse | undefined;
  #isWaiting = false;
  #waitingSince = 0;
  /** Nobody was waiting when a deadline passed, so that there is none until somebody is. */
  #isResting = false;

  constructor({ machine, exports, origin, signal }: Task<Driven>) {
    this.machine = machine;
    this.#exports = exports;
    this.#origin = origin;
    this.#signal = signal;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.response = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#refuse = reject;
    });
    this.response.catch(() => {});
  }

  /** Begins, once; with a response that is there already, or by asking. */
  start(response?: Response): this {
    const signal = this.#signal;
    if (signal?.aborted) this.stop(signal.reason);
    else signal?.addEventListener("abort", this.#aborted);
    try {
      if (response) this.#accept(response);
    } catch (thrown) {
      this.refuse(fromModule(thrown, this.#exports));
    }
    this.#opening = this.#open();
    return this;
  }

  /** How it ended, for a machine that is done. */
  protected abstract outcome(machine: Driven): { error?: unknown };

  /** Keeps what is still to be known of a machine that is about to be freed. */
  protected abstract keep(machine: Driven): void;

  /** Gives the machine a piece of the answer that is no bytes, and what the machine says. Throws if there is no such piece. */
  protected piece(_machine: Driven, _value: unknown): number {
    throw invalid("", "wrong_type", "the response's body gave something that is no Uint8Array");
  }

  /** Something other than a reader's call has made output. */
  protected hasOutput(): void {}

  /** The answer cannot be asked for, for a reason that no second attempt changes. */
  protected refuse(error: unknown): void {
    this.finish({ error });
  }

  /** The machine asks for something that only the one who made it knows. What comes of it is told with {@link Transfer.told}. */
  protected act(_machine: Driven): void {}

  /** Tells the machine what came of something that it had asked for, and goes on. */
  protected told(tell: (machine: Driven) => number): void {
    if (this.step(tell) & HAS_OUTPUT) this.hasOutput();
    this.#wake();
  }

  /** Waits until there is a body to read, or it is over. */
  async settled(): Promise<void> {
    // Its end need not be waited for where someone's function, such as the one that gives the key, does not return.
    await Promise.race([this.#opening, this.ended]);
    if (this.over || this.reader) return;
    // An attempt failed while its body was read.
    this.#opening = this.#open();
    return Promise.race([this.#opening, this.ended]);
  }

  /** To be called before each read. */
  listen(): void {
    this.#isWaiting = true;
    this.#waitingSince = performance.now();
    if (!this.#isResting) return;
    this.#isResting = false;
    if (this.step((machine) => machine.tick(this.#waitingSince, this.#waitingSince)) & HAS_OUTPUT) this.hasOutput();
    this.#arm();
  }

  /** Reads once, for nobody who iterates. */
  async drain(reader: Pull): Promise<void> {
    this.listen();
    this.reading = reader.read().then(
      (result) => this.receive(result),
      (cause) => this.broke(cause),
    );
    await this.reading;
    this.reading = undefined;
  }

  /** Takes what the reader gave. Gives a sum of HAS_OUTPUT and STOP_READING. */
  receive({ done, value }: { done?: boolean | undefined; value?: unknown }): number {
    this.#isWaiting = false;
    const machine = this.machine;
    if (!machine) return STOP_READING;
    if (done) return this.step(() => machine.end(performance.now()));
    try {
      const flags = isBytes(value) ? machine.push(value, performance.now()) : this.piece(machine, value);
      return flags < STOP_READING ? flags : this.#note(flags);
    } catch (thrown) {
      return this.#trapped(thrown);
    }
  }

  /** Takes what the reader threw. Gives the same as {@link Transfer.receive}. */
  broke(cause: unknown): number {
    this.#isWaiting = false;
    // What is no body is one at no further attempt either.
    if (cause instanceof ValidationError) return this.#trapped(cause);
    this.cause = cause;
    return this.step((machine) => machine.lose(performance.now()));
  }

  /** Ends it for a reason of the caller's, which is what readers then get. */
  stop(reason: unknown): void {
    this.finish({ error: reason });
  }

  #aborted = (): void => this.stop(this.#signal?.reason);

  async #open(): Promise<void> {
    try {
      for (let machine = this.machine; machine && !this.over; machine = this.machine) {
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
          case "done":
            this.#conclude();
            break;
          default:
            this.act(machine);
        }
      }
    } catch (thrown) {
      if (!this.over) this.refuse(fromModule(thrown, this.#exports));
    }
  }

  async #send(machine: Driven): Promise<void> {
    const origin = this.#origin;
    this.cause = this.#lastResponse = undefined;
    this.#arm();
    if (!origin) return;
    const given = await this.#key(origin);
    if (!given) return;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const request = machine.send(given.key, attempt.signal, performance.now());
    this.#arm();
    const asked = origin.ask(request, attempt.signal);
    // An origin that does not heed its signal must not be waited for, nor its late answer be left open.
    const stopped = new Promise<never>((_, reject) => attempt.signal.addEventListener("abort", reject));
    let answer: Response | Pull | undefined;
    try {
      answer = await Promise.race([asked, stopped]);
    } catch (cause) {
      if (!attempt.signal.aborted) {
        if (cause instanceof ValidationError) throw cause;
        this.cause = cause;
        machine.lose(performance.now());
      }
    }
    if (attempt.signal.aborted) asked.then((late) => (isResponse(late) ? late.body : late)?.cancel()).catch(() => {});
    else if (answer) this.#accept(answer);
  }

  /** Asks for the key; nothing if the attempt was given up meanwhile. */
  async #key(origin: Origin): Promise<{ key: string | undefined } | undefined> {
    const given = origin.key().then((key) => ({ key }));
    // A key must not go to another than it was asked for, which may be the one to be asked by then.
    const source = (): number | undefined => this.ask((machine) => machine.source?.());
    const asked = source();
    for (;;) {
      const woken = new Promise<undefined>((resolve) => (this.#wake = () => resolve(undefined)));
      const first = await Promise.race([given, woken]);
      if (this.over || this.ask((machine) => machine.next()) !== "send" || source() !== asked) return undefined;
      if (first) return first;
    }
  }

  #accept(answer: Response | Pull): void {
    const { machine } = this;
    if (!machine) return;
    if (isResponse(answer)) {
      const { status, headers, body } = answer;
      machine.respond(status, [...headers.entries()].flat().map(String), performance.now());
      const requestId = machine.requestId();
      this.#lastResponse = { status, headers, ...(requestId === undefined ? {} : { requestId }) };
      const reader = body ? reading(body) : undefined;
      if (machine.next() === "read") {
        this.reader = reader;
        this.#answer(this.#lastResponse);
      } else {
        this.#refusal = reader;
      }
    } else {
      this.answering();
      this.reader = answer;
    }
    this.#arm();
  }

  /** The answer has begun, in pieces that are no bytes. */
  protected answering(): void {}

  /** Asks the machine, if there still is one. A fault in it ends the call. */
  protected ask<Answer>(ask: (machine: Driven) => Answer): Answer | undefined {
    if (!this.machine) return undefined;
    try {
      return ask(this.machine);
    } catch (thrown) {
      this.#trapped(thrown);
      return undefined;
    }
  }

  protected step(act: (machine: Driven) => number): number {
    const flags = this.ask(act);
    return flags === undefined ? STOP_READING : this.#note(flags);
  }

  /** Does what the machine's answer asks for. */
  #note(flags: number): number {
    if (flags & EARLIER_DEADLINE) this.#arm();
    if (flags & STOP_READING) {
      if (this.ask((machine) => machine.next()) === "done") this.#conclude();
      else this.#release();
    }
    return flags & (HAS_OUTPUT | STOP_READING);
  }

  /** Something is wrong: with what was given to the machine, or with the machine. */
  #trapped(thrown: unknown): number {
    const error = fromModule(thrown, this.#exports);
    if (error instanceof ValidationError) this.refuse(error);
    else this.finish({ error });
    return STOP_READING;
  }

  /** Watches the deadline. One that moved away is looked at again when it would have been reached. */
  #arm(): void {
    clearTimeout(this.#timer);
    const at = this.ask((machine) => machine.deadline());
    if (at === undefined) return;
    const LONGEST = 2 ** 31 - 1;
    this.#timer = setTimeout(this.#overdue, Math.min(Math.max(at - performance.now(), 0), LONGEST));
  }

  #overdue = (): void => {
    this.#isResting = !this.#isWaiting;
    const waitingSince = this.#isWaiting ? this.#waitingSince : undefined;
    // What is thrown here reaches nobody, and no further timer would be set.
    try {
      const flags = this.step((machine) => this.tick(machine, waitingSince, performance.now()));
      if (flags & HAS_OUTPUT) this.hasOutput();
    } catch (thrown) {
      this.#trapped(thrown);
    }
    if (this.over) return;
    this.#arm();
    this.#wake();
  };

  /** A deadline of the machine's has passed. */
  protected tick(machine: Driven, waitingSince: number | undefined, now: number): number {
    return machine.tick(waitingSince, now);
  }

  /** The machine is done. */
  #conclude(): void {
    const { machine } = this;
    if (!machine) return;
    try {
      this.finish(this.outcome(machine));
    } catch (thrown) {
      this.#trapped(thrown);
    }
  }

  /** It is over: lets go of everything. */
  protected finish(over: { error?: unknown }): void {
    if (this.over) return;
    this.over = over;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#aborted);
    const fault = this.#free();
    if (fault && !("error" in over)) this.over = over = fault;
    if (this.#lastResponse) this.#answer(this.#lastResponse);
    else this.#refuse(over.error);
    this.#wake();
    this.#end();
    // Whoever waits for more of a body that has said all would wait for its end, too.
    if ("error" in over || this.#isWaiting) this.#release();
    else this.#letEnd();
  }

  /** Keeps what the machine knows, and gives its memory back. Gives the fault that it was lost by, if it was. */
  #free(): { error: unknown } | undefined {
    const { machine } = this;
    this.machine = undefined;
    if (!machine) return undefined;
    let isKept = false;
    try {
      this.keep(machine);
      isKept = true;
      machine.free();
      return undefined;
    } catch (thrown) {
      // A trapped instance is given up with all its memory.
      const error = fromModule(thrown, this.#exports);
      return isKept ? undefined : { error };
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
    const on = ({ done }: { done?: boolean | undefined }): unknown => (done ? clearTimeout(timer) : reader.read().then(on));
    reader.read().then(on).catch(() => clearTimeout(timer));
  }
}

/**
 * Whether a value is bytes, whichever realm it is from.
 * @internal
 */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && (value as Uint8Array).BYTES_PER_ELEMENT === 1;
}

/**
 * The error for a stream whose reader went away before its end.
 * @internal
 */
export function stopped(): LiveAvatarLlmError {
  return new LiveAvatarLlmError({ code: "stopped", message: "whoever read this answer stopped before its end" });
}
