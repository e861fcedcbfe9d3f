//! Behaviour of the whole, one binary.

mod migrations;
mod postgres;
mod store;
