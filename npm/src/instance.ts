// The one instance of the WebAssembly module that the shell works with, and its replacement after a trap.

import { create } from "glue:wasm";

/** What the module exports, bound to one instance. */
export type Exports = Omit<ReturnType<typeof create>, "default" | "initSync">;

/** The module, or its bytes. */
export type Source = () => Uint8Array<ArrayBuffer> | WebAssembly.Module;

let source: Source | undefined;
let module: WebAssembly.Module | undefined;
let current: { exports: Exports; abandon(): void } | undefined;

/** Tells where the module comes from. Asked for once, when it is first needed. */
export function setSource(from: Source): void {
  source = from;
}

/** The exports of the current instance, made at the first call and at the first after {@link discard}. */
export function instance(): Exports {
  current ??= instantiate();
  return current.exports;
}

/**
 * Gives up an instance that has trapped: its memory and its borrows may be in any state. Its objects keep working with
 * it alone, never with its successor, and are no longer freed by the garbage collector, which takes their memory as a
 * whole when the last of them is gone. Given the exports that trapped, an instance that has replaced them stays.
 */
export function discard(trapped?: Exports): void {
  if (!current || (trapped && trapped !== current.exports)) return;
  current.abandon();
  current = undefined;
}

function instantiate(): { exports: Exports; abandon(): void } {
  if (!module) {
    if (!source) throw new Error("liveavatar-llm: imported without an entry; import the package by its name");
    const from = source();
    module = from instanceof Uint8Array ? new WebAssembly.Module(from) : from;
  }
  let abandoned = false;
  // Not every runtime has finalizers. A finalizer that frees into a trapped instance could throw where nobody catches.
  const Registry = globalThis.FinalizationRegistry as FinalizationRegistryConstructor | undefined;
  const Guarded =
    Registry &&
    (function (cleanup: (held: unknown) => void) {
      return new Registry((held: unknown) => {
        if (!abandoned) cleanup(held);
      });
    } as unknown as FinalizationRegistryConstructor);
  // An edge runtime may hand over a module from outside its sandbox, which is none for the sandbox's own `instanceof`.
  const Anything = { [Symbol.hasInstance]: () => true };
  const exports = create(Guarded, Object.create(WebAssembly, { Module: { value: Anything } }) as typeof WebAssembly);
  exports.initSync({ module });
  return { exports, abandon: () => void (abandoned = true) };
}
