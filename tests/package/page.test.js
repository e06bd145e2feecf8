// The package in pages: bundled by Vite, unbundled with an import map, and as a classic script of an old charset.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

import { build as bundle } from "esbuild";
import { build as vite } from "vite";

import { assertAllOk, serve } from "./llm.js";
import { project } from "./pack.js";
import { site, visit } from "./pages.js";

const here = dirname(fileURLToPath(import.meta.url));
const scenario = readFileSync(join(here, "scenario.js"), "utf8");

/** Runs the scenario with what the page's address says; a page that shows its key is refused unless it says it means to. */
const MAIN = `
import { ChatClient } from "liveavatar-llm";
import { scenario } from "./scenario.js";
const { baseUrl, key } = Object.fromEntries(new URLSearchParams(location.search));
async function all() {
  const { runtime, results } = await scenario({ baseUrl, key });
  try {
    new ChatClient({ baseUrl, apiKey: key });
    results["refuses a key in a page"] = "it did not";
  } catch (error) {
    results["refuses a key in a page"] = error.code === "key_in_page" ? "ok" : String(error);
  }
  return { runtime, results };
}
all().then(done, (error) => done({ runtime: navigator.userAgent, results: { all: String(error.stack) } }));
`;

/** Opens the page of a site and expects the scenario to succeed in it. */
async function expectAllOk(t, url) {
  const llm = await serve(t);
  const outcome = await visit(t, `${url}?${new URLSearchParams({ baseUrl: llm.baseUrl, key: llm.key })}`);
  assertAllOk(outcome, /Chrome\/\d/);
}

test("a page built by Vite, under the strictest policy that allows WebAssembly", async (t) => {
  const html = `<!doctype html><title>Vite</title><script type="module" src="/main.js"></script>`;
  const folder = await project(t, { "scenario.js": scenario, "main.js": MAIN, "index.html": html });
  await vite({ root: folder, configFile: false, logLevel: "error", build: { outDir: "dist" } });
  const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src http://127.0.0.1:*";
  await expectAllOk(t, await site(t, join(folder, "dist"), { headers: { "content-security-policy": policy } }));
});

test("a plain page with an import map, nothing bundled", async (t) => {
  const imports = { "liveavatar-llm": "/node_modules/liveavatar-llm/index.js" };
  const html = `<!doctype html><title>Plain</title>
<script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="/main.js"></script>`;
  const folder = await project(t, { "scenario.js": scenario, "main.js": MAIN, "index.html": html });
  await expectAllOk(t, await site(t, folder));
});

test("a classic script, served as Latin-1", async (t) => {
  const html = `<!doctype html><meta charset="iso-8859-1"><title>Classic</title><script src="/bundle.js"></script>`;
  const folder = await project(t, { "scenario.js": scenario, "main.js": MAIN });
  const served = join(folder, "site");
  mkdirSync(served);
  writeFileSync(join(served, "index.html"), html);
  await bundle({ entryPoints: [join(folder, "main.js")], outfile: join(served, "bundle.js"), bundle: true, format: "iife", minify: true, charset: "utf8" });
  await expectAllOk(t, await site(t, served, { charset: "iso-8859-1" }));
});

test("./raw in a page, with its own init and the .wasm beside it", async (t) => {
  const main = `
import init, * as raw from "/node_modules/liveavatar-llm/liveavatar_llm.js";
init().then((exports) => done({ memory: exports.memory instanceof WebAssembly.Memory, client: typeof raw.Client }), (error) => done(String(error)));`;
  const folder = await project(t, { "main.js": main, "index.html": `<!doctype html><title>Raw</title><script type="module" src="/main.js"></script>` });
  assert.deepEqual(await visit(t, await site(t, folder)), { memory: true, client: "function" });
});
