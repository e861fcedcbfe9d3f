//! A server to deploy: from the answers of `deploy.yaml` to the files of a set.
//!
//! `answers` are read and checked as the configuration is, all problems at once; `set` is what the templates below
//! `deploy/` may name; `render` makes the texts. Only `cli` uses it. Nothing here talks to a server.

pub mod answers;
mod questions;
pub mod render;
pub mod set;

pub use answers::Answers;
pub use questions::{QUESTIONS, Question};
pub use set::Set;
