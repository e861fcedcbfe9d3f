//! What can be asked of the service, whoever asks: one file an operation, named as its interface names it.
//!
//! An operation takes a typed request and who asks, asks [`decide`](equipemed_domain::authority::decide) whether they may,
//! and gives a typed answer. The control room, the command line and whatever comes later only read what was typed and show
//! what came back. What they are judged by is the engine's [`Scene`].

mod deeds;
mod explain;
mod find;
mod grants;
mod rooms;

pub(crate) use deeds::{Deadline, await_deed};
pub(crate) use explain::explain_person;
pub(crate) use find::NotFound;
pub(crate) use grants::{Caller, Change, change_grants};
pub(crate) use rooms::{Inventory, ListedRoom, abandoned, list_rooms};

pub(crate) use crate::engine::Scene;
