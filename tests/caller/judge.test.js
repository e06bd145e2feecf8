// The judge against the caller itself, over mixtures of faults that nobody has seen before: both versions are asked and judged.
//
//   MIXTURES_SEED=7 MIXTURES=2000 npm test -- caller      those of one seed, and how many

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { startCaller } from "./caller.js";
import { VERSIONS } from "./environment.js";
import { judged } from "./judged.js";
import { mixtures } from "./mixtures.js";
import { outcomes } from "./record.js";

const SEED = Number(process.env.MIXTURES_SEED ?? randomInt(1_000_000));
const COUNT = Number(process.env.MIXTURES ?? 200);

for (const version of VERSIONS) {
  describe(`the judge and the caller (${version})`, () => {
    let caller;
    before(async () => {
      caller = await startCaller(version);
    });
    after(() => caller?.close());

    test(`make the same of ${COUNT} mixtures of faults, MIXTURES_SEED=${SEED}`, async () => {
      const faults = mixtures(SEED, COUNT);
      const asked = await outcomes(caller, faults);
      const differing = [];
      for (const [index, fault] of faults.entries()) {
        const { error, ...heard } = asked[index];
        const expected = await judged(fault, version);
        try {
          assert.deepEqual(expected, heard);
        } catch {
          differing.push({ name: fault.name, judged: expected, asked: { ...heard, error }, answers: fault.answers });
        }
      }
      assert.equal(differing.length, 0, `with MIXTURES_SEED=${SEED}: ${JSON.stringify(differing, null, 1).slice(0, 8000)}`);
    });
  });
}
