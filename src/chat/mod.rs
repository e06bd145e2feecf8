//! The vocabulary that everything is translated into: `OpenAI`'s chat completions.

mod calls;
mod chunk;
mod completion;
mod delta;
mod parsed;
mod request;
mod shape;
mod think;

pub use calls::Calls;
pub use chunk::ChunkWriter;
pub use completion::Completion;
pub use delta::{Delta, Place, Usage};
pub use request::Request;
pub(crate) use shape::OPTIONS;
pub use shape::{Parse, Shape};
pub use think::Thinking;
