//! The only way to Synapse: the client API through matrix-sdk, the admin API through reqwest, in our words.
//!
//! A [`Reader`] can look and nothing else. A [`Writer`] is made of one and a [`WritePermit`], so that what is handed
//! only a reader cannot change anything, whatever it does: that is how `mode: observe` is kept. A [`Speaker`] is made of
//! a reader alone, because the bot has to be able to report in every mode: it says things and changes nothing. Nothing
//! here decides what ought to be; nothing is cached.

mod bootstrap;
pub mod endpoint;
mod error;
mod event;
mod picture;
mod read;
pub mod retry;
mod speak;
mod traffic;
mod transport;
mod wire;
mod write;

pub use bootstrap::{Administrator, is_temporary_administrator};
pub use endpoint::Endpoint;
pub use equipemed_domain::fault::HomeserverError;
pub use event::{RawEvent, Relation};
pub use picture::{Effect, KNOWN_TYPES, ROOM_KEY_FIELD, apply};
pub use read::{AccountDetail, Latest, Outline, Reaction, Reader, RoomListing, RoomPast, Search};
pub use retry::{OnWait, Patience, Waiting};
pub use speak::{Said, Speaker};
pub use traffic::Traffic;
pub use transport::{Connection, TARGETS_WITH_IDENTIFIERS};
pub use write::{Done, RoomToCreate, WritePermit, Writer};
