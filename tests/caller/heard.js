// What LiveAvatar's caller hears of each fault through an endpoint: what the fault says should be spoken, or the failure line
// where that is nothing; and what it hears instead, with the reason why nothing better can be said.

/** The line that is said where no other is set. */
export const FAILURE = "Sorry, something went wrong on my side. Could you say that again?";

/** @type {{ heard: string, why: string, faults: string }[]} */
const INSTEAD = [
  {
    heard: FAILURE,
    why: "the source refuses, whatever it is asked, or keeps failing; what may pass was asked three times",
    faults: `
      status-400 status-401 status-402 status-403 status-404 status-405 status-406 status-408 status-409 status-410 status-413 status-415
      status-418 status-422 status-424 status-425 status-429 status-431 status-451 status-498 status-499 status-500 status-501 status-502
      status-503 status-504 status-520 status-524 status-529 status-429-retry-after status-503-should-not-retry status-400-should-retry
      status-500-stream fails-thrice-429 fails-four-times-500 fails-500-then-401 cut-before-text cut-before-body cut-before-head not-http
      usage-then-cut event-error-first event-error-plain-first usage-then-error error-object-first error-without-type-first
      error-without-message-first error-text-first error-true-first error-number-first error-openrouter-first error-empty-alone-first
      error-message-object-first json-error lm-studio-error-text llama-cpp-error-field lm-studio-error gemini-signature-then-error
      gemini-error-array`,
  },
  {
    heard: FAILURE,
    why: "a redirection is not followed, since the key would go along; the report tells where it leads",
    faults: "status-300 status-304 status-302-nowhere redirect-301 redirect-302 redirect-303 redirect-307 redirect-308 redirect-loop",
  },
  {
    heard: FAILURE,
    why: "there is no answer in it",
    faults: "status-200-html status-204 status-205 empty-body empty-body-length-0",
  },
  {
    heard: FAILURE,
    why: "[DONE] ends an answer, and one whose first word that is has none",
    faults: "done-first",
  },
  {
    heard: FAILURE,
    why: "its sender calls each chunk an error",
    faults: "event-error-name",
  },
  {
    heard: FAILURE,
    why: "it is compressed in a way that was not asked for, or is not as its headers say; the platform, which unpacks it, cannot",
    faults: "deflate gzip-claimed gzip-unclaimed",
  },
  {
    heard: FAILURE,
    why: "it is no JSON, or no object, so it is not known what it was to say: an error page's words must not be spoken",
    faults: `
      utf16 created-nan json-null-first json-true-first json-number-first json-text-first json-empty-array-first json-cut-first
      json-word-first json-trailing-comma-first json-single-quotes-first json-control-character fails-once-unreadable text text-as-data`,
  },
  {
    heard: FAILURE,
    why: "it is another API's, and the upstream is said to speak OpenAI's",
    faults: "cohere-native anthropic-native minimax-native gemini-native gemini-native-array responses-api ai-sdk-ui",
  },
  {
    heard: FAILURE,
    why: "no server known to us says its words there; sound has to be asked for",
    faults: "only-audio text-in-delta",
  },
  {
    heard: ` \n${FAILURE}`,
    why: "white space is no word, but may be the beginning of some, so it had gone out",
    faults: "only-space",
  },
  {
    heard: "Hello",
    why: "it broke off there: what had come is said, since a voice cannot take it back, and the report tells of the break",
    faults: `
      lf-then-crlf-cut cut-mid close-delimited-cut gap-12s event-error-mid event-error-plain-mid error-without-type-mid error-without-message-mid
      error-object-mid error-text-mid error-true-mid error-number-mid error-openrouter-mid error-empty-alone-mid error-message-object-mid
      error-in-choice openrouter-error vllm-error vllm-error-new llama-cpp-error-field-mid tgi-error proxy-error-injected`,
  },
  {
    heard: "Hello",
    why: "what cannot be read there may have been words; to go on behind them could turn the meaning around",
    faults: `
      json-null-mid json-true-mid json-number-mid json-text-mid json-empty-array-mid json-cut-mid json-word-mid json-trailing-comma-mid
      json-single-quotes-mid`,
  },
  {
    heard: "Hello",
    why: "[DONE] ends an answer: who waits for more behind it waits for connections that are held open",
    faults: "done-mid",
  },
  {
    heard: "Hello",
    why: "the second choice is another answer to the same question, and no rule tells one from a continuation",
    faults: "copilot-parts",
  },
  { heard: "!", why: "the chunk says a word and tells of an error: the word is said", faults: "error-with-choices-first" },
  { heard: "Hello!", why: "the chunk says a word and tells of an error: the word is said", faults: "error-with-choices-mid" },
  { heard: "!Hello world", why: "words are understood that the caller itself cannot read", faults: "content-object-first" },
  { heard: "Hello! world", why: "words are understood that the caller itself cannot read", faults: "content-object-mid" },
  { heard: "HelloHello world", why: "words are understood that the caller itself cannot read", faults: "json-array-first json-array-mid" },
  { heard: "Hello worldHello world", why: "words are understood that the caller itself cannot read", faults: "json-two-first" },
  { heard: "HelloHello world world", why: "words are understood that the caller itself cannot read", faults: "json-two-mid" },
  { heard: "Hello\uFFFD world", why: "a byte that is no text is none, and the rest is said", faults: "invalid-utf8-first" },
  { heard: "Hello w\uFFFDrld", why: "a byte that is no text is none, and the rest is said", faults: "invalid-utf8-mid" },
  { heard: "Hello \uFFFDworld", why: "half a character is none, and the rest is said", faults: "json-lone-surrogate" },
  { heard: "\uFFFD\uFFFD", why: "each delta must be a text for itself, and half a character is none; those that have halves cannot be spoken", faults: "json-surrogates-split" },
];

/** What is not said as it should be, and not yet mended. Of these turns only this is held: they end well. */
export const OPEN = new Map(
  [
    { why: "a call of a tool that is written as words is taken for words", faults: "tool-call-as-text workers-ai-tools" },
  ].flatMap(({ why, faults }) => names(faults).map((name) => [name, why])),
);

const instead = new Map(INSTEAD.flatMap(({ heard, faults }) => names(faults).map((name) => [name, heard])));

/**
 * What is heard of a fault.
 * @param {{ name: string, said: string }} fault
 */
export function heard({ name, said }) {
  if (name === "only-refusal") return "I can't help with that.";
  return instead.get(name) ?? (said || FAILURE);
}

/** Every name that stands in a list here. */
export const NAMED = [...instead.keys(), ...OPEN.keys()];

function names(faults) {
  return faults.trim().split(/\s+/);
}
