//! Where a custom LLM is, under which model name, with which secret: `/v1/llm-configurations`.

use super::base_url;
use super::field::Source::Spec;
use super::field::{Field, Kind, Object, field};
use super::issues::{Issues, Path};
use crate::json::View;

const DISPLAY_NAME: Field = field("display_name", Kind::text("1,255"), Spec);
const MODEL_NAME: Field = field("model_name", Kind::text("1,255"), Spec);
const SECRET_ID: Field = field("secret_id", Kind::text("1,36"), Spec);

/// A configuration that is to be made.
pub static LLM_CONFIGURATION: Object = Object::new(&[
    DISPLAY_NAME.required(),
    MODEL_NAME.required(),
    SECRET_ID.required(),
    // Missing, it means OpenAI's own.
    field("base_url", Kind::TEXT, Spec).nullable(),
])
.rule(check_base_url);

/// Changes of one that there is: any of its members.
pub static LLM_CONFIGURATION_UPDATE: Object = Object::new(&[
    DISPLAY_NAME,
    MODEL_NAME,
    SECRET_ID,
    field("base_url", Kind::text("1,"), Spec),
])
.rule(check_base_url);

fn check_base_url(configuration: View<'_, '_>, path: &Path<'_>, issues: &mut Issues) {
    if let Some(url) = configuration.get("base_url").and_then(View::text)
        && !url.is_empty()
    {
        base_url::check(&url, &path.member("base_url"), issues);
    }
}
