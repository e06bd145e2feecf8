// `npm test [-- part …]`: every check there is, or the named parts. Each part gets what it needs onto the machine first.

import { join } from "node:path";

import { environment } from "../tests/caller/environment.js";
import { build } from "./build.js";
import { Failure, run, start } from "./process.js";
import { browser, modules, root, setup, target, tools, rust } from "./setup.js";
import { files } from "./stamp.js";

const WASM = ["--target", "wasm32-unknown-unknown"];
const CRATES = ["Cargo.toml", "tools/Cargo.toml", "tests/loading/crate/Cargo.toml"];

let building;
const built = () => (building ??= build());

/**
 * The parts in the order they are run. `needs` are made sure of before, `does` are commands that must all succeed.
 * @type {Record<string, { about: string, needs: (() => Promise<unknown>)[], does: () => Promise<unknown> }>}
 */
const PARTS = {
  format: {
    about: "rustfmt",
    needs: [rust],
    does: async () => {
      for (const crate of CRATES) await cargo(["fmt", "--check", "--all", "--manifest-path", join(root, crate), "--", "--color", "never"]);
    },
  },
  lint: {
    about: "clippy, natively and for WebAssembly",
    needs: [target],
    does: async () => {
      const clippy = ["clippy", "--locked", "--workspace", "--all-targets"];
      await cargo([...clippy, "--", "-D", "warnings"]);
      await cargo([...clippy, ...WASM, "--", "-D", "warnings"]);
    },
  },
  native: {
    about: "the core's tests",
    needs: [rust],
    does: () => cargoTests(["--workspace"]),
  },
  wasm: {
    about: "the face's tests, in Node and in a browser",
    needs: [target, tools, browser],
    does: async () => {
      const { chromedriver } = await browser();
      const env = {
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: join(await tools(), "wasm-bindgen-test-runner"),
        CHROMEDRIVER: chromedriver,
        // A machine with other things to do may need longer for a browser and its driver than the runner's 20 s and 5 s.
        WASM_BINDGEN_TEST_TIMEOUT: "120",
        WASM_BINDGEN_TEST_DRIVER_TIMEOUT: "60",
      };
      for (const test of ["face_node", "face_browser"]) await cargoTests([...WASM, "--test", test], env);
    },
  },
  types: {
    about: "tsc over the shell",
    needs: [built],
    does: async () => {
      const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
      await run(process.execPath, [tsc, "--noEmit", "-p", "npm"], { cwd: root, shown });
    },
  },
  standins: {
    about: "the stand-ins for the service, for an LLM and for providers",
    needs: [built, () => modules("bench"), () => modules("tests/standins/sdks")],
    does: () => nodeTests("tests/standins"),
  },
  loading: {
    about: "how the module is carried, made and replaced",
    needs: [setup],
    does: () => nodeTests("tests/loading"),
  },
  shell: {
    about: "the shell, against the built package",
    needs: [built, () => modules("tests/standins/sdks")],
    does: () => nodeTests("tests/shell"),
  },
  consumers: {
    about: "the package with a router that takes Standard Schemas, and with LiveAvatar's web SDK in a browser",
    needs: [built, browser, () => modules("tests/consumers")],
    does: () => nodeTests("tests/consumers"),
  },
  peers: {
    about: "what is understood of streams, beside eventsource-parser and openai",
    needs: [rust, built, () => modules("bench")],
    does: () => nodeTests("tests/peers"),
  },
  start: {
    about: "npm start and its page",
    needs: [built, browser],
    does: () => nodeTests("tests/start"),
  },
  package: {
    about: "the packed package, installed in every runtime",
    needs: [built, browser, ...["bench", "tests/package/programs", "tests/package/workerds"].map((folder) => () => modules(folder))],
    does: () => nodeTests("tests/package"),
  },
  examples: {
    about: "the examples, with the packed package",
    needs: [built, () => modules("tests/examples"), () => modules("tests/package/programs")],
    does: () => nodeTests("tests/examples"),
  },
  caller: {
    about: "the program that LiveAvatar calls with, in two versions, against the packed package",
    needs: [built, () => environment("observed"), () => environment("newest")],
    does: () => nodeTests("tests/caller"),
  },
};

const cargo = (args, env) => run("cargo", args, { cwd: root, env: { CARGO_TERM_COLOR: "never", ...env }, shown });

async function cargoTests(args, env) {
  const output = await cargo(["test", "--locked", ...args], env);
  count([...output.matchAll(/^test result: ok\. (\d+) passed/gm)], args.join(" "));
}

/** Runs the `*.test.js` under a folder with Node's test runner. */
async function nodeTests(folder) {
  const tests = files(join(root, folder)).filter((file) => file.endsWith(".test.js"));
  if (tests.length === 0) throw new Failure(`${folder}/ has no *.test.js`);
  const output = await run(process.execPath, ["--test", "--test-reporter=spec", "--test-timeout=300000", ...tests], { cwd: root, shown });
  count([...output.matchAll(/^ℹ pass (\d+)$/gm)], folder);
  for (const [, number, word] of output.matchAll(/^ℹ (skipped|todo) ([1-9]\d*)$/gm)) leftOut.push(`${word} ${number}`);
}

let counted = 0;
/** What runners say that they did not take into account. */
let leftOut = [];

/** Adds up the tests that runners say they ran; none at all is a failure, or a suite could vanish unnoticed. */
function count(matches, what) {
  const sum = matches.reduce((total, [, number]) => total + Number(number), 0);
  if (sum === 0) throw new Failure(`${what}: no test ran`);
  counted += sum;
}

const shown = process.argv.includes("--verbose");
const TAIL = 150;

/** Runs a part and says how it went. */
async function passes(name) {
  const { about, needs, does } = PARTS[name];
  console.log(`\n${name}: ${about}`);
  let start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    await Promise.all(needs.map((need) => need()));
    start = performance.now();
    counted = 0;
    leftOut = [];
    await does();
    const tests = counted ? [`${counted} test${counted === 1 ? "" : "s"}`, ...leftOut] : [];
    console.log(`${name}: passed, ${[...tests, seconds()].join(", ")}`);
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const lines = shown || !error.output ? [] : error.output.trimEnd().split("\n");
    if (lines.length > TAIL) console.log(`[${lines.length - TAIL} lines left out; all of them: npm test -- ${name} --verbose]`);
    if (lines.length > 0) console.log(lines.slice(-TAIL).join("\n"));
    console.log(`${error.message}\n${name}: FAILED, ${seconds()}`);
    return false;
  }
}

await start(async () => {
  const asked = process.argv.slice(2).filter((word) => word !== "--verbose");
  const unknown = asked.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0) {
    console.error(`There is no part called ${unknown.join(" or ")}. The parts are:`);
    for (const [name, { about }] of Object.entries(PARTS)) console.error(`  ${name.padEnd(10)} ${about}`);
    return 2;
  }
  const chosen = asked.length > 0 ? Object.keys(PARTS).filter((name) => asked.includes(name)) : Object.keys(PARTS);
  // What takes longest to get begins at once; a part that needs it waits for it, and is where a failure is told.
  const wanted = new Set(chosen.flatMap((name) => PARTS[name].needs));
  for (const need of [setup, tools, modules, browser]) if (wanted.has(need)) need().catch(() => {});

  let failed = 0;
  for (const name of chosen) if (!(await passes(name))) failed++;
  console.log(`\n${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
