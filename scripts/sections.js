// The sections of a WebAssembly module: a header of eight bytes, then id, LEB128 size and content of each.

/**
 * @param {Uint8Array} bytes
 * @returns {{ id: number, name: string, size: number }[]} `name` is that of a custom section, otherwise empty
 */
export function sections(bytes) {
  const found = [];
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = number();
    const end = at + size;
    let name = "";
    if (id === 0) {
      const length = number();
      name = new TextDecoder().decode(bytes.subarray(at, at + length));
    }
    found.push({ id, name, size });
    at = end;
  }
  return found;
}
