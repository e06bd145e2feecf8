// How words are shaped for a voice.

import { jsonOfOptions } from "./arguments.js";
import { fromModule, invalid } from "./errors.js";
import { instance } from "./instance.js";

/**
 * What is said of an answer, and what is left out. Thinking between `<think>` and `</think>` (and the like) is never said.
 * Text without any markup stays as it is.
 */
export interface SpeechOptions {
  /**
   * `"shape"` (default) takes markdown, HTML tags and LaTeX's delimiters out; headings, list items and rows end as
   * sentences. `"keep"` leaves all that as it is.
   */
  markdown?: "shape" | "keep";
  /** Emoji: `"skip"` (default) or `"keep"`. Text symbols such as ™ are always said. */
  emoji?: "skip" | "keep";
  /** What is said of a bare address: the name of its `"host"` (default), nothing (`"skip"`), or all of it (`"keep"`). */
  links?: "host" | "skip" | "keep";
  /** Blocks of code in a programming language: `"skip"` (default) or `"say"`. Inline code is always said. */
  code?: "skip" | "say";
  /** The rows of a table: `"say"` (default), each as a sentence, or `"skip"`. */
  tables?: "say" | "skip";
  /** Marks such as `[1]` and `【4:0†source】`: `"skip"` (default) or `"keep"`. */
  citations?: "skip" | "keep";
  /**
   * How thinking begins: with a tag (`"tagged"`, the default), or with the answer (`"first"`), where a model's template
   * holds the opening tag and only `</think>` is sent. Then nothing is said before that.
   */
  thinking?: "tagged" | "first";
}

/**
 * Options as JSON; says what is wrong with them.
 * @internal
 */
export function checkedSpeech(options: SpeechOptions | false): string {
  if (options === false) return "false";
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid("/speech", "wrong_type", "speech options must be an object such as { links: \"skip\" }, or false to shape nothing");
  }
  const json = jsonOfOptions(options);
  const exports = instance();
  try {
    exports.Stream.checkSpeech(json);
  } catch (thrown) {
    throw fromModule(thrown, exports);
  }
  return json;
}
