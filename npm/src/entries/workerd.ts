// The entry for edge runtimes, which compile WebAssembly only ahead of time, from an imported module.

import module from "./liveavatar_llm_bg.wasm";

import { setSource } from "../instance.js";

setSource(() => module);

export * from "../index.js";
