// One turn of an endpoint: the answer that a source gives, written to the caller as it comes.

import { json } from "./arguments.js";
import { type Failure, invalid, toError, ValidationError } from "./errors.js";
import type { Exports } from "./instance.js";
import { type Machine, Transfer } from "./transfer.js";

/**
 * The machine of one turn.
 * @internal
 */
export type TurnMachine = ReturnType<Exports["Asked"]["prototype"]["begin"]> & Machine;

/**
 * What a turn is written to.
 * @internal
 */
export interface Sink {
  /** Takes what is to be sent. Who throws is gone. */
  write(bytes: Uint8Array): void;
  /** What is waited for before each read of the source, if the caller is slow. */
  ready?(): Promise<void> | undefined;
  /** Since when the caller has taken nothing, though something waits for it. */
  untaken?(): number | undefined;
}

/** What a machine tells of a turn. */
interface Told {
  outcome?: string;
  error?: Failure;
}

/**
 * A turn on its way. Unlike an answer that somebody reads it runs by itself, since the caller must hear something while
 * its source is silent.
 * @internal
 */
export class Turn extends Transfer<TurnMachine> {
  readonly isStreamed = this.machine!.isStreamed();
  #sink: Sink = { write() {} };
  #last: Uint8Array | undefined;
  #report: Told = {};

  /** How it went, once it is over. Without an outcome that is not known, because of the error. */
  get report(): { outcome?: string; error?: unknown } {
    const { error: failure, ...report } = this.#report;
    if (report.outcome === undefined) return { error: this.over?.error };
    if (!failure) return report;
    const { cause } = this;
    // What was told by an error of ours is told by that.
    if (cause instanceof ValidationError) return { ...report, error: cause };
    return { ...report, error: toError(failure, cause === undefined ? {} : { cause }) };
  }

  /** Runs it to its end, and writes what is to be sent at once. Never rejects: what goes wrong is in the report. */
  async run(sink: Sink): Promise<void> {
    this.#sink = sink;
    try {
      this.start();
      this.hasOutput();
      while (!this.over) {
        const { reader } = this;
        if (!reader) {
          await this.settled();
          continue;
        }
        const waiting = sink.ready?.();
        if (waiting) await Promise.race([waiting, this.ended]);
        if (this.over) break;
        await this.drain(reader);
        this.hasOutput();
      }
    } catch (error) {
      this.finish({ error });
    }
    this.hasOutput();
  }

  /** The caller has hung up. */
  override stop(reason?: unknown): void {
    this.ask((machine) => machine.interrupt(performance.now()));
    super.stop(reason);
  }

  protected override hasOutput(): void {
    const bytes = this.ask((machine) => machine.takeBytes()) ?? this.#last;
    this.#last = undefined;
    if (!bytes || bytes.length === 0) return;
    try {
      this.#sink.write(bytes);
    } catch {
      return this.stop();
    }
    const since = this.#sink.untaken?.();
    if (since !== undefined) this.step((machine) => machine.untaken(since));
  }

  protected override tick(machine: TurnMachine, waitingSince: number | undefined, now: number): number {
    machine.untaken(this.#sink.untaken?.());
    return super.tick(machine, waitingSince, now);
  }

  protected override piece(machine: TurnMachine, value: unknown): number {
    // The first and the last chunk of a stream often have no content, and a source that hands on the content gives that.
    if (value === undefined || value === null) return machine.text("", performance.now());
    if (typeof value === "string") return machine.text(value, performance.now());
    if (typeof value === "object") return machine.chunk(json(value, "/source", "a chunk of the source"), performance.now());
    throw invalid("/source", "wrong_type", `the source gave a ${typeof value}: give texts, or chunks as OpenAI's API has them`);
  }

  protected override begun(): void {
    this.machine?.open(performance.now());
  }

  // Whatever goes wrong, the caller hears an ordinary turn; the report says what it was.
  protected override refuse(error: unknown): void {
    this.cause = error;
    const why = error instanceof ValidationError ? error.message : undefined;
    this.step((machine) => machine.fail(why, performance.now()));
  }

  // A source that failed or that nobody listens to must be let go of; the rest of any other is read.
  protected override outcome(machine: TurnMachine): { error?: unknown } {
    const { error, outcome } = machine.report() as Told;
    return error || outcome === "interrupted" ? { error } : {};
  }

  protected override keep(machine: TurnMachine): void {
    this.#last = machine.takeBytes();
    this.#report = machine.report() as Told;
  }
}
