// The JavaScript of the package: the shell's entries, each with the shell and the module's JavaScript in one file.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { deflateAsync } from "@gfx/zopfli";
import * as esbuild from "esbuild";

const shared = { bundle: true, write: false, format: "esm", target: "es2022", legalComments: "none", logLevel: "silent" };

/**
 * Compresses the module and writes it as text; npm/src/inline.ts is the way back.
 * @param {Uint8Array} bytes
 * @returns {Promise<string>}
 */
export async function encode(bytes) {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, await deflateAsync(bytes, { numiterations: 15 })]).toString("base64");
}

/**
 * Turns wasm-bindgen's JavaScript, which holds one instance for good in variables of its module, into a module that
 * exports a function `create`: every call has variables, classes and finalizers of its own. Its arguments stand in for two
 * globals, so that the shell can keep the finalizers of an instance that it has given up from running, and can say what
 * counts as a module.
 * @param {string} path of the JavaScript that `--target web` makes
 * @returns {Promise<string>}
 */
export async function factory(path) {
  const whole = await esbuild.build({ ...shared, entryPoints: [path], metafile: true });
  const [{ exports }] = Object.values(whole.metafile.outputs);
  // Without the asynchronous `init`, whose URL a bundler would try to follow.
  const names = exports.filter((name) => name !== "default").join(", ");
  const { outputFiles } = await esbuild.build({
    ...shared,
    format: "iife",
    stdin: { contents: `import { ${names} } from ${JSON.stringify(path)}; glue = { ${names} };`, resolveDir: "." },
  });
  return `export function create(FinalizationRegistry, WebAssembly) { let glue; ${outputFiles[0].text} return glue; }`;
}

/**
 * Resolves what the shell imports from the compiled module: `glue:wasm`, its JavaScript as a factory; `inline:wasm`, its
 * bytes as text; and `./*.wasm`, which stays an import in the way the runtime wants it.
 * @param {{ glue: string, wasm: string, suffix?: string }} module the two files, and what is put after the `.wasm` import
 * @returns {esbuild.Plugin}
 */
export function compiled({ glue, wasm, suffix = "" }) {
  return {
    name: "compiled",
    setup(build) {
      build.onResolve({ filter: /^(glue|inline):wasm$/ }, ({ path }) => ({ path, namespace: "compiled" }));
      build.onLoad({ filter: /^glue:/, namespace: "compiled" }, async () => ({ contents: await factory(glue), loader: "js" }));
      build.onLoad({ filter: /^inline:/, namespace: "compiled" }, async () => ({
        contents: await encode(readFileSync(wasm)),
        loader: "text",
      }));
      build.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path: path + suffix, external: true }));
    },
  };
}

/** The entries: the file made, the source, and what the runtime wants after the name of an imported `.wasm`. */
const ENTRIES = [
  { file: "index.js", source: "default.ts" },
  { file: "workerd.js", source: "workerd.ts" },
  // Vercel's and Next.js's edge runtimes take a module only with this query.
  { file: "edge-light.js", source: "workerd.ts", suffix: "?module" },
];

/**
 * Bundles the entries.
 * @param {string} shell the folder of the TypeScript sources
 * @param {{ glue: string, wasm: string }} module
 * @returns {Promise<Map<string, string>>} files of the package and their text
 */
export async function bundle(shell, module) {
  const made = await Promise.all(
    ENTRIES.map(async ({ file, source, suffix }) => {
      const entry = join(shell, "entries", source);
      if (!existsSync(entry)) throw new Error(`the shell has no entry ${entry}`);
      const { outputFiles } = await esbuild.build({
        ...shared,
        entryPoints: [entry],
        platform: "neutral",
        plugins: [compiled({ ...module, suffix })],
      });
      return /** @type {[string, string]} */ ([file, outputFiles[0].text]);
    }),
  );
  return new Map(made);
}

/**
 * A file of the package as a bundler would ship it.
 * @param {string} path
 * @returns {Promise<Uint8Array>}
 */
export async function minified(path) {
  const { outputFiles } = await esbuild.build({ ...shared, entryPoints: [path], platform: "browser", minify: true });
  return outputFiles[0].contents;
}
