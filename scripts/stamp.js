// What a step was made from, remembered as a digest, so that it is skipped while nothing has changed.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const IGNORED = new Set(["node_modules", "target", ".git"]);

/**
 * All files under a path, sorted; the path itself when it is a file; none when it doesn't exist.
 * @param {string} path
 * @returns {string[]}
 */
export function files(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return [];
  if (found.isFile()) return [path];
  return readdirSync(path)
    .filter((name) => !IGNORED.has(name))
    .sort()
    .flatMap((name) => files(join(path, name)));
}

/**
 * A digest of the names and contents of everything under `paths`, and of some further text.
 * @param {string} root names are taken relative to it
 * @param {string[]} paths relative to the root
 * @param {string} [further]
 * @returns {string}
 */
export function digest(root, paths, further = "") {
  const hash = createHash("sha256").update(further);
  for (const file of paths.flatMap((path) => files(join(root, path)))) {
    const content = readFileSync(file);
    hash.update(`\n${relative(root, file)} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/**
 * What a stamp says, or undefined.
 * @param {string} path
 * @returns {any}
 */
export function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} path
 * @param {unknown} value
 */
export function write(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
