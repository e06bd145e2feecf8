// npm/src/inline.ts: every shape of a DEFLATE stream comes back as it was, and a damaged one is refused instead of read on.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { constants, deflateRawSync } from "node:zlib";

import { modules, root } from "../../scripts/setup.js";

/** @type {(text: string) => Uint8Array} */
let decode;
/** @type {(bytes: Uint8Array) => Promise<string>} */
let encode;

before(async () => {
  await modules();
  const { build } = await import("esbuild");
  const outfile = join(root, "target", "inline", "inline.js");
  await build({ entryPoints: [join(root, "npm", "src", "inline.ts")], outfile, bundle: true, format: "esm" });
  ({ decode } = await import(pathToFileURL(outfile).href));
  ({ encode } = await import("../../scripts/bundle.js"));
});

/** Bytes without any pattern, the same in every run. */
function noise(length) {
  const blocks = [];
  for (let index = 0; index * 32 < length; index++) blocks.push(createHash("sha256").update(String(index)).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

const SHAPES = {
  nothing: Buffer.alloc(0),
  "one byte": Buffer.from([255]),
  "one byte many times": Buffer.alloc(100_000, 65),
  "a short repetition": Buffer.from("hello hello hello hello"),
  text: Buffer.from(Array.from({ length: 4000 }, (_, index) => `line ${index % 97} of ${index}\n`).join("")),
  noise: noise(70_000),
  "noise, then its repetition from as far back as there is": Buffer.concat([noise(32_768), noise(32_768)]),
};

const WAYS = {
  stored: { level: 0 },
  "fixed codes": { strategy: constants.Z_FIXED },
  "literals only": { strategy: constants.Z_HUFFMAN_ONLY },
  "run lengths": { strategy: constants.Z_RLE },
  fastest: { level: 1 },
  smallest: { level: 9, memLevel: 9 },
};

function packed(bytes, ways) {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, deflateRawSync(bytes, ways)]);
}

for (const [shape, bytes] of Object.entries(SHAPES)) {
  for (const [way, ways] of Object.entries(WAYS)) {
    test(`${shape}, ${way}`, () => assert.deepEqual(Buffer.from(decode(packed(bytes, ways).toString("base64"))), bytes));
  }
  test(`${shape}, as the build packs it`, async () => assert.deepEqual(Buffer.from(decode(await encode(bytes))), bytes));
}

test("the text is plain ASCII that no charset and no minifier changes", async () => {
  assert.match(await encode(SHAPES.text), /^[A-Za-z0-9+/]+=*$/);
});

test("a text cut anywhere is refused", () => {
  const whole = packed(SHAPES.text, WAYS.smallest);
  for (let length = 4; length < whole.length - 1; length += 101) {
    assert.throws(() => decode(whole.subarray(0, length).toString("base64")), /damaged/, `cut after ${length} bytes`);
  }
});

test("a text of another length than it says is refused", () => {
  const whole = packed(SHAPES.text, WAYS.smallest);
  for (const by of [-1, 1]) {
    const changed = Buffer.from(whole);
    changed.writeUInt32LE(SHAPES.text.length + by);
    assert.throws(() => decode(changed.toString("base64")), /damaged/);
  }
});

test("a text with any bit turned ends, and never writes beyond its length", () => {
  // Short, so that every bit can be tried: block headers, code lengths, literals, distances.
  const text = SHAPES.text.subarray(0, 2000);
  const whole = packed(text, WAYS.smallest);
  for (let bit = 32; bit < whole.length * 8; bit++) {
    const changed = Buffer.from(whole);
    changed[bit >> 3] ^= 1 << (bit & 7);
    try {
      assert.equal(decode(changed.toString("base64")).length, text.length);
    } catch (error) {
      assert.match(error.message, /damaged/);
    }
  }
});
