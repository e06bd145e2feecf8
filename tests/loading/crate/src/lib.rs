//! An object that counts, counts its destruction, and traps on purpose.

use std::cell::Cell;
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static FREED: Cell<u32> = const { Cell::new(0) };
}

/// Keeps its number in the module's memory.
#[wasm_bindgen]
pub struct Counter(Box<u32>);

#[wasm_bindgen]
impl Counter {
    /// Starts at nought.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(Box::new(0))
    }

    /// Adds one and gives the sum.
    pub fn add(&mut self) -> u32 {
        *self.0 += 1;
        *self.0
    }

    /// Stops in the middle, while the object is borrowed.
    pub fn trap(&mut self) {
        core::arch::wasm32::unreachable()
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        FREED.set(FREED.get() + 1);
    }
}

/// How many counters this instance has freed.
#[wasm_bindgen]
pub fn freed() -> u32 {
    FREED.get()
}
