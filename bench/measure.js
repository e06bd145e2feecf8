// Takes the measure of things beside each other, so that whatever else the machine does befalls all of them alike.

/**
 * Runs each of `works` once a round, in an order that moves on from round to round.
 * @template {string} Name
 * @param {Record<Name, () => Promise<number>>} works each gives what it took
 * @param {{ rounds: number, warmup?: number }} how
 * @returns {Promise<Record<Name, number>[]>} a record a round
 */
export async function measure(works, { rounds, warmup = 0 }) {
  const names = Object.keys(works);
  const taken = [];
  for (let round = 0; round < warmup + rounds; round++) {
    const took = {};
    for (let place = 0; place < names.length; place++) {
      const name = names[(place + round) % names.length];
      took[name] = await works[name]();
    }
    if (round >= warmup) taken.push(took);
  }
  return taken;
}

/**
 * What `work` takes by a clock, which may count in any unit.
 * @param {() => number} clock
 * @param {() => Promise<unknown>} work
 * @returns {() => Promise<number>}
 */
export function timed(clock, work) {
  return async () => {
    // What others left behind is not this one's to clear away.
    globalThis.gc?.({ type: "minor" });
    const start = clock();
    await work();
    return clock() - start;
  };
}

/**
 * The middle of what `of` gives for each round, with the quartiles around it.
 * @template Round
 * @param {Round[]} rounds
 * @param {(round: Round) => number} of
 */
export function middle(rounds, of) {
  const sorted = rounds.map(of).sort((a, b) => a - b);
  const at = (part) => sorted[Math.round((sorted.length - 1) * part)];
  return { ratio: at(0.5), from: at(0.25), to: at(0.75) };
}
