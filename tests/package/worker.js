// The packed package in workerd, Cloudflare's runtime: a project with it installed, bundled as wrangler would, and run.

import { join } from "node:path";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

import { project } from "./pack.js";

/**
 * Bundles a worker from its sources, of which main.js is the entry.
 * @param {import("node:test").TestContext | { after(work: () => unknown): void }} test removes it when it ends
 * @param {Record<string, string>} sources
 * @returns {Promise<string>} the folder with main.js and the module
 */
export async function bundle(test, sources) {
  const folder = await project(test, sources);
  const outdir = join(folder, "dist");
  await build({
    entryPoints: [join(folder, "main.js")],
    outdir,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
  });
  return outdir;
}

/**
 * Runs a bundled worker.
 * @param {import("node:test").TestContext | { after(work: () => unknown): void }} test ends it when it ends
 * @param {string} outdir what {@link bundle} gave
 * @param {Partial<import("miniflare").WorkerOptions>} [options]
 * @returns {Promise<URL>} where it listens
 */
export async function run(test, outdir, options = {}) {
  const worker = new Miniflare({
    modulesRoot: outdir,
    modules: true,
    scriptPath: join(outdir, "main.js"),
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    compatibilityDate: "2026-04-01",
    cf: false,
    ...options,
  });
  test.after(() => worker.dispose());
  return worker.ready;
}
