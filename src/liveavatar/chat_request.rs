//! What a model is asked: `POST …/chat/completions`, as `OpenAI` describes it. Upstreams know more members than it does, so
//! what is unknown here passes.

use super::field::Source::Spec;
use super::field::{Field, Kind, Object, Others, Tagged, field};
use super::issues::{Issues, Path};
use crate::json::{Item, View};

/// A chat completion request.
pub static CHAT_REQUEST: Object = Object::new(&[
    field("messages", Kind::List(&Kind::Tagged(&MESSAGE)), Spec).required(),
    field("model", Kind::text("1,"), Spec),
    field("stream", Kind::Bool, Spec).nullable(),
    field("temperature", Kind::number("0,2"), Spec).nullable(),
    field("top_p", Kind::number("0,1"), Spec).nullable(),
    field("max_tokens", Kind::integer("1,"), Spec).nullable(),
    field("max_completion_tokens", Kind::integer("1,"), Spec).nullable(),
    field("n", Kind::integer("1,128"), Spec).nullable(),
])
.others(Others::Unknown)
.rule(check_messages);

static MESSAGE: Tagged = Tagged {
    tag: "role",
    variants: &[
        ("system", &SPEAKER),
        ("developer", &SPEAKER),
        ("user", &SPEAKER),
        ("assistant", &ASSISTANT),
        ("tool", &TOOL),
        ("function", &FUNCTION),
    ],
};

const CONTENT: Field = field("content", Kind::Parts, Spec);

static SPEAKER: Object = Object::new(&[CONTENT.required()]).others(Others::Unknown);
// Where it calls a tool it need not say anything.
static ASSISTANT: Object = Object::new(&[CONTENT.nullable()]).others(Others::Unknown);
static TOOL: Object =
    Object::new(&[field("tool_call_id", Kind::TEXT, Spec).required(), CONTENT.required()]).others(Others::Unknown);
static FUNCTION: Object =
    Object::new(&[field("name", Kind::TEXT, Spec).required(), CONTENT.nullable()]).others(Others::Unknown);

fn check_messages(request: View<'_, '_>, path: &Path<'_>, issues: &mut Issues) {
    if let Some(messages) = request.get("messages")
        && matches!(messages.item(), Item::Array)
        && messages.children().next().is_none()
    {
        issues.error(
            &path.member("messages"),
            "bad_length",
            &["must have at least one message, such as { role: \"user\", content: \"Hello\" }"],
        );
    }
}
