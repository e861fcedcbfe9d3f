//! The service behind the `equipemed-bot` binary.

pub mod config;
pub mod directory;
pub mod homeserver;
pub mod store;
