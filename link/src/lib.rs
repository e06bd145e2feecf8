//! The WebAssembly module of the npm package: everything the library's face exports, and nothing else.
pub use liveavatar_llm::*;
