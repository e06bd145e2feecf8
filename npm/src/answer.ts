// The answer of a chat client's call, as ChatStream reads it.

import type { ChatPartial } from "./chat.js";
import { type Failure, type LiveAvatarLlmError, toError } from "./errors.js";
import type { Exports } from "./instance.js";
import { type Machine, Transfer } from "./transfer.js";

/**
 * The forms of output, by the names of the machine's methods.
 * @internal
 */
export type Form = "Text" | "Chunks" | "Events" | "Json" | "Calls" | "Sentences";

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
  #last: { output: string; bytes: Uint8Array; completion: string | undefined; noJson: Failure | undefined; metrics: unknown } | undefined;
  #isBytes = false;
  #noJson: LiveAvatarLlmError | undefined;

  /** Sets the form of the output; `options` are JSON. */
  readAs(form: Form, options: string): void {
    this.#isBytes = form === "Events";
    this.ask((machine) => machine[`read${form}`](options));
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
  completion(): ChatPartial | undefined {
    const json = this.ask((machine) => machine.completion()) ?? this.#last?.completion;
    return json === undefined ? undefined : (JSON.parse(json) as ChatPartial);
  }

  /** Once it has ended well: the error for an answer that is not the JSON it had to be. */
  noJson(): LiveAvatarLlmError | undefined {
    const failure = this.#last?.noJson;
    if (failure) this.#noJson ??= toError(failure, { partial: this.completion()! });
    return this.#noJson;
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
    const output = machine.take();
    this.#last = { output, bytes, completion: machine.completion(), noJson: machine.noJson(), metrics: machine.metrics() };
  }
}
