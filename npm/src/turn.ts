// One turn of an endpoint: the answer that a source gives, written to the caller as it comes.

import type { Exports } from "./instance.js";
import { type Machine, Transfer } from "./transfer.js";

/**
 * The machine of one turn.
 * @internal
 */
export type TurnMachine = ReturnType<Exports["Asked"]["prototype"]["begin"]> & Machine;

/**
 * A turn on its way. Unlike an answer that somebody reads it runs by itself, since the caller must hear something while
 * its source is silent.
 * @internal
 */
export class Turn extends Transfer<TurnMachine> {
  readonly isStreamed = this.machine!.isStreamed();
  #out: (bytes: Uint8Array) => void = () => {};
  #last: Uint8Array = new Uint8Array();
  #report: unknown;

  /** What is known of how it went; complete once it is over. */
  report(): unknown {
    return this.machine?.report() ?? this.#report;
  }

  /** What an error in the report came from, if that is known. */
  get reason(): unknown {
    return this.cause;
  }

  /**
   * Runs it to its end. `out` gets what is to be sent, at once; before each read of the source `ready` is waited for.
   */
  async run(out: (bytes: Uint8Array) => void, ready: () => Promise<void> | undefined = () => undefined): Promise<void> {
    this.#out = out;
    this.start();
    this.hasOutput();
    while (!this.over) {
      const { reader } = this;
      if (!reader) {
        await this.settled();
        continue;
      }
      const waiting = ready();
      if (waiting) await Promise.race([waiting, this.ended]);
      if (this.over) break;
      this.listen();
      await reader.read().then(
        (result) => this.receive(result),
        (cause) => this.broke(cause),
      );
      this.hasOutput();
    }
    this.hasOutput();
  }

  /** The caller has hung up. */
  override stop(reason?: unknown): void {
    this.machine?.interrupt(performance.now());
    super.stop(reason);
  }

  protected override hasOutput(): void {
    const bytes = this.machine ? this.machine.takeBytes() : this.#last;
    this.#last = new Uint8Array();
    if (bytes.length > 0) this.#out(bytes);
  }

  protected override piece(value: unknown): number | undefined {
    const now = performance.now();
    if (typeof value === "string") return this.machine?.text(value, now);
    return typeof value === "object" && value !== null ? this.machine?.chunk(JSON.stringify(value), now) : undefined;
  }

  protected override begun(): void {
    this.machine?.open(performance.now());
  }

  // Whatever goes wrong, the caller hears an ordinary turn; the report says what it was.
  protected override refuse(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.step((machine) => machine.fail(why, performance.now()));
  }

  protected override outcome(): { error?: unknown } {
    return {};
  }

  protected override keep(machine: TurnMachine): void {
    this.#last = machine.takeBytes();
    this.#report = machine.report();
  }
}
