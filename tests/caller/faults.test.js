// An endpoint before every fault that an upstream can have, in workerd, and LiveKit's own libraries asking, in both versions.
//
// Each fault is played to one of the two, by chance, and of what takes long there is a sample; FAULTS_SEED=… repeats the
// choice, and FAULTS=all npm test -- caller plays everything to both.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { random } from "../peers/random.js";
import { startCaller } from "./caller.js";
import { startEndpoint } from "./endpoint.js";
import { VERSIONS } from "./environment.js";
import { FAULTS } from "./faults.js";
import { heard, NAMED, OPEN } from "./heard.js";

const AT_ONCE = 48;
const SAMPLED = 4;
const MESSAGES = [
  { role: "system", content: "You are kind." },
  { role: "user", content: "How are you?" },
];

const seed = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 32));

/** What is played to a version: the slow faults first, so that they all wait at the same time. */
function chosen(version) {
  const slow = FAULTS.filter(({ group }) => group === "timing");
  const others = FAULTS.filter(({ group }) => group !== "timing");
  if (process.env.FAULTS === "all") return [...slow, ...others];
  const below = random(seed);
  const sample = Array.from({ length: SAMPLED }, () => slow.splice(below(slow.length), 1)[0]);
  return [...sample, ...others].filter(() => VERSIONS[below(VERSIONS.length)] === version);
}

test("each fault that is heard in another way exists", () => {
  const known = new Set(FAULTS.map(({ name }) => name));
  assert.deepEqual(NAMED.filter((name) => !known.has(name)), []);
});

describe("before a source that misbehaves", { concurrency: true }, () => {
  const cleanUp = [];
  let endpoint;
  before(async () => {
    endpoint = await startEndpoint({ after: (work) => cleanUp.unshift(work) }, VERSIONS);
  });
  after(async () => {
    for (const work of cleanUp) await work();
  });

  for (const version of VERSIONS) {
    test(`the caller (${version}) hears what it said, as far as it came, or the failure line`, { timeout: 280_000 }, async (t) => {
      const caller = await startCaller(version);
      t.after(() => caller.close());
      const faults = chosen(version);
      const wrong = [];
      let said = 0;
      const play = async (fault) => {
        const { name } = fault;
        const turn = await caller.ask({ baseUrl: endpoint.baseUrl(version, name), apiKey: "a-key", model: "m", messages: MESSAGES });
        const { outcome } = await endpoint.report(version, name);
        const isWell = turn.error === null && turn.attempts === 1 && outcome !== "interrupted";
        const isRight = OPEN.has(name) || turn.heard === heard(fault);
        if (!isWell || !isRight) wrong.push({ name, heard: turn.heard, expected: heard(fault), error: turn.error, attempts: turn.attempts, outcome });
        said += Number(turn.heard === fault.said);
      };
      const queue = [...faults];
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        for (let fault = queue.shift(); fault; fault = queue.shift()) await play(fault);
      }));
      t.diagnostic(`${said} of ${faults.length} said to the word, ${[...OPEN].length} open`);
      assert.deepEqual(wrong, [], `again with FAULTS_SEED=${seed}`);
    });
  }
});
