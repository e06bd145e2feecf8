// The judge against the caller itself, over mixtures of faults that nobody has seen before: both versions are asked and judged.
//
//   MIXTURES_SEED=7 MIXTURES=2000 npm test -- caller      those of one seed, and how many

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { startCaller } from "./caller.js";
import { VERSIONS } from "./environment.js";
import { judged } from "./judged.js";
import { mixtures } from "./mixtures.js";
import { outcomes } from "./record.js";

const SEED = Number(process.env.MIXTURES_SEED ?? randomInt(1_000_000));
const COUNT = Number(process.env.MIXTURES ?? 150);

/** Few enough that the caller, which takes its time over each failure, gets round to all within its ten seconds. */
const AT_ONCE = 24;

async function differences(caller, version, faults, atOnce) {
  const asked = await outcomes(caller, faults, atOnce);
  const expected = await Promise.all(faults.map((fault) => judged(fault, version)));
  return faults.flatMap((fault, index) => {
    const { error, ...heard } = asked[index];
    return isDeepStrictEqual(heard, expected[index]) ? [] : [{ judged: expected[index], asked: asked[index], fault }];
  });
}

for (const version of VERSIONS) {
  describe(`the judge and the caller (${version})`, () => {
    let caller;
    before(async () => {
      caller = await startCaller(version);
    });
    after(() => caller?.close());

    test(`make the same of ${COUNT} mixtures of faults, MIXTURES_SEED=${SEED}`, async () => {
      let differing = await differences(caller, version, mixtures(SEED, COUNT), AT_ONCE);
      // On a busy machine ten seconds may pass in which the caller was not let read what had come.
      for (let again = 0; again < 2 && differing.length > 0; again++) {
        differing = await differences(caller, version, differing.map(({ fault }) => fault), 2);
      }
      assert.equal(differing.length, 0, `with MIXTURES_SEED=${SEED}: ${JSON.stringify(differing, null, 1).slice(0, 8000)}`);
    });
  });
}
