//! What a pass noticed and must not decide: shown to people, never acted on.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::fault::Fault;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::localpart::LocalpartError;
use crate::naming::Named;
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
    PersonReplaced {
        person: PersonId,
        was: String,
        now: String,
        user: OwnedUserId,
        /// Whether the account is a Synapse administrator; here and below.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        administrator: bool,
    },
    /// The account was bound before public ids were kept, and nothing shows whose it is.
    AccountUnclear {
        user: OwnedUserId,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        administrator: bool,
    },
    /// A bound account is no longer on Synapse.
    AccountGone { person: PersonId, user: OwnedUserId },
    /// Synapse has other external ids on an account than the one it was given: none, or these.
    ExternalIdDiffers { person: PersonId, user: OwnedUserId, found: Vec<String> },
    /// Several people would get the same account, which one of them may hold already.
    LocalpartCollision {
        person: PersonId,
        user: OwnedUserId,
        others: Vec<PersonId>,
        #[serde(default)]
        holder: Option<PersonId>,
    },
    /// The account of that name is somebody's who is missing in EquipeMed, and has been gone since then.
    NameOfMissing {
        person: PersonId,
        user: OwnedUserId,
        holder: PersonId,
        since: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        administrator: bool,
    },
    /// The name belongs to a protected account.
    LocalpartReserved { person: PersonId, user: OwnedUserId },
    /// An account whose name differs in case only exists.
    AccountTwin { person: PersonId, user: OwnedUserId, twin: OwnedUserId },
    /// The account exists and does not carry the person's external id.
    AccountNotTheirs {
        person: PersonId,
        user: OwnedUserId,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        administrator: bool,
    },
    /// The account carries the person's external id, and is a Synapse administrator without the policy's saying so.
    AdministratorFound { person: PersonId, user: OwnedUserId },
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
    /// A rule names a group or specialty that EquipeMed does not have; where its lists are not read, that nobody has.
    NameUnknown { what: Named, name: String, near: Option<String>, is_listed: bool },
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
    RoomUnreadable {
        room: RoomKey,
        room_id: OwnedRoomId,
        #[serde(deserialize_with = "Fault::or_worded")]
        why: Box<Fault>,
    },
    /// A managed room is encrypted; what is said there cannot be kept or moderated.
    RoomEncrypted { room: RoomKey },
    /// A managed room was replaced by another one.
    RoomReplaced {
        room: RoomKey,
        #[serde(default)]
        by: Option<OwnedUserId>,
        #[serde(default)]
        successor: Option<OwnedRoomId>,
    },
    /// The policy wants another version, a space where a room is, or a level event where there is none.
    RoomDiffers { room: RoomKey, how: Difference },
    /// Synapse does not have the version that the room is to be made with, only these.
    VersionMissing { room: RoomKey, wanted: String, has: Vec<String> },
    /// Several rooms have one key by the bot's own hand, and the store knows none of them.
    RoomKeyTwice { room: RoomKey, room_ids: Vec<OwnedRoomId> },
    /// The room's key left the policy; it is left alone.
    RoomNoLongerManaged { room: RoomKey, room_id: OwnedRoomId },
    /// EquipeMed has suspiciously few people, or none.
    DirectoryShrank { before: usize, now: usize },
    /// People left a room where they belong or declined its invitation; it is not repeated.
    InvitationsDeclined { room: RoomKey, users: BTreeSet<OwnedUserId> },
    /// People go by another name or picture in one room than everywhere else.
    OtherFaces { room: RoomKey, users: BTreeSet<OwnedUserId> },
    /// Somebody made the room and should leave it, and nobody can remove them.
    CreatorStays { room: RoomKey, user: OwnedUserId },
    /// The person's e-mail address in EquipeMed is none.
    EmailInvalid { person: PersonId },
    /// Synapse was seen to encrypt new rooms by itself, so that none is made.
    NewRoomsEncrypted,
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
            Self::NameOfMissing { .. } => "name_of_missing",
            Self::LocalpartReserved { .. } => "localpart_reserved",
            Self::AccountTwin { .. } => "account_twin",
            Self::AccountNotTheirs { .. } => "account_not_theirs",
            Self::AdministratorFound { .. } => "administrator_found",
            Self::ExternalIdTaken { .. } => "external_id_taken",
            Self::AccountMissing { .. } => "account_missing",
            Self::EmailShared { .. } => "email_shared",
            Self::EmailTaken { .. } => "email_taken",
            Self::UnknownStatus { .. } => "unknown_status",
            Self::NameUnknown { .. } => "name_unknown",
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
            Self::VersionMissing { .. } => "version_missing",
            Self::RoomKeyTwice { .. } => "room_key_twice",
            Self::RoomNoLongerManaged { .. } => "room_no_longer_managed",
            Self::DirectoryShrank { .. } => "directory_shrank",
            Self::InvitationsDeclined { .. } => "invitations_declined",
            Self::OtherFaces { .. } => "other_faces",
            Self::CreatorStays { .. } => "creator_stays",
            Self::EmailInvalid { .. } => "email_invalid",
            Self::NewRoomsEncrypted => "new_rooms_encrypted",
            Self::ControlRoomMissing => "control_room_missing",
            Self::ControlRoomOpen { .. } => "control_room_open",
        }
    }

    /// Whether a room is managed no longer as it should be: then nothing agrees there, although nothing is changed.
    #[must_use]
    pub fn is_idle_room(&self) -> bool {
        matches!(
            self,
            Self::RoomReplaced { .. }
                | Self::RoomUnreadable { .. }
                | Self::BotNotInRoom { .. }
                | Self::RoomKeyTwice { .. }
                | Self::NewRoomsEncrypted
                | Self::VersionMissing { .. }
                | Self::ControlRoomMissing
        )
    }

    /// Whether nothing that is said in the control room can be read, so that it has to be told elsewhere.
    #[must_use]
    pub fn is_control_room_encrypted(&self) -> bool {
        matches!(self, Self::RoomEncrypted { room } if room.as_str() == CONTROL_ROOM)
    }

    /// The person it is about, if it is about one.
    fn person(&self) -> Option<PersonId> {
        match self {
            Self::NoPublicId { person }
            | Self::PersonReplaced { person, .. }
            | Self::AccountGone { person, .. }
            | Self::ExternalIdDiffers { person, .. }
            | Self::LocalpartImpossible { person, .. }
            | Self::LocalpartCollision { person, .. }
            | Self::NameOfMissing { person, .. }
            | Self::LocalpartReserved { person, .. }
            | Self::AccountTwin { person, .. }
            | Self::AccountNotTheirs { person, .. }
            | Self::AdministratorFound { person, .. }
            | Self::ExternalIdTaken { person, .. }
            | Self::AccountMissing { person, .. }
            | Self::EmailTaken { person, .. }
            | Self::EmailInvalid { person }
            | Self::UnknownStatus { person, .. } => Some(*person),
            _ => None,
        }
    }

    /// The managed room it is about, if it is about one.
    #[must_use]
    pub fn room(&self) -> Option<&RoomKey> {
        match self {
            Self::RoomMatchesNobody { room }
            | Self::MemberUnbound { room, .. }
            | Self::BannedByHand { room, .. }
            | Self::LevelOutOfReach { room, .. }
            | Self::CreatorStays { room, .. }
            | Self::InvitationsDeclined { room, .. }
            | Self::OtherFaces { room, .. }
            | Self::LevelsFull { room, .. }
            | Self::DefaultLevelTooHigh { room, .. }
            | Self::PowerMissing { room, .. }
            | Self::BotNotInRoom { room, .. }
            | Self::RoomUnreadable { room, .. }
            | Self::RoomEncrypted { room }
            | Self::RoomReplaced { room, .. }
            | Self::RoomDiffers { room, .. }
            | Self::VersionMissing { room, .. }
            | Self::RoomKeyTwice { room, .. }
            | Self::RoomNoLongerManaged { room, .. } => Some(room),
            _ => None,
        }
    }

    /// Whether it is about this person or their account, perhaps among others.
    #[must_use]
    pub fn concerns(&self, id: PersonId, account: Option<&UserId>) -> bool {
        match self {
            Self::AccountUnclear { user, .. }
            | Self::LevelOutOfReach { user, .. }
            | Self::CreatorStays { user, .. }
            | Self::BannedByHand { user, .. } => account == Some(&**user),
            Self::InvitationsDeclined { users, .. } | Self::OtherFaces { users, .. } => {
                account.is_some_and(|account| users.contains(account))
            }
            Self::LocalpartCollision { person, others, .. } => *person == id || others.contains(&id),
            Self::NameOfMissing { person, holder, .. } => *person == id || *holder == id,
            Self::ExternalIdTaken { person, owner, .. } => *person == id || *owner == id,
            Self::EmailShared { people } => people.contains(&id),
            finding => finding.person() == Some(id),
        }
    }
}
