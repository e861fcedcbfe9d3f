//! Why a request stops, as data; each interface words it.

use equipemed_domain::authority::Refusal;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use jiff::Timestamp;

use super::NotFound;
use crate::homeserver::HomeserverError;
use crate::store::StoreError;

/// Why a request stops.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The asker may not do this.
    Refused(Refusal),
    /// A name matches no single person or room.
    NotFound(NotFound),
    /// The request must be worded differently.
    Unclear(Unclear),
    /// Something broke.
    Failed(Fault),
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unclear {
    /// It needs a room, and none was named.
    NoRoomNamed,
    /// It would have ended already.
    TimeIsOver { until: Timestamp },
    /// A name matches both a person and a room.
    PersonOrRoom { said: String },
    /// The person has no account.
    NoAccount { person: PersonId },
    /// No held part has this id.
    NotHeld { said: String },
    /// The asker's right to approve is too new.
    NewApprover,
    /// The asker would gain from the held part.
    GainsByIt,
    /// Nothing in the held part is due any more.
    Closed { id: String },
    /// The held part has expired.
    Expired { id: String },
    /// Something was added since it was shown; `now` is the id of what is held now.
    Outgrown { id: String, now: Option<String> },
    /// No message or reaction matches.
    NothingToRedact,
    /// The event does not exist.
    NoEvent,
    /// The event is already redacted.
    RedactedAlready,
    /// Only messages and reactions can be redacted.
    NotAMessage,
    /// A value does not fit its placeholder.
    Wrong { what: &'static str, said: String },
    /// A room with this key or name exists.
    RoomExists { room: RoomKey },
    /// The selection contains nobody with an account.
    NobodyMeant { said: String },
    /// The room cannot be adopted or replaced.
    NotThatRoom(Fault),
}

macro_rules! stops {
    ($($why:ty => $stop:ident;)*) => {
        $(impl From<$why> for Stop {
            fn from(why: $why) -> Self {
                Self::$stop(why.into())
            }
        })*
    };
}

stops! {
    Refusal => Refused;
    NotFound => NotFound;
    Unclear => Unclear;
    Fault => Failed;
    StoreError => Failed;
    HomeserverError => Failed;
}
