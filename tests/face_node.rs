//! The face in Node.
#![cfg(target_arch = "wasm32")]

mod face;

#[wasm_bindgen_test::wasm_bindgen_test]
fn this_is_node() {
    assert_eq!(face::place(), "Node");
}
