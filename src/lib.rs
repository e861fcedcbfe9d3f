//! `equipemed-bot`: keeps Synapse in line with EquipeMed, and moderates under its own identity.
//!
//! The modules, in the order of the data; `ARCHITECTURE.md` says who may import whom. `pub` here is for the tests and
//! the binary; nothing else builds on it.

pub mod alarm;
pub mod clock;
pub mod heap;
pub mod metrics;
pub mod telemetry;

pub mod config;
pub mod deploy;
pub mod directory;
pub mod homeserver;
pub mod speech;
pub mod store;

pub mod engine;

pub(crate) mod operations;

pub mod chat;

pub mod inbound;

pub mod cli;
