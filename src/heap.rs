//! Keeps the process small: one heap, and memory back to the system after a large pass.
//!
//! glibc gives every thread its own heap and keeps freed memory inside it, which for a thousand people is half of the
//! service's memory.

/// Settings of glibc's allocator (mallopt(3)): one heap; free memory at its end and blocks above 64 KiB return to the
/// system. They count for threads that start later. An operator's own, from the environment, win.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library's own call, which no crate wraps")]
pub fn keep_small() {
    let is_chosen = std::env::vars_os().any(|(name, _)| {
        name.as_encoded_bytes().starts_with(b"MALLOC_") || name.as_encoded_bytes() == b"GLIBC_TUNABLES"
    });
    if is_chosen {
        return;
    }
    for (setting, value) in [(libc::M_ARENA_MAX, 1), (libc::M_TRIM_THRESHOLD, 65536), (libc::M_MMAP_THRESHOLD, 65536)] {
        // SAFETY: mallopt(3) takes two numbers, and is called before this process starts its threads. One that it does
        // not take costs some megabytes, no more.
        unsafe { libc::mallopt(setting, value) };
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

/// Other C libraries have no heap for each thread.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_small() {}

/// Other C libraries do not keep freed memory.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
