//! One command as it was asked: by whom, where, when; and whether that person may.

use std::sync::Arc;

use equipemed_domain::command::{Command, Place};
use equipemed_domain::directory::PersonId;
use equipemed_domain::key::RoomKey;
use equipemed_domain::rights::Right;
use jiff::Timestamp;
use ruma_common::{OwnedEventId, OwnedRoomId, OwnedUserId};

use super::scene::Scene;
use crate::homeserver::Said;
use crate::speech::{Arg, Texts};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Somebody EquipeMed knows as active.
    Person(PersonId),
    /// The break-glass account: it may approve, also when EquipeMed is away.
    BreakGlass,
}

/// One command.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) event: OwnedEventId,
    pub(super) room_id: OwnedRoomId,
    /// The room's key: `control`, or that of the managed room.
    pub(super) room: RoomKey,
    pub(super) place: Place,
    pub(super) user: OwnedUserId,
    pub(super) asker: Asker,
    pub(super) command: Command,
    /// When, by Synapse's clock.
    pub(super) sent_at: Timestamp,
    pub(super) scene: Arc<Scene>,
    /// The code that confirmed it, when it was confirmed.
    pub(super) confirmed: Option<String>,
    /// Who else agreed, where the asker's own yes is not enough.
    pub(super) agreed_by: Option<Asker>,
    /// Whether an earlier process had begun with it.
    pub(super) again: bool,
}

/// Why a command is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// EquipeMed does not know the account.
    Unknown,
    /// It knows the person, and not as active.
    NotActive,
    /// The right is missing, there where it would be done.
    Right(Right, Option<RoomKey>),
    /// Nobody does that to oneself.
    Own,
    /// A protected account.
    Protected(OwnedUserId),
    /// Somebody who stands as high or higher.
    Higher(PersonId),
    /// More than the asker holds.
    Above { level: i64, own: i64 },
    /// Nothing is changed in mode observe.
    Observe,
}

impl Refusal {
    /// For people.
    pub(super) fn said(&self, texts: &Texts, scene: &Scene) -> Said {
        let right = |right: Right| Arg::Said(texts.word("right", right.as_str()));
        match self {
            Self::Unknown => texts.say("refused-unknown", &[]),
            Self::NotActive => texts.say("refused-standing", &[]),
            Self::Right(what, None) => texts.say("refused-right", &[("right", right(*what))]),
            Self::Right(what, Some(room)) => {
                texts.say("refused-right-room", &[("right", right(*what)), ("room", scene.room(room))])
            }
            Self::Own => texts.say("refused-self", &[]),
            Self::Protected(user) => texts.say("refused-protected", &[("user", scene.user(user))]),
            Self::Higher(person) => texts.say("refused-higher", &[("user", scene.person(*person))]),
            Self::Above { level, own } => {
                texts.say("refused-above", &[("level", Arg::Number(*level)), ("own", Arg::Number(*own))])
            }
            Self::Observe => texts.say("observe", &[]),
        }
    }

    /// For the audit.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Unknown => "EquipeMed does not know the account".to_owned(),
            Self::NotActive => "the person is not active".to_owned(),
            Self::Right(right, None) => format!("without the right {right}"),
            Self::Right(right, Some(room)) => format!("without the right {right} in room {room}"),
            Self::Own => "about oneself".to_owned(),
            Self::Protected(_) => "a protected account".to_owned(),
            Self::Higher(_) => "about somebody who stands as high or higher".to_owned(),
            Self::Above { level, own } => format!("level {level} is above the own {own}"),
            Self::Observe => "mode observe".to_owned(),
        }
    }
}

impl Ask {
    /// From when durations count: when it was sent. The clocks may differ; nothing begins later than now.
    pub(super) fn begins_at(&self) -> Timestamp {
        self.sent_at.min(self.scene.now)
    }

    /// Whether the asker holds a right, in a room or everywhere.
    pub(super) fn must_hold(&self, right: Right, room: Option<&RoomKey>) -> Result<(), Refusal> {
        let holds = match self.asker {
            Asker::BreakGlass => right == Right::Approve,
            Asker::Person(person) => self.scene.rights(person, room).contains(&right),
        };
        if holds { Ok(()) } else { Err(Refusal::Right(right, room.cloned())) }
    }

    /// The asker's level in a room.
    pub(super) fn own_level(&self, room: &RoomKey) -> i64 {
        let Asker::Person(person) = self.asker else { return 0 };
        self.scene.directory.get(person).map_or(0, |person| self.scene.access().level(person, room).0)
    }

    /// Whether something may be done to somebody in a room: not to oneself, to a protected account, or to somebody who
    /// stands as high as the asker.
    pub(super) fn may_touch(&self, person: PersonId, room: Option<&RoomKey>) -> Result<(), Refusal> {
        if self.asker == Asker::Person(person) {
            return Err(Refusal::Own);
        }
        if let Some(user) = self.scene.user_of(person).filter(|user| self.scene.policy.users.protected.contains(*user))
        {
            return Err(Refusal::Protected(user.clone()));
        }
        let Some(touched) = self.scene.directory.get(person) else { return Ok(()) };
        let access = self.scene.access();
        let higher = match room {
            Some(room) => access.level(touched, room).0 >= self.own_level(room),
            // An account as a whole: nobody who may do the same.
            None => {
                let theirs = access.rights(touched, None);
                theirs.contains(&Right::Lock) || theirs.contains(&Right::Approve)
            }
        };
        if higher { Err(Refusal::Higher(person)) } else { Ok(()) }
    }
}
