//! Tests of the core through its public interface: a module for each room.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    unreachable_pub
)]

mod cost;
mod delta;
mod dialects;
mod driven;
mod endpoint;
mod fixtures;
mod liveavatar;
mod property;
mod random;
mod turn;
mod wire;

mod anthropic;
mod azure;
mod call;
mod calls;
mod choices;
mod chunk;
mod completion;
mod error;
mod framing;
mod fuzz;
mod gemini;
mod growing;
mod http;
mod json;
mod judge;
mod openai;
mod partial;
mod policy;
mod request;
mod schema;
mod shape;
mod simulation;
mod speech;
mod sse;
mod stream;
mod think;
mod translation;
mod upstream;
