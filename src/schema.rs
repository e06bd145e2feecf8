//! JSON Schema, as much of it as a model's arguments need.
//!
//! Understood are `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`, `prefixItems`,
//! `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`, `minItems`, `maxItems`, `allOf`,
//! `anyOf`, `oneOf`, and `$ref` to a place in the same schema (JSON Schema 2020-12, Validation §6 and Core §8–10). Any other
//! keyword is passed over: a model that breaks a `pattern` is not found out here.

use crate::error::{Issue, pointer};
use crate::json::{Value, decimal};

/// How many references may lead to one another before a schema is left alone.
const MAX_DEPTH: usize = 64;
/// How often a schema or a part of it may be held against a value: alternatives that refer to one another could go on for
/// longer than anybody waits.
const MAX_STEPS: usize = 100_000;

/// What is wrong with a value by its schema; nothing if it is valid. `path` are the names that lead to the value.
#[must_use]
pub fn check(schema: &Value, value: &Value) -> Vec<Issue> {
    let mut check = Check {
        root: schema,
        path: Vec::new(),
        issues: Vec::new(),
        steps: 0,
    };
    check.value(schema, value, 0);
    check.issues
}

struct Check<'a> {
    root: &'a Value,
    path: Vec<String>,
    issues: Vec<Issue>,
    steps: usize,
}

impl<'a> Check<'a> {
    fn note(&mut self, code: &'static str, message: &str) {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let path = pointer(&path);
        let place = if path.is_empty() { "the value" } else { &path };
        self.issues
            .push(Issue::error(&path, code, format!("{place} {message}")));
    }

