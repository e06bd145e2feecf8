// Asks both versions of the caller about every fault and some mixtures of faults, twice, and writes what they made of them
// to outcomes.json and mixtures.json.
//
//   node tests/caller/record.js [name …]                       with names only prints what became of those
//   node tests/caller/record.js --mixtures SEED COUNT FILE     asks once about so many mixtures; `silent` behind that: with long silences among them
//
// The judge is held against both files, and against another such file by `JUDGE_OUTCOMES=FILE cargo test --test core oracle`.
//
// An outcome is one of
//   spoken   no error, and something to say (not necessarily all that was meant: `heard` against `said`)
//   cut      something to say, then an error
//   lost     an error and nothing to say
//   mute     no error, and nothing to say
// `attempts` counts the caller's own calls; `requests`, where it differs, what the server saw (redirections).
// `error` is the class that reaches the session, with the HTTP status if it has one, and the class it came from.
// `filtered`, where it differs from `heard`, is what is left after the text filters that a session applies by default.
// `late`: words that were sent apart were heard together. `hung`: it had to be ended after two minutes.

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";

import { startCaller } from "./caller.js";
import { VERSIONS } from "./environment.js";
import { FAULTS } from "./faults.js";
import { mixtures } from "./mixtures.js";
import { startFaults } from "./server.js";

const OUTCOMES = new URL("outcomes.json", import.meta.url);
const MIXTURES = new URL("mixtures.json", import.meta.url);
/** Which mixtures are recorded. */
const SEED = 2;
const COUNT = 250;

const ROUNDS = 2;
const AT_ONCE = 48;
const LONGEST_MS = 120_000;
const TOGETHER_MS = 300;
const MESSAGES = [
  { role: "system", content: "You are kind." },
  { role: "assistant", content: "Hello, I am listening." },
  { role: "user", content: "How are you?" },
];

/**
 * What the caller makes of a fault.
 * @param {Awaited<ReturnType<typeof startCaller>>} caller
 * @param {Awaited<ReturnType<typeof startFaults>>} server
 * @param {typeof FAULTS[number]} fault
 */
export async function outcome(caller, server, fault) {
  // To make a client takes the caller longer than to use it: mixtures, of which there are thousands, share one. It holds fifty connections.
  const isShared = fault.group === "mixture";
  const turn = await caller.ask({
    baseUrl: server.baseUrl(isShared ? undefined : fault.name),
    apiKey: "a-key",
    model: isShared ? fault.name : "m",
    messages: MESSAGES,
    filters: !isShared,
    signal: AbortSignal.timeout(LONGEST_MS),
  });
  const speakable = turn.heard.trim() !== "";
  const requests = server.requests(fault.name);
  const root = turn.error?.causes.at(-1)?.class;
  // Half a surrogate pair is no Unicode text, and for Python two halves in two texts are no pair. Other languages could not read the table.
  const heard = turn.deltas.map(({ text }) => text.toWellFormed()).join("");
  const filtered = turn.filtered?.toWellFormed();
  return {
    outcome: turn.error ? (speakable ? "cut" : "lost") : speakable ? "spoken" : "mute",
    heard,
    ...(!isShared && filtered !== turn.heard.toWellFormed() && { filtered }),
    ...(turn.toolCalls.length > 0 && { toolCalls: turn.toolCalls }),
    attempts: turn.attempts,
    ...(requests !== turn.attempts && { requests }),
    ...(turn.error && { error: { class: turn.error.class, ...(turn.error.status && { status: turn.error.status }), ...(root && { cause: root }) } }),
    ...(fault.paced && turn.deltas.at(-1).ms - turn.deltas[0].ms < TOGETHER_MS && { late: true }),
    ...(turn.interrupted && { hung: true }),
  };
}

/** Runs `work` over `items`, so many at a time, and keeps their order. */
async function pool(items, work, atOnce = AT_ONCE) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/**
 * What a caller makes of these faults, in their order.
 * @param {Awaited<ReturnType<typeof startCaller>>} caller
 * @param {typeof FAULTS} faults
 */
export async function outcomes(caller, faults, atOnce = AT_ONCE) {
  const server = await startFaults(faults);
  try {
    return await pool(faults, (fault) => outcome(caller, server, fault), atOnce);
  } finally {
    await server.close();
  }
}

/** What one version makes of the faults, in their order, and what was not the same in each round. */
async function rounds(version, faults, { count = ROUNDS, atOnce = AT_ONCE } = {}) {
  const caller = await startCaller(version);
  try {
    const all = [];
    for (let at = 0; at < count; at++) {
      const start = performance.now();
      all.push(await outcomes(caller, faults, atOnce));
      console.log(`${version}, round ${at + 1}: ${faults.length} faults in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
    const unstable = faults.filter((_, at) => !all.every((other) => isDeepStrictEqual(other[at], all[0][at])));
    for (const fault of unstable) console.log(`not the same in each round (${version}): ${fault.name}`, ...all.map((other) => JSON.stringify(other[faults.indexOf(fault)])));
    return { packages: caller.versions.packages, outcomes: all[0], unstable: unstable.length };
  } finally {
    await caller.close();
  }
}

/** What both versions make of the faults: each with its outcomes. */
async function ask(faults, options) {
  // The slow ones first, so that they all wait at the same time.
  const ordered = [...faults].sort((a, b) => Number(b.group === "timing") - Number(a.group === "timing"));
  const recorded = await Promise.all(VERSIONS.map((version) => rounds(version, ordered, options)));
  const unstable = recorded.reduce((sum, { unstable }) => sum + unstable, 0);
  if (unstable > 0) throw new Error(`${unstable} outcomes were not the same in each round; nothing was written.`);
  const versions = Object.fromEntries(VERSIONS.map((version, at) => [version, recorded[at].packages]));
  const made = new Map(ordered.map(({ name }, row) => [name, Object.fromEntries(VERSIONS.map((version, at) => [version, recorded[at].outcomes[row]]))]));
  return { versions, faults: faults.map((fault) => ({ ...fault, ...made.get(fault.name) })) };
}

function write(file, { versions, faults }) {
  const lines = faults.map((fault) => JSON.stringify(fault));
  writeFileSync(file, `{\n"versions": ${JSON.stringify(versions)},\n"faults": [\n${lines.join(",\n")}\n]\n}\n`);
  console.log(`wrote ${faults.length} outcomes`);
}

async function record(names) {
  if (names[0] === "--mixtures") {
    const [, seed, count, file, silent] = names;
    return write(file, await ask(mixtures(Number(seed), Number(count), { silent: silent === "silent" }), { count: 1 }));
  }
  if (names.length === 0) {
    write(OUTCOMES, await ask(FAULTS));
    return write(MIXTURES, await ask(mixtures(SEED, COUNT)));
  }
  const unknown = names.filter((name) => !FAULTS.some((fault) => fault.name === name));
  if (unknown.length > 0) throw new Error(`There is no fault called ${unknown.join(" or ")}.`);
  const { faults } = await ask(FAULTS.filter(({ name }) => names.includes(name)));
  for (const { name, observed, newest } of faults) console.log(name, { observed, newest });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await record(process.argv.slice(2)).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
