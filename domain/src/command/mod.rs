//! Parses a message to the bot into a [`Command`], or into the reason why it is none.
//!
//! Pure: the words, their arguments and the rights they need. Names stay as written; the dispatcher, which knows
//! EquipeMed, resolves them.

pub mod word;

mod arguments;
mod duration;
mod html;
mod lexemes;
mod moment;
mod parse;
mod reason;
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

pub use parse::{has_known_word, parse, sounds_like_command};
pub use reason::places;
pub use text::{fold, is_yes};
use word::Needs;
pub use word::Word;

use crate::authority::Act;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::rights::Right;

/// A message as Matrix carries it and the inbox stores it; borrowed until it is clear that it will be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message<'a> {
    /// The event's `body`.
    pub body: Cow<'a, str>,
    /// Its `formatted_body` if that is HTML, which is where pills are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted_body: Option<Cow<'a, str>>,
    /// The event that it replies to (`m.in_reply_to`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<OwnedEventId>,
    /// The first event of the thread that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<OwnedEventId>,
}

impl Message<'_> {
    /// Copies borrowed text, so that it can be stored.
    #[must_use]
    pub fn into_owned(self) -> Message<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let Message { body, formatted_body, reply_to, thread } = self;
        Message { body: own(body), formatted_body: formatted_body.map(own), reply_to, thread }
    }
}

/// The context of a message.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The prefix of commands, from the configuration.
    pub prefix: &'a str,
    /// The bot.
    pub bot: &'a UserId,
    /// The bot's display name, which a mention may show.
    pub bot_name: &'a str,
    /// The kind of room.
    pub place: CommandPlace,
}

/// The kinds of room in which commands are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandPlace {
    /// The control room: every command.
    Control,
    /// Another managed room: accepts the commands meant for one and ignores everything else.
    Managed,
}

impl CommandPlace {
    /// The kind of this room.
    #[must_use]
    pub fn of(room: &RoomKey) -> Self {
        if room.as_str() == CONTROL_ROOM { Self::Control } else { Self::Managed }
    }
}

/// A person, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// By Matrix id: typed, as a link or as a pill.
    User(OwnedUserId),
    /// A localpart or an EquipeMed username.
    Name(String),
}

/// A room, as written.
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

/// What a redaction applies to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redaction {
    /// The replied-to message, in the room of the command.
    Replied(OwnedEventId),
    /// Messages by link.
    Events(Vec<(Where, OwnedEventId)>),
    /// Messages of people in a room. Without `room`, in the room of the command, which then is not the control room.
    Of { who: Vec<Who>, room: Option<Where>, extent: Extent },
}

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// This many, counted back from now.
    Last(u32),
    /// Everything not older than this.
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
    /// Only the level, 0 to 100.
    Level(i64),
}

/// Which accounts `users` lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersFilter {
    /// Only those of this status: `synced`, `stale`, `released`, `never`, `locked`, `gone`.
    pub status: Option<String>,
    /// Only those that contain this text.
    pub search: Option<String>,
    /// Whether to show where they are signed in, which costs a request for each.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub devices: bool,
}

/// The arguments of a command that changes people in rooms, or accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// The people; at least one.
    pub who: Vec<Who>,
    /// The room. None means everywhere in the control room, and the same room in a managed one.
    pub room: Option<Where>,
    /// How long it lasts.
    pub lasts: Option<SignedDuration>,
    /// The reason.
    pub because: Option<String>,
}

/// What `sync` compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncTarget {
    /// Everybody and everything.
    Everything,
    /// People. A single plain name may also be a room's; the dispatcher decides.
    People(Vec<Who>),
    /// A room.
    Room(Where),
}

