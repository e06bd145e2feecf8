//! Holding a payload against its table.

use super::chat_request::CHAT_REQUEST;
use super::context::CONTEXT;
use super::field::{Field, Kind, Map, Object, Others, Tagged};
use super::issues::{Issues, Path};
use super::llm_configuration::{LLM_CONFIGURATION, LLM_CONFIGURATION_UPDATE};
use super::secret::SECRET;
use super::spelling::{is_alike, nearest};
use super::{session, uuid};
use crate::error::Issue;
use crate::json::{Item, Tree, View};

/// What can be validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// What a session is asked to be, FULL or LITE.
    SessionToken,
    /// A secret that is to be kept.
    Secret,
    /// An LLM configuration that is to be made.
    LlmConfiguration,
    /// Changes of an LLM configuration.
    LlmConfigurationUpdate,
    /// A context that is to be kept.
    Context,
    /// What a model is asked.
    ChatRequest,
}

impl Payload {
    /// The payload of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sessionToken" => Self::SessionToken,
            "secret" => Self::Secret,
            "llmConfiguration" => Self::LlmConfiguration,
            "llmConfigurationUpdate" => Self::LlmConfigurationUpdate,
            "context" => Self::Context,
            "chatRequest" => Self::ChatRequest,
            _ => return None,
        })
    }
}

/// Everything that is wrong with a payload. Errors are what the service would refuse; warnings are what it accepts in
/// silence, and what is regretted later.
#[must_use]
pub fn validate(payload: Payload, json: &str) -> Vec<Issue> {
    check(json, |root| match payload {
        Payload::SessionToken => session::tables(root),
        Payload::Secret => Tables::only(&SECRET),
        Payload::LlmConfiguration => Tables::only(&LLM_CONFIGURATION),
        Payload::LlmConfigurationUpdate => Tables::only(&LLM_CONFIGURATION_UPDATE),
        Payload::Context => Tables::only(&CONTEXT),
        Payload::ChatRequest => Tables::only(&CHAT_REQUEST),
    })
}

/// The variables that a context asks for and that a session does not give. Both are JSON; of the context, as the service
/// gives it, `required_dynamic_variables` is read. What becomes of a session that lacks one is not documented.
#[must_use]
pub fn unfilled(session: &str, context: &str) -> Vec<Issue> {
    let mut issues = Issues::default();
    let (Ok(session), Ok(context)) = (Tree::parse(session), Tree::parse(context)) else {
        return issues.0;
    };
    let (Some(session), Some(context)) = (session.root(), context.root()) else {
        return issues.0;
    };
    // With an agent they stand inside it.
    let agent = session
        .get("voice_agent")
        .filter(|agent| matches!(agent.item(), Item::Object));
    let at_agent = Path::ROOT.member("voice_agent");
    let (holder, path) = agent.map_or((session, Path::ROOT), |agent| (agent, at_agent));
    let path = path.member("dynamic_variables");
    let given = holder.get("dynamic_variables");
    for name in context
        .get("required_dynamic_variables")
        .into_iter()
        .flat_map(View::children)
    {
        let Some(name) = name.text() else { continue };
        if given.and_then(|given| given.get(&name)).is_none() {
            let what = &["is missing, and the context asks for it: give a string"];
            issues.warning(&path.member(&name), "unfilled_variable", what);
        }
    }
    issues.0
}

/// What a payload is held against.
#[derive(Clone, Copy)]
pub(super) struct Tables {
    pub table: &'static Object,
    /// The name and the table of another mode; the name is empty if there is none.
    pub other: (&'static str, &'static Object),
}

impl Tables {
    pub(super) fn only(table: &'static Object) -> Self {
        Self {
            table,
            other: ("", table),
        }
    }
}

