//! Tests of the pure crate: cases that a domain expert can read and add (`cases/*.yaml`), laws that hold in random
//! worlds, and tables for the small parts.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by stopping")]

mod access;
mod account_change;
mod authority;
mod command;
mod command_laws;
mod conversation;
mod holds;
mod identity;
mod laws;
mod level_budget;
mod levels;
mod listing;
mod localpart;
mod media;
mod near;
mod plan;
mod restraint;
mod selection;
mod standing;
mod stands;
mod stored;
mod sums;
mod text;
mod world;
