//! Turns: what the caller gets to hear, whatever the source does.

mod driven;
mod faults;
mod source;
mod strict;

mod asked;
mod faithful;
mod filler;
mod history;
mod prepare;
mod race;
mod said;
mod settings;
mod shaped;
mod silence;
mod simulation;
mod tools;
