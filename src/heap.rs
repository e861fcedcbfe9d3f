//! Returns memory to the system after a large pass.
//!
//! glibc gives every thread its own heap and keeps freed memory inside it, which for a thousand people is half of the
//! service's memory. The number of heaps can only be set before the process starts, so the process restarts itself
//! once; freed memory is returned on request.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Settings that glibc reads at startup (mallopt(3)): one heap; free memory at its end and blocks above 64 KiB return
/// to the system.
const SETTINGS: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_TRIM_THRESHOLD_", "65536"), ("MALLOC_MMAP_THRESHOLD_", "65536")];

/// Restarts this program in place with these settings. Returns if they are set, if the operator chose others, or if the
/// restart fails: only some megabytes depend on it.
pub fn keep_small() {
    let is_chosen = std::env::vars_os().any(|(name, _)| {
        name.as_encoded_bytes().starts_with(b"MALLOC_") || name.as_encoded_bytes() == b"GLIBC_TUNABLES"
    });
    if is_chosen {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // Only returns on failure.
        let _ = Command::new(program).args(std::env::args_os().skip(1)).envs(SETTINGS).exec();
    }
}

/// Returns free pages to the system, even from the middle of the heap. Blocks allocation for about a millisecond per
/// tens of megabytes, so call it only after large work.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library's own call, which no crate wraps")]
pub fn give_back() {
    // SAFETY: malloc_trim(3) takes a number, may be called by any thread at any time, and touches only free memory.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries do not keep freed memory.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
