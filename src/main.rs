//! Starts the runtime, and returns what the library returns.

use std::process::ExitCode;

/// musl's own allocator gives memory back and asks for it again, a hundred times in a `verify`.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    otpctl::cli::main()
}
