//! Starts the runtime, and returns what the library returns.

use std::process::ExitCode;

fn main() -> ExitCode {
    otpctl::cli::main()
}
