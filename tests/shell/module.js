// Stands between the package and WebAssembly: counts the machines that live in the module, sees its memory, and makes it
// trap. To be imported before anything is asked of the package.

const { Instance } = WebAssembly;

/** What makes a machine that belongs to one answer, and what frees it. */
const MAKES = ["client_stream", "stream_answered", "asked_new", "asked_begin"];
const FREES = ["__wbg_stream_free", "__wbg_asked_free", "__wbg_turn_free"];

/**
 * The instances made so far, newest last.
 * @type {{ memory: WebAssembly.Memory, made: number, freed: number, calls: Map<string, number>, trapIn: string | undefined }[]}
 */
export const instances = [];

/** The newest instance. */
export const current = () => instances.at(-1);

WebAssembly.Instance = function (module, imports) {
  const { exports } = new Instance(module, imports);
  const instance = { memory: exports.memory, made: 0, freed: 0, calls: new Map(), trapIn: undefined };
  instances.push(instance);
  const watched = Object.entries(exports).map(([name, value]) => [name, typeof value === "function" ? watch(name, value) : value]);
  return { exports: Object.fromEntries(watched) };

  function watch(name, call) {
    return (self, ...rest) => {
      instance.calls.set(name, (instance.calls.get(name) ?? 0) + 1);
      if (instance.trapIn === name) {
        instance.trapIn = undefined;
        // An address outside of the memory: as real a trap as there can be.
        return call(0xfffffff0 | 0, ...rest);
      }
      const given = call(self, ...rest);
      if (MAKES.includes(name)) instance.made += succeeded(given) ? 1 : 0;
      if (FREES.includes(name)) instance.freed++;
      return given;
    };
  }
};

/** A method that may throw gives its result, an error and whether it failed; wasm-bindgen throws the error. */
const succeeded = (given) => !Array.isArray(given) || !given.at(-1);
