//! One binary for all tests of the service, against real servers: it is linked once.

mod architecture;
mod config;
mod homeserver;
mod inbound;
mod migrations;
mod roster;
mod store;
