//! What a pass noticed and must not decide: shown to people, never acted on.

use std::fmt;

use ruma_common::{OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::level_budget::MOST_BYTES;
use crate::levels::CREATOR;
use crate::localpart::LocalpartError;
use crate::power::Power;

/// One thing that somebody should look at. Kept as JSON for the reader's language: variants and fields may be added,
/// never renamed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Finding {
    /// EquipeMed has no profile for the person, so nobody could tell whose an account is.
    NoPublicId { person: PersonId },
    /// No configured source gives a valid localpart.
    LocalpartImpossible { person: PersonId, tried: Vec<(String, LocalpartError)> },
    /// The number of a bound person who is missing is another person's now: a restored database, or another source.
    PersonReplaced { person: PersonId, was: String, now: String, user: OwnedUserId },
    /// The account was bound before public ids were kept, and nothing shows whose it is.
    AccountUnclear { user: OwnedUserId },
    /// A bound account is no longer on Synapse.
    AccountGone { person: PersonId, user: OwnedUserId },
    /// Synapse has other external ids on an account than the one it was given: none, or these.
    ExternalIdDiffers { person: PersonId, user: OwnedUserId, found: Vec<String> },
    /// Several people would get the same account.
    LocalpartCollision { person: PersonId, user: OwnedUserId, others: Vec<PersonId> },
    /// The name belongs to a protected account.
    LocalpartReserved { person: PersonId, user: OwnedUserId },
    /// An account whose name differs in case only exists.
    AccountTwin { person: PersonId, user: OwnedUserId, twin: OwnedUserId },
    /// The account exists and does not carry the person's external id.
    AccountNotTheirs { person: PersonId, user: OwnedUserId },
    /// The person's external id is on an account that is another person's.
    ExternalIdTaken { person: PersonId, user: OwnedUserId, owner: PersonId },
    /// `users.create` is off and the person has no account.
    AccountMissing { person: PersonId, user: OwnedUserId },
    /// Several people have the same e-mail address; Synapse gives one to a single account.
    EmailShared { people: Vec<PersonId> },
    /// The e-mail address belongs to an account that this service did not give it to.
    EmailTaken { person: PersonId, user: OwnedUserId, holder: OwnedUserId },
    /// EquipeMed's status is not in the standing table.
    UnknownStatus { person: PersonId, status: String },
    /// A room's rule matches nobody.
    RoomMatchesNobody { room: RoomKey },
    /// An account that belongs to nobody in EquipeMed is in a managed room.
    MemberUnbound { room: RoomKey, user: OwnedUserId },
    /// Somebody whom the policy wants in the room is banned there, and no grant says so.
    BannedByHand { room: RoomKey, user: OwnedUserId },
    /// The bot may not change this person's level there.
    LevelOutOfReach { room: RoomKey, user: OwnedUserId, has: i64, wanted: i64, bot: i64 },
    /// The room's level event cannot hold everybody's level: how many have theirs, how many wait, and how large it would be.
    LevelsFull { room: RoomKey, entries: usize, waiting: usize, bytes: usize },
    /// `default_level` is as much as it takes to moderate in this room, which somebody else made.
    DefaultLevelTooHigh { room: RoomKey, level: i64, needs: i64 },
    /// The bot may not do a thing in a room.
    PowerMissing { room: RoomKey, what: Power, needs: i64, bot: i64 },
    /// The bot is not in a managed room.
    BotNotInRoom { room: RoomKey, room_id: OwnedRoomId },
    /// A managed room could not be read.
    RoomUnreadable { room: RoomKey, room_id: OwnedRoomId, why: String },
    /// A managed room is encrypted; what is said there cannot be kept or moderated.
    RoomEncrypted { room: RoomKey },
    /// A managed room was replaced by another one.
    RoomReplaced { room: RoomKey },
    /// The policy wants another version, a space where a room is, or a level event where there is none.
    RoomDiffers { room: RoomKey, how: Difference },
    /// Several rooms have one key by the bot's own hand, and the store knows none of them.
    RoomKeyTwice { room: RoomKey, room_ids: Vec<OwnedRoomId> },
    /// The room's key left the policy; it is left alone.
    RoomNoLongerManaged { room: RoomKey, room_id: OwnedRoomId },
    /// EquipeMed has suspiciously few people, or none.
    DirectoryShrank { before: usize, now: usize },
    /// `setup` has not made the control room yet.
    ControlRoomMissing,
    /// The control room can be entered or read by others.
    ControlRoomOpen { join_rule: String },
}

