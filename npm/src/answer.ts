// The answer of a chat client's call, as ChatStream reads it.

import type { ChatCompletion } from "./chat.js";
import { toError } from "./errors.js";
import type { Exports } from "./instance.js";
import { type Machine, Transfer } from "./transfer.js";

const NOTHING = new Uint8Array();

/**
 * The machine of one answer.
 * @internal
 */
export type StreamMachine = ReturnType<InstanceType<Exports["Client"]>["stream"]> & Machine;

/**
 * One answer on its way, in one of the forms that a reader may choose.
 * @internal
 */
export class Answer extends Transfer<StreamMachine> {
  /** What the machine had to say when it was freed. */
  #last: { output: string; bytes: Uint8Array; completion: string | undefined; metrics: unknown } | undefined;
  #isBytes = false;

  /** Sets the form of the output. */
  readAs(form: "Text" | "Chunks" | "Events"): void {
    this.#isBytes = form === "Events";
    this.ask((machine) => machine[`read${form}`]());
  }

  /** Takes the output that has come, in a form of text. */
  take(): string {
    if (this.machine) return this.ask((machine) => machine.take()) ?? "";
    const output = this.#last?.output ?? "";
    if (this.#last) this.#last.output = "";
    return output;
  }

  /** Takes the output that has come, in a form of bytes. */
  takeBytes(): Uint8Array {
    if (this.machine) return this.ask((machine) => machine.takeBytes()) ?? NOTHING;
    const bytes = this.#last?.bytes ?? NOTHING;
    if (this.#last) this.#last.bytes = NOTHING;
    return bytes;
  }

  /** The answer so far, if there is any. */
  completion(): ChatCompletion | undefined {
    const json = this.ask((machine) => machine.completion()) ?? this.#last?.completion;
    return json === undefined ? undefined : (JSON.parse(json) as ChatCompletion);
  }

  /** Times and counts so far. */
  metrics(): unknown {
    return this.ask((machine) => machine.metrics()) ?? this.#last?.metrics;
  }

  protected outcome(machine: StreamMachine): { error?: unknown } {
    const failure = machine.failure();
    if (!failure) return {};
    const partial = this.completion();
    const { cause } = this;
    return { error: toError(failure, { ...(cause === undefined ? {} : { cause }), ...(partial ? { partial } : {}) }) };
  }

  protected keep(machine: StreamMachine): void {
    machine.stop(performance.now());
    const bytes = this.#isBytes ? machine.takeBytes() : NOTHING;
    this.#last = { output: machine.take(), bytes, completion: machine.completion(), metrics: machine.metrics() };
  }
}
