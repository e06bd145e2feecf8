// Event streams as this package reads them beside eventsource-parser, over generated bodies.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { cut, random, seed } from "./random.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { createParser } = createRequire(join(root, "bench", "package.json"))("eventsource-parser");

const BODIES = 4000;
const LINES = ["data: ", "data:", "data", "data:  two spaces", "data: {\"a\": \"é🙂\"}", "data: a:b", ": comment", ":", "event: ping", "event:x", "event", "event: ",
  "id: 7", "id", "id: a\0b", "retry: 500", "retry: x", "foo: bar", " data: indented", "Data: upper", "data : spaced", "error: {}", "{\"a\":1}", "\ttab", "data:\tx", "\ufeff", "data: \ufeff"];
const ENDS = ["\n", "\r\n", "\r"];

/** A body that is nearly an event stream. */
function body(below) {
  const mixed = below(4) === 0;
  const usual = ENDS[below(3)];
  let text = below(8) === 0 ? "\ufeff" : "";
  for (let line = below(14); line > 0; line--) {
    text += LINES[below(LINES.length)] + (mixed ? ENDS[below(3)] : usual);
    if (below(2)) text += mixed ? ENDS[below(3)] : usual;
  }
  const bytes = Buffer.from(text);
  // Bytes that are no UTF-8.
  if (bytes.length > 0 && below(10) === 0) bytes[below(bytes.length)] = 0xff;
  return bytes;
}

/** Types and data. IDs are left out: it forgets those of events without data, which the standard keeps. */
function theirs(pieces) {
  const events = [];
  const parser = createParser({
    onEvent({ event, data }) {
      events.push([event || "message", data]);
    },
  });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const piece of pieces) parser.feed(decoder.decode(piece, { stream: true }));
  return events;
}

function ours(bodies) {
  const input = bodies.map((pieces) => pieces.map((piece) => Buffer.from(piece).toString("hex")).join(" ")).join("\n");
  const example = ["run", "--quiet", "--locked", "--example", "events"];
  const { stdout, stderr, status } = spawnSync("cargo", example, { cwd: root, input: `${input}\n`, encoding: "utf8", maxBuffer: 2 ** 28 });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line).map(([type, data]) => [type, data]));
}

test("events are those of eventsource-parser, wherever a body is cut", () => {
  const below = random(seed);
  const bodies = Array.from({ length: BODIES }, () => cut(body(below), below)).filter((pieces) => pieces.length > 0);
  const read = ours(bodies);
  assert.equal(read.length, bodies.length);
  let events = 0;
  for (const [index, pieces] of bodies.entries()) {
    assert.deepEqual(read[index], theirs(pieces), `${JSON.stringify(Buffer.concat(pieces).toString())}, again with PEERS_SEED=${seed}`);
    events += read[index].length;
  }
  assert.ok(events > BODIES, "hardly any events were made");
});
