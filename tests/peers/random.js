// The same numbers from the same seed on every machine.

/** A seed: what PEERS_SEED says, else another one each time. */
export const seed = Number(process.env.PEERS_SEED ?? Math.floor(Math.random() * 2 ** 32));

/**
 * Numbers below a limit, by mulberry32.
 * @param {number} from the seed
 * @returns {(limit: number) => number}
 */
export function random(from) {
  let state = from >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/**
 * A body in pieces.
 * @param {Uint8Array} bytes
 * @param {(limit: number) => number} below
 * @returns {Uint8Array[]}
 */
export function cut(bytes, below) {
  const pieces = [];
  const longest = [1, 4, 40, 4000][below(4)];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + below(longest);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}
