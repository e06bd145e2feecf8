// The entry for every runtime that may compile WebAssembly from bytes: pages, Node, Deno, Bun.

import text from "inline:wasm";

import { decode } from "../inline.js";
import { setSource } from "../instance.js";

setSource(() => decode(text));

export * from "../index.js";
