//! What can be asked of the service, whoever asks: one file an operation, named as its interface names it.
//!
//! An operation takes a typed request and who asks, asks [`decide`](equipemed_domain::authority::decide) whether they may,
//! and gives a typed answer. The control room, the command line and whatever comes later only read what was typed and show
//! what came back.

mod find;
mod scene;

pub(crate) use find::NotFound;
pub(crate) use scene::Scene;
