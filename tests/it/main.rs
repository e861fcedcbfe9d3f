//! All tests of the service against real servers, in one binary to link only once.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by stopping")]

mod alarm;
mod architecture;
mod command_line;
mod config;
mod deploy;
mod documents;
mod equipemed;
mod faults;
mod homeserver;
mod inbound;
mod migrations;
mod roster;
mod speech;
mod store;
mod tasks;
mod text_values;
mod texts;
mod threats;
mod translated;
mod unused;
mod world;
