//! Words every fault in the reader's language, for chat, command line and audit.

use std::collections::BTreeMap;

use equipemed_domain::authority::Refusal;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{
    ColumnProblem, ColumnType, DirectoryError, Fault, FileStays, HalfWritten, HomeserverError, Interruption, Missing,
    NoAnswer, Nonsense, NotAdopted, NotAllowed, NotLetIn, NotMatrix, NotReplaced, NotSetUp, NotThere, Notifications,
    Setup, Stage, Stays,
};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::levels::CREATOR;
use equipemed_domain::summary::Topic;
use ruma_common::{OwnedRoomId, OwnedUserId, UserId};

use super::findings::{account, code, plain};
use super::{Arg, Shown, Texts};
use crate::homeserver::Said;

/// Shows what a fault names by id, which is all that it has; rooms by name if it is known.
struct ById<'a>(&'a Texts);

impl Shown for ById<'_> {
    fn person(&self, id: PersonId) -> Arg {
        self.0.who(id)
    }

    fn user(&self, user: &UserId) -> Arg {
        plain(user)
    }

    fn room(&self, key: &RoomKey) -> Arg {
        self.0.room(key)
    }
}

impl Texts {
    /// Why something did not happen.
    #[must_use]
    pub fn fault(&self, fault: &Fault) -> Said {
        let user = |user: &OwnedUserId| ("user", plain(user));
        let room = |room: &RoomKey| ("room", self.room(room));
        match fault {
            Fault::Homeserver(error) => self.homeserver(error),
            Fault::Directory(error) => self.directory(error),
            Fault::Store(error) => self.store(error),
            Fault::During { stage, why } => {
                let stage = ("stage", Arg::Said(self.stage(*stage)));
                self.line("fault-during", &[stage, ("why", Arg::Said(self.fault(why)))])
            }
            Fault::Interrupted(Interruption::Synapse) => self.line("fault-interrupted-synapse", &[]),
            Fault::Interrupted(Interruption::Database) => self.line("fault-interrupted-database", &[]),
            Fault::Interrupted(Interruption::Stop) => self.line("fault-interrupted-stop", &[]),
            Fault::Interrupted(Interruption::Pause) => self.line("fault-interrupted-pause", &[]),
            Fault::Left(Interruption::Pause) => self.line("fault-left-pause", &[]),
            Fault::Left(Interruption::Synapse) => self.line("fault-left-synapse", &[]),
            Fault::Left(Interruption::Database) => self.line("fault-left-database", &[]),
            Fault::Left(Interruption::Stop) => self.line("fault-left-stop", &[]),
            Fault::AccountNotMade { user: whose } => self.line("fault-account-not-made", &[user(whose)]),
            Fault::AccountExisted { user: whose } => self.line("fault-account-existed", &[user(whose)]),
            Fault::NotLocked => self.line("fault-not-locked", &[]),
            Fault::NoAddress => self.line("fault-no-address", &[]),
            Fault::RoomNotMade { room: key } => self.line("fault-room-not-made", &[room(key)]),
            Fault::KeyTwice { room: key } => self.line("fault-key-twice", &[room(key)]),
            Fault::AliasTaken { alias, holder, room: key } => {
                let args = [("alias", plain(alias)), ("id", plain(holder)), room(key), ("key", plain(key))];
                // Nothing is adopted as the control room.
                let is_control = key.as_str() == CONTROL_ROOM;
                self.line(if is_control { "fault-alias-of-other-control" } else { "fault-alias-of-other" }, &args)
            }
            Fault::PictureUnreadable { path, why } => {
                self.line("fault-picture-unreadable", &[("path", plain(path)), ("why", plain(why))])
            }
            Fault::Encrypts => self.line("fault-encrypts", &[]),
            Fault::LevelsFull => self.line("fault-levels-full", &[]),
            Fault::OthersChange => self.line("fault-others-change", &[]),
            Fault::OthersNote => self.line("fault-others-note", &[]),
            Fault::NotHeld { id } => self.line("fault-not-held", &[("id", plain(id))]),
            Fault::Clock => self.line("fault-clock", &[]),
            Fault::OtherTookOver => self.line("fault-other-took-over", &[]),
            Fault::FileStays(FileStays::OfAnother) => self.line("fault-file-of-another", &[]),
            Fault::FileStays(FileStays::Elsewhere) => self.line("fault-file-elsewhere", &[]),
            Fault::FileStays(FileStays::Protected) => self.line("fault-file-protected", &[]),
            Fault::FileStays(FileStays::Accepted) => self.line("fault-file-accepted", &[]),
            Fault::FileStays(FileStays::Told) => self.line("fault-file-told", &[]),
            Fault::Stays(Stays::Yet) => self.line("fault-stays-yet", &[]),
            Fault::Stays(Stays::Managed) => self.line("fault-stays-managed", &[]),
            Fault::Stays(Stays::Gone) => self.line("fault-stays-gone", &[]),
            Fault::Stays(Stays::Ours) => self.line("fault-stays-ours", &[]),
            Fault::Stays(Stays::Follows { room: key }) => self.line("fault-stays-follows", &[room(key)]),
            Fault::PeopleInvited { people } => {
                let people = self.list(people.iter().map(|user| self.shown(&account(user))).collect());
                self.line("fault-people-invited", &[("people", Arg::Said(people))])
            }
            Fault::PeopleInside { count } => self.line("fault-people-inside", &[("count", plain(count))]),
            Fault::Adoption(why) => self.not_adopted(why),
            Fault::Replacement(why) => self.not_replaced(why),
            Fault::GotAccount => self.line("fault-got-account", &[]),
            Fault::ControlRoom(NotSetUp::NotConfigured) => self.line("fault-control-room-not-configured", &[]),
            Fault::ControlRoom(NotSetUp::NoneBefore) => self.line("fault-control-room-none-before", &[]),
            Fault::ControlRoom(NotSetUp::Another { is, chosen }) => {
                self.line("fault-control-room-another", &[("id", plain(is)), ("chosen", plain(chosen))])
            }
            Fault::ControlRoom(NotSetUp::NotMade { why }) => {
                self.line("fault-control-room-not-made", &[("why", Arg::Said(self.homeserver(why)))])
            }
            Fault::Found(finding) => self.finding(finding),
            Fault::Refused(refusal) => self.recorded(refusal),
            Fault::NotDone => self.line("fault-not-done", &[]),
            Fault::Partly => self.line("fault-partly", &[]),
            Fault::Unclear => self.line("fault-unclear", &[]),
            Fault::NotIdentified => self.line("fault-not-identified", &[]),
            Fault::Late => self.line("fault-late", &[]),
            Fault::Paused => self.line("fault-paused", &[]),
            Fault::Halted => self.line("fault-halted", &[]),
            Fault::DirectoryAway => self.line("fault-directory-away", &[]),
            Fault::Waits => self.line("grant-waits", &[]),
            Fault::Stopped => self.line("fault-stopped", &[]),
            Fault::SomethingAdded => self.line("fault-something-added", &[]),
            Fault::ProcessEnded => self.line("fault-process-ended", &[]),
            Fault::Worded(text) => self.shown(&plain(text)),
        }
    }

