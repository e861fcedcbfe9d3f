//! How a person's account stands, in one word: what lists of people show.

use serde::{Deserialize, Serialize};

use crate::observed::ObservedAccount;
use crate::standing::Standing;

/// How a person's account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Has an account, and it is usable.
    Synced,
    /// Has no account yet.
    Never,
    /// The account is locked.
    Locked,
    /// Left: the account is deactivated, or locked and waiting for that.
    Gone,
}

impl AccountStatus {
    /// The status of a person with this account and standing.
    #[must_use]
    pub fn of(account: Option<&ObservedAccount>, standing: Option<Standing>) -> Self {
        match account {
            None => Self::Never,
            Some(account) if account.deactivated => Self::Gone,
            Some(account) if account.locked && standing == Some(Standing::Gone) => Self::Gone,
            Some(account) if account.locked => Self::Locked,
            Some(_) => Self::Synced,
        }
    }

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Never => "never",
            Self::Locked => "locked",
            Self::Gone => "gone",
        }
    }
}
