// The rows in Node, by the CPU time of all its threads, and how long a first call takes. Prints them as JSON.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { measure, middle, timed } from "./measure.js";
import { rows } from "./rows.js";
import { check, reads, translators } from "./translate.js";

const clock = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** The time from importing a package to the end of its first answer, each time in a new process. */
function first(name) {
  const program = fileURLToPath(new URL("first.js", import.meta.url));
  return async () => Number((await promisify(execFile)(process.execPath, [program, name])).stdout);
}

const made = await rows(clock);
const firsts = await measure({ ours: first("ours"), openai: first("openai") }, { rounds: 31, warmup: 2 });
made.push({ what: "import to the end of the first answer", beside: "openai", ...middle(firsts, ({ ours, openai }) => ours / openai), bound: 1 });

const anthropic = reads(8);
for (const translate of Object.values(translators)) check(translate(anthropic));
const translating = (name) => timed(clock, async () => translators[name](anthropic));
const translated = await measure({ ours: translating("ours"), parser: translating("parser") }, { rounds: 41, warmup: 8 });
made.push({
  what: "Anthropic's events to OpenAI's bytes, 8 events a read",
  beside: "eventsource-parser + JSON.parse + JSON.stringify",
  ...middle(translated, ({ ours, parser }) => ours / parser),
  bound: 1 / 5,
});
console.log(JSON.stringify(made));
