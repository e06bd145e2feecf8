// What can be told of JSON before it is whole.

/**
 * A value while it is being written: members may be missing, arrays may be shorter, and of a string there may be the
 * beginning alone, whatever strings it is taken to be.
 */
export type DeepPartial<Value> = Value extends string
  ? string
  : Value extends readonly (infer Element)[]
    ? DeepPartial<Element>[]
    : Value extends object
      ? { [Member in keyof Value]?: DeepPartial<Value[Member]> }
      : Value;

/** A call of a function while it is being written. */
export interface ChatCallSoFar {
  /** Which of the calls it is, as the upstream counts them. */
  index: number;
  /** Its id, which the answer to it has to name. */
  id: string;
  /** The function's name. */
  name: string;
  /** The text of the arguments so far. */
  arguments: string;
  /** Their value so far, missing until there is any; `{}` in a call that is done without any. */
  value?: unknown;
  /** Whether nothing more comes: the arguments are whole, or the message has ended. */
  done: boolean;
}
