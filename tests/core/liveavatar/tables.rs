//! The tables themselves: what each row says is what is checked.

use liveavatar_llm::error::Severity;
use liveavatar_llm::liveavatar::field::{Bounds, Field, Kind, Object, Others, Source};
use liveavatar_llm::liveavatar::{
    CHAT_REQUEST, CONTEXT, FULL, LITE, LLM_CONFIGURATION, LLM_CONFIGURATION_UPDATE, Payload, SECRET, validate,
};
use serde_json::{Value, json};

use super::UUID;

static ALL: [(&str, Payload, &Object); 7] = [
    ("FULL", Payload::SessionToken, &FULL),
    ("LITE", Payload::SessionToken, &LITE),
    ("secret", Payload::Secret, &SECRET),
    ("LLM configuration", Payload::LlmConfiguration, &LLM_CONFIGURATION),
    (
        "LLM configuration, changes",
        Payload::LlmConfigurationUpdate,
        &LLM_CONFIGURATION_UPDATE,
    ),
    ("context", Payload::Context, &CONTEXT),
    ("chat request", Payload::ChatRequest, &CHAT_REQUEST),
];

/// A row, and a payload around it in which nothing else is wrong.
struct Row {
    payload: Payload,
    pointer: String,
    around: Value,
    field: &'static Field,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, payload, table) in ALL {
        let mut around = object(table);
        if name == "FULL" {
            around["avatar_persona"] = json!({ "context_id": UUID });
        }
        if name == "LITE" {
            // Known as LITE whatever its `mode` is.
            around["mode"] = json!("LITE");
            around["livekit_config"] = sample(field(table, "livekit_config").kind);
        }
        collect(payload, table, &around, "", &mut rows);
    }
    rows
}

fn collect(payload: Payload, object: &'static Object, around: &Value, at: &str, rows: &mut Vec<Row>) {
    for field in object.fields {
        let pointer = format!("{at}/{}", field.name);
        let mut around = around.clone();
        if pointer == "/voice_agent" {
            around.as_object_mut().unwrap().remove("avatar_persona");
        }
        let mut inside = |object: &'static Object, value: Value, pointer: &str| {
            put(&mut around, pointer, value);
            collect(payload, object, &around, pointer, rows);
        };
        match field.kind {
            Kind::Object(object) => inside(object, self::object(object), &pointer),
            Kind::List(Kind::Object(object)) => {
                put(&mut around, &pointer, json!([{}]));
                let pointer = format!("{pointer}/0");
                put(&mut around, &pointer, self::object(object));
                collect(payload, object, &around, &pointer, rows);
            }
            Kind::Tagged(tagged) => {
                for (name, object) in tagged.variants {
                    let mut value = self::object(object);
                    value[tagged.tag] = json!(name);
                    inside(object, value, &pointer);
                }
            }
            Kind::List(Kind::Tagged(tagged)) => {
                for (name, object) in tagged.variants {
                    let mut value = self::object(object);
                    value[tagged.tag] = json!(name);
                    put(&mut around, &pointer, json!([value]));
                    collect(payload, object, &around, &format!("{pointer}/0"), rows);
                }
            }
            _ => {}
        }
        if pointer == "/avatar_persona" {
            around.as_object_mut().unwrap().remove("avatar_persona");
        }
        rows.push(Row {
            payload,
            pointer,
            around,
            field,
        });
    }
}

fn field(object: &'static Object, name: &str) -> &'static Field {
    object.fields.iter().find(|field| field.name == name).unwrap()
}

fn put(root: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match root.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        parent => parent[name] = value,
    }
}

/// What an object must at least have.
fn object(object: &'static Object) -> Value {
    let required = object.fields.iter().filter(|field| field.required);
    Value::Object(
        required
            .map(|field| (field.name.to_owned(), sample(field.kind)))
            .collect(),
    )
}