pub(super) fn check(json: &str, tables: impl FnOnce(View<'_, '_>) -> Tables) -> Vec<Issue> {
    let tree = match Tree::parse(json) {
        Ok(tree) => tree,
        Err(malformed) => return vec![Issue::error("", "not_json", malformed.to_string())],
    };
    let Some(root) = tree.root() else {
        return Vec::new();
    };
    let tables = tables(root);
    let mut walk = Walk {
        root,
        tables,
        issues: Issues::default(),
    };
    walk.value(root, Kind::Object(tables.table), &Path::ROOT);
    walk.issues.0
}

/// What is said of a member that the service ignores.
const SILENTLY: &str = "has no effect, and LiveAvatar does not say so: ";

struct Walk<'t, 'a> {
    root: View<'t, 'a>,
    tables: Tables,
    issues: Issues,
}

impl Walk<'_, '_> {
    fn value(&mut self, view: View<'_, '_>, kind: Kind, path: &Path<'_>) {
        let code = match (kind, view.item()) {
            (Kind::Bool, Item::Bool(_))
            | (Kind::Scalar, Item::Bool(_) | Item::Number(_) | Item::String(_))
            | (Kind::Parts, Item::String(_) | Item::Array) => return,
            (Kind::Integer(bounds), Item::Number(number)) => {
                if number.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
                    "wrong_type"
                } else if bounds.hold(number) {
                    return;
                } else {
                    "out_of_range"
                }
            }
            (Kind::Number(bounds), Item::Number(number)) => {
                if bounds.hold(number) {
                    return;
                }
                "out_of_range"
            }
            (Kind::Text(length), Item::String(text)) => {
                if length.0.is_empty() || !length.exclude(characters(&text.read())) {
                    return;
                }
                "bad_length"
            }
            (Kind::Uuid, Item::String(text)) => {
                if uuid::is_uuid(&text.read()) {
                    return;
                }
                "bad_uuid"
            }
            (Kind::Choice(words), Item::String(text)) => {
                let written = text.read();
                if words.split(' ').any(|word| word == written) {
                    return;
                }
                // What was written is not repeated: it may be a key that went astray.
                self.wrong(view, kind, path, "unknown_value");
                let meant = MEANT.iter().find(|(wrong, _)| *wrong == written);
                return match meant.map(|(_, meant)| *meant).filter(|meant| words.contains(meant)) {
                    Some(meant) => self.issues.suggest(meant),
                    None => self.suggest_nearest(&written, words.split(' ')),
                };
            }
            (Kind::Object(object), Item::Object) => return self.object(view, object, path),
            (Kind::Tagged(tagged), Item::Object) => return self.tagged(view, tagged, path),
            (Kind::List(item), Item::Array) => {
                for (index, element) in view.children().enumerate() {
                    self.value(element, *item, &path.element(index));
                }
                return;
            }
            (Kind::Map(map), Item::Object) => return self.map(view, map, path),
            _ => "wrong_type",
        };
        self.wrong(view, kind, path, code);
    }

    fn object(&mut self, view: View<'_, '_>, object: &'static Object, path: &Path<'_>) {
        // One bit a field; a test sees to it that no table has more than there are.
        let mut seen: u32 = 0;
        for member in view.children() {
            let name = member.name().unwrap_or_default();
            let path = path.member(&name);
            let Some((at, field)) = object.fields.iter().enumerate().find(|(_, field)| field.name == name) else {
                self.stranger(&name, object, &path);
                continue;
            };
            seen |= 1 << at;
            if !(field.nullable && matches!(member.item(), Item::Null)) {
                self.value(member, field.kind, &path);
            }
        }
        for (at, field) in object.fields.iter().enumerate() {
            if field.required && seen & 1 << at == 0 {
                self.missing(field, path);
            }
        }
        if let Some(rule) = object.rule {
            rule(view, path, &mut self.issues);
        }
    }

    fn missing(&mut self, field: &Field, path: &Path<'_>) {
        let null = if field.nullable { ", or null for none" } else { "" };
        self.issues.error(
            &path.member(field.name),
            "missing",
            &["is missing: give ", &must(field.kind), null],
        );
    }

    fn wrong(&mut self, view: View<'_, '_>, kind: Kind, path: &Path<'_>, code: &'static str) {
        let length;
        let found = match (view.item(), kind) {
            (Item::Number(number), _) => number,
            (Item::String(text), Kind::Text(_)) => {
                length = characters(&text.read()).to_string();
                &length
            }
            (Item::String(_), Kind::Choice(_) | Kind::Uuid) => "another string",
            _ => view.describe(),
        };
        self.issues
            .error(path, code, &["must be ", &must(kind), ", it is ", found]);
    }

    fn suggest_nearest<'n>(&mut self, written: &str, names: impl Iterator<Item = &'n str>) {
        if let Some(meant) = nearest(written, names) {
            self.issues.suggest(meant);
        }
    }

    fn tagged(&mut self, view: View<'_, '_>, tagged: &'static Tagged, path: &Path<'_>) {
        let written = view.get(tagged.tag).and_then(View::text);
        let variant = tagged
            .variants
            .iter()
            .find(|(name, _)| written.as_deref() == Some(name));
        if let Some((_, object)) = variant {
            return self.object(view, object, path);
        }
        let names = either(tagged.variants.iter().map(|(name, _)| *name));
        let (code, what) = match (&written, view.get(tagged.tag)) {
            (Some(_), _) => ("unknown_value", "must be "),
            (None, Some(_)) => ("wrong_type", "must be "),
            (None, None) => ("missing", "is missing: write "),
        };
        self.issues.error(&path.member(tagged.tag), code, &[what, &names]);
        self.suggest_nearest(
            &written.unwrap_or_default(),
            tagged.variants.iter().map(|(name, _)| *name),
        );
    }

    fn map(&mut self, view: View<'_, '_>, map: &'static Map, path: &Path<'_>) {
        let entries = view.children().count();
        if map.entries.exclude(entries) {
            let (mut must, is) = (String::new(), entries.to_string());
            map.entries.write(&mut must);
            self.issues
                .error(path, "too_many", &["must have", &must, " members, it has ", &is]);
        }
        for member in view.children() {
            let name = member.name().unwrap_or_default();
            let path = path.member(&name);
            if map.name.exclude(characters(&name)) {
                let mut must = String::new();
                map.name.write(&mut must);
                self.issues
                    .error(&path, "bad_length", &["must have a name of", &must, " characters"]);
            }
            if !(map.nullable && matches!(member.item(), Item::Null)) {
                self.value(member, map.value, &path);
            }
        }
    }

    /// A member that is in no table.
    fn stranger(&mut self, name: &str, object: &'static Object, path: &Path<'_>) {
        let mut known = object.fields.iter().map(|field| field.name);
        match object.others {
            Others::Unknown => return,
            Others::Refused => {
                let names = either(known.clone());
                self.issues
                    .error(path, "unknown_member", &["is unknown: ", &names, " may stand here"]);
                return self.suggest_nearest(name, known);
            }
            Others::Ignored => {}
        }
        let is_known = known.clone().any(|known| is_alike(name, known));
        let (mode, other) = self.tables.other;
        let is_others = std::ptr::eq(object, self.tables.table)
            && !is_known
            && other.fields.iter().any(|field| is_alike(name, field.name));
        let elsewhere = if is_known {
            None
        } else {
            self.elsewhere(name, path, !is_others)
        };
        if let Some(pointer) = elsewhere {
            self.issues
                .warning(path, "misplaced", &[SILENTLY, "it belongs at ", &pointer]);
            self.issues.suggest(&pointer);
        } else if is_others {
            self.issues
                .warning(path, "not_in_mode", &[SILENTLY, "it needs mode ", mode]);
        } else if let Some(meant) = nearest(name, &mut known) {
            self.issues
                .warning(path, "unknown_member", &[SILENTLY, "write `", meant, "`"]);
            self.issues.suggest(meant);
        } else {
            self.issues.warning(path, "unknown_member", &[SILENTLY, "leave it out"]);
        }
    }

    /// The pointer to where a member belongs that stands in the wrong place: where the surroundings are there, or else the
    /// only place that there is, if that will do.
    fn elsewhere(&self, name: &str, path: &Path<'_>, only_will_do: bool) -> Option<String> {
        let mut places = Vec::new();
        if let Some((_, pointer)) = MEANT.iter().find(|(wrong, _)| is_alike(name, wrong)) {
            places.push((*pointer).to_owned());
        }
        find(name, self.tables.table, &Path::ROOT, &mut places);
        let own = path.pointer();
        places.retain(|place| *place != own);
        let at = places.iter().position(|place| self.has_parent_of(place));
        let at = at.or((only_will_do && places.len() == 1).then_some(0))?;
        Some(places.swap_remove(at))
    }

    fn has_parent_of(&self, place: &str) -> bool {
        let mut view = self.root;
        let mut parts = place.split('/').skip(1).peekable();
        while let Some(part) = parts.next() {
            match view.get(part) {
                _ if parts.peek().is_none() => return true,
                Some(inner) => view = inner,
                None => return false,
            }
        }
        true
    }
}

