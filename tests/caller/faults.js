// Every way known to us in which an OpenAI-compatible endpoint's answer differs from what it should be, as data, and how to play it.
//
//   import { FAULTS, play } from "./faults.js";
//   for (const { name, about, group, said, answers } of FAULTS) …
//   await play(answers[0], { write, end, destroy, sleep });      the body; the head is { status, headers } after `delay` ms
//
// What LiveAvatar's caller makes of each is in outcomes.json. faults/build.js says what the members mean.

import { setTimeout as pause } from "node:timers/promises";
import { deflateSync, gzipSync } from "node:zlib";

import { FIELDS } from "./faults/fields.js";
import { FRAMING } from "./faults/framing.js";
import { HTTP } from "./faults/http.js";
import { PROVIDERS } from "./faults/providers.js";
import { SPEECH } from "./faults/speech.js";
import { TIMING } from "./faults/timing.js";

/** @typedef {import("./faults/build.js").Answer} Answer */

/** @type {(import("./faults/build.js").Fault & { group: string })[]} */
export const FAULTS = [...FRAMING, ...FIELDS, ...HTTP, ...TIMING, ...SPEECH, ...PROVIDERS];

const COMPRESS = { gzip: gzipSync, deflate: deflateSync };
/** Long enough for a reader to take one piece before the next joins it. */
const APART_MS = 2;

/**
 * Plays an answer's body: what is written when, and how it ends. Returns without ending it where it is to be held open.
 * @param {Answer} answer
 * @param {{ write: (bytes: Uint8Array) => unknown, end: () => unknown, destroy: () => unknown, sleep?: (ms: number) => Promise<unknown> }} peer
 */
export async function play({ steps, chop, encoding, end }, peer) {
  const sleep = peer.sleep ?? pause;
  for (const step of encoding ? [COMPRESS[encoding](join(steps))] : steps) {
    if (wait(step)) await sleep(step.wait);
    else if (!chop) await peer.write(decode(step));
    else {
      const bytes = decode(step);
      for (let at = 0; at < bytes.length; at += chop) {
        await peer.write(bytes.subarray(at, at + chop));
        await sleep(APART_MS);
      }
    }
  }
  if (end === "end") await peer.end();
  else if (end === "cut") await peer.destroy();
}

const wait = (step) => typeof step === "object" && "wait" in step;
const decode = (step) => (typeof step === "string" ? Buffer.from(step) : "base64" in step ? Buffer.from(step.base64, "base64") : step);
const join = (steps) => Buffer.concat(steps.filter((step) => !wait(step)).map(decode));
