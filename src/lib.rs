//! The service behind the `equipemed-bot` binary.

pub mod homeserver;
