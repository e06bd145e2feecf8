// The answer of a chat client's call, as ChatStream reads it.

import type { ChatCompletion } from "./chat.js";
import { toError } from "./errors.js";
import type { Exports } from "./instance.js";
import { type Machine, Transfer } from "./transfer.js";

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
    this.machine?.[`read${form}`]();
  }

  /** Takes the output that has come, in a form of text. */
  take(): string {
    return this.machine ? this.machine.take() : (this.#last?.output ?? "");
  }

  /** Takes the output that has come, in a form of bytes. */
  takeBytes(): Uint8Array {
    return this.machine ? this.machine.takeBytes() : (this.#last?.bytes ?? new Uint8Array());
  }

  /** The answer so far, if there is any. */
  completion(): ChatCompletion | undefined {
    const json = this.machine ? this.machine.completion() : this.#last?.completion;
    return json === undefined ? undefined : (JSON.parse(json) as ChatCompletion);
  }

  /** Times and counts so far. */
  metrics(): unknown {
    return this.machine ? this.machine.metrics() : this.#last?.metrics;
  }

  protected outcome(machine: StreamMachine): { error?: unknown } {
    const failure = machine.failure();
    if (!failure) return {};
    const partial = this.completion();
    const { cause } = this;
    return { error: toError(failure, { ...(cause === undefined ? {} : { cause }), ...(partial ? { partial } : {}) }) };
  }

  protected keep(machine: StreamMachine): void {
    const bytes = this.#isBytes ? machine.takeBytes() : new Uint8Array();
    this.#last = { output: machine.take(), bytes, completion: machine.completion(), metrics: machine.metrics() };
  }
}
