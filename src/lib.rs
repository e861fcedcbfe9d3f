//! EquipeMed's Matrix application service; see `homeserver` for the way to Synapse.

pub mod homeserver;
