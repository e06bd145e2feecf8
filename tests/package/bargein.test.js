// A caller that hangs up while the avatar is to be silent, as a user does who begins to speak: at whatever the turn is doing
// its source is aborted, what the developer's own code does is stopped, and the turn is reported. In Node and in workerd, the
// oldest and the newest, and with or without signals of requests.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Miniflare as Present } from "miniflare";

import { ChatEndpoint } from "../../pkg/index.js";
import { adapt } from "../../scripts/start/adapter.js";
import { startLlm } from "../standins/llm.js";
import { listen, readBody } from "../standins/loopback.js";
import { stages } from "./stages.js";
import { bundle } from "./worker.js";

const here = dirname(fileURLToPath(import.meta.url));
const workerds = join(here, "workerds", "node_modules");
const { Miniflare: Oldest } = await import(join(workerds, "miniflare-oldest", "dist", "src", "index.js")).then((module) => module.default ?? module);
const NEWEST = join(workerds, "workerd-newest", "bin", "workerd");

const MAIN = `
import { ChatEndpoint } from "liveavatar-llm";
import { stages } from "./stages.js";
let answer;
export default {
  fetch(request, env, ctx) {
    answer ??= stages(ChatEndpoint, env.LLM, (what) => fetch(env.TEST, { method: "POST", body: JSON.stringify(what) }));
    return answer(request, env, ctx);
  },
};
`;

const cleanUp = [];
const suite = { after: (work) => cleanUp.unshift(work) };
let outdir;
let llm;
before(async () => {
  [outdir, llm] = await Promise.all([bundle(suite, { "main.js": MAIN, "stages.js": readFileSync(join(here, "stages.js"), "utf8") }), startLlm()]);
});
after(async () => {
  for (const work of cleanUp) await work();
  await llm.close();
});

/** What was told, and a way to wait for more. */
function listener() {
  const told = [];
  const waiting = new Set();
  return {
    told,
    tell: async (what) => {
      told.push(what);
      for (const look of waiting) look();
    },
    /** Resolves once such a thing was told. */
    until: (isSuch) =>
      new Promise((resolve) => {
        const look = () => told.some(isSuch) && (waiting.delete(look), resolve());
        waiting.add(look);
        look();
      }),
  };
}

/** An address that hands on what is sent to it. */
async function hearing(tell) {
  const server = await listen({
    handle: async (request, response) => {
      await tell(JSON.parse(await readBody(request)));
      response.end();
    },
  });
  suite.after(() => server.close());
  return server.url;
}

/** Serves the stages in Node. */
async function node({ tell }) {
  const server = await listen({ handle: adapt(stages(ChatEndpoint, llm.baseUrl, tell)) });
  suite.after(() => server.close());
  return new URL(server.url).port;
}

/** Serves the stages in a workerd. */
const workerd = (Miniflare, { compatibilityDate, program, flags }) => async ({ tell }) => {
  const before = process.env.MINIFLARE_WORKERD_PATH;
  if (program) process.env.MINIFLARE_WORKERD_PATH = program;
  try {
    const worker = new Miniflare({
      modulesRoot: outdir,
      modules: true,
      scriptPath: join(outdir, "main.js"),
      modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
      compatibilityDate,
      compatibilityFlags: flags,
      cf: false,
      // The oldest knows no bindings to functions that this Node could serve.
      bindings: { LLM: llm.baseUrl, TEST: await hearing(tell) },
    });
    suite.after(() => worker.dispose());
    return Number((await worker.ready).port);
  } finally {
    if (before === undefined) delete process.env.MINIFLARE_WORKERD_PATH;
    else process.env.MINIFLARE_WORKERD_PATH = before;
  }
};

const SIGNALS = ["enable_request_signal"];
/** @type {Record<string, (listener: ReturnType<typeof listener>) => Promise<number>>} */
const RUNTIMES = {
  "Node's http": node,
  "the oldest workerd": workerd(Oldest, { compatibilityDate: "2023-09-01", flags: [] }),
  workerd: workerd(Present, { compatibilityDate: "2026-04-01", flags: [] }),
  "workerd with signals of requests": workerd(Present, { compatibilityDate: "2026-04-01", flags: SIGNALS }),
  "the newest workerd": workerd(Present, { compatibilityDate: "2026-04-01", program: NEWEST, flags: [] }),
  "the newest workerd with signals of requests": workerd(Present, { compatibilityDate: "2026-04-01", program: NEWEST, flags: SIGNALS }),
};

/** @typedef {{ stage: string, model?: string, heard?: string, began?: string }} Moment  what is asked, and what has come before it is hung up */
/** @type {Record<string, Moment>} */
const MOMENTS = {
  "before the source's headers": { stage: "upstream", model: "hello?headersMs=600000" },
  "before the source's first words": { stage: "upstream", model: "hello?ttftMs=600000" },
  "while the source speaks": { stage: "upstream", model: "count?tokens=100000&gapMs=5", heard: '" 3"' },
  "while the source is silent between words": { stage: "upstream", model: "count?hangAt=2", heard: '" 2"' },
  "while code of the developer's own is silent": { stage: "code", heard: '"Hello"', began: "code" },
  "while a tool runs": { stage: "tool", began: "tool" },
  "while the request is prepared": { stage: "prepare", began: "prepare" },
};

const WAYS = { "by a FIN": (socket) => socket.destroy(), "by a RST": (socket) => socket.resetAndDestroy() };

/** Asks over a connection of its own, and reads until `heard` has come. */
async function ask(port, { path, model, heard }) {
  const socket = connect(port, "127.0.0.1");
  const body = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Hi" }] });
  socket.write(`POST ${path}/v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  let text = "";
  await new Promise((resolve, reject) => {
    socket.setEncoding("utf8").on("data", (more) => (text += more).includes(heard) && resolve());
    socket.once("end", () => reject(new Error(`it ended without ${heard}: ${text}`)));
    socket.once("error", reject);
  });
  socket.removeAllListeners("end");
  return socket;
}

let serial = 0;
for (const [runtime, serve] of Object.entries(RUNTIMES)) {
  describe(`in ${runtime} a caller hangs up`, { concurrency: true }, () => {
    const heard = listener();
    let port;
    before(async () => {
      port = await serve(heard);
    });

    for (const [way, hangUp] of Object.entries(WAYS)) {
      for (const [moment, { stage, model = "hello", heard: words = '"role"', began }] of Object.entries(MOMENTS)) {
        test(`${way} ${moment}`, { timeout: 60_000 }, async () => {
          const run = `run-${++serial}`;
          const marked = `${model}${model.includes("?") ? "&" : "?"}id=${run}`;
          const asksUpstream = stage === "upstream";
          const isOurs = (request) => request.model === marked;

          const socket = await ask(port, { path: `/${stage}/${run}`, model: marked, heard: words });
          if (asksUpstream) await llm.waitFor(isOurs);
          if (began) await heard.until((told) => told.run === run && told.began === began);
          hangUp(socket);

          if (asksUpstream) await llm.waitFor((request) => isOurs(request) && request.aborted);
          if (began) await heard.until((told) => told.run === run && told.stopped === began);
          await heard.until((told) => told.run === run && told.outcome);
          const ours = heard.told.filter((told) => told.run === run);
          assert.deepEqual(ours.filter(({ outcome }) => outcome), [{ run, outcome: "interrupted" }]);
          assert.equal(ours.filter(({ asked }) => asked).length, stage === "tool" ? 1 : 0, "the source was not asked again");
          assert.equal(llm.requests.filter(isOurs).length, asksUpstream ? 1 : 0, "nor the upstream");
        });
      }
    }
  });
}