/// What people write, and what they mean by it: a word in place of another, or a name and the pointer to its place.
const MEANT: [(&str, &str); 4] = [
    // The former name of LITE.
    ("CUSTOM", "LITE"),
    // The guide's word, which the service refuses.
    ("LLM_API_KEY", "OPENAI_API_KEY"),
    // What other clients send, and what is ignored.
    ("video_quality", "/video_settings/quality"),
    ("video_encoding", "/video_settings/encoding"),
];

/// Appends the pointers to all members of that name in a table, from the top down.
fn find(name: &str, object: &'static Object, path: &Path<'_>, places: &mut Vec<String>) {
    // Too short to tell what is meant.
    if name.len() < 3 {
        return;
    }
    for field in object.fields {
        let path = path.member(field.name);
        if is_alike(field.name, name) {
            places.push(path.pointer());
        }
        match field.kind {
            Kind::Object(object) => find(name, object, &path, places),
            Kind::Tagged(tagged) => {
                for (_, object) in tagged.variants {
                    find(name, object, &path, places);
                }
            }
            _ => {}
        }
    }
    places.dedup();
}

/// How many characters a text has: all bytes but those that go on with one.
pub(super) fn characters(text: &str) -> usize {
    text.bytes().filter(|byte| byte & 0xc0 != 0x80).count()
}

