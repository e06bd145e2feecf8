// `npm run build`: makes pkg/, which holds exactly what is published. Nothing is done while nothing has changed.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { exclusive } from "./lock.js";
import { Failure, run, start, step } from "./process.js";
import { root, rust, setup } from "./setup.js";
import { digest, files, read, write } from "./stamp.js";
import { compile, folder as compiled, NAME } from "./wasm.js";

/** What is published. */
export const pkg = join(root, "pkg");

const INPUTS = ["Cargo.toml", "Cargo.lock", "src", "link", "npm", "scripts/build.js", "scripts/bundle.js", "scripts/wasm.js",
  "tools", "package.json", "package-lock.json"];
const PAPERS = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/**
 * Makes pkg/ if it is not what the sources say.
 * @returns {Promise<string>} its sizes, as text
 */
export async function build() {
  await setup();
  return exclusive(join(root, "target", "build.lock"), async () => {
    const { version } = await rust();
    const stamp = join(root, "target", "pkg.json");
    const from = digest(root, [...INPUTS, ...PAPERS], version);
    const last = read(stamp);
    if (last?.from === from && last.made === digest(root, ["pkg"])) return last.sizes;
    sameVersions();
    await compile();
    const staged = await step("checking the types and writing pkg/", "seconds", stage);
    rmSync(pkg, { recursive: true, force: true });
    renameSync(staged, pkg);
    const sizes = await measure();
    write(stamp, { from, made: digest(root, ["pkg"]), sizes });
    return sizes;
  });
}

/** Puts the whole package into a folder beside pkg/, so that a failure leaves the last good one. */
async function stage() {
  const { bundle } = await import("./bundle.js");
  const staged = join(root, "target", "pkg");
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  const put = (name, content) => {
    mkdirSync(dirname(join(staged, name)), { recursive: true });
    writeFileSync(join(staged, name), content);
  };

  const types = await declarations();
  const module = { glue: join(compiled, `${NAME}.js`), wasm: join(compiled, `${NAME}_bg.wasm`) };
  const bundled = await bundle(join(root, "npm", "src"), module);
  for (const [name, text] of [...types, ...bundled]) put(name, text);
  put(`${NAME}.js`, readFileSync(module.glue));
  put(`${NAME}_bg.wasm`, readFileSync(module.wasm));
  put(`${NAME}.d.ts`, readFileSync(join(compiled, `${NAME}.d.ts`)));
  put("package.json", readFileSync(join(root, "npm", "package.json")));
  for (const paper of PAPERS) if (existsSync(join(root, paper))) put(paper, readFileSync(join(root, paper)));
  await noMachinePath(staged);
  return staged;
}

/** Type-checks the shell and gives the declarations that can be reached from its index, by name. */
async function declarations() {
  const made = join(root, "target", "types");
  rmSync(made, { recursive: true, force: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  await run(process.execPath, [tsc, "-p", join(root, "npm"), "--outDir", made], { cwd: root });
  const reached = new Map();
  const visit = (name) => {
    if (reached.has(name)) return;
    const text = readFileSync(join(made, name), "utf8");
    reached.set(name, text);
    for (const [, specifier] of text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)) {
      if (!/^\.\.?\/.*\.js$/.test(specifier)) {
        throw new Failure(`the declarations in ${name} import "${specifier}", which the package's users don't have`);
      }
      visit(join(dirname(name), specifier.replace(/\.js$/, ".d.ts")));
    }
  };
  visit("index.d.ts");
  return reached;
}

function sameVersions() {
  const cargo = /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1];
  const npm = JSON.parse(readFileSync(join(root, "npm", "package.json"), "utf8")).version;
  if (cargo !== npm) {
    throw new Failure(`the versions differ: Cargo.toml's [workspace.package] says ${cargo}, npm/package.json says ${npm}. Make them equal.`);
  }
}

async function noMachinePath(staged) {
  const { sysroot } = await rust();
  const places = [root, homedir(), process.env.CARGO_HOME, sysroot].filter((place) => place && place.length > 1);
  for (const file of files(staged)) {
    const content = readFileSync(file);
    const place = places.find((path) => content.includes(path));
    if (place) throw new Failure(`${file} contains ${place}, a path of this machine`);
  }
}

/** The sizes that matter, as text. */
async function measure() {
  const { minified } = await import("./bundle.js");
  const wasm = readFileSync(join(pkg, `${NAME}_bg.wasm`));
  const entry = await minified(join(pkg, "index.js"));
  const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  const gzip = (bytes) => kB(gzipSync(bytes, { level: 9 }).length);
  return [
    `  ${NAME}_bg.wasm: ${kB(wasm.length)}, ${gzip(wasm)} gzip`,
    `  the default entry, minified, with the module in it: ${kB(entry.length)}, ${gzip(entry)} gzip`,
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await start(async () => console.log(`pkg/ is what the sources say\n${await build()}`));
