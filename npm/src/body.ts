// The body of a streamed answer: what waits for the caller, and whether somebody is still there to take it.

import type { Sink } from "./turn.js";

/** How many pieces may wait for the caller before nothing more is asked of a source. */
const MOST_WAITING = 16;

/** How pieces get to the caller. It says each time that another piece is wanted, and when none will be any more. */
interface Way {
  stream: ReadableStream<Uint8Array>;
  /** Pieces get on only while the worker runs, else whoever reads fetches them. */
  isPushed: boolean;
  /** Gives a piece, once for each that was wanted. */
  give(bytes: Uint8Array): void;
  /** Nothing follows. */
  close(): void;
}

/** A body that is written to and read. */
export class Body implements Sink {
  /** What the caller reads. */
  readonly stream: ReadableStream<Uint8Array>;

  readonly #way: Way;
  readonly #hungUp: () => void;
  readonly #waiting: Uint8Array[] = [];
  /** Since when nothing has been taken, though something waits. */
  #since: number | undefined;
  #isWanted = false;
  #isEnded = false;
  #isOver = false;
  #proceed = (): void => {};
  #finish = (): void => {};

  /** `hungUp` is called when nobody is there any more before {@link Body.end}. */
  constructor(hungUp: () => void) {
    this.#hungUp = hungUp;
    const native = (globalThis as { IdentityTransformStream?: Piping }).IdentityTransformStream;
    this.#way = native ? piped(native, this.#wanted, this.#gone) : pulled(this.#wanted, this.#gone);
    this.stream = this.#way.stream;
  }

  write(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#waiting.push(bytes);
    if (this.#isWanted) this.#wanted();
    else this.#since ??= performance.now();
  }

  ready(): Promise<void> | undefined {
    if (this.#isOver || this.#waiting.length < MOST_WAITING) return undefined;
    return new Promise((resolve) => (this.#proceed = resolve));
  }

  untaken(): number | undefined {
    return this.#since;
  }

  /** Nothing more will be written. Resolves when the worker is not needed any more for what waits to get to the caller. */
  async end(): Promise<void> {
    this.#isEnded = true;
    const finished = new Promise<void>((resolve) => (this.#finish = resolve));
    if (this.#waiting.length === 0) this.#close();
    if (this.#way.isPushed) await finished;
  }

  /** Nobody is there who would take what waits. */
  drop(): void {
    this.#waiting.length = 0;
    this.#close();
  }

  #wanted = (): void => {
    if (this.#isOver) return;
    const bytes = this.#waiting.shift();
    this.#isWanted = bytes === undefined;
    this.#since = this.#waiting.length > 0 ? performance.now() : undefined;
    try {
      if (bytes) this.#way.give(bytes);
    } catch {
      return this.#gone();
    }
    if (this.#isEnded && this.#waiting.length === 0) this.#close();
    else if (this.#waiting.length < MOST_WAITING) this.#proceed();
  };

  #gone = (): void => {
    if (this.#isOver) return;
    this.drop();
    this.#hungUp();
  };

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#since = undefined;
    try {
      this.#way.close();
    } catch {
      // Somebody else has ended it.
    }
    this.#proceed();
    this.#finish();
  }
}

/** A stream that is read by pulling, and told of a reader that goes away. */
function pulled(wanted: () => void, gone: () => void): Way {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>(
    { start: (given) => void (controller = given), pull: () => wanted(), cancel: () => gone() },
    // What waits here would not be known to have been taken or not.
    { highWaterMark: 0 },
  );
  return { stream, isPushed: false, give: (bytes) => controller.enqueue(bytes), close: () => controller.close() };
}

/** A pipe of workerd's own. */
type Piping = new () => { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> };

/**
 * A pipe of workerd's own, which tells of each caller that hangs up. Of a stream in JavaScript it drops the reader without
 * calling `cancel`, sometimes or always (workerd issue 6832; observed with 1.20260426.1 and 1.20260730.1).
 */
function piped(Pipe: Piping, wanted: () => void, gone: () => void): Way {
  const { readable, writable } = new Pipe();
  const writer = writable.getWriter();
  writer.closed.catch(gone);
  queueMicrotask(wanted);
  return {
    stream: readable,
    isPushed: true,
    give: (bytes) => void writer.write(bytes).then(wanted, gone),
    close: () => void writer.close().catch(() => {}),
  };
}
