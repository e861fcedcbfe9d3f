//! The service behind the `equipemed-bot` binary.

pub mod store;
