//! One binary for all tests of the root package: it is linked once.

mod config;
mod roster;
