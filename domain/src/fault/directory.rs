//! Why there are no people. After any of these, nothing may be concluded about anybody.

use serde::{Deserialize, Serialize};

/// Why there are no people. `Display` is its form in the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DirectoryError {
    /// The roster cannot be reached; trying again later may help. In the operating system's words.
    #[error("{file} cannot be read: {os}")]
    Unreadable { file: String, os: String },
    /// Somebody is writing the roster, or a copy broke off; trying again soon will most likely help.
    #[error("{file} is not complete: {how}")]
    HalfWritten { file: String, how: HalfWritten },
    /// The roster was read and is wrong; somebody has to correct it. All problems, as `config check` shows them.
    #[error("the roster is wrong")]
    Problems { text: String },
    /// EquipeMed's database does not answer, or broke off; it is asked again.
    #[error("EquipeMed's database does not answer: {why}")]
    Away { why: NotThere },
    /// EquipeMed's database does not let the service in.
    #[error("EquipeMed's database refuses: {why}")]
    Refused { why: NotLetIn },
    /// A table or column may not be read.
    #[error("EquipeMed's data may not be read: {why}")]
    NotAllowed { why: NotAllowed },
    /// A table or column is not there, or the hospital's own query is wrong.
    #[error("EquipeMed's database is not as expected: {said}")]
    OtherSchema {
        said: String,
        /// Whether the query itself cannot be understood.
        #[serde(default)]
        in_query: bool,
    },
    /// A column of the query is missing or of another type.
    #[error("EquipeMed's column {column}: {problem:?}")]
    Column { column: String, problem: ColumnProblem },
    /// The query gave nobody, which is never believed.
    #[error("EquipeMed's database gives nobody")]
    Nobody,
    /// The database said something else; its own words.
    #[error("EquipeMed's database failed: {said}")]
    Failed { said: String },
    /// Triggers could not be set up; nothing was changed.
    #[error("triggers: {why:?}")]
    Setup { why: Setup },
}

/// What shows that a roster is not complete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "half")]
pub enum HalfWritten {
    /// It is no UTF-8 from there on.
    #[error("no UTF-8 after byte {byte}")]
    NotUtf8 { byte: usize },
    /// It is empty.
    #[error("empty")]
    Empty,
    /// It changed while it was read.
    #[error("changed while it was read")]
    Changed,
    /// It says that it lists more people than it does.
    #[error("{found} of {stated} people")]
    Count { found: usize, stated: usize },
}

/// Why EquipeMed's database does not answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "away")]
pub enum NotThere {
    /// No answer in that time.
    #[error("no answer within {seconds} s")]
    NoAnswer { seconds: u64 },
    /// No connection in that time.
    #[error("no connection within {seconds} s")]
    NoConnection { seconds: u64 },
    /// The database broke a long read off.
    #[error("a read took longer than {seconds} s")]
    SlowRead { seconds: u64 },
    /// All its connections are in use.
    #[error("busy")]
    Busy,
    /// The connection for notifications.
    #[error("notifications: {0:?}")]
    Notifications(Notifications),
    /// A change was heard and could not be stored.
    #[error("a change could not be stored")]
    NotStored,
    /// In the words of the database or the operating system.
    #[error("{said}")]
    Said { said: String },
}

/// What is with the connection for notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notifications {
    /// It could not be made.
    NotMade,
    /// It was lost.
    Lost,
    /// It does not answer.
    Silent,
}

/// Why the database lets nobody in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "refused")]
pub enum NotLetIn {
    /// `directory.url` is no address.
    #[error("directory.url is no address")]
    NoAddress,
    /// In its own words.
    #[error("{said}")]
    Said { said: String },
}

/// What may not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "not_allowed")]
pub enum NotAllowed {
    /// These tables, or columns of them.
    #[error("no SELECT on {}", .columns.join(", "))]
    NoSelect { columns: Vec<String> },
    /// In the database's words.
    #[error("{said}")]
    Said { said: String },
}

/// What is wrong with a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "problem")]
pub enum ColumnProblem {
    /// It is null where it is the person's number.
    NullId,
    /// It is null for somebody.
    Null,
    /// It is missing.
    Missing,
    /// It is of another type.
    Type { is: String, expected: ColumnType },
    /// A value of it is not what its type says.
    Value { expected: ColumnType },
    /// It cannot be read.
    Unreadable,
}

/// What a column should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    Number,
    Text,
    Boolean,
    TextList,
    Instant,
}

impl ColumnType {
    /// Its name in lists of texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Text => "text",
            Self::Boolean => "boolean",
            Self::TextList => "text-list",
            Self::Instant => "instant",
        }
    }
}

/// Why triggers could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "setup")]
pub enum Setup {
    /// EquipeMed's tables were in use for too long.
    InUse { seconds: u64 },
    /// In the database's words.
    Refused { said: String },
    /// The administrator's address is none.
    NoAddress,
    /// The administrator's address leads nowhere, or lets nobody in.
    NoConnection { said: String },
    /// It is the role in `directory.url`, which may only read.
    ReadingRole { role: String },
}
