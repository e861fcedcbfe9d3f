//! One binary for all tests of the service, against real servers: it is linked once.

mod config;
mod homeserver;
mod migrations;
mod roster;
mod store;
