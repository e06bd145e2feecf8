// What is in the package, and that nothing that fails without a word has failed: link-time optimisation, wasm-opt, the
// stripping that breaks it, a second JSON reader, paths of the machine that built it.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";

import { pkg } from "../../scripts/build.js";
import { run } from "../../scripts/process.js";
import { sections } from "../../scripts/sections.js";
import { root, rust, tools } from "../../scripts/setup.js";
import { artifacts } from "../../scripts/wasm.js";
import { pack } from "./pack.js";

const read = (...path) => readFileSync(join(root, ...path), "utf8");
const shipped = (name) => readFileSync(join(pkg, name));
const WASM = "liveavatar_llm_bg.wasm";

/** @type {string[]} */
let packed;
/** What cargo compiled for the module, by the name of the crate. */
let compiled;

before(async () => {
  packed = (await pack()).files.sort();
  compiled = new Map((await artifacts()).map(({ target, ...artifact }) => [target.name, artifact]));
});

/** The module as the linker left it. */
const linked = () => compiled.get("liveavatar_llm_link").filenames.find((name) => name.endsWith(".wasm"));

test("the package holds exactly these files", () => {
  assert.deepEqual(packed, [
    ...["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"],
    ...["access.d.ts", "avatar.d.ts", "build.d.ts", "chat.d.ts", "client.d.ts", "context.d.ts", "edge-light.js", "embed.d.ts", "endpoint.d.ts", "errors.d.ts"],
    ...["growing.d.ts"],
    ...["index.d.ts", "index.js", "liveavatar.d.ts", "liveavatar_llm.d.ts", "liveavatar_llm.js", WASM, "llmConfiguration.d.ts", "memory.d.ts", "package.json", "page.d.ts"],
    ...["schemas.d.ts", "secret.d.ts", "session.d.ts", "sessionEndpoint.d.ts", "source.d.ts", "speech.d.ts", "stream.d.ts", "tool.d.ts", "transfer.d.ts", "upstream.d.ts", "validate.d.ts", "voice.d.ts", "workerd.js"],
  ]);
});

test("no declaration tells of what the package keeps to itself", () => {
  for (const file of packed.filter((name) => name.endsWith(".d.ts"))) {
    assert.doesNotMatch(shipped(file).toString(), /:wasm|@internal/, file);
  }
});

test("pkg/ holds what is packed and nothing else", () => {
  assert.deepEqual(readdirSync(pkg, { recursive: true }).map(String).sort(), packed);
});

test("every export leads to a packed file", () => {
  const { exports, types } = JSON.parse(shipped("package.json").toString());
  const targets = Object.values(exports).flatMap((value) => (typeof value === "string" ? [value] : Object.values(value)));
  for (const target of [...targets, types]) assert.ok(packed.includes(target.replace("./", "")), target);
  assert.equal(Object.keys(exports["."])[0], "types", "TypeScript takes the first condition that fits");
});

test("the manifest says what it must, and needs no other package", () => {
  const manifest = JSON.parse(shipped("package.json").toString());
  assert.equal(manifest.name, "liveavatar-llm");
  assert.equal(manifest.license, "MIT OR Apache-2.0");
  assert.equal(manifest.type, "module");
  assert.ok(manifest.description && manifest.keywords.length > 3);
  for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "scripts", "private"]) {
    assert.equal(manifest[kind], undefined, kind);
  }
});

test("Cargo.toml and the manifest have one version", () => {
  const [, version] = /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/.exec(read("Cargo.toml")) ?? [];
  assert.equal(JSON.parse(shipped("package.json").toString()).version, version);
});

test("all entries export the same names", async () => {
  const exported = (file) => /\nexport \{([^}]+)\};\s*$/.exec(shipped(file).toString())?.[1].match(/[\w$]+(?=,|\s*$)/g)?.sort();
  const names = Object.keys(await import(join(pkg, "index.js"))).sort();
  assert.ok(names.includes("ChatClient"), String(names));
  assert.deepEqual(exported("index.js"), names);
  assert.deepEqual(exported("workerd.js"), names);
  assert.deepEqual(exported("edge-light.js"), names);
});

