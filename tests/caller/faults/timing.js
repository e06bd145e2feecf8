// Silence: how long, where, and what is sent meanwhile. The caller waits ten seconds for each read.

import { chunk, DONE, events, fault, HELLO, ORDINARY, ROLE, STOP, wait, WORLD } from "./build.js";

const HB = ": hb\n\n";
const EMPTY = events(chunk({ content: "" }));
const START = events(ROLE);
const REST = events(WORLD, STOP) + DONE;
const TEXT = events(HELLO, WORLD, STOP) + DONE;
/** Twelve seconds with something each three. */
const bridged = (bytes) => [wait(3000), bytes, wait(3000), bytes, wait(3000), bytes, wait(3000)];

export const TIMING = [
  fault("head-after-8s", "8 s before the head", ORDINARY, { delay: 8000 }),
  fault("head-after-12s", "12 s before the head", ORDINARY, { delay: 12000 }),
  fault("text-after-8s", "8 s of silence after the role", [START, wait(8000), TEXT]),
  fault("text-after-12s", "12 s of silence after the role", [START, wait(12000), TEXT]),
  fault("body-after-12s", "12 s of silence after the head", [wait(12000), ORDINARY]),
  fault("gap-8s", "8 s of silence between the words", [START, events(HELLO), wait(8000), REST]),
  fault("gap-12s", "12 s of silence between the words", [START, events(HELLO), wait(12000), REST]),
  fault("gap-12s-after-text", "12 s of silence after all text", [START, events(HELLO, WORLD), wait(12000), events(STOP) + DONE]),
  fault("gap-12s-before-done", "12 s of silence before [DONE]", [START, events(HELLO, WORLD, STOP), wait(12000), DONE]),
  fault("held-open-after-finish", "the connection stays open after the finish chunk, no [DONE]", START + events(HELLO, WORLD, STOP), { end: "hold" }),
  fault("held-open-after-text", "the connection stays open after all text", START + events(HELLO, WORLD), { end: "hold" }),
  fault("text-after-12s-comments", "12 s to the first text, a comment each 3 s", [START, ...bridged(HB), TEXT]),
  fault("body-after-12s-comments", "12 s to the role, a comment each 3 s", [HB, ...bridged(HB), ORDINARY]),
  fault("gap-12s-comments", "12 s between the words, a comment each 3 s", [START, events(HELLO), ...bridged(HB), REST]),
  fault("gap-12s-comments-half", "12 s between the words, a comment line without blank line each 3 s", [START, events(HELLO), ...bridged(": hb\n"), REST]),
  fault("gap-12s-newlines", "12 s between the words, a newline each 3 s", [START, events(HELLO), ...bridged("\n"), REST]),
  fault("gap-12s-spaces", "12 s between the words, a space within a line each 3 s", [START, `${events(HELLO)}:`, ...bridged(" "), `\n\n${REST}`]),
  fault("gap-12s-empty-deltas", "12 s between the words, an empty delta each 3 s", [START, events(HELLO), ...bridged(EMPTY), REST]),
  fault("text-after-12s-empty-deltas", "12 s to the first text, an empty delta each 3 s", [START, ...bridged(EMPTY), TEXT]),
].map((entry) => ({ group: "timing", ...entry }));
