// The package in the runtimes that run a program from a file: two Nodes, Deno, Bun.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { run } from "../../scripts/process.js";
import { assertAllOk, serve } from "./llm.js";
import { project } from "./pack.js";

const here = dirname(fileURLToPath(import.meta.url));
const installed = (name) => join(here, "programs", "node_modules", ".bin", name);

const MAIN = `
import { scenario } from "./scenario.js";
const [baseUrl, key] = (globalThis.Deno?.args ?? process.argv.slice(2));
const outcome = await scenario({ baseUrl, key });
console.log("outcome " + JSON.stringify(outcome));
// A check that failed may have left a stream open; else the program must end by itself.
if (Object.values(outcome.results).some((result) => result !== "ok")) (globalThis.Deno ?? process).exit(0);
`;

const { devDependencies: programs } = JSON.parse(readFileSync(join(here, "programs", "package.json"), "utf8"));
const major = (version) => version.split(".")[0];

/**
 * Programs, and what each must say that it is.
 * @type {Record<string, { program: string, says: string, flags?: string[], env?: (folder: string) => Record<string, string> }>}
 */
const RUNTIMES = {
  [`Node ${process.versions.node}, which runs this`]: { program: process.execPath, says: `Node.js/${major(process.versions.node)}` },
  [`Node ${programs.node}`]: { program: installed("node"), says: `Node.js/${major(programs.node)}` },
  [`Deno ${programs.deno}`]: {
    program: installed("deno"),
    says: `Deno/${programs.deno}`,
    flags: ["run", "--no-remote", "--node-modules-dir=manual", "--allow-net=127.0.0.1"],
    env: (folder) => ({ DENO_DIR: join(folder, ".deno"), DENO_NO_UPDATE_CHECK: "1" }),
  },
  [`Bun ${programs.bun}`]: {
    program: installed("bun"),
    says: `Bun/${programs.bun}`,
    flags: ["run"],
    env: () => ({ DO_NOT_TRACK: "1", BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" }),
  },
};

for (const [name, { program, says, flags = [], env }] of Object.entries(RUNTIMES)) {
  test(name, async (t) => {
    const folder = await project(t, { "scenario.js": readFileSync(join(here, "scenario.js"), "utf8"), "main.js": MAIN });
    mkdirSync(join(folder, ".deno"), { recursive: true });
    const llm = await serve(t);
    const output = await run(program, [...flags, "main.js", llm.baseUrl, llm.key], { cwd: folder, env: env?.(folder) });
    assertAllOk(JSON.parse(/^outcome (.*)$/m.exec(output)[1]), new RegExp(`^${says.replaceAll(".", "\\.")}(\\.|$)`));
  });
}

test(`require() in Node ${programs.node}`, async (t) => {
  const folder = await project(t, {
    "main.cjs": `const { ChatClient } = require("liveavatar-llm"); console.log(typeof new ChatClient({ baseUrl: "http://127.0.0.1:1/v1" }).stream);`,
  });
  assert.match(await run(installed("node"), ["main.cjs"], { cwd: folder }), /^function$/m);
});
