//! What kind of JavaScript value something is.

use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A value's members and their types, such as `{code: string, issues: [{path: string}]}`. An object that is not plain
/// shows the name of its class, so no `Map` and no `Error` can pass for one.
pub(super) fn shape(value: &JsValue) -> String {
    if let Some(array) = value.dyn_ref::<Array>() {
        let elements: Vec<String> = array.iter().map(|element| shape(&element)).collect();
        return format!("[{}]", elements.join(", "));
    }
    if !value.is_object() {
        return if value.is_null() {
            "null".to_owned()
        } else {
            kind(value)
        };
    }
    let prototype = Object::get_prototype_of(value);
    let plain = Object::get_prototype_of(&Object::new());
    if prototype != plain {
        return text(&get(&prototype, "constructor"), "name");
    }
    let members: Vec<String> = Object::entries(value.unchecked_ref())
        .iter()
        .map(|entry| {
            let entry: Array = entry.unchecked_into();
            format!("{}: {}", entry.get(0).as_string().unwrap(), shape(&entry.get(1)))
        })
        .collect();
    format!("{{{}}}", members.join(", "))
}

fn kind(value: &JsValue) -> String {
    value.js_typeof().as_string().unwrap()
}

/// A member of an object.
#[track_caller]
pub(super) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

/// A member that is a string.
#[track_caller]
pub(super) fn text(object: &JsValue, name: &str) -> String {
    let value = get(object, name);
    value
        .as_string()
        .unwrap_or_else(|| panic!("`{name}` is no string: {}", json(&value)))
}

/// A value as JSON, which tells of its content alone.
pub(super) fn json(value: &JsValue) -> String {
    JSON::stringify(value).map_or_else(|_| "no JSON".to_owned(), String::from)
}
