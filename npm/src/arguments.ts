// Checks of arguments that must be made before the module is entered.

import { invalid } from "./errors.js";

/** Options, which must be an object for their members to be taken out. */
export function checkedOptions<Options extends object>(options: Options): Options {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return options;
  throw invalid("", "wrong_type", "the options must be an object such as { timeouts: { idleMs: 30000 } }");
}

/** Options as JSON. Of what JSON writes as `null`, only `Infinity` may mean none; the rest stays recognisable. */
export function jsonOfOptions(options: object): string {
  return json(options, "", "the options", (_, value) => (Object.is(value, NaN) || value === -Infinity ? String(value) : value));
}

/** A value as JSON; `what` names it in the message if it cannot be. */
export function json(value: unknown, path: string, what: string, replacer?: (name: string, value: unknown) => unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, replacer);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw invalid(path, "not_json", `${what} cannot be sent as JSON: ${reason}`);
  }
  if (text === undefined) {
    throw invalid(path, "wrong_type", `${what} must be an object, this is ${value === undefined ? "missing" : typeof value}`);
  }
  return text;
}

/** Refuses what cannot be listened to like an AbortSignal. */
export function checkedSignal(signal: unknown): void {
  if (signal === undefined || signal === null) return;
  const { aborted, addEventListener, removeEventListener } = signal as AbortSignal;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function" || typeof removeEventListener !== "function") {
    throw invalid("/signal", "wrong_type", "`signal` must be an AbortSignal, such as the `signal` of an AbortController");
  }
}
