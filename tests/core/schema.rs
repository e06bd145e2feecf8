//! JSON Schema, as much of it as arguments need.

use liveavatar_llm::json::Value;
use liveavatar_llm::schema::check;

/// What is wrong with a value by a schema: places and codes.
#[track_caller]
fn wrong(schema: &str, value: &str) -> String {
    let issues = check(&Value::parse(schema).unwrap(), &Value::parse(value).unwrap());
    issues
        .iter()
        .map(|issue| format!("{} {}", issue.path, issue.code))
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn every_keyword_is_held_against_the_value() {
    for (schema, valid, not_valid) in [
        (r#"{"type":"string"}"#, "\"a\"", "1 wrong_type"),
        (r#"{"type":"integer"}"#, "-1.0", "1.5 wrong_type"),
        (r#"{"type":"number"}"#, "1e3", "\"1\" wrong_type"),
        (r#"{"type":["string","null"]}"#, "null", "1 wrong_type"),
        (r#"{"type":"object"}"#, "{}", "[] wrong_type"),
        (r#"{"enum":["a",1,{"b":[1]}]}"#, r#"{"b":[1.0]}"#, "\"b\" wrong_value"),
        (r#"{"const":1}"#, "1.0", "2 wrong_value"),
        (r#"{"minimum":-2}"#, "-2", "-2.5 out_of_range"),
        (r#"{"maximum":2}"#, "2", "3 out_of_range"),
        (r#"{"exclusiveMinimum":0}"#, "0.1", "0 out_of_range"),
        (r#"{"exclusiveMaximum":0}"#, "-1", "0 out_of_range"),
        (r#"{"minLength":2}"#, "\"äö\"", "\"ä\" too_few"),
        (r#"{"maxLength":2}"#, "\"äö\"", "\"äöü\" too_many"),
        (r#"{"minItems":1}"#, "[1]", "[] too_few"),
        (r#"{"maxItems":1}"#, "[1]", "[1,2] too_many"),
        (r#"{"allOf":[{"minimum":1},{"maximum":2}]}"#, "1", "3 out_of_range"),
        (
            r#"{"anyOf":[{"type":"string"},{"minimum":1}]}"#,
            "\"a\"",
            "0 no_alternative",
        ),
        (r#"{"oneOf":[{"minimum":1},{"minimum":2}]}"#, "1", "2 no_alternative"),
        ("true", "1", ""),
        ("false", "", "1 not_allowed"),
        (r#"{"pattern":"^a","format":"date"}"#, "\"b\"", ""),
    ] {
        if !valid.is_empty() {
            assert_eq!(wrong(schema, valid), "", "{schema} {valid}");
        }
        if let Some((value, code)) = not_valid.rsplit_once(' ') {
            assert_eq!(wrong(schema, value), format!(" {code}"), "{schema} {value}");
        }
    }
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let schema = r#"{"type":"object","properties":{"a/b":{"items":{"type":"string"}}},"required":["a/b","c"],"additionalProperties":false}"#;
    assert_eq!(
        wrong(schema, r#"{"a/b":["x",1],"d":2}"#),
        "/a~1b/1 wrong_type, /c missing, /d not_allowed"
    );
    let pair = r#"{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}"#;
    assert_eq!(wrong(pair, r#"["a",1,"b"]"#), "/2 wrong_type");
    assert_eq!(wrong(pair, "[1]"), "/0 wrong_type");
}

#[test]
fn references_within_the_schema_are_followed() {
    let tree =
        r##"{"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object","properties":{"left":{"$ref":"#/$defs/tree"}}}}}"##;
    assert_eq!(wrong(tree, r#"{"left":{"left":{}}}"#), "");
    assert_eq!(wrong(tree, r#"{"left":{"left":1}}"#), "/left/left wrong_type");
    // One that leads nowhere says nothing, and one that leads to itself ends.
    assert_eq!(wrong(r##"{"$ref":"#/nowhere"}"##, "1"), "");
    assert_eq!(wrong(r##"{"$ref":"#"}"##, "1"), "");
    assert_eq!(wrong(r##"{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}"##, "1"), "");
}
