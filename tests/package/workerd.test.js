// The package in workerd, Cloudflare's runtime, which takes WebAssembly only as an imported module.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { assertAllOk, serve } from "./llm.js";
import { bundle, run } from "./worker.js";

const here = dirname(fileURLToPath(import.meta.url));

// The client is made once per isolate, at global scope, where workerd forbids timers, random numbers and requests.
const MAIN = `
import { ChatClient } from "liveavatar-llm";
import { scenario } from "./scenario.js";
const client = new ChatClient({ baseUrl: "http://127.0.0.1:1/v1" });
export default {
  async fetch(request) {
    const { baseUrl, key } = Object.fromEntries(new URL(request.url).searchParams);
    const results = await scenario({ baseUrl, key });
    results["a client can be made at global scope"] = client instanceof ChatClient ? "ok" : "it is none";
    return Response.json(results);
  },
};
`;

test("a worker", async (t) => {
  const outdir = await bundle(t, { "scenario.js": readFileSync(join(here, "scenario.js"), "utf8"), "main.js": MAIN });
  assert.deepEqual(readdirSync(outdir).sort(), ["liveavatar_llm_bg.wasm", "main.js"], "the module stays a file of its own");

  const llm = await serve(t);
  const url = await run(t, outdir);
  url.search = String(new URLSearchParams({ baseUrl: llm.baseUrl, key: llm.key }));
  const response = await fetch(url);
  assertAllOk(await response.json());
  await llm.hungUp();
});
