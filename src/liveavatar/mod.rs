//! The API of the `LiveAvatar` service: its payloads as data, its calls as machines.
//!
//! A table of [`field::Field`]s describes each payload, and [`validate`] holds one against it. A call is an
//! [`Operation`], and an [`Exchange`] makes it, with its retries; what takes several calls decides from one to the next,
//! as [`ConnectLlm`] does. An [`Errand`] is either, and the one thing that a driver has to know.

mod base_url;
mod build;
mod callable;
mod chat_request;
mod connect;
mod connect_llm;
mod context;
mod errand;
mod exchange;
pub mod field;
mod issues;
mod llm_configuration;
mod names;
mod operation;
mod plan;
mod prune_llm;
mod secret;
mod session;
mod settings;
mod spelling;
mod uuid;
mod validate;

pub use build::build;
pub use callable::Around;
pub use chat_request::CHAT_REQUEST;
pub use connect::Connect;
pub use connect_llm::ConnectLlm;
pub use context::CONTEXT;
pub use errand::Errand;
pub use exchange::{Exchange, Loss, Next};
pub use issues::{Issues, Path};
pub use llm_configuration::{LLM_CONFIGURATION, LLM_CONFIGURATION_UPDATE};
pub use names::{Names, Term};
pub use operation::{Gives, Operation};
pub use plan::{Plan, Then};
pub use prune_llm::PruneLlm;
pub use secret::SECRET;
pub use session::{FULL, LITE, SANDBOX_AVATAR};
pub use settings::Settings;
pub use validate::{Payload, unfilled, validate};