    /// The step that failed.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> Said {
        self.word("stage", stage.word())
    }

    /// A fault as an argument.
    #[must_use]
    pub fn why(&self, fault: &Fault) -> Arg {
        Arg::Said(self.fault(fault))
    }

    /// What a failure is about.
    #[must_use]
    pub fn topic(&self, topic: &Topic) -> Said {
        let room = |key: &RoomKey| ("room", self.room(key));
        match topic {
            Topic::Account(user) => self.line("topic-account", &[("user", account(user))]),
            Topic::Room(key) => self.line("topic-room", &[room(key)]),
            Topic::Member { user, room: key } => self.line("topic-member", &[("user", account(user)), room(key)]),
            Topic::Unmanaged(room_id) => self.line("topic-room", &[("room", plain(room_id))]),
            Topic::Steps(count) => self.line("topic-steps", &[("count", plain(count))]),
            Topic::Worded(text) => self.shown(&plain(text)),
        }
    }

    fn recorded(&self, refusal: &Refusal) -> Said {
        self.line("fault-refusal", &[("why", Arg::Said(self.refusal(refusal, &ById(self))))])
    }

    fn homeserver(&self, error: &HomeserverError) -> Said {
        let why = |said: Said| ("why", Arg::Said(said));
        match error {
            HomeserverError::NotFound { what } => {
                let what = match what {
                    Missing::Said { error } => self.shown(&plain(error)),
                    Missing::Account { user } => self.line("fault-no-account", &[("user", plain(user))]),
                    Missing::Event => self.line("fault-no-event", &[]),
                    Missing::Room => self.line("fault-no-room", &[]),
                };
                self.line("fault-not-found", &[why(what)])
            }
            HomeserverError::Refused { status, errcode, error } => {
                let args = [("status", plain(status)), ("errcode", plain(errcode)), ("why", plain(error))];
                self.line("fault-refused", &args)
            }
            HomeserverError::Taken { holder: Some(user) } => self.line("fault-taken", &[("user", plain(user))]),
            HomeserverError::Taken { holder: None } => {
                let other = Arg::Said(self.line("fault-another-account", &[]));
                self.line("fault-taken", &[("user", other)])
            }
            HomeserverError::Limited { .. } => self.line("fault-limited", &[]),
            HomeserverError::Unreachable { why: cause, .. } => {
                self.line("fault-unreachable", &[why(self.no_answer(cause))])
            }
            HomeserverError::MaybeDone { why: cause } => {
                let said = match cause {
                    NoAnswer::Refused { .. } | NoAnswer::Limited => self.no_answer(cause),
                    cause => self.line("no-answer-unreachable", &[why(self.no_answer(cause))]),
                };
                self.line("fault-maybe-done", &[why(said)])
            }
            HomeserverError::NotMatrix { why: cause } => {
                let said = match cause {
                    NotMatrix::NoMatrixError { status } => {
                        self.line("fault-no-matrix-error", &[("status", plain(status))])
                    }
                    NotMatrix::NoJson => self.line("fault-no-json", &[]),
                    NotMatrix::NoVersions => self.line("fault-no-versions", &[]),
                };
                self.line("fault-not-matrix", &[why(said)])
            }
            HomeserverError::UnknownToken => self.line("fault-unknown-token", &[]),
            HomeserverError::NotAdmin => self.line("fault-not-admin", &[]),
            HomeserverError::Delegated => self.line("fault-delegated", &[]),
            HomeserverError::NotOurs => self.line("fault-not-ours", &[]),
            HomeserverError::Cancelled => self.line("fault-cancelled", &[]),
            HomeserverError::Overtaken => self.line("fault-overtaken", &[]),
            HomeserverError::Nonsense { why: cause } => self.line("fault-nonsense", &[why(self.nonsense(cause))]),
        }
    }

    fn no_answer(&self, cause: &NoAnswer) -> Said {
        match cause {
            NoAnswer::InTime => self.line("no-answer-in-time", &[]),
            NoAnswer::ConnectionInTime => self.line("no-answer-connection-in-time", &[]),
            NoAnswer::Connection { os } => self.line("no-answer-connection", &[("why", plain(os))]),
            NoAnswer::Broken { said } => self.shown(&plain(said)),
            NoAnswer::Proxy { status } => self.line("no-answer-proxy", &[("status", plain(status))]),
            NoAnswer::Refused { status, errcode } => {
                self.line("no-answer-refused", &[("status", plain(status)), ("errcode", plain(errcode))])
            }
            NoAnswer::Limited => self.line("no-answer-limited", &[]),
        }
    }

    fn nonsense(&self, cause: &Nonsense) -> Said {
        match cause {
            Nonsense::Shape { line, column } => {
                self.line("fault-odd-json", &[("line", plain(line)), ("column", plain(column))])
            }
            Nonsense::Form => self.line("fault-odd-form", &[]),
            Nonsense::Interaction => self.line("fault-wants-interaction", &[]),
            Nonsense::NoCreate => self.line("fault-no-create", &[]),
            Nonsense::Creator => self.line("fault-odd-creator", &[]),
            Nonsense::RoomVersion { version } => self.line("fault-no-room-version", &[("version", plain(version))]),
            Nonsense::AccountAppeared { user } => self.line("fault-account-appeared", &[("user", plain(user))]),
            Nonsense::ForeignAccount { user } => self.line("fault-foreign-list", &[("user", plain(user))]),
            Nonsense::ListWithoutBot => self.line("fault-list-without-bot", &[]),
            Nonsense::DeletionEndless => self.line("fault-deletion-endless", &[]),
            Nonsense::DeletionFailed { said } => self.shown(&plain(said)),
            Nonsense::Request { said } => self.line("fault-not-put-together", &[("why", plain(said))]),
        }
    }

    fn directory(&self, error: &DirectoryError) -> Said {
        let why = |said: Said| ("why", Arg::Said(said));
        match error {
            DirectoryError::Unreadable { file, os } => {
                self.line("fault-roster-unreadable", &[("file", plain(file)), ("why", plain(os))])
            }
            DirectoryError::HalfWritten { file, how } => {
                let how = match how {
                    HalfWritten::NotUtf8 { byte } => self.line("half-not-utf8", &[("byte", plain(byte))]),
                    HalfWritten::Empty => self.line("half-empty", &[]),
                    HalfWritten::Changed => self.line("half-changed", &[]),
                    HalfWritten::Count { found, stated } => {
                        self.line("half-count", &[("found", plain(found)), ("stated", plain(stated))])
                    }
                };
                self.line("fault-roster-half", &[("file", plain(file)), why(how)])
            }
            DirectoryError::Problems { text } => self.shown(&plain(text)),
            DirectoryError::Away { why: cause } => self.line("fault-database-away", &[why(self.not_there(cause))]),
            DirectoryError::Refused { why: cause } => {
                let said = match cause {
                    NotLetIn::NoAddress => self.line("directory-no-address", &[]),
                    NotLetIn::Said { said } => self.shown(&plain(said)),
                };
                self.line("fault-database-refuses", &[why(said)])
            }
            DirectoryError::NotAllowed { why: cause } => {
                let said = match cause {
                    NotAllowed::NoSelect { columns } => {
                        self.line("fault-no-select", &[("tables", plain(columns.join(", ")))])
                    }
                    NotAllowed::Said { said } => self.shown(&plain(said)),
                };
                self.line("fault-data-forbidden", &[why(said)])
            }
            DirectoryError::OtherSchema { said, in_query: false } => {
                self.line("fault-database-odd", &[("why", plain(said))])
            }
            DirectoryError::OtherSchema { said, in_query: true } => {
                let said = self.line("directory-in-query", &[("said", plain(said))]);
                self.line("fault-database-odd", &[why(said)])
            }
            DirectoryError::Column { column, problem } => {
                let problem = self.column(column, problem);
                self.line("fault-column", &[("column", plain(column)), why(problem)])
            }
            DirectoryError::Nobody => self.line("fault-nobody", &[]),
            DirectoryError::Failed { said } => self.line("fault-database-failed", &[("why", plain(said))]),
            DirectoryError::Setup { why: cause } => match cause {
                Setup::InUse { seconds } => self.line("directory-setup-in-use", &[("seconds", plain(seconds))]),
                Setup::Refused { said } => self.line("directory-setup-refused", &[("said", plain(said))]),
                Setup::NoAddress => self.line("directory-setup-no-address", &[]),
                Setup::NoConnection { said } => self.line("directory-setup-no-connection", &[("said", plain(said))]),
                Setup::ReadingRole { role } => self.line("directory-setup-reading-role", &[("role", plain(role))]),
            },
        }
    }

    fn not_there(&self, cause: &NotThere) -> Said {
        match cause {
            NotThere::NoAnswer { seconds } => self.line("fault-no-answer-within", &[("seconds", plain(seconds))]),
            NotThere::NoConnection { seconds } => {
                self.line("fault-no-connection-within", &[("seconds", plain(seconds))])
            }
            NotThere::SlowRead { seconds } => self.line("fault-slow-read", &[("seconds", plain(seconds))]),
            NotThere::Busy => self.line("fault-busy", &[]),
            NotThere::Notifications(Notifications::NotMade) => self.line("fault-hear-no-answer", &[]),
            NotThere::Notifications(Notifications::Lost) => self.line("fault-hear-lost", &[]),
            NotThere::Notifications(Notifications::Silent) => self.line("fault-hear-silent", &[]),
            NotThere::NotStored => self.line("directory-not-stored", &[]),
            NotThere::Said { said } => self.shown(&plain(said)),
        }
    }

    fn column(&self, column: &str, problem: &ColumnProblem) -> Said {
        // A type with a cast is named together with it.
        let expected = |expected: ColumnType| {
            let what = self.word("column-type", expected.as_str());
            let cast = match expected {
                ColumnType::Text => "text",
                ColumnType::TextList => "text[]",
                ColumnType::Number | ColumnType::Boolean | ColumnType::Instant => return Arg::Said(what),
            };
            let args = [("what", Arg::Said(what)), ("column", plain(column)), ("type", plain(cast))];
            Arg::Said(self.line("column-cast", &args))
        };
        match problem {
            ColumnProblem::NullId => self.line("fault-column-null-id", &[]),
            ColumnProblem::Null => self.line("fault-column-null", &[("column", plain(column))]),
            ColumnProblem::Missing => self.line("fault-column-missing", &[]),
            ColumnProblem::Type { is, expected: wanted } => {
                self.line("fault-column-type", &[("type", plain(is)), ("why", expected(*wanted))])
            }
            ColumnProblem::Value { expected: wanted } => {
                let wanted = self.word("column-type", wanted.as_str());
                self.line("column-value", &[("why", Arg::Said(wanted))])
            }
            ColumnProblem::Unreadable => self.line("fault-column-unread", &[]),
        }
    }

    /// Why a room cannot be adopted.
    fn not_adopted(&self, why: &NotAdopted) -> Said {
        let key = |key: &RoomKey| ("key", code(key));
        let number = |level: &i64| Arg::Number(*level);
        let room =
            |room_id: &OwnedRoomId| ("room", Arg::Room { room_id: Some(room_id.clone()), name: room_id.to_string() });
        match why {
            NotAdopted::UnknownKey { key: unknown } => self.say("adopt-unknown-key", &[key(unknown)]),
            NotAdopted::ControlRoom => self.say("adopt-control-room", &[]),
            NotAdopted::Absent { room_id } => self.say("adopt-absent", &[("id", code(room_id))]),
            NotAdopted::HasKey { key: other } => self.say("adopt-has-key", &[("key", self.room(other))]),
            NotAdopted::KeyHasRoom { key: taken, room_id } => {
                self.say("adopt-key-has-room", &[("key", self.room(taken)), room(room_id)])
            }
            NotAdopted::Encrypted => self.say("adopt-encrypted", &[]),
            NotAdopted::WrongKind => self.say("adopt-wrong-kind", &[]),
            NotAdopted::Replaced => self.say("adopt-replaced", &[]),
            NotAdopted::NotInvited { bot } => self.say("adopt-not-invited", &[("bot", code(bot))]),
            NotAdopted::Observe => self.say("adopt-observe", &[]),
            NotAdopted::TooLow { bot, has, needs } => {
                let args = [("has", number(has)), ("needs", number(needs)), ("bot", code(bot))];
                self.say("adopt-too-low", &args)
            }
            NotAdopted::BeyondReach { people } => {
                self.say("adopt-beyond-reach", &[("people", Arg::Said(self.standing_high(people)))])
            }
            NotAdopted::EverybodyBeyondReach { default, bot } => {
                let levels = [("default", number(default)), ("own", number(bot))];
                self.say("adopt-everybody-beyond-reach", &levels)
            }
        }
    }

    /// Why a room cannot be replaced.
    fn not_replaced(&self, why: &NotReplaced) -> Said {
        match why {
            NotReplaced::UnknownKey { key } => self.say("adopt-unknown-key", &[("key", code(key))]),
            NotReplaced::NoRoom { key } => self.say("replace-no-room", &[("key", self.room(key))]),
        }
    }

    fn standing_high(&self, people: &BTreeMap<OwnedUserId, i64>) -> Said {
        let one = |(user, level): (&OwnedUserId, &i64)| match *level {
            CREATOR => self.line("adopt-who-made-it", &[("user", account(user))]),
            level => self.line("adopt-who-stands", &[("user", account(user)), ("level", Arg::Number(level))]),
        };
        self.list(people.iter().map(one).collect())
    }
}