    fn value(&mut self, schema: &'a Value, value: &Value, depth: usize) {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return;
        }
        let Value::Object(keywords) = schema else {
            if *schema == Value::Bool(false) {
                self.note("not_allowed", "must not be there");
            }
            return;
        };
        for (keyword, rule) in keywords {
            match keyword.as_str() {
                "$ref" => {
                    if let Some(schema) = rule.as_str().and_then(|place| find(self.root, place)) {
                        self.value(schema, value, depth + 1);
                    }
                }
                "type" => self.kind(rule, value),
                "const" if !same(rule, value) => self.note("wrong_value", &format!("must be {}", json(rule))),
                "enum" => {
                    let allowed = rule.as_array().unwrap_or_default();
                    if !allowed.iter().any(|one| same(one, value)) {
                        self.note("wrong_value", &format!("must be one of {}", json(rule)));
                    }
                }
                "allOf" => {
                    for schema in rule.as_array().unwrap_or_default() {
                        self.value(schema, value, depth + 1);
                    }
                }
                "anyOf" | "oneOf" => self.alternatives(rule, value, keyword == "oneOf", depth),
                _ => match value {
                    Value::Object(members) => self.object(keyword, rule, schema, members, depth),
                    Value::Array(items) => self.array(keyword, rule, schema, items, depth),
                    Value::String(text) => self.bound(keyword, rule, "Length", text.chars().count(), "characters"),
                    Value::Number(number) => self.number(keyword, rule, number),
                    _ => {}
                },
            }
        }
    }

    fn kind(&mut self, rule: &Value, value: &Value) {
        let one = std::slice::from_ref(rule);
        let kinds = rule.as_array().unwrap_or(one);
        if !kinds.iter().filter_map(Value::as_str).any(|kind| is(kind, value)) {
            let message = format!("must be of type {}, it is {}", json(rule), value.describe());
            self.note("wrong_type", &message);
        }
    }

    fn alternatives(&mut self, rule: &'a Value, value: &Value, is_one: bool, depth: usize) {
        let before = self.issues.len();
        let mut fitting = 0;
        for schema in rule.as_array().unwrap_or_default() {
            let start = self.issues.len();
            self.value(schema, value, depth + 1);
            fitting += usize::from(self.issues.len() == start);
        }
        self.issues.truncate(before);
        if fitting == 0 {
            self.note("no_alternative", &format!("fits none of {}", json(rule)));
        } else if is_one && fitting > 1 {
            self.note("no_alternative", &format!("fits more than one of {}", json(rule)));
        }
    }

    fn object(&mut self, keyword: &str, rule: &'a Value, schema: &'a Value, members: &[(String, Value)], depth: usize) {
        match keyword {
            "properties" => {
                for (name, value) in members {
                    if let Some(schema) = rule.get(name) {
                        self.within(name, schema, value, depth);
                    }
                }
            }
            "required" => {
                for name in rule.as_array().unwrap_or_default().iter().filter_map(Value::as_str) {
                    if !members.iter().any(|(known, _)| known == name) {
                        self.path.push(name.to_owned());
                        self.note("missing", "is missing");
                        self.path.pop();
                    }
                }
            }
            "additionalProperties" => {
                for (name, value) in members {
                    if schema.get("properties").and_then(|known| known.get(name)).is_none() {
                        self.within(name, rule, value, depth);
                    }
                }
            }
            _ => {}
        }
    }

    fn array(&mut self, keyword: &str, rule: &'a Value, schema: &'a Value, items: &[Value], depth: usize) {
        let first = |name: &str| schema.get(name).and_then(Value::as_array).unwrap_or_default();
        match keyword {
            "items" => {
                for (index, item) in items.iter().enumerate().skip(first("prefixItems").len()) {
                    self.within(&index.to_string(), rule, item, depth);
                }
            }
            "prefixItems" => {
                for (index, (schema, item)) in first("prefixItems").iter().zip(items).enumerate() {
                    self.within(&index.to_string(), schema, item, depth);
                }
            }
            _ => self.bound(keyword, rule, "Items", items.len(), "items"),
        }
    }

    fn within(&mut self, name: &str, schema: &'a Value, value: &Value, depth: usize) {
        self.path.push(name.to_owned());
        self.value(schema, value, depth + 1);
        self.path.pop();
    }

    /// `minLength`, `maxItems` and their like.
    fn bound(&mut self, keyword: &str, rule: &Value, what: &str, count: usize, unit: &str) {
        let Some(limit) = rule.as_f64() else { return };
        #[expect(clippy::cast_precision_loss, reason = "counts of what stands in memory")]
        let count = count as f64;
        match keyword.strip_suffix(what) {
            Some("min") if count < limit => self.note("too_few", &format!("must have at least {} {unit}", json(rule))),
            Some("max") if count > limit => self.note("too_many", &format!("must have at most {} {unit}", json(rule))),
            _ => {}
        }
    }

    fn number(&mut self, keyword: &str, rule: &Value, number: &str) {
        let Value::Number(limit) = rule else { return };
        let (Some(value), Some(bound)) = (quantity(number), quantity(limit)) else {
            return;
        };
        let must = match keyword {
            "minimum" if value < bound => "at least",
            "maximum" if value > bound => "at most",
            "exclusiveMinimum" if value <= bound => "more than",
            "exclusiveMaximum" if value >= bound => "less than",
            _ => return,
        };
        self.note("out_of_range", &format!("must be {must} {limit}, it is {number}"));
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match (kind, value) {
        ("null", Value::Null)
        | ("boolean", Value::Bool(_))
        | ("number", Value::Number(_))
        | ("string", Value::String(_))
        | ("array", Value::Array(_))
        | ("object", Value::Object(_)) => true,
        ("integer", Value::Number(number)) => quantity(number).is_some_and(|number| number.fract() == 0.0),
        _ => false,
    }
}

/// Whether two values are the same, whatever the order of members and however numbers are written.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || quantity(one) == quantity(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(members), Value::Object(others)) => {
            let has = |(name, value): &(String, Value)| other.get(name).is_some_and(|other| same(value, other));
            members.len() == others.len() && members.iter().all(has)
        }
        (one, other) => one == other,
    }
}

fn quantity(number: &str) -> Option<f64> {
    match number.strip_prefix('-') {
        Some(number) => decimal(number).map(|number| -number),
        None => decimal(number),
    }
}

/// The place in a schema that a reference such as `#/$defs/city` means.
fn find<'a>(root: &'a Value, place: &str) -> Option<&'a Value> {
    let path = place.strip_prefix('#')?;
    path.split('/').skip(1).try_fold(root, |schema, name| {
        let name = name.replace("~1", "/").replace("~0", "~");
        match schema {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            schema => schema.get(&name),
        }
    })
}

fn json(value: &Value) -> String {
    let mut out = String::new();
    value.write(&mut out);
    out
}
