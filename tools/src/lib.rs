//! What the three programs share: how a failure is told.

use std::process::ExitCode;

/// Prints an error with its causes and turns it into the program's exit status.
pub fn exit(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
