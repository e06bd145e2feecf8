//! The face as JavaScript sees it: one suite, for every place that runs the module.
//!
//! Everything goes through the classes that the module exports, so that conversions, thrown values and `free` are those
//! of whoever uses them. What the core makes of a byte is tested natively, in `tests/core/`.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod answer;
mod deadline;
mod failure;
mod freeing;
mod garbage;
mod machine;
mod request;
mod shape;

use js_sys::{Reflect, global};

/// Where this runs.
pub(super) fn place() -> &'static str {
    let has = |name: &str| Reflect::has(&global(), &name.into()).unwrap();
    match (has("document"), has("process")) {
        (true, false) => "page",
        (false, true) => "Node",
        _ => "unknown",
    }
}
