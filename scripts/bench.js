// `npm run bench [-- --json]`: pkg/ beside other packages, in Node and in Chromium. It measures, and says which bounds are
// kept; whatever comes of that, it ends well.

import { join } from "node:path";

import { build } from "./build.js";
import { run, start, step } from "./process.js";
import { browser, modules, root } from "./setup.js";

const folder = join(root, "bench");
const json = process.argv.includes("--json");
// Nothing but the result goes where the result goes.
if (json) console.log = console.error;

async function inNode() {
  const output = await run(process.execPath, ["--expose-gc", join(folder, "node.js")], { cwd: root });
  // Packages may print warnings before it.
  return { runtime: `Node ${process.versions.node}`, rows: JSON.parse(output.trimEnd().split("\n").at(-1)) };
}

async function inChromium() {
  const [{ chromium }, esbuild] = await Promise.all([import("playwright-core"), import("esbuild")]);
  const entry = join(folder, "page.js");
  const { outputFiles } = await esbuild.build({ entryPoints: [entry], bundle: true, write: false, format: "iife", platform: "browser" });
  const { chromium: executablePath } = await browser();
  const opened = await chromium.launch({ executablePath, args: ["--js-flags=--expose-gc", "--disable-background-networking"] });
  try {
    const page = await opened.newPage();
    // An isolated page has the finer clock. It is made here: nothing is fetched.
    const headers = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    await page.route("**", (route) => route.fulfill({ contentType: "text/html", headers, body: "<!doctype html><title>Bench</title>" }));
    await page.goto("http://localhost/");
    await page.addScriptTag({ content: outputFiles[0].text });
    return { runtime: `Chromium ${opened.version()}`, rows: await page.evaluate(() => globalThis.rows()) };
  } finally {
    await opened.close();
  }
}

/** Lines of columns, each as wide as it must be. */
function table(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column])).join("  ")}`.trimEnd()).join("\n");
}

function verdict(value, bound) {
  if (bound === undefined) return ["", ""];
  return [`at most ${bound}`, value <= bound ? "ok" : "OVER"];
}

function ratios({ runtime, rows }) {
  const lines = rows.map(({ what, beside, ratio, from, to, bound }) =>
    [what, beside, ratio.toFixed(3), `${from.toFixed(3)} to ${to.toFixed(3)}`, ...verdict(ratio, bound)],
  );
  return `${runtime}\n${table([["", "beside", "ours / theirs", "half of the rounds", "", ""], ...lines])}`;
}

function kilobytes(rows) {
  return `Minified and compressed by gzip\n${table(rows.map(({ what, kB, bound }) => [what, `${kB.toFixed(1)} kB`, ...verdict(kB, bound)]))}`;
}

await start(async () => {
  await Promise.all([build(), modules("bench"), browser()]);
  const { sizes } = await import("../bench/size.js");
  const size = await sizes();
  const runtimes = [
    await step("measuring in Node", "a minute", inNode),
    await step("measuring in Chromium", "a minute", inChromium),
  ];
  if (json) process.stdout.write(`${JSON.stringify({ runtimes, sizes: size })}\n`);
  else console.log(`\n${[...runtimes.map(ratios), kilobytes(size)].join("\n\n")}`);
});