test("the default entry needs no other file, and no entry waits at its top level", () => {
  const entry = shipped("index.js").toString();
  assert.doesNotMatch(entry, /^\s*import\b|\bimport\(|import\.meta|\brequire\(/m);
  for (const file of ["index.js", "workerd.js", "edge-light.js"]) assert.doesNotMatch(shipped(file).toString(), /^(?:var .* = )?await\b/m, file);
  const modules = (file) => [...shipped(file).toString().matchAll(/^import .* from "([^"]+)";$/gm)].map(([, specifier]) => specifier);
  assert.deepEqual(modules("workerd.js"), [`./${WASM}`]);
  assert.deepEqual(modules("edge-light.js"), [`./${WASM}?module`]);
});

test("no shipped file has a path of this machine", async () => {
  const { sysroot } = await rust();
  const places = [root, realpathSync(root), homedir(), process.env.CARGO_HOME, sysroot, tmpdir(), "registry/src"];
  for (const file of packed) {
    const content = shipped(file);
    for (const place of places.filter((path) => path && path.length > 1)) {
      assert.ok(!content.includes(place), `${file} contains ${place}`);
    }
  }
});

test("wasm-opt has run: what it strips is gone, and the code is smaller than wasm-bindgen left it", async () => {
  const module = shipped(WASM);
  const custom = sections(module).filter(({ id }) => id === 0).map(({ name }) => name);
  assert.deepEqual(custom, []);

  const unoptimised = join(root, "target", "unoptimised");
  await run(join(await tools(), "wasm-bindgen"), [linked(), "--target", "web", "--out-dir", unoptimised]);
  const code = (bytes) => sections(bytes).find(({ id }) => id === 10).size;
  const before = code(readFileSync(join(unoptimised, "liveavatar_llm_link_bg.wasm")));
  assert.ok(code(module) < 0.97 * before, `${code(module)} bytes of code, ${before} without wasm-opt`);
});

test("cargo's own stripping leaves what wasm-opt needs to know", () => {
  const [, profile] = /\[profile\.release\]\n([^[]*)/.exec(read("Cargo.toml")) ?? [];
  assert.match(profile, /^lto = "fat"/m);
  assert.doesNotMatch(profile, /^strip = (?:true|"symbols")/m);
  const kept = sections(readFileSync(linked())).map(({ name }) => name);
  assert.ok(kept.includes("target_features"), String(kept));
});

test("the module is optimised at link time: its parts were handed to the linker as bitcode", async () => {
  // A crate that is an rlib as well as a cdylib makes cargo leave it out silently, whatever the profile says; then the
  // libraries hold finished code.
  assert.ok([...compiled.values()].every(({ fresh }) => fresh), "this is the build that was packed");
  const libraries = [...compiled.values()].flatMap(({ filenames }) => filenames.filter((name) => /wasm32.*\.rlib$/.test(name)));
  assert.ok(libraries.some((name) => name.includes("liveavatar_llm")), String(libraries));
  const kinds = libraries.flatMap((name) => members(readFileSync(name)));
  const objects = kinds.filter(({ name }) => name.endsWith(".o"));
  assert.ok(objects.length >= libraries.length);
  for (const { name, content } of objects) {
    assert.deepEqual([...content.subarray(0, 4)], [0x42, 0x43, 0xc0, 0xde], `${name} is LLVM bitcode`);
  }
});

test("the module has one JSON reader, its own: serde's would be 20 kB more", () => {
  // As the linker left it, it has the mangled name of every function: the parts of its path, after their lengths or dots.
  const module = readFileSync(linked()).toString("latin1");
  assert.ok(/liveavatar_llm4json/.test(module), "the names are there");
  const second = /serde_(?:json|wasm_bindgen)(?:\.\.|\d+)(?:de|read|from_value)(?![a-z])\w*/.exec(module)?.[0];
  assert.equal(second, undefined);
});

/** The members of a library, an archive of the common `ar` format with GNU's long names. */
function members(archive) {
  assert.equal(archive.subarray(0, 8).toString(), "!<arch>\n");
  const found = [];
  let names = "";
  for (let at = 8; at + 60 <= archive.length; ) {
    const field = (start, end) => archive.subarray(at + start, at + end).toString().trim();
    const size = Number(field(48, 58));
    const content = archive.subarray(at + 60, at + 60 + size);
    let name = field(0, 16);
    if (name === "//") names = content.toString();
    else if (/^\/\d+$/.test(name)) name = names.slice(Number(name.slice(1))).split("/\n")[0];
    found.push({ name: name.replace(/\/$/, ""), content });
    at += 60 + size + (size % 2);
  }
  return found;
}
