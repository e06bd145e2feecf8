// A Python environment that holds the caller's libraries, made once per user and found again by every clone.
//
//   const python = await environment("observed");     the path of the Python program in it

import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { exclusive } from "../../scripts/lock.js";
import { Failure, run, step, which } from "../../scripts/process.js";

/** The versions of the caller that there is a list of requirements for. */
export const VERSIONS = ["observed", "newest"];

const OLDEST = "3.11";
const PYTHON = process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];
const IDENTITY = "import platform, sys, sysconfig; print(platform.python_implementation(), platform.python_version(), sysconfig.get_platform(), sys.version_info >= (3, 11))";

/** @type {Map<string, Promise<string>>} */
const known = new Map();

/**
 * Makes sure of the environment for a version of the caller.
 * @param {string} version one of {@link VERSIONS}
 * @returns {Promise<string>} the path of its Python
 */
export function environment(version) {
  if (!VERSIONS.includes(version)) throw new TypeError(`version must be ${VERSIONS.map((name) => `"${name}"`).join(" or ")}, not ${JSON.stringify(version)}`);
  if (!known.has(version)) {
    const made = make(version);
    // What failed may be repaired by whoever reads the message, so the next call tries again.
    made.catch(() => known.delete(version));
    known.set(version, made);
  }
  return /** @type {Promise<string>} */ (known.get(version));
}

async function make(version) {
  const requirements = fileURLToPath(new URL(`requirements-${version}.txt`, import.meta.url));
  const { program, identity } = await basePython();
  const hash = createHash("sha256").update(readFileSync(requirements)).update(identity).digest("hex").slice(0, 16);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "liveavatar-llm");
  const folder = join(cache, `caller-${hash}`);
  const python = join(folder, ...PYTHON);
  if (runs(python)) return python;

  await exclusive(`${folder}.lock`, async () => {
    if (runs(python)) return;
    // Left by a run that was ended half-way, or by a Python that is gone.
    rmSync(folder, { recursive: true, force: true });
    const partial = `${folder}.partial-`;
    for (const name of existsSync(cache) ? readdirSync(cache) : []) {
      if (join(cache, name).startsWith(partial)) rmSync(join(cache, name), { recursive: true, force: true });
    }
    mkdirSync(cache, { recursive: true });
    const making = partial + process.pid;
    await withVenv(program);
    await step(`installing the caller's libraries (${version}, about 400 MB)`, "half a minute to a few minutes, once per user", async (tell) => {
      try {
        await run(program, ["-m", "venv", making], { onLine: tell });
        const inside = join(making, ...PYTHON);
        const pip = ["-m", "pip", "--disable-pip-version-check", "--no-input"];
        // The list is whole. Whatever it left out would come in a version of the day; so nothing else is taken, and pip says what is missing.
        await run(inside, [...pip, "install", "--no-deps", "-r", requirements], { onLine: tell });
        await run(inside, [...pip, "check"]);
        // Only Python itself is run from here, and it doesn't mind having been moved.
        renameSync(making, folder);
      } finally {
        rmSync(making, { recursive: true, force: true });
      }
    });
  });
  return python;
}

/** Follows the link, so that an environment whose Python was removed doesn't count. */
function runs(python) {
  try {
    accessSync(python, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function basePython() {
  let program = which("python3", "python");
  if (!program && (await installed("python3", "python3-venv"))) program = which("python3");
  if (!program) throw new Failure(`Python ${OLDEST} or newer must be on PATH as python3. On Debian: apt-get install python3 python3-venv (as root).`);
  const identity = (await run(program, ["-I", "-c", IDENTITY])).trim();
  if (!identity.endsWith("True")) {
    throw new Failure(`Python ${OLDEST} or newer is needed, but python3 on PATH is ${identity.split(" ").slice(0, 2).join(" ")}. Install a newer one and put it first on PATH.`);
  }
  return { program, identity };
}

/** Debian's Python comes without the part that makes environments. */
async function withVenv(program) {
  const complete = () => run(program, ["-I", "-c", "import ensurepip, venv"]).then(() => true, () => false);
  if (await complete()) return;
  if ((await installed("python3-venv")) && (await complete())) return;
  throw new Failure("python3 on PATH can't make environments (its modules venv and ensurepip are missing). On Debian: apt-get install python3-venv (as root).");
}

async function installed(...packages) {
  if (!which("apt-get") || process.getuid?.() !== 0) return false;
  await step(`installing ${packages.join(" and ")} with apt-get`, "a minute", async (tell) => {
    const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, onLine: tell };
    const patient = ["-o", "DPkg::Lock::Timeout=300"];
    await run("apt-get", [...patient, "update"], options);
    await run("apt-get", [...patient, "install", "-y", ...packages], options);
  });
  return true;
}
