//! What an avatar is told to be, and what it says first: `POST /v1/contexts`; `PATCH` wants the same.

use super::field::Source::Spec;
use super::field::{Kind, Object, field};

/// A context that is to be kept.
pub static CONTEXT: Object = Object::new(&[
    field("name", Kind::TEXT, Spec).required(),
    field("prompt", Kind::TEXT, Spec).required(),
    // It may say nothing, but it must be there.
    field("opening_text", Kind::TEXT, Spec).required().nullable(),
    field("links", Kind::List(&Kind::Object(&LINK)), Spec).nullable(),
]);

static LINK: Object = Object::new(&[
    field("url", Kind::TEXT, Spec).required(),
    field("faq", Kind::TEXT, Spec).required().nullable(),
    field("id", Kind::Uuid, Spec),
]);
