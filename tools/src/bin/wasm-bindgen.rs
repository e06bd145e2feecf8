//! Writes the JavaScript side of a compiled module.

use std::process::ExitCode;

fn main() -> ExitCode {
    liveavatar_llm_tools::exit(wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os()))
}
