// Compiles link/ into target/wasm/: the module and its JavaScript, as wasm-pack, wasm-bindgen and wasm-opt leave them.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { Failure, run, step } from "./process.js";
import { sections } from "./sections.js";
import { modules, root, rust, setup, tools } from "./setup.js";
import { digest, read, write } from "./stamp.js";

/** The name of the module and of its JavaScript. */
export const NAME = "liveavatar_llm";

/** Where the compiled module is put. */
export const folder = join(root, "target", "wasm");

const INPUTS = ["Cargo.toml", "Cargo.lock", "src", "link", "tools/Cargo.lock", "package-lock.json", "scripts/wasm.js"];

/** Compiles the module if anything it is made from has changed. */
export async function compile() {
  await setup();
  const { version } = await rust();
  const stamp = join(folder, "stamp.json");
  const made = { from: digest(root, INPUTS, version) };
  if (read(stamp)?.from === made.from && existsSync(join(folder, `${NAME}_bg.wasm`))) return;

  rmSync(folder, { recursive: true, force: true });
  const path = await programs();
  await step("compiling the WebAssembly module", "half a minute", async (tell) => {
    await run(
      "wasm-pack",
      ["build", "link", "--target", "web", "--release", "--mode", "no-install", "--no-pack",
        "--out-dir", folder, "--out-name", NAME, "--", "--locked"],
      { cwd: root, env: { PATH: path, ...(await flags()) }, onLine: tell },
    );
  });
  verify(readFileSync(join(folder, `${NAME}_bg.wasm`)));
  // A user's `lib` may not know this member of the classes: it is newer than ES2022.
  const types = join(folder, `${NAME}.d.ts`);
  writeFileSync(types, readFileSync(types, "utf8").replace(/^ *\[Symbol\.dispose\]\(\): void;\n/gm, ""));
  write(stamp, made);
}

/**
 * PATH with the programs that wasm-pack looks for first. A missing wasm-opt would go unnoticed: wasm-pack leaves it out
 * without a word when it may not install it.
 */
async function programs() {
  await modules();
  const bin = join(root, "node_modules", ".bin");
  if (!existsSync(join(bin, "wasm-opt"))) {
    throw new Failure("node_modules has no wasm-opt although the package binaryen brings it: remove node_modules and try again.");
  }
  return [await tools(), bin, process.env.PATH].join(delimiter);
}

/**
 * What cargo compiled for the module: the messages of the very build that wasm-pack makes.
 * @returns {Promise<{ reason: string, fresh?: boolean, target?: { name: string }, filenames?: string[] }[]>}
 */
export async function artifacts() {
  const output = await run(
    "cargo",
    ["build", "--lib", "--release", "--target", "wasm32-unknown-unknown", "--locked", "--message-format", "json"],
    { cwd: join(root, "link"), env: await flags() },
  );
  const messages = output.trim().split("\n").map((line) => JSON.parse(line));
  return messages.filter(({ reason }) => reason === "compiler-artifact");
}

/**
 * Compiler flags that replace every folder of this machine: panic messages carry the paths of the sources, and a module
 * must be the same whoever builds it. They are given as CARGO_ENCODED_RUSTFLAGS, where a path may contain spaces.
 */
async function flags() {
  const { version, sysroot } = await rust();
  const metadata = JSON.parse(
    await run("cargo", ["metadata", "--format-version", "1", "--locked", "--filter-platform", "wasm32-unknown-unknown"], { cwd: root }),
  );
  const registries = new Set(
    metadata.packages.filter(({ source }) => source).map(({ manifest_path: path }) => dirname(dirname(path))),
  );
  const commit = /commit-hash: (\w+)/.exec(version)?.[1] ?? "unknown";
  const remapped = [
    `--remap-path-prefix=${root}=liveavatar-llm`,
    `--remap-path-prefix=${join(sysroot, "lib", "rustlib", "src", "rust")}=/rustc/${commit}`,
    ...[...registries].map((path) => `--remap-path-prefix=${path}=crates`),
  ];
  return { CARGO_ENCODED_RUSTFLAGS: remapped.join("\x1f") };
}

/** What wasm-opt removes must be gone, or it has not run. */
function verify(bytes) {
  const left = sections(bytes).filter(({ name }) => ["name", "producers", "target_features"].includes(name));
  if (left.length > 0) {
    throw new Failure(
      `wasm-opt has not run on the module: it still has the sections ${left.map(({ name }) => name).join(", ")}. ` +
        "Check [package.metadata.wasm-pack.profile.release] in link/Cargo.toml.",
    );
  }
}