fn sample(kind: Kind) -> Value {
    match kind {
        Kind::Bool => json!(false),
        Kind::Integer(bounds) | Kind::Number(bounds) => number(bounds.0.split(',').next().unwrap()).unwrap_or(json!(1)),
        Kind::Text(_) | Kind::Parts => json!("x"),
        Kind::Uuid => json!(UUID),
        Kind::Choice(words) => json!(words.split(' ').next().unwrap()),
        Kind::Scalar => json!(1),
        Kind::Object(object) => self::object(object),
        Kind::Tagged(tagged) => {
            let (name, object) = tagged.variants[0];
            let mut value = self::object(object);
            value[tagged.tag] = json!(name);
            value
        }
        Kind::List(item) => json!([sample(*item)]),
        Kind::Map(map) => json!({ "name": sample(map.value) }),
    }
}

fn wrong(kind: Kind) -> Value {
    match kind {
        Kind::Bool => json!("true"),
        Kind::Integer(_) | Kind::Number(_) => json!("1"),
        Kind::Parts | Kind::Text(_) | Kind::Uuid | Kind::Choice(_) | Kind::Object(_) | Kind::List(_) | Kind::Map(_) => {
            json!(5)
        }
        Kind::Scalar | Kind::Tagged(_) => json!([]),
    }
}

