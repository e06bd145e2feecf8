// What the stand-in LLM can be asked to do. Its model name says what happens (tests/standins/llm.js), and a model name is
// the one thing that LiveAvatar hands on unchanged: it stands in the LLM configuration as `model_name`, comes to the endpoint
// as `model`, and the endpoint, whose upstream names no model of its own, passes it on.

/** @type {{ name: string, model_name: string, about: string }[]} */
export const BEHAVIOURS = [
  { name: "answers", model_name: "friendly?gapMs=45", about: "It answers word by word, and says that it is a stand-in." },
  { name: "says «Hello world»", model_name: "hello", about: "Two deltas, at once." },
  { name: "goes on and on", model_name: "count?tokens=400&gapMs=120", about: "It counts to 400. Interrupt it: the request to the LLM ends as well." },
  { name: "speaks many languages", model_name: "say?splitBytes=1&gapMs=30&text=Grüße aus Wien, привет из Софии, こんにちは、東京から, مرحبا من القاهرة — naïve façade, 20 €.", about: "Every byte is sent by itself, so that letters arrive in pieces." },
  { name: "thinks before it speaks", model_name: "think?gapMs=80", about: "Its thinking comes as reasoning_content, which nobody should hear." },
  { name: "is slow", model_name: "story?ttftMs=2500&gapMs=90", about: "It waits two and a half seconds, then tells a story slowly." },
  { name: "is silent for 12 s", model_name: "hello?ttftMs=12000", about: "Longer than LiveAvatar's caller waits for a byte." },
  { name: "breaks off", model_name: "story?gapMs=60&cutAt=14", about: "The connection drops after fourteen words." },
  { name: "refuses", model_name: "hello?status=503", about: "Every request is answered with 503." },
  { name: "answers without streaming", model_name: "hello?asJson", about: "One JSON answer although a stream was asked for, with status 200." },
];
