// How much a page has to load for each package, as a bundler ships it.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const PACKAGES = {
  ours: `export * from "../pkg/index.js"`,
  openai: `export { default } from "openai"`,
  "AI SDK": `export { streamText } from "ai"; export { createOpenAICompatible } from "@ai-sdk/openai-compatible"`,
};

/** What ours should be at most, in kB. */
const BOUND = 80;

/** @returns {Promise<{ what: string, kB: number, bound?: number }[]>} minified and compressed by gzip */
export async function sizes() {
  const rows = [];
  for (const [what, contents] of Object.entries(PACKAGES)) {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: dirname(fileURLToPath(import.meta.url)) },
      bundle: true, minify: true, write: false, format: "esm", platform: "browser", target: "es2022", legalComments: "none",
    });
    const kB = gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000;
    rows.push({ what, kB, ...(what === "ours" ? { bound: BOUND } : {}) });
  }
  return rows;
}
