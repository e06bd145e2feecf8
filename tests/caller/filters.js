// Who says what differently: the golden cases of speech beside what the caller's own filters make of the same texts.
//
//   node tests/caller/filters.js [observed | newest] [--all]
//
// Prints the cases in which other words are said; with --all those too in which only signs or white space differ.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { environment } from "./environment.js";

const CASES = new URL("../core/speech/", import.meta.url);
const version = process.argv.slice(2).find((word) => !word.startsWith("--")) ?? "newest";
const all = process.argv.includes("--all");

const text = (line) => line.replaceAll("⏎", "\n").replaceAll("␣", " ");
const line = (text) => text.replaceAll("\n", "⏎");

/** What both say, but for white space and signs. */
const words = (text) => text.match(/[\p{L}\p{N}\p{M}]+/gu)?.join(" ") ?? "";
const plain = (text) => text.replace(/\s+/g, " ").trim();

function cases(file) {
  const lines = readFileSync(new URL(file, CASES), "utf8").split("\n");
  return lines
    .map((line, index) => ({ line, at: `${file}:${index + 1}` }))
    .filter(({ line }) => line && !line.startsWith("//"))
    .map(({ line, at }) => {
      const [, given, expected] = /^\S+ \| (.*) ⟹ (.*)$/u.exec(line) ?? [];
      return { at, given: text(given), expected: text(expected === "=" ? given : expected) };
    });
}

/** What the caller makes of texts. */
async function theirs(texts) {
  const python = await environment(version);
  const child = spawn(python, [fileURLToPath(new URL("filters.py", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(texts.map((text) => `${JSON.stringify(text)}\n`).join(""));
  let output = "";
  for await (const piece of child.stdout.setEncoding("utf8")) output += piece;
  if (child.exitCode === null) await once(child, "exit");
  const [who, ...made] = output.trimEnd().split("\n").map((line) => JSON.parse(line));
  if (made.length !== texts.length) throw new Error(`${texts.length} texts, ${made.length} answers`);
  return { who, made };
}

const files = readdirSync(CASES).filter((file) => file.endsWith(".txt"));
const said = files.filter((file) => file !== "sentences.txt").flatMap(cases);
const cut = cases("sentences.txt");
const { who, made } = await theirs([...said, ...cut].map(({ given }) => given));

const count = { same: 0, signs: 0, words: 0 };
for (const [index, { at, given, expected }] of said.entries()) {
  const other = made[index].said;
  const kind = plain(other) === plain(expected) ? "same" : words(other) === words(expected) ? "signs" : "words";
  count[kind]++;
  if (kind === "same" || (kind === "signs" && !all)) continue;
  console.log(`${at}\n  given   ${line(given)}\n  ours    ${line(expected)}\n  theirs  ${line(other)}`);
}
let sentences = 0;
for (const [index, { at, expected }] of cut.entries()) {
  const other = made[said.length + index].sentences.join(" ¦ ");
  if (plain(other) === plain(expected)) sentences++;
  else if (all) console.log(`${at}\n  ours    ${line(expected)}\n  theirs  ${line(other)}`);
}
console.log(`\n${who}\n${said.length} texts: ${count.same} said alike, ${count.signs} with other signs, ${count.words} with other words`);
console.log(`${cut.length} texts: ${sentences} cut into the same sentences`);
