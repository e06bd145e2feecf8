// Reading an answer piece by piece.

import type { Answer } from "./answer.js";
import { HAS_OUTPUT, stopped } from "./transfer.js";

/** Iterates over the pieces of a transfer's output, each as soon as it has come. */
export class Pieces<Piece> implements AsyncIterableIterator<Piece> {
  readonly #transfer: Answer;
  readonly #take: () => Piece[];
  readonly #begin: () => void;
  readonly #flaw: () => Error | undefined;
  #isBegun = false;
  #ready: Piece[] = [];
  #given = 0;
  /** How many calls of `next` are not answered yet; they are answered in their order. */
  #asked = 0;
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;

  /**
   * `take` gives the output that has come as pieces, `begin` is called when the first is asked for, and `flaw` says at a
   * good end whether it is not one for this reader.
   */
  constructor(transfer: Answer, take: () => Piece[], begin: () => void, flaw: () => Error | undefined = () => undefined) {
    this.#transfer = transfer;
    this.#take = take;
    this.#begin = begin;
    this.#flaw = flaw;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Piece, undefined>> {
    if (!this.#isBegun) {
      this.#isBegun = true;
      this.#begin();
      // What completion() has read until now.
      this.#ready = this.#take();
    }
    // A call beside another waits for it, whatever comes of it.
    const answer = this.#asked++ === 0 ? this.#advance() : this.#last.then(this.#advance, this.#advance);
    this.#last = answer;
    return answer;
  }

  return(): Promise<IteratorResult<Piece, undefined>> {
    this.#isOver = true;
    this.#transfer.stop(stopped());
    return Promise.resolve({ value: undefined, done: true });
  }

  #advance = (): Promise<IteratorResult<Piece, undefined>> => {
    if (this.#isOver) return this.#settle();
    if (this.#given < this.#ready.length) return Promise.resolve(this.#give());
    const { reader, reading } = this.#transfer;
    if (reading) return reading.then(this.#proceed);
    if (!reader) return this.#settle();
    this.#transfer.listen();
    return reader.read().then(this.#received, this.#broke);
  };

  #received = (result: { done?: boolean | undefined; value?: unknown }) => this.#proceed(this.#transfer.receive(result));

  #broke = (cause: unknown) => this.#proceed(this.#transfer.broke(cause));

  #proceed = (flags: number): IteratorResult<Piece, undefined> | Promise<IteratorResult<Piece, undefined>> => {
    if (flags & HAS_OUTPUT && !this.#isOver) {
      this.#ready = this.#take();
      this.#given = 0;
      // A promise here would have to be waited for in turn.
      if (this.#ready.length > 0) return this.#give();
    }
    return this.#advance();
  };

  #give(): IteratorResult<Piece, undefined> {
    this.#asked--;
    return { value: this.#ready[this.#given++]!, done: false };
  }

  /** Where there is nothing to read: it is being opened, or over. */
  async #settle(): Promise<IteratorResult<Piece, undefined>> {
    const transfer = this.#transfer;
    if (!this.#isOver) await transfer.settled();
    if (!transfer.over && !this.#isOver) return this.#advance();
    if (!this.#isOver) {
      // What came of its end where no read brought that, as when the body is held open.
      this.#ready = this.#take();
      this.#given = 0;
      if (this.#ready.length > 0) return this.#give();
    }
    this.#asked--;
    const { over } = transfer;
    const wasOver = this.#isOver;
    this.#isOver = true;
    if (wasOver) return { value: undefined, done: true };
    if (over && "error" in over) throw over.error;
    const flaw = this.#flaw();
    if (flaw) throw flaw;
    return { value: undefined, done: true };
  }
}
