//! What a session may be asked to be: `POST /v1/sessions/token`.

use super::field::Source::{Guide, Spec};
use super::field::{Bounds, Field, Kind, Map, Object, Others, Tagged, field};
use super::issues::{Issues, Path};
use super::uuid;
use super::validate::Tables;
use crate::json::{Item, View, decimal};

/// The one avatar of the sandbox, «Wayne».
pub const SANDBOX_AVATAR: &str = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a";

/// How long a sandbox session may last, in seconds.
const SANDBOX_SECONDS: f64 = 60.0;

const MODE: Field = field("mode", Kind::Choice("FULL LITE"), Spec);
const AVATAR_ID: Field = field("avatar_id", Kind::Uuid, Spec).required();
const IS_SANDBOX: Field = field("is_sandbox", Kind::Bool, Spec);
const VIDEO_SETTINGS: Field = field("video_settings", Kind::Object(&VIDEO), Spec).nullable();
// The cap of the account's plan is not known here; above it the service refuses, it does not clamp.
const MAX_SESSION_DURATION: Field = field("max_session_duration", Kind::integer("1,"), Spec).nullable();

/// A session in which `LiveAvatar` listens, asks an LLM and speaks.
pub static FULL: Object = Object::new(&[
    MODE,
    AVATAR_ID,
    IS_SANDBOX,
    VIDEO_SETTINGS,
    MAX_SESSION_DURATION,
    field("avatar_persona", Kind::Object(&PERSONA), Spec).nullable(),
    field("voice_agent", Kind::Object(&VOICE_AGENT), Guide).nullable(),
    field("interactivity_type", Kind::Choice("CONVERSATIONAL PUSH_TO_TALK"), Spec),
    field("llm_configuration_id", Kind::Uuid, Spec).nullable(),
    field("dynamic_variables", Kind::Map(&VARIABLES), Spec).nullable(),
    field("memory", Kind::Object(&MEMORY), Spec).nullable(),
])
.rule(check_full);

/// A session whose speech somebody else makes.
pub static LITE: Object = Object::new(&[
    MODE,
    AVATAR_ID,
    IS_SANDBOX,
    VIDEO_SETTINGS,
    MAX_SESSION_DURATION,
    field("livekit_config", Kind::Object(&LIVEKIT), Spec).nullable(),
    field("agora_config", Kind::Object(&AGORA), Spec).nullable(),
    field("elevenlabs_agent_config", Kind::Object(&ELEVENLABS_AGENT), Spec).nullable(),
    field("openai_realtime_config", Kind::Object(&OPENAI_REALTIME), Spec).nullable(),
    field("gemini_realtime_config", Kind::Object(&GEMINI_REALTIME), Spec).nullable(),
    field("cartesia_agent_config", Kind::Object(&CARTESIA_AGENT), Guide).nullable(),
])
.rule(check_lite);

static VIDEO: Object = Object::new(&[
    field("quality", Kind::Choice("very_high high medium low"), Spec),
    field("encoding", Kind::Choice("VP8 H264"), Spec),
]);

static PERSONA: Object = Object::new(&[
    field("voice_id", Kind::Uuid, Spec).nullable(),
    field("context_id", Kind::Uuid, Spec).nullable(),
    field("language", Kind::TEXT, Spec),
    field("voice_settings", Kind::Tagged(&VOICE), Spec).nullable(),
    field("stt_config", Kind::Object(&HEARING), Spec).nullable(),
    field("llm_settings", Kind::Object(&MANAGED_LLM), Guide).nullable(),
])
.rule(check_persona);

static VOICE: Tagged = Tagged {
    tag: "provider",
    variants: &[("elevenLabs", &ELEVENLABS), ("fish", &FISH), ("cartesia", &CARTESIA)],
};

const PROVIDER: Field = field("provider", Kind::TEXT, Spec).required();
const SPEED: Field = field("speed", Kind::number("0.8,1.2"), Spec);

static ELEVENLABS: Object = Object::new(&[
    PROVIDER,
    SPEED,
    field("stability", Kind::number("0,1"), Spec),
    field("similarity_boost", Kind::number("0,1"), Spec),
    field("style", Kind::number("0,1"), Spec),
    field("use_speaker_boost", Kind::Bool, Spec),
    field("model", Kind::Choice("eleven_flash_v2_5 eleven_multilingual_v2"), Spec),
    field("apply_language_text_normalization", Kind::Bool, Spec),
]);

static FISH: Object = Object::new(&[
    PROVIDER,
    SPEED,
    field("model", Kind::Choice("s1 s2"), Spec),
    field("latency_mode", Kind::Choice("normal balanced"), Spec),
]);

