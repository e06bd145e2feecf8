// The examples, each as somebody would have it who copied its folder: with the packed package installed, outside this clone.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { run } from "../../scripts/process.js";
import { root } from "../../scripts/setup.js";
import { project } from "../package/pack.js";
import { run as runWorker } from "../package/worker.js";
import { hear, said, TOKEN } from "../shell/serving.js";
import { startLlm } from "../standins/llm.js";

const here = dirname(fileURLToPath(import.meta.url));
const installed = join(here, "node_modules");
const examples = join(root, "examples");
const json = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));
/** wrangler needs a newer Node than the oldest that runs this. */
const node = join(root, "tests", "package", "programs", "node_modules", ".bin", "node");

const KEY = "sk-standin-0123456789";
const llm = await startLlm({ key: KEY });
after(() => llm.close());

const MODEL = "gpt-4o-mini";
llm.script(MODEL, ({ write, end }) => {
  write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "Hello world" }, finish_reason: "stop" }] })}\n\n`);
  end("data: [DONE]\n\n");
});

/** A copy of an example, with the package and what else it needs. */
async function copy(test, name, needs) {
  const folder = await project(test);
  cpSync(join(examples, name), folder, { recursive: true });
  for (const need of needs) symlinkSync(join(installed, need), join(folder, "node_modules", need), "junction");
  return folder;
}

const settings = { LLM_BASE_URL: llm.baseUrl, LLM_API_KEY: KEY, ENDPOINT_TOKEN: TOKEN };
const asking = (token = TOKEN, signal) => ({
  method: "POST",
  headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  body: JSON.stringify(said("Hi")),
  ...(signal && { signal }),
});

describe("the worker", () => {
  const cleanUp = [];
  let folder;
  before(async () => {
    folder = await copy({ after: (work) => cleanUp.unshift(work) }, "cloudflare-worker", ["wrangler", "typescript", "@cloudflare"]);
  });
  after(async () => {
    for (const work of cleanUp) await work();
  });
  /** What one of its scripts runs, with the Node that wrangler needs, and not as a part of this test. */
  const env = { WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", CI: "1", NODE_TEST_CONTEXT: undefined };
  const script = (...args) => run(node, args, { cwd: folder, env }).catch((error) => Promise.reject(new Error(error.output ?? error)));

  test("names the versions that it is tried with, and the package's own", () => {
    const { devDependencies, dependencies } = json(examples, "cloudflare-worker", "package.json");
    const tried = json(here, "package.json").devDependencies;
    for (const [name, version] of Object.entries(devDependencies)) assert.equal(version, tried[name], name);
    assert.equal(dependencies["liveavatar-llm"], `^${json(root, "npm", "package.json").version}`);
  });

  test("passes tsc", () => script(join(installed, "typescript", "bin", "tsc"), "-p", "."));

  test("passes tsc without skipping the package's declarations", () => script(join(installed, "typescript", "bin", "tsc"), "-p", ".", "--skipLibCheck", "false"));

  test("passes its own tests", async () => {
    assert.match(await script("--test", "--test-reporter=spec"), /^ℹ pass 1$/m);
  });

  test("is deployable, and what would be deployed answers", async (t) => {
    await script(join(installed, "wrangler", "bin", "wrangler.js"), "deploy", "--dry-run", "--outdir", "dist");
    const built = readdirSync(join(folder, "dist")).filter((name) => !/\.map$|README/.test(name));
    assert.deepEqual(built.map((name) => name.replace(/^[0-9a-f]+-/, "")).sort(), ["index.js", "liveavatar_llm_bg.wasm"]);
    const { compatibility_date: compatibilityDate, compatibility_flags: compatibilityFlags, vars } = config(folder);
    const dist = join(folder, "dist");
    const bindings = { ...vars, ...settings, LLM_MODEL: "hello?status=401", FALLBACK_BASE_URL: llm.baseUrl, FALLBACK_API_KEY: KEY, FALLBACK_MODEL: "hello" };
    const address = await runWorker(t, dist, { scriptPath: join(dist, "index.js"), compatibilityDate, compatibilityFlags, bindings });
    const url = new URL("/v1/chat/completions", address);
    assert.equal((await hear(fetch(url, asking()))).text, "Hello world");
    assert.equal((await fetch(url, asking("another"))).status, 401);
  });
});

/** Its settings; no text in them has two slashes behind white space. */
const config = (folder) => JSON.parse(readFileSync(join(folder, "wrangler.jsonc"), "utf8").replaceAll(/^\s*\/\/.*$/gm, ""));

test("the route of a Hono app", async (t) => {
  const folder = await copy(t, "hono", ["hono"]);
  const { default: app } = await import(pathToFileURL(join(folder, "index.js")).href);
  const turns = [];
  const ctx = { waitUntil: (promise) => void turns.push(promise), passThroughOnException() {} };
  const ask = (path, init) => app.fetch(new Request(`https://app.example${path}`, init), settings, ctx);
  assert.equal((await hear(ask("/v1/chat/completions", asking()))).text, "Hello world");
  assert.equal(turns.length, 1, "the turn is kept alive");
  assert.equal((await ask("/v1/chat/completions", asking("another"))).status, 401);
  assert.equal(await (await ask("/")).text(), "An avatar's endpoint.");
});

test("the route handler of a Next.js app", async (t) => {
  const folder = await copy(t, "next", []);
  const { POST } = await import(pathToFileURL(join(folder, "app", "v1", "chat", "completions", "route.js")).href);
  Object.assign(process.env, settings);
  t.after(() => Object.keys(settings).forEach((name) => delete process.env[name]));
  const ask = (init) => POST(new Request("https://app.example/v1/chat/completions", init));
  assert.equal((await hear(ask(asking()))).text, "Hello world");
  assert.equal((await ask(asking("another"))).status, 401);
});

describe("the server on node:http", () => {
  /** A running server's address, and what it prints. */
  async function serve(t) {
    const folder = await copy(t, "node-http", []);
    const child = spawn(process.execPath, ["index.js"], { cwd: folder, env: { ...process.env, ...settings, PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill());
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value;
    return { url: `http://127.0.0.1:${/^listening on (\d+)$/.exec(await next())[1]}/v1/chat/completions`, next };
  }

  test("answers, and tells how the turn went", async (t) => {
    const { url, next } = await serve(t);
    assert.equal((await hear(fetch(url, asking()))).text, "Hello world");
    assert.equal(await next(), "spoken");
    assert.equal((await fetch(url, asking("another"))).status, 401);
  });

  test("lets go of the LLM when the caller hangs up", async (t) => {
    const { url, next } = await serve(t);
    let silent;
    const begun = new Promise((resolve) => (silent = resolve));
    llm.script(MODEL, () => silent());
    const hangUp = new AbortController();
    const response = await fetch(url, asking(TOKEN, hangUp.signal));
    await begun;
    hangUp.abort();
    await response.text().catch(() => {});
    await llm.waitFor(({ model, aborted }) => model === MODEL && aborted);
    assert.equal(await next(), "interrupted");
  });
});
