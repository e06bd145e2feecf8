// Shows that the simulation finds what it is meant to find: bugs are planted in a copy of the sources, one at a time, and for
// each the simulation must fail.
//
//   node tests/core/turn/mutants.js [name …]     TURNS=… for more turns than usual each; some minutes

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Failure, run, start } from "../../../scripts/process.js";
import { root } from "../../../scripts/setup.js";

/** @type {Record<string, [file: string, original: string, planted: string]>} */
const MUTANTS = {
  "no sign of life": ["said.rs", `sse::comment(&mut self.out, "hb");`, `let _ = sse::comment;`],
  "signs of life half as often": ["mod.rs", `self.written + self.setup.options.heartbeat_ms`, `self.written + self.setup.options.heartbeat_ms * 2.0`],
  "the end is told twice": [
    "said.rs",
    `sse::data(out, "[DONE]");`,
    `sse::data(out, "{\\"choices\\":[{\\"index\\":0,\\"delta\\":{},\\"finish_reason\\":\\"stop\\"}]}");\n                sse::data(out, "[DONE]");`,
  ],
  "no [DONE]": ["said.rs", `sse::data(out, "[DONE]");`, ``],
  "something behind [DONE]": ["said.rs", `sse::data(out, "[DONE]");`, `sse::data(out, "[DONE]");\n                sse::comment(out, "bye");`],
  "words after the caller has hung up": ["mod.rs", `self.end_report(Outcome::Interrupted, None, now);`, `self.said.line(Some("Wait"));\n        self.end_report(Outcome::Interrupted, None, now);`],
  "an end after the caller has hung up": ["mod.rs", `self.end_report(Outcome::Interrupted, None, now);`, `self.said.end(None);\n        self.end_report(Outcome::Interrupted, None, now);`],
  "another source after words": ["mod.rs", `        if self.said.has_answered() {\n            let outcome = if error`, `        if self.said.has_answered() && (error.is_none() || self.race.is_last()) {\n            let outcome = if error`],
  "the filler counts as words": ["said.rs", `            self.words(line);\n`, `            self.words(line);\n            self.spoken = Spoken::Now;\n`],
  "the filler again and again": ["mod.rs", `            self.quiet = None;\n            self.report.filler = true;`, `            self.quiet = Some(now);\n            self.report.filler = true;`],
  "the filler after words": ["mod.rs", `        if said.has_answered() {\n            self.quiet = None;`, `        if said.has_answered() {`],
  "no failure line": ["mod.rs", `self.said.line(self.lines.failure.as_deref());`, ``],
  "the failure line after words": ["mod.rs", `            return self.conclude(outcome, error, now);\n        }\n        if self.said.refuse`, `            if error.is_some() {\n                self.said.line(self.lines.failure.as_deref());\n            }\n            return self.conclude(outcome, error, now);\n        }\n        if self.said.refuse`],
  "token counts that nobody wanted": ["said.rs", `usage: asked.wants_usage || !asked.is_streamed`, `usage: true`],
  "half of the token counts": ["said.rs", `\\"completion_tokens\\":{completion},\\"total_tokens\\":{total}}}`, `\\"completion_tokens\\":{completion},\\"total_tokens\\":null}}`],
  "a second choice is said": ["said.rs", `(Delta::Content { choice: 0, text }, _) => self.say(text)`, `(Delta::Content { text, .. }, _) => self.say(text)`],
  "thoughts are said": ["said.rs", `(Delta::Refusal { choice: 0, text }, Output::Spoken) =>`, `(Delta::Reasoning { choice: 0, text }, Output::Spoken) => self.say(text),\n                (Delta::Refusal { choice: 0, text }, Output::Spoken) =>`],
  "a silent source is waited for": ["mod.rs", `(options.first_token_ms(self.race.is_last()), Phase::FirstToken)`, `(Millis::INFINITY, Phase::FirstToken)`],
  "a source may fall silent": ["mod.rs", `(options.idle_ms, Phase::Idle)`, `(Millis::INFINITY, Phase::Idle)`],
  "preparing may take for ever": ["mod.rs", `Stage::Preparing { .. } => self.heard + self.setup.options.first_token_ms(true),`, `Stage::Preparing { .. } => Millis::INFINITY,`],
  "no other source is asked": ["mod.rs", `if self.race.move_on() {`, `if false {`],
  "a tool may take for ever": ["tools.rs", `for call in self.calls.iter_mut().filter(|call| now >= call.until)`, `for call in self.calls.iter_mut().filter(|call| now > call.until + 60_000.0)`],
  "tools are called for ever": ["mod.rs", `let may_call = error.is_none() && self.rounds < self.setup.options.tool_rounds;`, `let may_call = error.is_none();`],
  "tools are called after a break": ["mod.rs", `let may_call = error.is_none() && self.rounds`, `let may_call = self.rounds`],
  "arguments that are no object": ["tools.rs", `Ok(other) => {\n                let error`, `Ok(other) => {\n                if self.name != "no" {\n                    return;\n                }\n                let error`],
  "a caller that takes nothing is waited for": ["mod.rs", `            return self.interrupt(now);\n        }\n        match &mut self.stage`, `        }\n        match &mut self.stage`],
  "words are lost at the end": ["mod.rs", `        self.each(now, &mut |call, take| call.end(now, take));`, `        self.each(now, &mut |call, _| call.end(now, &mut |_| false));`],
  "an outcome that is not so": ["mod.rs", `let outcome = if error.is_some() { Outcome::Cut }`, `let outcome = if error.is_none() { Outcome::Cut }`],
  "the first words' time is not told": ["mod.rs", `            self.report.first_token_ms.get_or_insert(now - self.began);\n            self.race.spoke(now);`, `            self.race.spoke(now);`],
};

const clone = join(root, "target", "mutants");
const source = (file) => join(clone, "src", "turn", file);

/** What the simulation says where it fails in the copy as it is. */
async function verdict() {
  const env = { CARGO_TARGET_DIR: join(root, "target", "mutants-target"), CARGO_TERM_COLOR: "never" };
  try {
    await run("cargo", ["test", "--locked", "--test", "core", "turn::simulation"], { cwd: clone, env });
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure) || !/^test result: FAILED/m.test(error.output)) throw error;
    const [, why] = /panicked at [^\n]*\n([^\n]*)/.exec(error.output) ?? [];
    return why ?? "an assertion";
  }
}

await start(async () => {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !Object.hasOwn(MUTANTS, name));
  if (unknown.length > 0) throw new Failure(`There is no mutant called ${unknown.join(" or ")}.`);
  rmSync(clone, { recursive: true, force: true });
  for (const part of ["src", "link", "tests", "npm", "README.md", "Cargo.toml", "Cargo.lock"]) {
    cpSync(join(root, part), join(clone, part), { recursive: true, filter: (path) => !/[\\/](node_modules|target)$/.test(path) });
  }
  if (await verdict()) throw new Failure("The simulation fails without any bug planted.");
  const survivors = [];
  for (const [name, [file, original, planted]] of Object.entries(MUTANTS)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const text = readFileSync(source(file), "utf8");
    if (text.split(original).length !== 2) throw new Failure(`${name}: ${file} has not exactly one ${original}`);
    writeFileSync(source(file), text.replace(original, () => planted));
    const found = await verdict();
    console.log(found ? `found     ${name}: ${found.slice(0, 100)}` : `SURVIVED  ${name}`);
    if (!found) survivors.push(name);
    writeFileSync(source(file), text);
  }
  if (survivors.length > 0) throw new Failure(`${survivors.length} bugs were not found.`);
  return 0;
});
