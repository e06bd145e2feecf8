// Running other programs: found on PATH, quiet unless they fail, and never outliving this process.

import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

const running = new Set();

/** Each child has a process group of its own, so that what it has started in turn is stopped with it. */
function stopAll() {
  for (const child of running) {
    try {
      process.kill(-child.pid, "SIGTERM");
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

process.on("exit", stopAll);

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };
const leave = (signal) => process.exit(128 + SIGNALS[signal]);

// Signals are ours only while a child runs: a script that serves afterwards has its own way to stop.
function add(child) {
  if (running.size === 0) for (const signal of Object.keys(SIGNALS)) process.on(signal, leave);
  running.add(child);
}

function remove(child) {
  running.delete(child);
  if (running.size === 0) for (const signal of Object.keys(SIGNALS)) process.off(signal, leave);
}

/**
 * The path of a program on PATH, or undefined.
 * @param {...string} names tried in this order
 * @returns {string | undefined}
 */
export function which(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter).filter(Boolean)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        if (statSync(path).isFile()) return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/** A program that could not be started or ended with a failure; `output` is everything it printed. */
export class Failure extends Error {
  name = "Failure";
  /** @param {string} message @param {string} [output] */
  constructor(message, output = "") {
    super(message);
    this.output = output;
  }
}

/**
 * Runs a program to its end and gives what it wrote to its standard output. Fails with a {@link Failure}, which has its
 * standard error as well, when it doesn't end well.
 * @param {string} program a path, or a name on PATH
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env] added to this process's environment
 * @param {boolean} [options.shown] prints the output as it comes as well
 * @param {(line: string) => void} [options.onLine]
 * @returns {Promise<string>}
 */
export function run(program, args, { cwd, env, shown = false, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...inherited(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    add(child);
    // Apart as well: the two come through pipes of their own, and one may break into the other's lines.
    let output = "";
    let given = "";
    for (const [stream, target] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output += text;
        if (stream === child.stdout) given += text;
        if (shown) target.write(text);
        if (onLine) for (const line of text.split(/[\r\n]+/)) if (line.trim() !== "") onLine(line.trim());
      });
    }
    const command = [program, ...args].join(" ");
    child.on("error", (error) => {
      remove(child);
      reject(new Failure(`could not start ${program}: ${error.message}`));
    });
    child.on("close", (status, signal) => {
      remove(child);
      if (status === 0) resolve(given);
      else reject(new Failure(`${command}\nended with ${signal ?? `status ${status}`}`, output));
    });
  });
}

/** Our environment without what npm sets for the script it runs: a nested npm would take its folder for that script's. */
function inherited() {
  const own = /^(npm_(package|lifecycle)_.*|npm_config_(local_prefix|prefix)|npm_command|init_cwd)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

/**
 * Says what is being done, that it still is, and how long it took.
 * @template T
 * @param {string} what
 * @param {string} patience how long it may take
 * @param {(tell: (line: string) => void) => Promise<T>} work gets a function for lines that show how far it is
 * @returns {Promise<T>}
 */
export async function step(what, patience, work) {
  const start = performance.now();
  let latest = "";
  console.log(`- ${what} (${patience}) …`);
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  const beat = setInterval(() => console.log(`  still ${what}: ${seconds()}${latest && `, ${latest}`}`), 15_000);
  try {
    const result = await work((line) => (latest = line.slice(0, 80)));
    console.log(`  done ${what}: ${seconds()}`);
    return result;
  } finally {
    clearInterval(beat);
  }
}

/**
 * Runs a script's main function: a failure is printed with what the failed program said, and becomes the exit status.
 * @param {() => Promise<number | void>} main gives the exit status
 */
export async function start(main) {
  try {
    if (Number(process.versions.node.split(".")[0]) < 20) throw new Failure(`Node 20 or newer is needed, this is ${process.version}.`);
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (error instanceof Failure) {
      if (error.output) console.error(error.output.trimEnd());
      console.error(`\n${error.message}`);
    } else {
      console.error(error);
    }
    // Others that ran beside the failed one are of no use now.
    process.exit(1);
  }
}
