// npm/src/instance.ts, on a module that traps on purpose: what is left of a trapped instance never touches the next one.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { pathToFileURL } from "node:url";

import { run } from "../../scripts/process.js";
import { root, setup, tools } from "../../scripts/setup.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

/** @typedef {{ instance(): any, discard(trapped?: any): void, setSource(source: () => Uint8Array | WebAssembly.Module): void }} Shell */
/** @type {Shell} */
let shell;
/** @type {() => Promise<Shell>} another copy, without a source yet */
let another;
let bytes;

before(async () => {
  await setup();
  const made = join(root, "target", "trapping");
  const target = "wasm32-unknown-unknown";
  await run("cargo", ["build", "--locked", "--manifest-path", join(root, "tests", "loading", "crate", "Cargo.toml"),
    "--target", target, "--target-dir", made]);
  await run(join(await tools(), "wasm-bindgen"), [join(made, target, "debug", "trapping.wasm"), "--target", "web", "--out-dir", made]);

  const { build } = await import("esbuild");
  const { compiled } = await import("../../scripts/bundle.js");
  const module = { glue: join(made, "trapping.js"), wasm: join(made, "trapping_bg.wasm") };
  const outfile = join(made, "instance.js");
  await build({ entryPoints: [join(root, "npm", "src", "instance.ts")], outfile, bundle: true, format: "esm", plugins: [compiled(module)] });
  bytes = new Uint8Array(readFileSync(module.wasm));
  let copies = 0;
  another = () => import(`${pathToFileURL(outfile)}?${copies++}`);
  shell = await another();
  let asked = 0;
  shell.setSource(() => {
    assert.equal(++asked, 1, "the module is compiled once, however many instances there are");
    return bytes;
  });
});

/** Collects garbage, and lets finalizers run, until a condition holds. */
async function collectUntil(holds, what) {
  for (let round = 0; round < 200; round++) {
    // A turn before as well: what a WeakRef has given stays alive to the end of its job.
    await turn();
    collect();
    await turn();
    if (holds()) return;
  }
  assert.fail(`the garbage collector never got to this: ${what}`);
}

function trap(exports) {
  const counter = new exports.Counter();
  assert.throws(() => counter.trap(), WebAssembly.RuntimeError);
  assert.throws(() => counter.add(), /recursive|borrow/, "a trapped object stays borrowed, so the instance is of no more use");
  return counter;
}

test("one instance serves until it is given up", () => {
  const exports = shell.instance();
  assert.equal(shell.instance(), exports);
  shell.discard();
  assert.notEqual(shell.instance(), exports);
});

test("after a trap the next instance is a fresh one, and the old one's objects stay its own", () => {
  const old = shell.instance();
  const survivor = new old.Counter();
  survivor.add();
  trap(old);
  shell.discard(old);

  const next = shell.instance();
  assert.notEqual(next, old);
  const counter = new next.Counter();
  assert.equal(counter.add(), 1);
  assert.equal(survivor.add(), 2, "an old object goes on in its own memory");
  assert.equal(counter.add(), 2);
  survivor.free();
  assert.equal(old.freed(), 1);
  assert.equal(next.freed(), 0);
  assert.equal(counter.add(), 3);
  counter.free();
  assert.equal(next.freed(), 1);
});

test("two callers that saw the same trap replace the instance once", () => {
  const old = shell.instance();
  trap(old);
  shell.discard(old);
  const next = shell.instance();
  shell.discard(old);
  assert.equal(shell.instance(), next);
});

test("a living instance's forgotten objects are freed by the garbage collector", async () => {
  const exports = shell.instance();
  const before = exports.freed();
  (() => void Array.from({ length: 50 }, () => new exports.Counter()))();
  await collectUntil(() => exports.freed() === before + 50, "finalizers of a living instance");
});

test("a given up instance's forgotten objects free nothing, neither there nor in the next instance", async () => {
  const old = shell.instance();
  const before = old.freed();
  const collected = [];
  (() => {
    const registry = new FinalizationRegistry((index) => collected.push(index));
    for (let index = 0; index < 50; index++) registry.register(new old.Counter(), index);
    registry.register(trap(old), 50);
    collected.registry = registry;
  })();
  shell.discard(old);

  // The same addresses as the old ones: freeing them would free these.
  const next = shell.instance();
  const counters = Array.from({ length: 50 }, () => new next.Counter());
  await collectUntil(() => collected.length === 51, "the objects of the trapped instance");
  (() => void new next.Counter())();
  await collectUntil(() => next.freed() === 1, "the one forgotten object of the next instance");
  assert.equal(old.freed(), before);
  assert.deepEqual(counters.map((counter) => counter.add()), counters.map(() => 1));
});

test("a given up instance is collected whole", async () => {
  const reference = (() => {
    const exports = shell.instance();
    trap(exports);
    shell.discard(exports);
    return new WeakRef(exports);
  })();
  await collectUntil(() => reference.deref() === undefined, "the trapped instance");
});

test("the source may be a compiled module, also one from outside the sandbox, as edge runtimes have it", async () => {
  const Outside = runInNewContext("WebAssembly").Module;
  for (const Module of [WebAssembly.Module, Outside]) {
    const module = new Module(bytes);
    const copy = await another();
    copy.setSource(() => module);
    assert.equal(new (copy.instance().Counter)().add(), 1);
  }
  assert.ok(!(new Outside(bytes) instanceof WebAssembly.Module), "they are of different realms");
});

test("without an entry there is no module, and the error says what to import", async () => {
  assert.throws((await another()).instance, /import the package by its name/);
});
