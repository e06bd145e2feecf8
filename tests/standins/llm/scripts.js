// What the stand-in says. A script turns the request into deltas, in OpenAI's words: {content}, {reasoning_content}, {tool_calls}.
// `opening` is what goes out beside the role in the first chunk; `finish` the finish reason.

/** @typedef {{ opening?: object, deltas: Iterable<object>, finish?: string }} Spoken */

/** @type {Record<string, { about: string, speak: (body: any, params: Record<string, any>) => Spoken }>} */
export const SCRIPTS = {
  hello: {
    about: 'says "Hello world" in two deltas',
    speak: () => ({ deltas: [{ content: "Hello" }, { content: " world" }] }),
  },
  echo: {
    about: "repeats the last user text",
    speak: (body) => say(lastUserText(body)),
  },
  say: {
    about: "says the parameter text",
    speak: (_, params) => say(params.text ?? ""),
  },
  count: {
    about: 'counts: "1 ", "2 ", … up to the parameter tokens (20)',
    speak: (_, params) => ({ deltas: count(params.tokens ?? 20) }),
  },
  story: {
    about: "tells some paragraphs",
    speak: () => say(STORY),
  },
  think: {
    about: "thinks (reasoning_content), then speaks",
    speak: (body) => ({
      deltas: [
        ...words("The user wants an answer. I should keep it short.").map((reasoning_content) => ({ reasoning_content })),
        ...words(`I thought about it: ${lastUserText(body) || "you said nothing"}.`).map((content) => ({ content })),
      ],
    }),
  },
  tool: {
    about: "calls a tool, arguments in pieces; given the tool's result, speaks about it",
    speak: callTool,
  },
  markdown: {
    about: "speaks in markdown, with emoji, link, list, table and code",
    speak: () => say(MARKDOWN),
  },
};

/** Any other model name. */
export const DEFAULT_SCRIPT = {
  about: "answers, and says that it is a stand-in",
  speak: (body) => {
    const asked = lastUserText(body);
    return say(
      asked
        ? `I am a scripted stand-in, not a language model, so I can only tell you what arrived. You said: ${asked}`
        : "I am a scripted stand-in, not a language model. Nobody has said anything to me yet.",
    );
  },
};

/**
 * Text of the last user message: a string, or the text parts of an array.
 * @param {any} body
 * @returns {string}
 */
export function lastUserText(body) {
  const content = messages(body).findLast((message) => message?.role === "user")?.content;
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (typeof part?.text === "string" ? part.text : "")).join("");
}

const messages = (body) => (Array.isArray(body?.messages) ? body.messages : []);

// As tokenizers do: a word keeps the white space before it.
const words = (text) => text.match(/\s*\S+|\s+$/g) ?? [];

const say = (text) => ({ deltas: words(text).map((content) => ({ content })) });

function* count(tokens) {
  for (let n = 1; n <= tokens; n++) yield { content: `${n} ` };
}

function callTool(body) {
  const last = messages(body).at(-1);
  if (last?.role === "tool") return say(`The tool answered: ${typeof last.content === "string" ? last.content : JSON.stringify(last.content)}`);
  const name = body?.tools?.[0]?.function?.name ?? "get_weather";
  const call = { index: 0, id: "call_standin0000000000000001", type: "function", function: { name, arguments: "" } };
  const pieces = ['{"', "city", '":"', "Vien", "na", '"}'];
  return {
    opening: { content: null, tool_calls: [call] },
    deltas: pieces.map((part) => ({ tool_calls: [{ index: 0, function: { arguments: part } }] })),
    finish: "tool_calls",
  };
}

const STORY = `A lighthouse keeper once counted the ships that passed her window. Each evening she wrote the number in a book, and each morning she read it aloud to the gulls.

One night no ship came at all. She waited until the lamp burned low, and wrote a nought so round and careful that it looked like a moon.

In the morning the gulls listened, as always. "Nought," she read. And far out, where the water meets the sky, a small boat turned its bow towards the light.`;

const MARKDOWN = `# Three things to know

Here is a **bold** claim, an *aside*, and a [link](https://example.com/page?id=1). 🎉

- First, water boils at \`100\` degrees.
- Second, see note [1].

| City | Rain |
| --- | --- |
| Vienna | some |

\`\`\`js
console.log("not for speech");
\`\`\`

That is all.
`;
