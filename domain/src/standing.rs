//! Whether a person counts as active, temporarily off, or gone.
//!
//! EquipeMed has four conflicting definitions of "active", and its status lags behind the expiry date. Only this module
//! decides, from the flags, the given time and a table that the configuration can change.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::directory::Person;

/// What a person's account should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Works here now.
    Active,
    /// Temporarily without access: the account is locked, memberships stay, levels are removed.
    Off,
    /// Left: locked at once, deactivated after a while.
    Gone,
}

impl Standing {
    /// The standing in one word, for None "unknown".
    #[must_use]
    pub fn word(standing: Option<Self>) -> &'static str {
        match standing {
            Some(Self::Active) => "active",
            Some(Self::Off) => "off",
            Some(Self::Gone) => "gone",
            None => "unknown",
        }
    }
}

/// What each `account_status` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingTable(pub BTreeMap<String, Standing>);

/// EquipeMed's statuses with their default meaning. `expired` counts as active, because the date decides and the status
/// stays after an administrator has extended the access.
pub const KNOWN_STATUSES: [(&str, Standing); 7] = [
    ("active", Standing::Active),
    ("expiring_soon", Standing::Active),
    ("expired", Standing::Active),
    ("inactive", Standing::Off),
    ("suspended", Standing::Off),
    ("renewal_required", Standing::Off),
    ("departed", Standing::Gone),
];

/// The word of `users.sign_out` for an access date that has passed.
pub const EXPIRED: &str = "expired";
/// For people whom EquipeMed has disabled (`is_active` is false).
pub const DISABLED: &str = "disabled";
/// For people who are no longer in EquipeMed.
pub const VANISHED: &str = "vanished";
/// For accounts locked by a command.
pub const BY_COMMAND: &str = "by_command";
/// For accounts locked by hand in Synapse.
pub const BY_HAND: &str = "by_hand";

/// The default of `users.sign_out`: whose access did not merely run out.
pub const SIGNED_OUT: [&str; 4] = ["suspended", "departed", DISABLED, VANISHED];

impl Default for StandingTable {
    fn default() -> Self {
        Self(KNOWN_STATUSES.into_iter().map(|(status, meaning)| (status.to_owned(), meaning)).collect())
    }
}

impl StandingTable {
    /// The person's standing at `now`. None if the table lacks the status; then nothing may change.
    #[must_use]
    pub fn standing(&self, person: &Person, now: Timestamp) -> Option<Standing> {
        let said = *self.0.get(&person.account_status)?;
        // `is_active = false` is Django's "disabled": the person left, whatever the status says.
        if said == Standing::Gone || !person.is_active {
            return Some(Standing::Gone);
        }
        let expired = person.access_expires_at.is_some_and(|end| end <= now);
        if said == Standing::Off || expired { Some(Standing::Off) } else { Some(Standing::Active) }
    }

    /// Why the person's account is locked, in the words of `users.sign_out`; empty when it is not.
    #[must_use]
    pub fn lock_words<'p>(&self, person: &'p Person, now: Timestamp) -> Vec<&'p str> {
        let Some(said) = self.0.get(&person.account_status) else { return Vec::new() };
        let by_status = (*said != Standing::Active).then_some(&*person.account_status);
        let disabled = (!person.is_active).then_some(DISABLED);
        let expired = person.access_expires_at.is_some_and(|end| end <= now).then_some(EXPIRED);
        by_status.into_iter().chain(disabled).chain(expired).collect()
    }

    /// All words that `users.sign_out` may have: statuses that lock, and the other reasons.
    #[must_use]
    pub fn all_lock_words(&self) -> BTreeSet<&str> {
        let locking = self.0.iter().filter(|(_, meaning)| **meaning != Standing::Active);
        let statuses = locking.map(|(status, _)| &**status);
        statuses.chain([EXPIRED, DISABLED, VANISHED, BY_COMMAND, BY_HAND]).collect()
    }

    /// When the result of [`Self::standing`] changes by itself, if ever.
    #[must_use]
    pub fn next_change(&self, person: &Person, now: Timestamp) -> Option<Timestamp> {
        person.access_expires_at.filter(|end| *end > now)
    }
}
