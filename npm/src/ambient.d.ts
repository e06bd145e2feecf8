// What the shell imports from the compiled module; scripts/bundle.js puts it there.

/**
 * wasm-bindgen's JavaScript as a function: each call gives exports of their own, not yet bound to an instance. It sees
 * the arguments in place of the globals of these names.
 */
declare module "glue:wasm" {
  export function create(
    FinalizationRegistry: FinalizationRegistryConstructor | undefined,
    wasm: typeof WebAssembly,
  ): typeof import("../../target/wasm/liveavatar_llm.js");
}

/** The module's bytes as text; `decode` of inline.ts turns it back. */
declare module "inline:wasm" {
  const text: string;
  export default text;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
