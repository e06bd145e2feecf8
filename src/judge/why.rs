//! What the caller can trip over, each by a code that stays and a sentence for whoever writes the endpoint.

/// Declares the causes: a name, its code, and its sentence, which is its documentation too.
macro_rules! causes {
    ($($name:ident $code:literal $sentence:literal)*) => {
        /// Why a turn was not heard, or not to its end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Why { $(#[doc = $sentence] $name,)* }

        impl Why {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Code and sentence.
            fn told(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($code, $sentence),)* }
            }
        }
    };
}

causes! {
    // The exchange.
    NoAnswer "no_answer" "No status line came within ten seconds: begin the answer at once, and the body with a comment while the model thinks."
    Silence "silence" "The body was silent for ten seconds: send a comment line and a blank line (`: hb`) every few seconds while there is nothing to say."
    NoConnection "no_connection" "There was no answer: the connection could not be made, or ended before a status line that is one of HTTP."
    Broken "broken" "The connection broke in the middle of the body: end it properly, and with `data: [DONE]` before that."
    Undecodable "undecodable" "The body could not be decompressed: `content-encoding` says what it is not."
    UnknownEncoding "unknown_encoding" "The body is compressed in a way that the caller does not undo: use gzip, deflate or nothing."
    Refused "refused" "The endpoint answered with a status that means no."
    HungUp "hung_up" "The caller takes status 499 for its own hanging up, and says nothing: answer with another status."
    RedirectedAsGet "redirected_as_get" "After a redirect with status 301, 302 or 303 the caller sends a GET without a body: use 307 or 308, or register the final address."
    TooManyRedirects "too_many_redirects" "The caller follows twenty redirects and no more."
    // The framing.
    NotUtf8 "not_utf8" "A line is not UTF-8: encode the whole stream in UTF-8, comments too."
    EmptyData "empty_data" "An event has an empty `data:` field, which the caller reads as JSON: send a comment (`: hb`) as a sign of life instead."
    EventWithoutData "event_without_data" "An event has a name and no `data:`, which the caller reads as JSON all the same: send a comment (`: hb`) as a sign of life instead."
    RetryWithoutData "retry_without_data" "A blank line after `retry:` is an event for the caller, and has no JSON in it: leave `retry:` out."
    BlankLineAfterId "blank_line_after_id" "After an `id:` line every further blank line is an event for the caller, that behind a comment too, and has no JSON in it: leave `id:` out."
    NotJson "not_json" "An event's data is neither `[DONE]` nor one JSON value: send one chunk an event, whole, with a blank line behind it."
    TooDeep "too_deep" "An event's data is nested deeper than the caller can follow."
    TooLong "too_long" "The answer, or one event of it, is longer than is read here; the caller itself has no such limit."
    // The chunks.
    ErrorObject "error_object" "The stream holds an `error`, at which the caller stops: say a line for the user as an ordinary chunk instead, and end the stream."
    ThreadEvent "thread_event" "An event's name begins with `thread.`, which the caller reads as an event of the Assistants API: leave `event:` out."
    NotAnObject "not_an_object" "An event's data is JSON, but no object: send a `chat.completion.chunk`."
    NoChoices "no_choices" "A chunk has no `choices`: send an empty list where there is none, and nothing but chunks."
    ChoicesNotList "choices_not_list" "A chunk's `choices` is no list."
    ChoiceNotObject "choice_not_object" "A choice is no object."
    DeltaNotObject "delta_not_object" "A choice's `delta` is no object."
    ContentNotText "content_not_text" "A delta's `content` is neither a text nor null: send the words as one string."
    NoId "no_id" "A chunk with text, a tool call or usage has no `id`: send the same string in every chunk."
    IdNotText "id_not_text" "A chunk's `id` is not a text: send the same string in every chunk."
    ReservedName "reserved_name" "An object of a chunk has a member by a name that the caller's library keeps for itself."
    ExtraNotObject "extra_not_object" "`extra_content` is no object."
    ToolCallsNotList "tool_calls_not_list" "A delta's `tool_calls` is no list."
    ToolCallNotObject "tool_call_not_object" "A tool call is no object."
    FunctionNotObject "function_not_object" "A tool call's `function` is no object."
    ToolCallNotText "tool_call_not_text" "A tool call's id, name or `arguments` is not a text: send arguments as a string of JSON."
    ArgumentsWithoutName "arguments_without_name" "A tool call's `arguments` came before its name: begin a call with its id and name."
    UsageNotObject "usage_not_object" "A chunk's `usage` is no object: send a whole one in the last chunk, or null."
    UsageNotCounts "usage_not_counts" "A chunk's `usage` lacks a count, or has one that is no whole number: send `prompt_tokens`, `completion_tokens` and `total_tokens`, or no usage."
    DetailsNotObject "details_not_object" "The details of a chunk's `usage` are no object."
    TierNotText "tier_not_text" "`service_tier` in a chunk with usage is not a text."
    // Nothing failed, and nothing was heard.
    EmptyBody "empty_body" "The body was empty."
    NotAStream "not_a_stream" "The body is no event stream, JSON or a page perhaps, and the caller passed over it: answer `stream: true` with `data:` lines."
    NoDelta "no_delta" "The stream held no choice with a `delta`."
    MessageForDelta "message_for_delta" "The choices have `message` or `text`: the caller looks for `delta` with `content`."
    OnlyToolCall "only_tool_call" "The answer was a call of a tool. `LiveAvatar` has no tools: have the model answer in words."
    OnlyReasoning "only_reasoning" "The answer was reasoning only: raise the limit of tokens, or have the model think less."
    OnlyThoughts "only_thoughts" "All text lay between <think> and </think>, was held back at the end, or was of a kind that is passed over."
    OnlyRefusal "only_refusal" "The model refused, and a refusal is not spoken: send its words as `content`."
    OnlyContentFilter "only_content_filter" "A content filter left nothing to say: say a line of your own."
    OnlyWhiteSpace "only_white_space" "The text was white space."
    NoText "no_text" "The deltas held no text: the caller speaks what is in `content`."
}

impl Why {
    /// A code that stays, such as `no_id`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.told().0
    }

    /// What was wrong and what to do instead, in a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.told().1
    }
}
