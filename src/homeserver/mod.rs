//! The only way to Synapse: the client API through matrix-sdk, the admin API through reqwest.
//!
//! A [`Reader`] can only read. A [`Writer`] needs a reader and a [`WritePermit`], so code that is given only a reader
//! cannot change anything: that is how `mode: observe` is enforced. A [`Speaker`] needs only a reader, because the bot
//! reports in every mode; it sends messages and changes nothing else. Nothing here decides what should be done or
//! caches anything.

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

pub use bootstrap::{Administrator, is_temporary_administrator, takes_registration_secret};
pub use endpoint::Endpoint;
pub use equipemed_domain::fault::HomeserverError;
pub use event::{RawEvent, Relation};
pub use picture::{Applied, KNOWN_TYPES, ROOM_KEY_FIELD, apply};
pub use read::Search;
pub use read::{
    AccountDetail, Devices, FileDetail, Latest, LeftInRoom, Outline, Reaction, Reader, RoomListing, RoomPast,
};
pub use retry::{OnWait, Patience, Waiting};
pub use speak::{ReplyTo, Said, Speaker};
pub use traffic::Traffic;
pub use transport::{Connection, TARGETS_WITH_IDENTIFIERS};
pub use write::{Done, RoomToCreate, WritePermit, Writer};
