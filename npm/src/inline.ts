/**
 * Turns the text that stands for the module in the default entry back into its bytes.
 *
 * The text is base64 of four bytes of length (little-endian) and a raw DEFLATE stream (RFC 1951). Base64, because it is
 * the same in every charset and no minifier touches it; compressed before that, because a server's gzip matches whole
 * bytes and finds few through base64. `DecompressionStream` could undo it, but only asynchronously.
 */
export function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const input = new Uint8Array(binary.length);
  for (let index = 0; index < input.length; index++) input[index] = binary.charCodeAt(index);
  const output = new Uint8Array(new DataView(input.buffer).getUint32(0, true));
  if (inflate(input, 4, output) !== output.length) {
    throw new Error("liveavatar-llm: the inlined WebAssembly module is damaged; install or build the package again");
  }
  return output;
}

/** The order in which a block tells the lengths of its code-length codes (RFC 1951 §3.2.7). */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Decompresses `input` from byte `at` on into `output`; gives the number of bytes written, or -1 for a bad stream. */
function inflate(input: Uint8Array, at: number, output: Uint8Array): number {
  let held = 0;
  let holding = 0;
  let written = 0;

  const fill = (count: number): void => {
    for (; holding < count; holding += 8) held |= (input[at++] ?? 0) << holding;
  };
  const drop = (count: number): void => {
    held >>>= count;
    holding -= count;
  };
  const bits = (count: number): number => {
    fill(count);
    const value = held & ((1 << count) - 1);
    drop(count);
    return value;
  };
  const symbol = (codes: Uint16Array): number => {
    fill(15);
    const entry = codes[held & (codes.length - 1)]!;
    drop(entry & 15);
    return entry >> 4;
  };
  // Lengths and distances grow alike: the first codes mean themselves, then every 4 (or 2) take one more extra bit.
  const extended = (code: number, shift: number): number => {
    const group = 1 << shift;
    if (code < 2 * group) return code;
    const extra = (code >> shift) - 1;
    return ((group + (code & (group - 1))) << extra) + bits(extra);
  };

  for (let last = 0; !last; ) {
    if (at > input.length) return -1;
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      // What is held beyond the current byte are whole bytes: back to them.
      at -= holding >> 3;
      held = holding = 0;
      const length = bits(16);
      at += 2;
      if (written + length > output.length) return -1;
      output.set(input.subarray(at, at + length), written);
      at += length;
      written += length;
      continue;
    }
    let literals = 288;
    const lengths = new Uint8Array(literals + 32);
    if (kind === 1) {
      lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288).fill(5, 288);
    } else {
      literals = bits(5) + 257;
      const all = literals + bits(5) + 1;
      const given = bits(4) + 4;
      const lengthsOfLengths = new Uint8Array(19);
      for (let index = 0; index < given; index++) lengthsOfLengths[CODE_LENGTH_ORDER[index]!] = bits(3);
      const lengthCodes = table(lengthsOfLengths);
      for (let index = 0; index < all; ) {
        const code = symbol(lengthCodes);
        const value = code < 16 ? code : code === 16 ? lengths[index - 1]! : 0;
        const times = code < 16 ? 1 : code === 16 ? 3 + bits(2) : code === 17 ? 3 + bits(3) : 11 + bits(7);
        lengths.fill(value, index, (index += times));
      }
    }
    const literalCodes = table(lengths.subarray(0, literals));
    const distanceCodes = table(lengths.subarray(literals));
    for (let code = symbol(literalCodes); code !== 256; code = symbol(literalCodes)) {
      if (code < 256) {
        if (written === output.length) return -1;
        output[written++] = code;
        continue;
      }
      const end = written + (code === 285 ? 258 : extended(code - 257, 2) + 3);
      const distance = extended(symbol(distanceCodes), 1) + 1;
      if (distance > written || end > output.length) return -1;
      for (; written < end; written++) output[written] = output[written - distance]!;
    }
  }
  return written;
}

/**
 * A look-up table for canonical Huffman codes of the given lengths, indexed by the next bits of the stream. An entry is
 * the symbol, shifted left by four, and the length of its code.
 */
function table(lengths: Uint8Array): Uint16Array {
  const longest = Math.max(...lengths);
  const codes = new Uint16Array(1 << longest);
  for (let length = 1, code = 0; length <= longest; length++, code <<= 1) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      // Codes are packed with their first bit lowest: reverse, then repeat for every value of the bits that follow.
      let reversed = 0;
      for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
      for (let index = reversed; index < codes.length; index += 1 << length) codes[index] = (symbol << 4) | length;
      code++;
    }
  }
  return codes;
}
