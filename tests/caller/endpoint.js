// An endpoint of ours before each fault: the packed package in workerd, with an upstream that misbehaves in just that way.
//
//   const endpoint = await startEndpoint(suite, ["observed", "newest"]);
//   endpoint.baseUrl("observed", "bom")      what the caller is to be given; faults are counted apart for each version
//   endpoint.requests("observed", "bom")     how many requests its upstream has had
//   await endpoint.report("observed", "bom") how the turn went

import { bundle, run } from "../package/worker.js";
import { startFaults } from "./server.js";

const MAIN = `
import { ChatEndpoint } from "liveavatar-llm";
const endpoints = new Map();
const made = (path, env) => new ChatEndpoint({
  source: { baseUrl: env[path.split("/")[1]] + path.slice(path.indexOf("/", 1)), model: "m" },
  auth: "none",
  // What the source says is held against what is heard, sign by sign; but thoughts are taken out, as they are by default. A
  // model that sends only the closing tag is one for which a developer sets \`thinking\`.
  speech: path.includes("/think") && { thinking: path.includes("think-close-only") ? "first" : "tagged" },
  onTurn: ({ error, ...report }) => env.REPORT.fetch("http://report.example" + path, { method: "POST", body: JSON.stringify({ ...report, code: error?.code, message: error?.message }) }).then(() => {}),
});
export default {
  fetch(request, env, ctx) {
    const path = new URL(request.url).pathname.split("/v1/")[0];
    if (!endpoints.has(path)) endpoints.set(path, made(path, env));
    return endpoints.get(path).fetch(request, env, ctx);
  },
};
`;

/**
 * @param {{ after(work: () => unknown): void }} suite ends it when it ends
 * @param {string[]} versions of the caller
 */
export async function startEndpoint(suite, versions) {
  const servers = new Map(await Promise.all(versions.map(async (version) => /** @type {const} */ ([version, await startFaults()]))));
  for (const server of servers.values()) suite.after(() => server.close());
  /** @type {Map<string, { report: Promise<any>, give: (report: any) => void }>} */
  const reports = new Map();
  const expected = (path) => {
    if (!reports.has(path)) {
      let give;
      const report = new Promise((resolve) => (give = resolve));
      reports.set(path, { report, give });
    }
    return reports.get(path);
  };
  const REPORT = async (request) => {
    expected(new URL(request.url).pathname).give(await request.json());
    return new Response();
  };
  const bindings = Object.fromEntries([...servers].map(([version, server]) => [version, server.baseUrl("").slice(0, -1)]));
  const url = await run(suite, await bundle(suite, { "main.js": MAIN }), { bindings, serviceBindings: { REPORT } });
  return {
    baseUrl: (version, name) => new URL(`/${version}/${name}/v1`, url).href,
    requests: (version, name) => servers.get(version).requests(name),
    report: (version, name) => expected(`/${version}/${name}`).report,
  };
}
