// What the other scripts need on a machine: Rust's wasm target, the programs of tools/, node_modules, a browser with its
// driver. Each function makes sure of one thing, quickly when it is there, and says what it does when it is not.

import { mkdirSync, readFileSync, renameSync, rmSync, existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { exclusive } from "./lock.js";
import { Failure, run, step, which } from "./process.js";
import { digest, read, write } from "./stamp.js";

/** The clone's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

const WASM = "wasm32-unknown-unknown";
const PROGRAMS = ["wasm-bindgen", "wasm-bindgen-test-runner", "wasm-pack"];

/** Things made once per user instead of once per clone. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "liveavatar-llm");

/** @type {Map<string, Promise<any>>} */
const known = new Map();

/**
 * Asks for each thing once in the life of the process, however many ask.
 * @template T @param {string} key @param {() => Promise<T>} make @returns {Promise<T>}
 */
function once(key, make) {
  if (!known.has(key)) known.set(key, make());
  return /** @type {Promise<T>} */ (known.get(key));
}

/**
 * The Rust compiler.
 * @returns {Promise<{ version: string, sysroot: string }>} what `rustc -vV` prints, and where its libraries are
 */
export const rust = () =>
  once("rust", async () => {
    if (!which("cargo") || !which("rustc")) {
      throw new Failure(
        "Rust is needed and neither cargo nor rustc is on PATH. Install it with rustup (https://rustup.rs), open a new shell and try again.",
      );
    }
    const [version, sysroot] = await Promise.all([
      run("rustc", ["-vV"], { cwd: root }),
      run("rustc", ["--print", "sysroot"], { cwd: root }),
    ]);
    const needed = /rust-version = "(\d+)\.(\d+)/.exec(readFileSync(join(root, "Cargo.toml"), "utf8"));
    const present = /release: (\d+)\.(\d+)/.exec(version);
    if (needed && present) {
      const older = Number(present[1]) - Number(needed[1]) || Number(present[2]) - Number(needed[2]);
      if (older < 0) {
        throw new Failure(
          `Rust ${needed[1]}.${needed[2]} or newer is needed, this is ${present[1]}.${present[2]}: run \`rustup update stable\`.`,
        );
      }
    }
    return { version, sysroot: sysroot.trim() };
  });

/** Rust's standard library for WebAssembly. */
export const target = () =>
  once("target", async () => {
    const { sysroot } = await rust();
    const present = () => existsSync(join(sysroot, "lib", "rustlib", WASM, "lib"));
    if (present()) return;
    if (!which("rustup")) {
      throw new Failure(
        `Rust's ${WASM} target is needed and there is no rustup to add it. Install Rust with rustup (https://rustup.rs), or add the target your own way.`,
      );
    }
    await exclusive(join(cache, "rustup.lock"), async () => {
      if (present()) return;
      await step(`adding Rust's ${WASM} target`, "seconds", () => run("rustup", ["target", "add", WASM], { cwd: root }));
    });
  });

/**
 * The packages of a package-lock.json, as it says them.
 * @param {string} [folder] relative to the clone
 */
export const modules = (folder = ".") =>
  once(`modules ${folder}`, async () => {
    const cwd = join(root, folder);
    const stamp = join(cwd, "node_modules", ".installed.json");
    const made = { from: digest(cwd, ["package-lock.json"], `${process.platform} ${process.arch}`) };
    const present = () => read(stamp)?.from === made.from;
    if (present()) return;
    if (!which("npm")) throw new Failure("npm is needed and is not on PATH; it comes with Node (https://nodejs.org).");
    await exclusive(join(root, "target", `npm-${basename(cwd)}.lock`), async () => {
      if (present()) return;
      const where = folder === "." ? "" : ` of ${folder}`;
      await step(`installing the npm packages${where}`, "up to a minute", (tell) =>
        run("npm", ["ci", "--no-audit", "--no-fund"], { cwd, onLine: tell }),
      );
      write(stamp, made);
    });
  });

/**
 * wasm-bindgen, wasm-bindgen-test-runner and wasm-pack, from tools/.
 * @returns {Promise<string>} the folder they are in
 */
export const tools = () =>
  once("tools", async () => {
    const { version } = await rust();
    const made = digest(join(root, "tools"), ["Cargo.toml", "Cargo.lock", "src"], version).slice(0, 16);
    const folder = join(cache, `tools-${made}`);
    const bin = join(folder, "bin");
    if (existsSync(bin)) return bin;
    await exclusive(`${folder}.lock`, async () => {
      if (existsSync(bin)) return;
      await step("compiling wasm-bindgen and wasm-pack", "a minute or two, once per machine", (tell) =>
        run(
          "cargo",
          ["build", "--locked", "--bins", "--manifest-path", join(root, "tools", "Cargo.toml"), "--target-dir", join(folder, "target")],
          { onLine: tell },
        ),
      );
      const partial = join(folder, "partial");
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      for (const program of PROGRAMS) {
        renameSync(join(folder, "target", "debug", program), join(partial, program));
      }
      renameSync(partial, bin);
      rmSync(join(folder, "target"), { recursive: true, force: true });
    });
    return bin;
  });

/** Everything that compiling the module and testing it outside a browser needs. */
export async function setup() {
  await Promise.all([target(), tools(), modules()]);
}

/**
 * A Chromium and its driver.
 * @returns {Promise<{ chromium: string, chromedriver: string }>} their paths
 */
export const browser = () =>
  once("browser", async () => {
    const find = () => ({
      chromium: which("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"),
      chromedriver: process.env.CHROMEDRIVER || which("chromedriver"),
    });
    let found = find();
    if (found.chromium && found.chromedriver) return found;
    const debian = which("apt-get") && process.getuid?.() === 0;
    if (debian) {
      await step("installing chromium and chromium-driver with apt-get", "a minute", async (tell) => {
        const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, onLine: tell };
        const patient = ["-o", "DPkg::Lock::Timeout=300"];
        await run("apt-get", [...patient, "update"], options);
        await run("apt-get", [...patient, "install", "-y", "chromium", "chromium-driver"], options);
      });
      found = find();
      if (found.chromium && found.chromedriver) return found;
    }
    const missing = Object.entries(found).filter(([, path]) => !path).map(([name]) => name);
    throw new Failure(
      `${missing.join(" and ")} must be on PATH. On Debian: apt-get install chromium chromium-driver (as root); elsewhere install Chromium or Chrome and the ChromeDriver of the same version.`,
    );
  });
