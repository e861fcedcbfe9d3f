//! Why people could not be read. After any of these, nothing may be concluded about anybody.

use serde::{Deserialize, Serialize};

/// Why people could not be read. `Display` is the form for the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DirectoryError {
    /// The roster is unreadable, in the operating system's words; a retry may help.
    #[error("{file} cannot be read: {os}")]
    Unreadable { file: String, os: String },
    /// The roster is being written or was copied partially; a retry soon will probably help.
    #[error("{file} is not complete: {how}")]
    HalfWritten { file: String, how: HalfWritten },
    /// The roster is invalid and must be corrected. All problems, as `config check` shows them.
    #[error("the roster is wrong")]
    Problems { text: String },
    /// EquipeMed's database does not respond or broke off; it is retried.
    #[error("EquipeMed's database does not answer: {why}")]
    Away { why: NotThere },
    /// EquipeMed's database refuses the connection.
    #[error("EquipeMed's database refuses: {why}")]
    Refused { why: NotLetIn },
    /// The role may not read a table or column.
    #[error("EquipeMed's data may not be read: {why}")]
    NotAllowed { why: NotAllowed },
    /// A table or column is missing, or the hospital's own query is wrong.
    #[error("EquipeMed's database is not as expected: {said}")]
    OtherSchema {
        said: String,
        /// Whether the query itself is invalid.
        #[serde(default)]
        in_query: bool,
    },
    /// A column of the query is missing or has another type.
    #[error("EquipeMed's column {column}: {problem:?}")]
    Column { column: String, problem: ColumnProblem },
    /// The query returned nobody, which is never believed.
    #[error("EquipeMed's database gives nobody")]
    Nobody,
    /// Any other error, in the database's words.
    #[error("EquipeMed's database failed: {said}")]
    Failed { said: String },
    /// Triggers could not be installed; nothing was changed.
    #[error("triggers: {why:?}")]
    Setup { why: Setup },
}

/// How a roster shows that it is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "half")]
pub enum HalfWritten {
    /// Invalid UTF-8 at this byte.
    #[error("no UTF-8 after byte {byte}")]
    NotUtf8 { byte: usize },
    /// It is empty.
    #[error("empty")]
    Empty,
    /// It changed while being read.
    #[error("changed while it was read")]
    Changed,
    /// It states a larger number of people than it lists.
    #[error("{found} of {stated} people")]
    Count { found: usize, stated: usize },
}

/// Why EquipeMed's database does not respond.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "away")]
pub enum NotThere {
    /// No response in time.
    #[error("no answer within {seconds} s")]
    NoAnswer { seconds: u64 },
    /// No connection in time.
    #[error("no connection within {seconds} s")]
    NoConnection { seconds: u64 },
    /// The database cancelled a slow read.
    #[error("a read took longer than {seconds} s")]
    SlowRead { seconds: u64 },
    /// All its connections are in use.
    #[error("busy")]
    Busy,
    /// The notification connection failed.
    #[error("notifications: {0:?}")]
    Notifications(Notifications),
    /// A notification was received but could not be stored.
    #[error("a change could not be stored")]
    NotStored,
    /// In the words of the database or the operating system.
    #[error("{said}")]
    Said { said: String },
}

/// How the notification connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notifications {
    /// It could not be established.
    NotMade,
    /// It was lost.
    Lost,
    /// It does not respond.
    Silent,
}

/// Why the database refuses the connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "refused")]
pub enum NotLetIn {
    /// `directory.url` is invalid.
    #[error("directory.url is no address")]
    NoAddress,
    /// In the database's words.
    #[error("{said}")]
    Said { said: String },
}

/// What the role may not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "not_allowed")]
pub enum NotAllowed {
    /// These tables or columns.
    #[error("no SELECT on {}", .columns.join(", "))]
    NoSelect { columns: Vec<String> },
    /// In the database's words.
    #[error("{said}")]
    Said { said: String },
}

/// A problem with a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "problem")]
pub enum ColumnProblem {
    /// It is null in the column of the person's number.
    NullId,
    /// It is null for some person.
    Null,
    /// It is missing.
    Missing,
    /// It has another type.
    Type { is: String, expected: ColumnType },
    /// It contains a value that does not fit its type.
    Value { expected: ColumnType },
    /// It cannot be decoded.
    Unreadable,
}

/// Expected type of a column.
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
    /// Its name in text lists.
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

/// Why triggers could not be installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "setup")]
pub enum Setup {
    /// EquipeMed's tables were locked for too long.
    InUse { seconds: u64 },
    /// In the database's words.
    Refused { said: String },
    /// The administrator's URL is invalid.
    NoAddress,
    /// The administrator's URL leads nowhere, or the login is refused.
    NoConnection { said: String },
    /// The URL uses the role from `directory.url`, which may only read.
    ReadingRole { role: String },
}
