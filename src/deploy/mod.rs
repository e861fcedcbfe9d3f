//! A server to deploy: from the answers of `deploy.yaml` to the files of a set.
//!
//! `answers` are read and checked as the configuration is, all problems at once; `set` is what the templates below
//! `deploy/` may name; `render` makes the texts, with the bot's list of requests from `allowed`; `plan` compares them
//! with a folder, and `disk` writes them; `begun` compares what is the operator's with the answers; `check` finds what is
//! wrong later. Only `cli` uses it. Nothing here talks to a server.

pub mod allowed;
pub mod answers;
pub mod begun;
mod certificate;
pub mod check;
pub mod disk;
pub mod existing;
mod masked;
pub mod pieces;
pub mod plan;
mod questions;
pub mod render;
pub mod secrets;
pub mod set;
pub mod settings;

pub use answers::Answers;
pub use disk::Disk;
pub use masked::masked;
pub use plan::Plan;
pub use questions::{QUESTIONS, Question};
pub use set::Set;