/// What of an existing room is not as the policy says and stays so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Difference {
    /// It is a space and should be a room.
    IsSpace,
    /// It is a room and should be a space.
    IsNoSpace,
    /// It has no level event.
    NoLevelEvent,
    /// Its version.
    Version { has: String, wanted: String },
}

impl Finding {
    /// A short name to filter by in logs and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoPublicId { .. } => "no_public_id",
            Self::LocalpartImpossible { .. } => "localpart_impossible",
            Self::PersonReplaced { .. } => "person_replaced",
            Self::AccountUnclear { .. } => "account_unclear",
            Self::AccountGone { .. } => "account_gone",
            Self::ExternalIdDiffers { .. } => "external_id_differs",
            Self::LocalpartCollision { .. } => "localpart_collision",
            Self::LocalpartReserved { .. } => "localpart_reserved",
            Self::AccountTwin { .. } => "account_twin",
            Self::AccountNotTheirs { .. } => "account_not_theirs",
            Self::ExternalIdTaken { .. } => "external_id_taken",
            Self::AccountMissing { .. } => "account_missing",
            Self::EmailShared { .. } => "email_shared",
            Self::EmailTaken { .. } => "email_taken",
            Self::UnknownStatus { .. } => "unknown_status",
            Self::RoomMatchesNobody { .. } => "room_matches_nobody",
            Self::MemberUnbound { .. } => "member_unbound",
            Self::BannedByHand { .. } => "banned_by_hand",
            Self::LevelOutOfReach { .. } => "level_out_of_reach",
            Self::LevelsFull { .. } => "levels_full",
            Self::DefaultLevelTooHigh { .. } => "default_level_too_high",
            Self::PowerMissing { .. } => "power_missing",
            Self::BotNotInRoom { .. } => "bot_not_in_room",
            Self::RoomUnreadable { .. } => "room_unreadable",
            Self::RoomEncrypted { .. } => "room_encrypted",
            Self::RoomReplaced { .. } => "room_replaced",
            Self::RoomDiffers { .. } => "room_differs",
            Self::RoomKeyTwice { .. } => "room_key_twice",
            Self::RoomNoLongerManaged { .. } => "room_no_longer_managed",
            Self::DirectoryShrank { .. } => "directory_shrank",
            Self::ControlRoomMissing => "control_room_missing",
            Self::ControlRoomOpen { .. } => "control_room_open",
        }
    }

    /// The person it is about, if it is about one.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::NoPublicId { person }
            | Self::PersonReplaced { person, .. }
            | Self::AccountGone { person, .. }
            | Self::ExternalIdDiffers { person, .. }
            | Self::LocalpartImpossible { person, .. }
            | Self::LocalpartCollision { person, .. }
            | Self::LocalpartReserved { person, .. }
            | Self::AccountTwin { person, .. }
            | Self::AccountNotTheirs { person, .. }
            | Self::ExternalIdTaken { person, .. }
            | Self::AccountMissing { person, .. }
            | Self::EmailTaken { person, .. }
            | Self::UnknownStatus { person, .. } => Some(*person),
            _ => None,
        }
    }

    /// The same with everybody as `shown` has them.
    #[must_use]
    pub fn with_people(mut self, shown: impl Fn(PersonId) -> PersonId) -> Self {
        match &mut self {
            Self::LocalpartCollision { person, others, .. } => {
                *person = shown(*person);
                others.iter_mut().for_each(|other| *other = shown(*other));
            }
            Self::ExternalIdTaken { person, owner, .. } => {
                *person = shown(*person);
                *owner = shown(*owner);
            }
            Self::EmailShared { people } => people.iter_mut().for_each(|person| *person = shown(*person)),
            Self::NoPublicId { person }
            | Self::PersonReplaced { person, .. }
            | Self::AccountGone { person, .. }
            | Self::ExternalIdDiffers { person, .. }
            | Self::LocalpartImpossible { person, .. }
            | Self::LocalpartReserved { person, .. }
            | Self::AccountTwin { person, .. }
            | Self::AccountNotTheirs { person, .. }
            | Self::AccountMissing { person, .. }
            | Self::EmailTaken { person, .. }
            | Self::UnknownStatus { person, .. } => *person = shown(*person),
            _ => {}
        }
        self
    }
}

