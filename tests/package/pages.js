// A folder served on loopback, and a headless browser to open it in.

import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

import { chromium } from "playwright-core";

import { browser } from "../../scripts/setup.js";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm" };

/**
 * Serves the files under a folder.
 * @param {{ after(work: () => unknown): void }} test ends the server when it ends
 * @param {string} folder
 * @param {{ charset?: string, headers?: Record<string, string> }} [options] the charset of all text, and further headers
 * @returns {Promise<string>} the address, ending in a slash
 */
export async function site(test, folder, { charset = "utf-8", headers = {} } = {}) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const file = join(folder, normalize(decodeURIComponent(pathname.endsWith("/") ? `${pathname}index.html` : pathname)));
    const type = TYPES[extname(file)];
    if (!type || !statSync(file, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404, headers).end();
    const text = /^text|json/.test(type) ? `; charset=${charset}` : "";
    response.writeHead(200, { ...headers, "content-type": type + text });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}/`;
}

/**
 * Opens a page that calls `done(results)`, which it finds on its window, and gives these results. An error that nothing on
 * the page caught fails.
 * @param {{ after(work: () => unknown): void }} test closes the browser when it ends
 * @param {string} url
 * @returns {Promise<any>}
 */
export async function visit(test, url) {
  const { chromium: executablePath } = await browser();
  const opened = await chromium.launch({
    executablePath,
    args: ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  test.after(() => opened.close());
  const page = await opened.newPage();
  const results = new Promise((resolve, reject) => {
    page.on("pageerror", reject);
    page.on("crash", () => reject(new Error("the page crashed")));
    page.exposeFunction("done", resolve).then(() => page.goto(url)).catch(reject);
    setTimeout(() => reject(new Error(`${url} called done() not within a minute`)), 60_000).unref();
  });
  return results;
}
