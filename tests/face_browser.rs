//! The face in a page.
#![cfg(target_arch = "wasm32")]

mod face;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test::wasm_bindgen_test]
fn this_is_a_page() {
    assert_eq!(face::place(), "page");
}
