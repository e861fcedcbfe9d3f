//! The operations, for every interface: one file each, named as the interfaces name it.
//!
//! An operation takes a typed request and its asker, checks permission with
//! [`decide`](equipemed_domain::authority::decide), and returns a typed answer. The control room, the command line and
//! any later interface only parse input and show answers. Requests are judged by the engine's [`Scene`].

mod adopt;
mod adopt_user;
mod approve;
mod asked;
mod audit;
mod came;
mod deeds;
mod explain;
mod find;
mod grants;
mod halt;
mod measures;
mod new_room;
mod pause;
mod redact;
mod replace;
mod rooms;
mod sign_out;
mod status;
mod stop;
mod sums;
mod sync;
mod users;
mod wishes;

pub(crate) use adopt::{deed_of, preview_adoption};
pub(crate) use adopt_user::{
    NotReleased, bind_account, gains_too_many, hand_over_account, may_release, release_account,
};
pub(crate) use approve::ConsentGiven;
pub(crate) use asked::Asked;
pub(crate) use came::{Came, How, StillOff};
use deeds::{Deadline, await_deed};
pub(crate) use deeds::{NotDone, by_operator, redact_hint, see_through};
pub(crate) use explain::explain_person;
pub(crate) use find::NotFound;
pub(crate) use grants::{Caller, Change, change_grants};
pub(crate) use measures::{Granted, Order, lasting};
pub(crate) use pause::{must_not_be_paused, pause_by_operator, resume_by_operator};
pub(crate) use redact::{Redacting, Target as RedactTarget};
pub(crate) use replace::Replacing;
pub(crate) use rooms::{Abandoned, Inventory, ListedRoom, abandoned, deletions, list_rooms};
pub(crate) use stop::{Stop, Unclear};
pub(crate) use sums::who_may_agree;
pub(crate) use sync::{Following, HandedOver, SyncSubject, Synced, hand_over_run};
pub(crate) use users::{devices_of, list_users};
pub(crate) use wishes::{Tally, topic_of, wait_and_count, wait_for_deeds};

pub(crate) use crate::engine::Scene;
