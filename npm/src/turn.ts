// One turn of an endpoint: the answer that a source gives, written to the caller as it comes.

import { json } from "./arguments.js";
import { type Failure, invalid, toError, ValidationError } from "./errors.js";
import type { Exports } from "./instance.js";
import type { TurnInfo } from "./source.js";
import { runTool, type ServerTool } from "./tool.js";
import { type Machine, type Task, Transfer } from "./transfer.js";

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
 * What of a turn is the developer's own code.
 * @internal
 */
export interface Own {
  turn: Omit<TurnInfo, "signal">;
  prepare: ((request: any, turn: TurnInfo) => unknown) | undefined;
  tools: ServerTool[];
}

/** A call of a tool, as the machine gives it. */
interface ToolCall {
  call: number;
  tool: number;
  arguments: string;
}

/**
 * A turn on its way. Unlike an answer that somebody reads it runs by itself, since the caller must hear something while
 * its source is silent.
 * @internal
 */
export class Turn extends Transfer<TurnMachine> {
  readonly isStreamed = this.machine!.isStreamed();
  /** Whether the response waits for the first output, since its status depends on the source. */
  readonly waitsForSource = this.machine!.waitsForSource();
  /** Status and body of the response, if nothing of an answer came and this is to be told. */
  refusal: [status: number, body: string] | undefined;
  readonly #own: Own;
  /** Resolves when there is something to send, or nothing will be. */
  readonly begun: Promise<void>;
  #begin!: () => void;
  #sink: Sink = { write() {} };
  #last: Uint8Array | undefined;
  #report: Told = {};
  /** Tells the developer's own code that is running that its result is not wanted any more. */
  #stopRound = (): void => {};

  constructor(task: Task<TurnMachine>, own: Own) {
    super(task);
    this.#own = own;
    this.begun = new Promise((resolve) => (this.#begin = resolve));
    void this.ended.then(this.#begin);
  }

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
    this.#begin();
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

  protected override act(machine: TurnMachine): void {
    if (machine.next() === "prepare") return void this.#prepare(machine.prepare());
    const gone = new AbortController();
    const { turn, tools } = this.#own;
    const run = async ({ call, tool, arguments: args }: ToolCall): Promise<void> => {
      const answer = await runTool(tools[tool]!, args, { ...turn, signal: gone.signal }).then(
        (result) => ({ result, error: undefined }),
        (thrown: unknown) => ({ result: undefined, error: thrown instanceof Error ? thrown.message : String(thrown) }),
      );
      this.told((machine) => machine.called(call, answer.result, answer.error, performance.now()));
    };
    const calls = machine.callTools(performance.now()) as ToolCall[];
    this.#stopRound();
    this.#stopRound = () => gone.abort();
    for (const call of calls) void run(call);
  }

  async #prepare(request: string): Promise<void> {
    const { turn, prepare } = this.#own;
    const gone = new AbortController();
    this.#stopRound = () => gone.abort();
    try {
      const prepared = json(await prepare!(JSON.parse(request), { ...turn, signal: gone.signal }), "/prepare", "what `prepare` gave");
      this.told((machine) => machine.prepared(prepared, performance.now()));
    } catch (thrown) {
      this.refuse(thrown);
      this.told((machine) => machine.untaken(undefined));
    }
  }

  protected override answering(): void {
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
    this.#stopRound();
    this.refusal = machine.refusal() as Turn["refusal"];
    this.#last = machine.takeBytes();
    this.#report = machine.report() as Told;
  }
}
