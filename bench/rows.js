// What is measured in every runtime, and the bounds it should keep.

import { reads, response, text as words } from "./body.js";
import { bare, chunks, text } from "./contenders.js";
import { measure, middle, timed } from "./measure.js";
import { payload, validators } from "./payloads.js";

/**
 * @typedef {{ what: string, beside: string, ratio: number, from: number, to: number, bound?: number }} Row
 * a ratio of ours to theirs with its quartiles, and what it should be at most
 */

const PARSER = "eventsource-parser + JSON.parse";

/**
 * @param {() => number} clock in any unit
 * @returns {Promise<Row[]>}
 */
export async function rows(clock) {
  const many = { rounds: 41, warmup: 8 };
  const few = { rounds: 9, warmup: 3 };
  const eight = reads(8);
  const single = reads(1);

  const inEights = await measure(each(clock, text, eight, ["ours", "openai", "parser"]), many);
  const besideSdk = await measure(each(clock, text, eight, ["ours", "provider", "streamText"]), few);
  const inOnes = await measure(
    { bare: timed(clock, () => bare(response(single))), ...each(clock, text, single, ["ours", "parser"]) },
    many,
  );
  const asChunks = await measure(each(clock, chunks, eight, ["ours", "parser"]), many);

  const validated = await measure(
    Object.fromEntries(Object.entries(validators).map(([name, isRight]) => [name, timed(clock, async () => often(() => isRight(payload)))])),
    many,
  );

  const inText = "text, 8 events a read";
  return [
    { what: inText, beside: "openai", ...middle(inEights, ({ ours, openai }) => ours / openai), bound: 1 / 8 },
    { what: inText, beside: PARSER, ...middle(inEights, ({ ours, parser }) => ours / parser), bound: 0.5 },
    { what: inText, beside: "AI SDK, its provider alone", ...middle(besideSdk, ({ ours, provider }) => ours / provider) },
    { what: inText, beside: "AI SDK, streamText", ...middle(besideSdk, ({ ours, streamText }) => ours / streamText) },
    {
      what: "text, 1 event a read, over the bare read",
      beside: PARSER,
      ...middle(inOnes, ({ ours, parser, bare }) => (ours - bare) / (parser - bare)),
      bound: 0.6,
    },
    { what: "a session's payload validated", beside: "zod", ...middle(validated, ({ ours, zod }) => ours / zod), bound: 1 },
    { what: "a session's payload validated", beside: "ajv, compiled", ...middle(validated, ({ ours, ajv }) => ours / ajv), bound: 1 },
    { what: "chunks, 8 events a read", beside: PARSER, ...middle(asChunks, ({ ours, parser }) => ours / parser), bound: 1 },
  ];
}

/** Often enough for a clock to see. */
function often(work) {
  for (let times = 0; times < 500; times++) work();
}

/** The named contenders at work on a body. Whoever gives other words has not read it. */
function each(clock, contenders, body, names) {
  const work = (name) => async () => {
    const said = await contenders[name](response(body));
    if (said !== words) throw new Error(`${name} gave other words than the answer has: ${said.length} characters instead of ${words.length}`);
  };
  return Object.fromEntries(names.map((name) => [name, timed(clock, work(name))]));
}
