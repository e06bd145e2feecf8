//! Runs a compiled test module in Node or in a browser; cargo calls it.

use std::process::ExitCode;

fn main() -> ExitCode {
    liveavatar_llm_tools::exit(wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(
        std::env::args_os(),
    ))
}
