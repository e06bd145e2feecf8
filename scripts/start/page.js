// The server of the page: the files of www/, the package as it is published, and the API. It holds keys, so it answers this
// computer's browser under its own name only, and nothing that a page from elsewhere has sent.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

import { pkg } from "../build.js";
import { root } from "../setup.js";
import { files } from "../stamp.js";

const www = join(root, "www");

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * @param {(request: Request) => Promise<Response>} api
 * @returns {(request: Request) => Promise<Response>}
 */
export function page(api) {
  const paths = new Map(files(www).filter((path) => extname(path) in TYPES).map((path) => [path.slice(www.length), path]));
  paths.set("/", paths.get("/index.html")).delete("/index.html");
  paths.set("/pkg/index.js", join(pkg, "index.js"));
  const headers = { ...HEADERS, "content-security-policy": policy(readFileSync(paths.get("/"), "utf8")) };

  return async (request) => {
    const { host, pathname } = new URL(request.url);
    if (!isHere(host)) return refuse("This page is for the computer on which it runs: open it at 127.0.0.1 or localhost.");
    if (pathname.startsWith("/api/")) return isOwn(request, host) ? api(request) : refuse("Only the page itself may ask this.");
    const path = paths.get(pathname);
    if (!path) return new Response("There is nothing here.\n", { status: 404, headers: { "content-type": "text/plain" } });
    if (request.method !== "GET" && request.method !== "HEAD") return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
    return new Response(await readFile(path), { headers: { ...headers, "content-type": TYPES[extname(path)] } });
  };
}

const HEADERS = {
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Nothing but what the page is made of. Its import map has to stand in the page, so it is allowed by its digest. */
function policy(html) {
  const inline = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html)[1];
  const digest = createHash("sha256").update(inline).digest("base64");
  return [
    "default-src 'none'",
    `script-src 'self' 'wasm-unsafe-eval' 'sha256-${digest}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

/** Another name may lead to this computer too, and would make a page from elsewhere one of the same origin. */
const isHere = (host) => /^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(host);

function isOwn(request, host) {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin") return false;
  if (request.method === "GET") return origin === null || origin === `http://${host}`;
  // A form can't send this type, and a script from elsewhere only after a preflight, which nobody answers.
  return origin === `http://${host}` && /^application\/json\b/.test(request.headers.get("content-type") ?? "");
}

const refuse = (why) => new Response(`${why}\n`, { status: 403, headers: { "content-type": "text/plain; charset=utf-8" } });
