// Asks both versions of the caller about every fault, twice, and writes what they made of them to outcomes.json.
//
//   node tests/caller/record.js [name …]     with names only prints what became of those
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
import { startFaults } from "./server.js";

export const OUTCOMES = new URL("outcomes.json", import.meta.url);

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
  const turn = await caller.ask({
    baseUrl: server.baseUrl(fault.name),
    apiKey: "a-key",
    model: "m",
    messages: MESSAGES,
    filters: true,
    signal: AbortSignal.timeout(LONGEST_MS),
  });
  const speakable = turn.heard.trim() !== "";
  const requests = server.requests(fault.name);
  const root = turn.error?.causes.at(-1)?.class;
  // Half a surrogate pair is no Unicode text. Other languages could not read the table.
  const heard = turn.heard.toWellFormed();
  const filtered = turn.filtered.toWellFormed();
  return {
    outcome: turn.error ? (speakable ? "cut" : "lost") : speakable ? "spoken" : "mute",
    heard,
    ...(filtered !== heard && { filtered }),
    ...(turn.toolCalls.length > 0 && { toolCalls: turn.toolCalls }),
    attempts: turn.attempts,
    ...(requests !== turn.attempts && { requests }),
    ...(turn.error && { error: { class: turn.error.class, ...(turn.error.status && { status: turn.error.status }), ...(root && { cause: root }) } }),
    ...(fault.paced && turn.deltas.at(-1).ms - turn.deltas[0].ms < TOGETHER_MS && { late: true }),
    ...(turn.interrupted && { hung: true }),
  };
}

/** Runs `work` over `items`, so many at a time, and keeps their order. */
async function pool(items, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

async function round(caller, faults) {
  const server = await startFaults();
  try {
    return await pool(faults, (fault) => outcome(caller, server, fault));
  } finally {
    await server.close();
  }
}

/** What one version makes of the faults, in their order, and what was not the same in each round. */
async function rounds(version, faults) {
  const caller = await startCaller(version);
  try {
    const all = [];
    for (let at = 0; at < ROUNDS; at++) {
      const start = performance.now();
      all.push(await round(caller, faults));
      console.log(`${version}, round ${at + 1}: ${faults.length} faults in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
    const unstable = faults.filter((_, at) => !all.every((other) => isDeepStrictEqual(other[at], all[0][at])));
    for (const fault of unstable) console.log(`not the same in each round (${version}): ${fault.name}`, ...all.map((other) => JSON.stringify(other[faults.indexOf(fault)])));
    return { packages: caller.versions.packages, outcomes: all[0], unstable: unstable.length };
  } finally {
    await caller.close();
  }
}

async function record(names) {
  const unknown = names.filter((name) => !FAULTS.some((fault) => fault.name === name));
  if (unknown.length > 0) throw new Error(`There is no fault called ${unknown.join(" or ")}.`);
  const chosen = names.length > 0 ? FAULTS.filter(({ name }) => names.includes(name)) : FAULTS;
  // The slow ones first, so that they all wait at the same time.
  const ordered = [...chosen].sort((a, b) => Number(b.group === "timing") - Number(a.group === "timing"));
  const recorded = await Promise.all(VERSIONS.map((version) => rounds(version, ordered)));
  const versions = Object.fromEntries(VERSIONS.map((version, at) => [version, recorded[at].packages]));
  const outcomes = new Map(ordered.map(({ name }, row) => [name, Object.fromEntries(VERSIONS.map((version, at) => [version, recorded[at].outcomes[row]]))]));
  const unstable = recorded.reduce((sum, { unstable }) => sum + unstable, 0);
  if (names.length > 0) {
    for (const { name } of chosen) console.log(name, outcomes.get(name));
  } else if (unstable === 0) {
    const lines = FAULTS.map((fault) => JSON.stringify({ ...fault, ...outcomes.get(fault.name) }));
    writeFileSync(OUTCOMES, `{\n"versions": ${JSON.stringify(versions)},\n"faults": [\n${lines.join(",\n")}\n]\n}\n`);
    console.log(`wrote ${FAULTS.length} outcomes`);
  }
  if (unstable > 0) throw new Error(`${unstable} outcomes were not the same in each round; outcomes.json is as it was.`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await record(process.argv.slice(2)).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
