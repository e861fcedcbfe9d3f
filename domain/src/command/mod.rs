//! What people say to the bot, understood: from the text of a message to a [`Command`], or to why it is none.
//!
//! Pure: the words, what each needs and what it is allowed to be said by. Whom a name means is found out by the
//! dispatcher, which knows EquipeMed; here it stays as it was said.

pub mod word;

mod arguments;
mod duration;
mod html;
mod parse;
mod redaction;
mod rooms;
mod spoken;
mod targets;
mod text;
mod tokens;

use std::borrow::Cow;
use std::fmt;

use jiff::SignedDuration;
use ruma_common::{OwnedEventId, OwnedRoomAliasId, OwnedRoomId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

pub use parse::{parse, sounds_like_command};
pub use text::fold;
use word::Needs;
pub use word::Word;

use crate::authority::Act;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::rights::Right;

/// What somebody wrote, as Matrix carries it and the inbox keeps it; borrowed until it is known to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message<'a> {
    /// The event's `body`.
    pub body: Cow<'a, str>,
    /// Its `formatted_body`, when its format is HTML: pills live there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted_body: Option<Cow<'a, str>>,
    /// The event it answers (`m.in_reply_to`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<OwnedEventId>,
}

impl Message<'_> {
    /// The same, for keeping.
    #[must_use]
    pub fn into_owned(self) -> Message<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Message { body: own(self.body), formatted_body: self.formatted_body.map(own), reply_to: self.reply_to }
    }
}

/// Where and to whom it was said.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// What commands begin with, from the configuration.
    pub prefix: &'a str,
    /// The bot.
    pub bot: &'a UserId,
    /// The bot's display name, which a mention may show.
    pub bot_name: &'a str,
    /// The room.
    pub place: Place,
}

/// The kinds of room a command can be said in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The control room: every command.
    Control,
    /// Another managed room: only what is meant for one, and silence otherwise.
    Managed,
}

impl Place {
    /// Which kind of room it is.
    #[must_use]
    pub fn of(room: &RoomKey) -> Self {
        if room.as_str() == CONTROL_ROOM { Self::Control } else { Self::Managed }
    }
}

/// Somebody, as said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// By Matrix id: typed, as a link or as a pill.
    User(OwnedUserId),
    /// A localpart or an EquipeMed username.
    Name(String),
}

/// A room, as said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// By id.
    Id(OwnedRoomId),
    /// By alias.
    Alias(OwnedRoomAliasId),
    /// By its key in the configuration, or by its name.
    Name(String),
}

/// What a redaction is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redaction {
    /// The message that was answered, in the room where it was said.
    Replied(OwnedEventId),
    /// Messages by link.
    Events(Vec<(Where, OwnedEventId)>),
    /// So many messages of somebody in a room; without one in the room where it was said, which the control room is not.
    Of { who: Vec<Who>, room: Option<Where>, extent: Extent },
}

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// The last so many.
    Last(u32),
    /// All since so long ago.
    Since(SignedDuration),
}

/// What a promotion gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// Level 50 and the rights redact and kick.
    Moderator,
    /// Level 100 and all rights.
    Admin,
    /// The level alone, 0 to 100.
    Level(i64),
}

/// Which accounts `users` lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersFilter {
    /// Only those of this status: `synced`, `stale`, `released`, `never`, `locked`, `gone`.
    pub status: Option<String>,
    /// Only those that this text is in.
    pub search: Option<String>,
}

/// A change to people in rooms or to accounts, and its circumstances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Whom it is about; at least one.
    pub who: Vec<Who>,
    /// Where; None is everywhere in the control room, and this room in a managed one.
    pub room: Option<Where>,
    /// For how long.
    pub lasts: Option<SignedDuration>,
    /// Why.
    pub because: Option<String>,
}

/// What `sync` looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncTarget {
    /// Everybody and everything.
    Everything,
    /// People; a single plain name may be a room's as well, which the dispatcher finds out.
    People(Vec<Who>),
    /// A room.
    Room(Where),
}

