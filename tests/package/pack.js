// The package as `npm pack` makes it, and empty projects with it installed.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build, pkg } from "../../scripts/build.js";
import { exclusive } from "../../scripts/lock.js";
import { run } from "../../scripts/process.js";
import { root } from "../../scripts/setup.js";
import { digest } from "../../scripts/stamp.js";

/**
 * Packs pkg/, once for each content it has.
 * @returns {Promise<{ path: string, files: string[] }>} the tarball and what npm says is in it
 */
export async function pack() {
  await build();
  const folder = join(root, "target", "packed", digest(root, ["pkg"]).slice(0, 16));
  const list = join(folder, "pack.json");
  await exclusive(`${folder}.lock`, async () => {
    if (existsSync(list)) return;
    mkdirSync(folder, { recursive: true });
    const output = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: pkg });
    writeFileSync(list, output);
  });
  const [{ filename, files }] = JSON.parse(readFileSync(list, "utf8"));
  return { path: join(folder, filename), files: files.map(({ path }) => path) };
}

/**
 * Makes an empty project outside the clone, so that nothing of ours is found by accident, and installs the package in it.
 * @param {import("node:test").TestContext | { after(work: () => void): void }} test removes the project when it ends
 * @param {Record<string, string>} [sources] further files of the project and their text
 * @returns {Promise<string>} its folder
 */
export async function project(test, sources = {}) {
  const { path } = await pack();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "liveavatar-llm-")));
  test.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--no-package-lock", path], { cwd: folder });
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, name), text);
  return folder;
}