/// What a value must be, as a part of a sentence.
fn must(kind: Kind) -> String {
    let mut words = String::new();
    let what = match kind {
        Kind::Bool => "true or false",
        Kind::Integer(_) => "a whole number",
        Kind::Number(_) => "a number",
        Kind::Text(bounds) if !bounds.0.is_empty() => "a string whose length is",
        Kind::Text(_) => "a string",
        Kind::Uuid => "a UUID, 32 hexadecimal digits with hyphens",
        Kind::Choice(of) => return either(of.split(' ')),
        Kind::Scalar => "a string, a number or a boolean",
        Kind::Parts => "a string or a list of parts",
        Kind::Object(_) | Kind::Tagged(_) => "an object",
        Kind::List(_) => "a list",
        Kind::Map(map) => {
            words = must(map.value);
            words.insert_str(0, "an object, each member ");
            return words;
        }
    };
    words.push_str(what);
    if let Kind::Integer(bounds) | Kind::Number(bounds) | Kind::Text(bounds) = kind {
        bounds.write(&mut words);
    }
    words
}

/// `"a", "b" or "c"`
fn either<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut names = names.peekable();
    let mut text = String::new();
    while let Some(name) = names.next() {
        if !text.is_empty() {
            text.push_str(if names.peek().is_some() { ", " } else { " or " });
        }
        text.push('"');
        text.push_str(name);
        text.push('"');
    }
    text
}
