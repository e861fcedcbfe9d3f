//! One heap for the whole process, and back to the system what a large pass no longer needs.
//!
//! glibc gives every thread a heap of its own and keeps what was freed in the middle of it: with a thousand people that is
//! half of the service's memory. How many heaps there are can only be said before the process begins, so that it begins once
//! more; what lies free has to be asked for.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// What glibc reads at the start (mallopt(3)): one heap, and what is free at its end goes back to the system, as do blocks
/// of more than 64 KiB.
const SETTINGS: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_TRIM_THRESHOLD_", "65536"), ("MALLOC_MMAP_THRESHOLD_", "65536")];

/// Starts this program again in its own place, with those settings; returns when they are there already, when the operator
/// has chosen others, or when it is not possible: it is a matter of megabytes, not of working.
pub fn keep_small() {
    let is_chosen = std::env::vars_os().any(|(name, _)| {
        name.as_encoded_bytes().starts_with(b"MALLOC_") || name.as_encoded_bytes() == b"GLIBC_TUNABLES"
    });
    if is_chosen {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // It comes back only when it failed.
        let _ = Command::new(program).args(std::env::args_os().skip(1)).envs(SETTINGS).exec();
    }
}

/// Gives free pages back to the system, also those in the middle of the heap. A millisecond for tens of megabytes, during which
/// nobody else gets memory: for the end of a large piece of work.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library's own call, which no crate wraps")]
pub fn give_back() {
    // SAFETY: malloc_trim(3) takes a number, may be called by any thread at any time, and touches only what is free.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries do not keep it.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