// It exists; what else it takes is not documented.
static CARTESIA: Object = Object::new(&[PROVIDER]).others(Others::Unknown);

static HEARING: Object = Object::new(
    // The two ages of the reference disagree on whether it must be there; without it the service chooses.
    &[field(
        "provider",
        Kind::Choice("deepgram assembly_ai gladia elevenlabs"),
        Spec,
    )],
);

static MANAGED_LLM: Object = Object::new(
    // Which models there are is told by the service alone (`GET /v1/llm-models`).
    &[
        field("provider", Kind::TEXT, Guide).required(),
        field("model", Kind::TEXT, Guide).required(),
    ],
);

static VOICE_AGENT: Object = Object::new(&[
    field("id", Kind::Uuid, Guide).required(),
    field("language", Kind::TEXT, Guide),
    field("dynamic_variables", Kind::Map(&VARIABLES), Guide).nullable(),
]);

static VARIABLES: Map = Map {
    value: Kind::text("0,1000"),
    nullable: true,
    entries: Bounds("0,50"),
    name: Bounds("0,64"),
};

static MEMORY: Object = Object::new(&[
    field("prev_session_id", Kind::Uuid, Spec).nullable(),
    field("session_memory_id", Kind::Uuid, Spec).nullable(),
]);

static LIVEKIT: Object = Object::new(&[
    field("livekit_url", Kind::TEXT, Spec).required(),
    field("livekit_room", Kind::TEXT, Spec).required(),
    field("livekit_client_token", Kind::TEXT, Spec).required(),
]);

static AGORA: Object = Object::new(&[
    field("agora_app_id", Kind::TEXT, Spec).required(),
    field("agora_token", Kind::TEXT, Spec).required(),
    field("agora_channel", Kind::TEXT, Spec).required(),
    field("agora_uid", Kind::TEXT, Spec).required(),
]);

const SECRET_ID: Field = field("secret_id", Kind::Uuid, Spec).required();

static ELEVENLABS_AGENT: Object = Object::new(&[
    SECRET_ID,
    field("agent_id", Kind::TEXT, Spec).required(),
    field("voice_id", Kind::TEXT, Spec).nullable(),
    field("dynamic_variables", Kind::Map(&SCALARS), Spec).nullable(),
]);

static SCALARS: Map = Map {
    value: Kind::Scalar,
    nullable: false,
    entries: Bounds::NONE,
    name: Bounds::NONE,
};

static OPENAI_REALTIME: Object = Object::new(&[
    SECRET_ID,
    field("context_id", Kind::Uuid, Spec).nullable(),
    field(
        "voice",
        Kind::Choice("alloy ash ballad coral echo fable onyx nova shimmer sage verse marin cedar"),
        Spec,
    ),
    field("temperature", Kind::number("0.6,1.2"), Spec),
    field("model", Kind::TEXT, Spec),
]);

static GEMINI_REALTIME: Object = Object::new(&[
    SECRET_ID,
    field("context_id", Kind::Uuid, Spec).nullable(),
    field(
        "voice",
        Kind::Choice(
            "Achernar Achird Algenib Algieba Alnilam Aoede Autonoe Callirrhoe Charon Despina Enceladus Erinome Fenrir Gacrux Iapetus Kore Laomedeia Leda Orus Pulcherrima Puck Rasalgethi Sadachbia Sadaltager Schedar Sulafat Umbriel Vindemiatrix Zephyr Zubenelgenubi",
        ),
        Spec,
    ),
    field("temperature", Kind::number("0,2"), Spec),
    field(
        "model",
        Kind::Choice("gemini-3.1-flash-live-preview gemini-2.5-flash-native-audio-preview-12-2025"),
        Spec,
    ),
]);

// What else it takes is not documented.
static CARTESIA_AGENT: Object = Object::new(&[
    field("secret_id", Kind::Uuid, Guide).required(),
    field("agent_id", Kind::TEXT, Guide).required(),
])
.others(Others::Unknown);

/// The table that a payload is to be held against, and the name and table of the other mode. Without a mode that there is,
/// it is FULL, unless only LITE's members are there.
pub(super) fn tables(payload: View<'_, '_>) -> Tables {
    let mode = payload.get("mode").and_then(View::text);
    let is_lite = match mode.as_deref() {
        Some("FULL") => false,
        Some(mode) if mode.eq_ignore_ascii_case("LITE") || mode == "CUSTOM" => true,
        _ => looks_lite(payload),
    };
    if is_lite {
        Tables {
            table: &LITE,
            other: ("FULL", &FULL),
        }
    } else {
        Tables {
            table: &FULL,
            other: ("LITE", &LITE),
        }
    }
}