/// A command, understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command", content = "with")]
pub enum Command {
    /// What there is, or about one word.
    Help(Option<Word>),
    /// How the service is.
    Status,
    /// Brings Synapse in line, or only tells.
    Sync { target: SyncTarget, dry_run: bool },
    /// Releases a held part.
    Approve { id: String },
    /// About one account.
    User { who: Who },
    /// Lists accounts.
    Users(UsersFilter),
    /// Why somebody is where they are; everywhere without a room.
    Why { who: Who, room: Option<Where> },
    /// Lists lasting wishes, one person's or everybody's.
    Grants { who: Option<Who> },
    /// Gives a level, and rights with a name; or only tells.
    Promote { measure: Measure, rank: Rank, dry_run: bool },
    /// Takes level and rights away, or only tells.
    Demote { measure: Measure, dry_run: bool },
    /// Redacts messages, or only tells.
    Redact { what: Redaction, because: Option<String>, dry_run: bool },
    /// Redacts reactions to the message that was answered: all, those with a key, one person's.
    RedactReactions { event: OwnedEventId, key: Option<String>, of: Option<Who> },
    /// Lists rooms.
    RoomsList,
    /// Counts.
    RoomsStats,
    /// Makes a room, below a space if one is named. Who is in it: the words after `for`, a selector as `word: value` or
    /// one of the short forms.
    RoomsCreate { name: String, members: String, space: Option<Where> },
    /// Makes a new room in the place of one, or only tells.
    RoomsReplace { room: Where, dry_run: bool },
    /// Deletes empty rooms that are not managed, or only tells.
    RoomsCleanup { dry_run: bool },
    /// Takes a room over.
    RoomsAdopt { room: Where, key: String },
    /// What was done: the last so many entries, about everything, a person or a room.
    Audit { about: Option<About>, last: u32 },
    /// Says yes to a preview.
    Confirm { code: String },
    /// Who the asker is to the bot.
    WhoAmI,
    /// Does to people what its word says. Stored as a variant of each word would be.
    #[serde(untagged)]
    Measure {
        #[serde(rename = "command")]
        act: Act,
        #[serde(rename = "with")]
        measure: Measure,
    },
}

/// Somebody or a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Somebody, or a room when nobody has that name.
    Who(Who),
    /// A room for sure.
    Room(Where),
}

/// Why a text is no command that can be carried out. The words to say it with are the dispatcher's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misunderstood {
    /// No such word; the nearest ones, best first, at most three.
    NoSuchWord { said: String, nearest: Vec<Word> },
    /// Something it needs was not said: a placeholder of its usage such as `WHO`, or `REPLY`, the message that it would
    /// have to answer.
    Missing { word: Word, what: &'static str },
    /// Something nobody asked for; perhaps something near it was meant, such as a flag.
    Unexpected { word: Word, said: String, nearest: Option<String> },
    /// Something of a wrong form, such as a duration that is none, where its usage has that placeholder.
    Wrong { word: Word, what: &'static str, said: String },
    /// A pill shows one person or room and links to another: nobody is guessed.
    Ambiguous { said: String },
    /// An unclosed quotation mark.
    Unclosed,
    /// More people or messages than one command may name.
    TooMany { word: Word, most: usize },
}

impl Command {
    /// The word it was said with.
    #[must_use]
    pub fn word(&self) -> Word {
        match self {
            Self::Help(_) => Word::Help,
            Self::Status => Word::Status,
            Self::Sync { .. } => Word::Sync,
            Self::Approve { .. } => Word::Approve,
            Self::User { .. } => Word::User,
            Self::Users(_) => Word::Users,
            Self::Why { .. } => Word::Why,
            Self::Grants { .. } => Word::Grants,
            Self::Promote { .. } => Word::Promote,
            Self::Demote { .. } => Word::Demote,
            Self::Redact { .. } | Self::RedactReactions { .. } => Word::Redact,
            Self::Measure { act, .. } => act.word(),
            Self::RoomsList
            | Self::RoomsStats
            | Self::RoomsCreate { .. }
            | Self::RoomsReplace { .. }
            | Self::RoomsCleanup { .. }
            | Self::RoomsAdopt { .. } => Word::Rooms,
            Self::Audit { .. } => Word::Audit,
            Self::Confirm { .. } => Word::Confirm,
            Self::WhoAmI => Word::WhoAmI,
        }
    }

    /// What its asker must hold: as its word says, but to look at the list of rooms is less than to change it.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::RoomsList | Self::RoomsStats => Needs::Right(Right::Audit),
            // One's own messages need no right; whose they are is known when they were looked at.
            Self::Redact { .. } | Self::RedactReactions { .. } => Needs::Nothing,
            _ => self.word().entry().needs,
        }
    }

    /// Whether something may be different after it: then it is on record, and asked about again when it came late.
    #[must_use]
    pub fn changes_something(&self) -> bool {
        match self {
            Self::Help(_)
            | Self::Status
            | Self::WhoAmI
            | Self::User { .. }
            | Self::Users(_)
            | Self::Why { .. }
            | Self::Grants { .. }
            | Self::Audit { .. }
            | Self::RoomsList
            | Self::RoomsStats => false,
            Self::Sync { dry_run, .. }
            | Self::Promote { dry_run, .. }
            | Self::Demote { dry_run, .. }
            | Self::Redact { dry_run, .. }
            | Self::RoomsReplace { dry_run, .. }
            | Self::RoomsCleanup { dry_run } => !dry_run,
            Self::Approve { .. }
            | Self::RedactReactions { .. }
            | Self::Measure { .. }
            | Self::RoomsCreate { .. }
            | Self::RoomsAdopt { .. }
            | Self::Confirm { .. } => true,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Alias(alias) => alias.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}
