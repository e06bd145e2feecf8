//! Compiles the module and calls wasm-bindgen and wasm-opt. Unlike the released program it never asks the network whether
//! a newer version of itself exists.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = wasm_pack::Cli::parse();
    wasm_pack::PBAR.set_log_level(cli.log_level);
    wasm_pack::PBAR.set_quiet(cli.quiet);
    liveavatar_llm_tools::exit(wasm_pack::command::run_wasm_pack(cli.cmd))
}