/// What is just outside of what a kind allows, and what that is called.
fn outside(kind: Kind) -> Vec<(Value, &'static str)> {
    match kind {
        Kind::Integer(bounds) => {
            let mut values = beyond(bounds, 1.0, "out_of_range");
            values.push((json!(1.5), "wrong_type"));
            values
        }
        Kind::Number(bounds) => beyond(bounds, 0.001, "out_of_range"),
        Kind::Text(bounds) => {
            let counts = beyond(bounds, 1.0, "bad_length").into_iter();
            let counts = counts.map(|(count, code)| (count.as_f64().unwrap(), code));
            counts
                .filter(|(count, _)| *count >= 0.0)
                // Characters are counted, not bytes.
                .map(|(count, code)| (json!("ü".repeat(to_count(count))), code))
                .collect()
        }
        Kind::Uuid => vec![
            (json!(""), "bad_uuid"),
            (json!("11111111-2222-4333-8444-55555555555"), "bad_uuid"),
            (json!("11111111-2222-4333-8444-55555555555g"), "bad_uuid"),
            (json!("111111112-222-4333-8444-555555555555"), "bad_uuid"),
        ],
        Kind::Choice(_) => vec![(json!("none of them"), "unknown_value"), (json!(""), "unknown_value")],
        Kind::Map(map) => {
            let entries = beyond(map.entries, 1.0, "too_many").into_iter();
            let entries = entries.filter(|(count, _)| count.as_f64().unwrap() > 0.0);
            entries
                .map(|(count, code)| {
                    let names = (0..to_count(count.as_f64().unwrap())).map(|at| format!("name{at}"));
                    (
                        Value::Object(names.map(|name| (name, sample(map.value))).collect()),
                        code,
                    )
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
fn to_count(count: f64) -> usize {
    count as usize
}

fn beyond(Bounds(bounds): Bounds, step: f64, code: &'static str) -> Vec<(Value, &'static str)> {
    let Some((least, most)) = bounds.split_once(',') else {
        return Vec::new();
    };
    let under = least.parse::<f64>().ok().map(|least| (json!(least - step), code));
    let over = most.parse::<f64>().ok().map(|most| (json!(most + step), code));
    let whole = |(value, code): (Value, &'static str)| {
        let number: f64 = value.as_f64().unwrap();
        (number_of(number), code)
    };
    under.into_iter().chain(over).map(whole).collect()
}

/// A number without a fraction where it has none.
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
fn number_of(number: f64) -> Value {
    if number.fract() == 0.0 {
        json!(number as i64)
    } else {
        json!(number)
    }
}

fn number(text: &str) -> Option<Value> {
    text.parse().ok().map(number_of)
}

#[track_caller]
fn errors(row: &Row, value: Option<Value>, expected: &[&str]) {
    let mut payload = row.around.clone();
    if let Some(value) = value {
        put(&mut payload, &row.pointer, value);
    } else {
        let (parent, name) = row.pointer.rsplit_once('/').unwrap();
        let parent = payload.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.remove(name);
    }
    let found = validate(row.payload, &payload.to_string());
    let found = found.iter().filter(|issue| issue.severity == Severity::Error);
    let found: Vec<(&str, &str)> = found.map(|issue| (issue.path.as_str(), issue.code)).collect();
    let expected: Vec<(&str, &str)> = expected.iter().map(|code| (row.pointer.as_str(), *code)).collect();
    assert_eq!(found, expected, "{payload}");
}

#[test]
fn what_a_row_allows_passes() {
    for row in rows() {
        let there = row.around.pointer(&row.pointer).cloned();
        errors(&row, Some(there.unwrap_or_else(|| sample(row.field.kind))), &[]);
        if let Kind::Choice(words) = row.field.kind
            && row.pointer != "/mode"
        {
            words.split(' ').for_each(|word| errors(&row, Some(json!(word)), &[]));
        }
        if let Kind::Integer(Bounds(bounds)) | Kind::Number(Bounds(bounds)) = row.field.kind {
            bounds
                .split(',')
                .filter_map(number)
                .for_each(|end| errors(&row, Some(end), &[]));
        }
    }
}

#[test]
fn a_wrong_type_is_told_where_it_stands() {
    for row in rows() {
        errors(&row, Some(wrong(row.field.kind)), &["wrong_type"]);
    }
}

#[test]
fn null_is_told_where_it_may_not_stand() {
    for row in rows() {
        let code: &[&str] = match (row.field.nullable, row.pointer.as_str()) {
            // Nothing is as good as nothing, and exactly one of the two must be there.
            (true, "/avatar_persona") => &["exactly_one"],
            (true, "/voice_agent") => continue,
            (true, _) => &[],
            (false, _) => &["wrong_type"],
        };
        errors(&row, Some(Value::Null), code);
    }
}

#[test]
fn what_is_required_is_missed() {
    for row in rows() {
        let code: &[&str] = match (row.field.required, row.pointer.as_str()) {
            (_, "/avatar_persona") => &["exactly_one"],
            (_, "/voice_agent") => continue,
            (true, _) => &["missing"],
            (false, _) => &[],
        };
        errors(&row, None, code);
    }
}

#[test]
fn what_is_outside_of_a_row_is_told_by_its_name() {
    let mut count = 0;
    for row in rows() {
        for (value, code) in outside(row.field.kind) {
            errors(&row, Some(value), &[code]);
            count += 1;
        }
    }
    assert!(count > 60, "only {count} values were outside");
}

#[test]
fn a_member_that_no_row_has_is_a_warning_where_the_service_ignores_it() {
    for (_, payload, table) in ALL
        .into_iter()
        .filter(|(_, payload, _)| *payload != Payload::ChatRequest)
    {
        let mut around = object(table);
        around["zzzzzz"] = json!(1);
        let found = validate(payload, &around.to_string());
        let found: Vec<_> = found
            .iter()
            .filter(|issue| issue.path == "/zzzzzz")
            .map(|issue| (issue.code, issue.severity))
            .collect();
        assert_eq!(found, [("unknown_member", Severity::Warning)]);
    }
}

#[test]
fn tables_fit_what_walks_them() {
    fn walk(object: &Object, depth: usize) {
        assert!(depth < 5, "tables are shallow");
        assert!(object.fields.len() <= 32, "one bit a field");
        for (at, field) in object.fields.iter().enumerate() {
            assert!(
                object.fields[..at].iter().all(|other| other.name != field.name),
                "{}",
                field.name
            );
            assert_ne!(field.source, Source::Own);
            match field.kind {
                Kind::Object(object) => walk(object, depth + 1),
                Kind::List(Kind::Object(object)) => walk(object, depth + 1),
                Kind::Tagged(tagged) => tagged.variants.iter().for_each(|(_, object)| walk(object, depth + 1)),
                _ => {}
            }
        }
        assert_ne!(object.others, Others::Refused);
    }
    for (_, _, table) in ALL {
        walk(table, 0);
    }
}

#[test]
fn the_published_types_name_every_row() {
    let types = [
        include_str!("../../../npm/src/session.ts"),
        include_str!("../../../npm/src/secret.ts"),
        include_str!("../../../npm/src/llmConfiguration.ts"),
        include_str!("../../../npm/src/context.ts"),
        include_str!("../../../npm/src/chat.ts"),
    ]
    .concat();
    for row in rows() {
        let name = row.field.name;
        assert!(
            types.contains(&format!("{name}: "))
                || types.contains(&format!("{name}?: "))
                || types.contains(&format!("{name}?:\n")),
            "no type has `{name}`"
        );
    }
}
