// `node scripts/start.js` as a person runs it, and a browser to look at its page with.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after } from "node:test";

import { chromium } from "playwright-core";

import { browser, root } from "../../scripts/setup.js";

const OWN = ["PORT", "PUBLIC_URL", "LIVEAVATAR_API_KEY", "LIVEAVATAR_BASE_URL", "LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL"];

/**
 * Runs the program until it says where to look, or ends by itself.
 * @param {{ after(work: () => unknown): void }} test ends it when it ends
 * @param {Record<string, string>} [env] PORT is any free one unless given
 */
export async function launch(test, env = {}) {
  const bare = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN.includes(name)));
  const child = spawn(process.execPath, [join(root, "scripts", "start.js")], { env: { ...bare, PORT: "0", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);
  test.after(() => child.kill("SIGKILL"));
  let output = "";
  const shown = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (output.includes("Ctrl-C ends everything.")) resolve();
      });
    }
  });
  await Promise.race([shown, ended]);
  return {
    /** The page's address. */
    url: /Open\s+(http:\S+)/.exec(output)?.[1],
    /** The endpoint's. */
    endpoint: /Endpoint\s+real\s+(http:\S+)/.exec(output)?.[1],
    /** Everything it printed, so far. */
    get output() {
      return output;
    },
    /** What it ended with: a status, or the signal that killed it. */
    ended,
    /** Sends a signal twice, as happens where both the terminal and npm send it. @param {NodeJS.Signals} signal */
    stop(signal) {
      child.kill(signal);
      child.kill(signal);
      return ended;
    },
  };
}

let running;

/** One browser for all tests of a file. */
async function start() {
  const { chromium: executablePath } = await browser();
  return chromium.launch({
    executablePath,
    args: ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

after(async () => (await running)?.close());

/**
 * Opens a page that shares nothing with others. Everything that goes wrong in it is kept, and so is all that it sends and gets.
 * @param {{ after(work: () => unknown): void }} test closes it when it ends
 * @param {string} url
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function open(test, url, options) {
  running ??= start();
  const context = await (await running).newContext(options);
  test.after(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  const hosts = new Set();
  const traffic = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.stack));
  page.on("request", (request) => {
    hosts.add(new URL(request.url()).host);
    traffic.push(request.url(), JSON.stringify(request.headers()), request.postData() ?? "");
  });
  page.on("response", (response) => {
    traffic.push(JSON.stringify(response.headers()), response.text().catch(() => ""));
  });
  await page.goto(url);
  await page.waitForSelector("html[data-state=ready]");
  return {
    page,
    /** What the console said that is no good: errors, warnings, violations of the policy. */
    complaints,
    /** The hosts that were asked. */
    hosts,
    /** All that was sent and received so far, and what the page holds. */
    everything: async () => [...(await Promise.all(traffic)), await page.content(), ...(await page.locator("textarea, input").evaluateAll((fields) => fields.map(({ value }) => value)))].join("\n"),
  };
}
