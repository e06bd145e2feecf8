//! The vocabulary that everything is translated into: `OpenAI`'s chat completions.

mod chunk;
mod completion;
mod delta;
mod request;
mod think;

pub use chunk::ChunkWriter;
pub use completion::Completion;
pub use delta::{Delta, Place, Usage};
pub use request::Request;
pub use think::Thinking;
