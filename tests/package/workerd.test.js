// The package in workerd, Cloudflare's runtime, which takes WebAssembly only as an imported module.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

import { assertAllOk, serve } from "./llm.js";
import { project } from "./pack.js";

const here = dirname(fileURLToPath(import.meta.url));

// The client is made once per isolate, at global scope, where workerd forbids timers, random numbers and requests.
const MAIN = `
import { ChatClient } from "liveavatar-llm";
import { scenario } from "./scenario.js";
const client = new ChatClient({ baseUrl: "http://127.0.0.1:1/v1" });
export default {
  async fetch(request) {
    const { baseUrl, key } = Object.fromEntries(new URL(request.url).searchParams);
    const { runtime, results } = await scenario({ baseUrl, key });
    results["a client can be made at global scope"] = client instanceof ChatClient ? "ok" : "it is none";
    return Response.json({ runtime, results });
  },
};
`;

test("a worker", async (t) => {
  const folder = await project(t, { "scenario.js": readFileSync(join(here, "scenario.js"), "utf8"), "main.js": MAIN });
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
  assert.deepEqual(readdirSync(outdir).sort(), ["liveavatar_llm_bg.wasm", "main.js"], "the module stays a file of its own");

  const worker = new Miniflare({
    modulesRoot: outdir,
    modules: true,
    scriptPath: join(outdir, "main.js"),
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    compatibilityDate: "2026-04-01",
    cf: false,
  });
  t.after(() => worker.dispose());
  const llm = await serve(t);
  const url = new URL(await worker.ready);
  url.search = String(new URLSearchParams({ baseUrl: llm.baseUrl, key: llm.key }));
  const response = await fetch(url);
  assertAllOk(await response.json(), /^Cloudflare-Workers$/);
});
