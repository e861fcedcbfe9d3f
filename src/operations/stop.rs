//! Why a request goes no further, as data: every surface words it.

use equipemed_domain::authority::Refusal;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use jiff::Timestamp;

use super::NotFound;
use crate::homeserver::HomeserverError;
use crate::store::StoreError;

/// Why it goes no further.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The asker may not.
    Refused(Refusal),
    /// A name means nobody.
    NotFound(NotFound),
    /// It has to be said differently.
    Unclear(Unclear),
    /// Something broke.
    Failed(Fault),
}

/// What is wrong with what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unclear {
    /// It is about a room, and none was named.
    NoRoomNamed,
    /// It would have ended already.
    TimeIsOver { until: Timestamp },
    /// A word fits a person and a room.
    PersonOrRoom { said: String },
    /// Who is meant has no account.
    NoAccount { person: PersonId },
    /// Nothing is held under that id.
    NotHeld { said: String },
    /// The asker may approve only since a moment ago.
    NewApprover,
    /// The asker would gain by what is held.
    GainsByIt,
    /// Nothing of it is due any more.
    Closed { id: String },
    /// It was held for too long.
    Expired { id: String },
    /// Something was added since it was shown; as what it is held now.
    Outgrown { id: String, now: Option<String> },
    /// There is no message or reaction that fits.
    NothingToRedact,
    /// There is no such event.
    NoEvent,
    /// It is gone already.
    RedactedAlready,
    /// Only messages and reactions are removed.
    NotAMessage,
    /// A word is none of what its placeholder stands for.
    Wrong { what: &'static str, said: String },
    /// A room of that key or name is there.
    RoomExists { room: RoomKey },
    /// Nobody with an account is meant.
    NobodyMeant { said: String },
    /// The room cannot be taken over, or replaced.
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
