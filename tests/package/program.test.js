// The package in the runtimes that run a program from a file: two Nodes, Deno, Bun.

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
console.log("results " + JSON.stringify(await scenario({ baseUrl, key })));
`;

/** @type {Record<string, { program: string, flags?: string[], env?: (folder: string) => Record<string, string> }>} */
const RUNTIMES = {
  [`Node ${process.versions.node}, which runs this`]: { program: process.execPath },
  "the newest Node": { program: installed("node") },
  Deno: {
    program: installed("deno"),
    flags: ["run", "--no-remote", "--node-modules-dir=manual", "--allow-net=127.0.0.1"],
    env: (folder) => ({ DENO_DIR: join(folder, ".deno"), DENO_NO_UPDATE_CHECK: "1" }),
  },
  Bun: { program: installed("bun"), flags: ["run"], env: () => ({ DO_NOT_TRACK: "1", BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" }) },
};

for (const [name, { program, flags = [], env }] of Object.entries(RUNTIMES)) {
  test(name, async (t) => {
    const folder = await project(t, { "scenario.js": readFileSync(join(here, "scenario.js"), "utf8"), "main.js": MAIN });
    mkdirSync(join(folder, ".deno"), { recursive: true });
    const llm = await serve(t);
    const output = await run(program, [...flags, "main.js", llm.baseUrl, llm.key], { cwd: folder, env: env?.(folder) });
    assertAllOk(JSON.parse(/^results (.*)$/m.exec(output)[1]));
    await llm.hungUp();
  });
}

test("require() in the newest Node", async (t) => {
  const folder = await project(t, {
    "main.cjs": `const { ChatClient } = require("liveavatar-llm"); new ChatClient({ baseUrl: "http://127.0.0.1:1/v1" }); console.log(typeof ChatClient);`,
  });
  await run(installed("node"), ["main.cjs"], { cwd: folder });
});