fn looks_lite(payload: View<'_, '_>) -> bool {
    let has_member_of = |one: &Object, other: &Object| {
        one.fields.iter().any(|field| {
            other.fields.iter().all(|shared| shared.name != field.name) && payload.get(field.name).is_some()
        })
    };
    has_member_of(&LITE, &FULL) && !has_member_of(&FULL, &LITE)
}

/// A member that is there and not `null`.
fn given<'t, 'a>(payload: View<'t, 'a>, name: &str) -> Option<View<'t, 'a>> {
    payload.get(name).filter(|view| !matches!(view.item(), Item::Null))
}

fn is_true(payload: View<'_, '_>, name: &str) -> bool {
    payload
        .get(name)
        .is_some_and(|view| matches!(view.item(), Item::Bool(true)))
}

fn check_full(payload: View<'_, '_>, path: &Path<'_>, issues: &mut Issues) {
    let agent = given(payload, "voice_agent");
    match (given(payload, "avatar_persona"), agent) {
        (None, None) => issues.error(
            &path.member("avatar_persona"),
            "exactly_one",
            &["is missing: give either it, with a `context_id`, or a `voice_agent`"],
        ),
        (Some(_), Some(_)) => issues.error(
            &path.member("voice_agent"),
            "exactly_one",
            &["and `avatar_persona` cannot both be given: leave one of them out"],
        ),
        _ => {}
    }
    if agent.is_some() && given(payload, "dynamic_variables").is_some() {
        issues.error(
            &path.member("dynamic_variables"),
            "misplaced",
            &["cannot stand beside `voice_agent`: move them into it"],
        );
        issues.suggest("/voice_agent/dynamic_variables");
    }
    let settings = given(payload, "avatar_persona").and_then(|persona| given(persona, "llm_settings"));
    if settings.is_some() && given(payload, "llm_configuration_id").is_some() {
        issues.warning(
            &path.member("avatar_persona").member("llm_settings"),
            "two_llms",
            &["chooses one of LiveAvatar's own models beside your `llm_configuration_id`, and nobody documents which wins: leave it out"],
        );
    }
    check_sandbox(payload, path, issues);
}

fn check_lite(payload: View<'_, '_>, path: &Path<'_>, issues: &mut Issues) {
    if payload.get("mode").is_none() {
        issues.warning(
            &path.member("mode"),
            "no_mode",
            &["is missing, and a session without one may be taken as FULL: write \"LITE\""],
        );
        issues.suggest("LITE");
    }
    check_sandbox(payload, path, issues);
}

fn check_sandbox(payload: View<'_, '_>, path: &Path<'_>, issues: &mut Issues) {
    let avatar = payload.get("avatar_id").and_then(View::text);
    let is_wayne = avatar.as_deref().is_some_and(|id| uuid::is_same(id, SANDBOX_AVATAR));
    let has_avatar = avatar.as_deref().is_some_and(uuid::is_uuid);
    if !is_true(payload, "is_sandbox") {
        if is_wayne {
            // Observed by another project; nothing reports it.
            issues.warning(
                &path.member("is_sandbox"),
                "sandbox_avatar",
                &["must be true for the sandbox's avatar, or it never joins the room"],
            );
            issues.suggest("true");
        }
        return;
    }
    if has_avatar && !is_wayne {
        issues.error(
            &path.member("avatar_id"),
            "sandbox_avatar",
            &[
                "is not supported in the sandbox, which has one avatar: write ",
                SANDBOX_AVATAR,
            ],
        );
        issues.suggest(SANDBOX_AVATAR);
    }
    if let Some(Item::Number(seconds)) = payload.get("max_session_duration").map(View::item)
        && decimal(seconds).is_some_and(|seconds| seconds > SANDBOX_SECONDS)
    {
        issues.error(
            &path.member("max_session_duration"),
            "out_of_range",
            &["must be at most 60 seconds in the sandbox, it is ", seconds],
        );
        issues.suggest("60");
    }
}

fn check_persona(persona: View<'_, '_>, path: &Path<'_>, issues: &mut Issues) {
    if given(persona, "context_id").is_none() {
        issues.warning(
            &path.member("context_id"),
            "no_context",
            &["is missing: without a context the avatar listens and answers nothing (restricted mode), and no error is raised"],
        );
    }
    if let Some(voice) = given(persona, "voice_settings")
        && is_true(voice, "apply_language_text_normalization")
        && persona.get("language").and_then(View::text).as_deref() != Some("ja")
    {
        issues.error(
            &path
                .member("voice_settings")
                .member("apply_language_text_normalization"),
            "not_in_language",
            &["is for `language` \"ja\" only: leave it out"],
        );
    }
}
