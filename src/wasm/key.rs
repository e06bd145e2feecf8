//! [`Secret`] for JavaScript.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{Error, Secret};

/// Checks a key or token before there is a request for it. `path` is the JSON pointer to it and `name` what it is called;
/// `otherwise` ends the sentence about one that is empty.
///
/// # Errors
///
/// A validation error for a key that no header can carry.
#[wasm_bindgen(js_name = checkKey)]
pub fn check_key(key: &str, path: &str, name: &str, otherwise: &str) -> Result<(), Error> {
    let Some(problem) = Secret::problem(key) else {
        return Ok(());
    };
    let otherwise = if key.is_empty() { otherwise } else { "" };
    Err(Error::invalid_at(
        path,
        "bad_key",
        ["`", name, "` ", problem, otherwise].concat(),
    ))
}
