//! Keeps Synapse in line with EquipeMed's people and roles. `pub` here is for the tests and the binary; nothing else builds on it.

/// The configuration file, checked.
pub mod config;
/// Where people come from.
pub mod directory;