/// One sentence for people, with what to do where that is not obvious.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPublicId { person } => {
                write!(
                    f,
                    "person {person} has no profile in EquipeMed, so no public id: they get no account until they have one"
                )
            }
            Self::PersonReplaced { person, was, now, user } => write!(
                f,
                "person {person}, {now}, has the number in EquipeMed that was {was}'s, and another public id: a new person, who inherits nothing. {user} stays {was}'s, who counts as missing. If they are one and the same, run `equipemed-bot users adopt {now} {user}`"
            ),
            Self::AccountUnclear { user } => write!(
                f,
                "whose {user} is cannot be told: it was bound before public ids were kept and has no external id on Synapse. Nothing is changed for it until you say so: `equipemed-bot users adopt USERNAME {user}`"
            ),
            Self::AccountGone { person, user } => {
                write!(f, "the account {user} of person {person} is no longer on Synapse: it is made again")
            }
            Self::ExternalIdDiffers { person, user, found } if found.is_empty() => {
                write!(f, "{user}, the account of person {person}, has lost its external id on Synapse: it is put back")
            }
            Self::ExternalIdDiffers { person, user, found } => write!(
                f,
                "{user}, the account of person {person}, has on Synapse the external id {}, by which somebody else could sign in: the right one is put in its place. Find out who changed it",
                found.join(", ")
            ),
            Self::LocalpartImpossible { person, tried } => {
                write!(f, "person {person} gets no account: no usable localpart")?;
                for (wish, error) in tried {
                    write!(f, "; {wish:?}: {error}")?;
                }
                write!(f, ". Give them a Matrix localpart in EquipeMed")
            }
            Self::LocalpartCollision { person, user, others } => {
                let others: Vec<_> = others.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "person {person} and person {} both lead to {user}: give one of them another Matrix localpart in EquipeMed",
                    others.join(", ")
                )
            }
            Self::LocalpartReserved { person, user } => {
                write!(f, "person {person} leads to {user}, which is protected: give them another Matrix localpart")
            }
            Self::AccountTwin { person, user, twin } => write!(
                f,
                "person {person} would get {user}, but {twin} exists and differs in case only: give them another Matrix localpart"
            ),
            Self::AccountNotTheirs { person, user } => write!(
                f,
                "person {person} leads to {user}, which exists without their external id: if it is theirs, run `equipemed-bot users adopt {person} {user}`"
            ),
            Self::ExternalIdTaken { person, user, owner } => write!(
                f,
                "person {person} gets no account: their external id is on {user}, the account of person {owner}. Take it away there if it is not theirs"
            ),
            Self::AccountMissing { person, user } => {
                write!(f, "person {person} has no account ({user}) and users.create is off")
            }
            Self::EmailShared { people } => {
                let people: Vec<_> = people.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "the people {} have one e-mail address in EquipeMed: Synapse gets it for none of them. Give each their own",
                    people.join(", ")
                )
            }
            Self::EmailTaken { person, user, holder } => write!(
                f,
                "the e-mail address of person {person} ({user}) belongs to {holder} on Synapse, which did not get it from here: take it away there if it is not theirs"
            ),
            Self::UnknownStatus { person, status } => write!(
                f,
                "person {person} has the status {status:?}, which users.standing does not know: nothing is changed for them"
            ),
            Self::RoomMatchesNobody { room } => write!(f, "the rule of room {room} matches nobody"),
            Self::MemberUnbound { room, user } => {
                write!(f, "{user} is in room {room} and belongs to nobody in EquipeMed")
            }
            Self::BannedByHand { room, user } => {
                write!(f, "{user} belongs in room {room} and is banned there by hand")
            }
            Self::LevelOutOfReach { room, user, has, wanted, .. } if *has == CREATOR => write!(
                f,
                "{user} made room {room} and should stand at {wanted} there: who made a room of version 12 stands above every level. Only a new room can change it"
            ),
            Self::LevelOutOfReach { room, user, has, wanted, bot } if has < bot => write!(
                f,
                "{user} stands at {has} in room {room} and should stand at {wanted}: the bot stands at {bot} there and gives nobody its own level. Give the bot more, or make a new room"
            ),
            Self::LevelOutOfReach { room, user, has, wanted, bot } => write!(
                f,
                "{user} stands at {has} in room {room} and should stand at {wanted}: the bot's own {bot} is not above that. Only they themselves, or a new room, can change it"
            ),
            Self::LevelsFull { room, entries, waiting, bytes } => write!(
                f,
                "the level event of room {room} holds {entries} people and {waiting} wait: with them it would have {bytes} bytes, and Synapse takes {MOST_BYTES}. Give the level that most of them have to everybody, with default_level in the configuration"
            ),
            Self::DefaultLevelTooHigh { room, level, needs } => write!(
                f,
                "default_level {level} of room {room} is not given to everybody: {needs} is enough to moderate there. Choose a lower one"
            ),
            Self::PowerMissing { room, what, needs, bot } => {
                write!(f, "the bot may not {what} in room {room}: that needs {needs}, it stands at {bot}")
            }
            Self::BotNotInRoom { room, room_id } => {
                write!(f, "the bot is not in room {room} ({room_id}): invite it there")
            }
            Self::RoomUnreadable { room, room_id, why } => {
                write!(f, "room {room} ({room_id}) could not be read: {why}")
            }
            Self::RoomEncrypted { room } => {
                write!(
                    f,
                    "room {room} is encrypted: what is said there cannot be moderated. Give the room another key in the configuration, which makes a new one, and delete this one"
                )
            }
            Self::RoomReplaced { room } => write!(f, "room {room} was replaced by another room by hand"),
            Self::RoomDiffers { room, how } => {
                write!(f, "room {room} {how}: that cannot be changed in an existing room")
            }
            Self::RoomKeyTwice { room, room_ids } => {
                let ids: Vec<_> = room_ids.iter().map(ToString::to_string).collect();
                let ids = match ids.split_last() {
                    Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
                    _ => ids.concat(),
                };
                write!(
                    f,
                    "several rooms have the key {room} by the bot's own hand ({ids}): none of them is used and no other is made. "
                )?;
                if room.as_str() == CONTROL_ROOM {
                    write!(f, "Choose one by its id: `equipemed-bot setup --control-room ID`")
                } else {
                    write!(f, "Choose one by its id: `equipemed-bot rooms adopt ID {room}`")
                }
            }
            Self::RoomNoLongerManaged { room, room_id } => {
                write!(f, "room {room} ({room_id}) left the policy: it is left alone and no longer managed")
            }
            Self::DirectoryShrank { before, now } => write!(
                f,
                "EquipeMed had {before} people at the last read and has {now} now: nothing is destroyed and nobody new is made until the people are back, or somebody releases what is held for it"
            ),
            Self::ControlRoomMissing => write!(f, "there is no control room yet: run `equipemed-bot setup`"),
            Self::ControlRoomOpen { join_rule } => {
                write!(f, "the control room is not private: its join rule is {join_rule:?}")
            }
        }
    }
}

/// What follows the room.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { has, wanted } => write!(f, "has version {has}, the policy says {wanted}"),
            Self::IsSpace => f.write_str("is a space, the policy says room"),
            Self::IsNoSpace => f.write_str("is no space, the policy says space"),
            Self::NoLevelEvent => f.write_str("has no level event"),
        }
    }
}
