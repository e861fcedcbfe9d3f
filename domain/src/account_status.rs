//! How a person's account stands, in one word: what lists of people show.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::observed::ObservedAccount;
use crate::standing::Standing;

/// How a person's account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Has a usable account, and a pass saw it in line not long ago.
    Synced,
    /// Has a usable account that no pass saw in line for a while.
    Stale,
    /// Has a usable account, and `users.who` no longer selects the person: only the account is left.
    Released,
    /// Has no account yet.
    Never,
    /// The account is locked.
    Locked,
    /// Left: the account is deactivated, or locked and waiting for that.
    Gone,
}

impl AccountStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Synced, Self::Stale, Self::Released, Self::Never, Self::Locked, Self::Gone];

    /// The status of a person with this account and standing, whom `users.who` selects or not.
    #[must_use]
    pub fn of(
        account: Option<&ObservedAccount>,
        standing: Option<Standing>,
        is_selected: bool,
        is_stale: bool,
    ) -> Self {
        match account {
            None => Self::Never,
            Some(account) if account.deactivated => Self::Gone,
            Some(account) if account.locked && standing == Some(Standing::Gone) => Self::Gone,
            Some(account) if account.locked => Self::Locked,
            Some(_) if !is_selected => Self::Released,
            Some(_) if is_stale => Self::Stale,
            Some(_) => Self::Synced,
        }
    }

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Stale => "stale",
            Self::Released => "released",
            Self::Never => "never",
            Self::Locked => "locked",
            Self::Gone => "gone",
        }
    }

    /// Finds a status by its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Whether no pass saw an account in line for `stale_after`, going by the last note of it. Notes are up to half of that
/// older than the truth, and nobody is called stale who is not.
#[must_use]
pub fn is_stale(noted: Option<Timestamp>, stale_after: Duration, now: Timestamp) -> bool {
    let longest = stale_after.saturating_add(stale_after / 2);
    noted.is_none_or(|noted| noted.checked_add(longest).is_ok_and(|end| end < now))
}
