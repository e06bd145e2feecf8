//! The judge: what `LiveAvatar`'s caller makes of an answer.

mod oracle;