/// A parsed command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command", content = "with")]
pub enum Command {
    /// Lists all commands, or explains one.
    Help(Option<Word>),
    /// Shows the state of the service.
    Status,
    /// Synchronises Synapse, or previews that.
    Sync { target: SyncTarget, dry_run: bool },
    /// Releases a held part.
    Approve { id: String },
    /// Shows one account.
    User { who: Who },
    /// Lists accounts.
    Users(UsersFilter),
    /// Explains what somebody has in a room, or everywhere.
    Why { who: Who, room: Option<Where> },
    /// Lists grants, one person's or everybody's.
    Grants { who: Option<Who> },
    /// Gives a level, and for a named rank its rights; or previews that.
    Promote { measure: Measure, rank: Rank, dry_run: bool },
    /// Takes level and rights away, or previews that.
    Demote { measure: Measure, dry_run: bool },
    /// Redacts messages, or previews that. `unmarked` if no word marks the reason as one, so that it may be a name.
    Redact {
        what: Redaction,
        because: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unmarked: bool,
        dry_run: bool,
    },
    /// Redacts reactions to the replied-to message: all, those with a key, or one person's.
    RedactReactions { event: OwnedEventId, key: Option<String>, of: Option<Who> },
    /// Lists rooms.
    RoomsList,
    /// Shows numbers about rooms.
    RoomsStats,
    /// Creates a room, in a space if one is named. `members` is the text after `for`: a selector as `word: value`, or
    /// one of the short forms.
    RoomsCreate { name: String, members: String, space: Option<Where> },
    /// Makes a new room in the place of one, or only tells.
    RoomsReplace { room: Where, dry_run: bool },
    /// Deletes empty rooms that are not managed, or only tells.
    RoomsCleanup { dry_run: bool },
    /// Adopts a room under a key.
    RoomsAdopt { room: Where, key: String },
    /// Shows the last entries of the audit, about everything, a person or a room.
    Audit { about: Option<About>, last: u32 },
    /// Says yes to a preview.
    Confirm(Preview),
    /// Says no to a preview.
    Cancel(Preview),
    /// Stops what a command is still doing: the one replied to, in whichever of its messages, or all of the asker's.
    Stop { replied: Option<OwnedEventId> },
    /// Makes the service change nothing by itself for a while, or until it is resumed.
    Pause { lasts: Option<SignedDuration>, because: Option<String> },
    /// Ends a pause.
    Resume,
    /// Shows what the bot knows of the asker.
    WhoAmI,
    /// Applies an act to people. Serialised as if each word had its own variant.
    #[serde(untagged)]
    Measure {
        #[serde(rename = "command")]
        act: Act,
        #[serde(rename = "with")]
        measure: Measure,
    },
}

/// Which preview is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preview {
    /// The one with this code.
    Code(String),
    /// The one in this message, which is replied to.
    Replied(OwnedEventId),
}

/// The subject of audit entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A person, or a room if nobody has that name.
    Who(Who),
    /// Certainly a room.
    Room(Where),
}

/// Why a text is no valid command. The dispatcher words the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misunderstood {
    /// An unknown word, with at most three similar ones, best first.
    NoSuchWord { said: String, nearest: Vec<Word> },
    /// A required argument is missing: a placeholder of the usage such as `WHO`, or `REPLY`, a message to reply to.
    Missing { word: Word, what: &'static str },
    /// An argument that the command does not take, perhaps with a similar one that it does, such as a flag.
    Unexpected { word: Word, said: String, nearest: Option<String> },
    /// A malformed argument for a placeholder of the usage, such as an invalid duration.
    Wrong { word: Word, what: &'static str, said: String },
    /// It is unclear who or what is meant, as with a pill that shows one person and links to another; nothing is
    /// guessed.
    Ambiguous { said: String },
    /// Words that look like one name with spaces, without quotation marks.
    Unquoted { word: Word, said: String },
    /// An unclosed quotation mark.
    Unclosed,
    /// More people or messages than one command may name.
    TooMany { word: Word, most: usize },
}

impl Command {
    /// The word that the command begins with.
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
            Self::Confirm(_) => Word::Confirm,
            Self::Cancel(_) => Word::Cancel,
            Self::Stop { .. } => Word::Stop,
            Self::Pause { .. } => Word::Pause,
            Self::Resume => Word::Resume,
            Self::WhoAmI => Word::WhoAmI,
        }
    }

    /// The room that it names.
    #[must_use]
    pub fn room(&self) -> Option<&Where> {
        match self {
            Self::Measure { measure, .. } | Self::Promote { measure, .. } | Self::Demote { measure, .. } => {
                measure.room.as_ref()
            }
            Self::Redact { what: Redaction::Of { room, .. }, .. } | Self::Why { room, .. } => room.as_ref(),
            Self::Sync { target: SyncTarget::Room(room), .. }
            | Self::RoomsReplace { room, .. }
            | Self::RoomsAdopt { room, .. } => Some(room),
            _ => None,
        }
    }

    /// What the asker needs: the same as for the word, except for parts of a command that need less.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::RoomsList | Self::RoomsStats => Needs::Right(Right::Audit),
            // People's own messages need no right, and whose they are is known only after reading them.
            Self::Redact { .. } | Self::RedactReactions { .. } => Needs::Nothing,
            _ => self.word().entry().needs,
        }
    }

    /// Whether the command may change something. Such a command is recorded, and refused if it arrives late.
    #[must_use]
    pub fn changes_something(&self) -> bool {
        match self {
            Self::Help(_)
            | Self::Status
            | Self::WhoAmI
            | Self::Cancel(_)
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
            | Self::Stop { .. }
            | Self::Pause { .. }
            | Self::Resume
            | Self::Confirm(_) => true,
        }
    }

    /// Whether the command does no harm however late it arrives.
    #[must_use]
    pub fn may_be_late(&self) -> bool {
        !self.changes_something() || matches!(self, Self::Stop { .. } | Self::Pause { .. })
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
