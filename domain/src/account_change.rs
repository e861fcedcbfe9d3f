//! What somebody changed by hand in people's accounts, beside this service: how an account was last seen or left, held
//! against how it is now.
//!
//! Only what Synapse's list shows is compared: state, administrator's flag and display name. What agrees with EquipeMed
//! anyway is no change, nor is a name where people may choose their own.

use ruma_common::OwnedUserId;
use serde::{Deserialize, Serialize};

use crate::binding::{Binding, Noted};
use crate::desired::{AccountState, Desired, DesiredAccount, is_off};
use crate::directory::PersonId;
use crate::grant::{Grant, GrantId, GrantKind};
use crate::observed::{ObservedAccount, ObservedAccounts};
use crate::world::World;

/// Asker of grants that stand for a lock or deactivation by hand: Synapse does not say whose hand it was.
pub const BY_HAND: &str = "by_hand";

/// What was changed. Its name is used in announcements and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChange {
    /// Locked.
    Locked,
    /// Deactivated.
    Deactivated,
    /// Unlocked.
    Unlocked,
    /// Reactivated, perhaps locked.
    Reactivated,
    /// Made a Synapse administrator.
    AdminGiven,
    /// Made no longer one.
    AdminTaken,
    /// Given another display name.
    Renamed,
}

impl AccountChange {
    /// The kind of action by which this service makes the same change.
    #[must_use]
    pub fn action(self) -> &'static str {
        match self {
            Self::Locked => "lock_account",
            Self::Deactivated => "deactivate_account",
            Self::Unlocked => "unlock_account",
            Self::Reactivated => "reactivate_account",
            Self::AdminGiven | Self::AdminTaken => "set_server_admin",
            Self::Renamed => "set_display_name",
        }
    }

    /// Its key in text lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Deactivated => "deactivated",
            Self::Unlocked => "unlocked",
            Self::Reactivated => "reactivated",
            Self::AdminGiven => "admin_given",
            Self::AdminTaken => "admin_taken",
            Self::Renamed => "renamed",
        }
    }
}

/// What becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// A pass puts it back.
    PutBack,
    /// It holds as a grant does, until EquipeMed or a command says otherwise.
    Kept,
    /// Nothing is done about it.
    Left,
}

impl Then {
    /// Its key in text lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PutBack => "put_back",
            Self::Kept => "kept",
            Self::Left => "left",
        }
    }
}

/// What this service does about changes by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// Whether anything may be changed at all: not in mode observe.
    pub may_write: bool,
    /// Whether what gives access or power is put back at once and not only told.
    pub puts_back: bool,
}

/// Changes by hand to one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedAccount {
    /// Its person.
    pub person: PersonId,
    /// The account.
    pub user: OwnedUserId,
    /// How it was last seen or left.
    pub before: Noted,
    /// How it is.
    pub now: Noted,
    /// What was changed, and what becomes of it.
    pub changes: Vec<(AccountChange, Then)>,
}

impl ChangedAccount {
    /// The grant that a lock or deactivation is kept by.
    #[must_use]
    pub fn kept(&self) -> Option<GrantKind> {
        self.changes.iter().find_map(|(change, then)| match (change, then) {
            (AccountChange::Locked, Then::Kept) => Some(GrantKind::Lock),
            (AccountChange::Deactivated, Then::Kept) => Some(GrantKind::Deactivate),
            _ => None,
        })
    }

    /// Whether an administrator's flag is to be taken as if this service had given it.
    #[must_use]
    pub fn loses_admin(&self) -> bool {
        self.changes.contains(&(AccountChange::AdminGiven, Then::PutBack))
    }

    /// Whether a pass over the person has something to do about it.
    #[must_use]
    pub fn is_acted_on(&self) -> bool {
        self.changes.iter().any(|(_, then)| *then != Then::Left)
    }
}

/// What differs between how an account was last seen or left and how it is; nothing where that is unknown.
#[must_use]
pub fn changes(before: &Noted, now: &Noted) -> Vec<AccountChange> {
    let state = match (before.state, now.state) {
        (Some(AccountState::Active), Some(AccountState::Locked)) => Some(AccountChange::Locked),
        (Some(AccountState::Active | AccountState::Locked), Some(AccountState::Deactivated)) => {
            Some(AccountChange::Deactivated)
        }
        (Some(AccountState::Locked), Some(AccountState::Active)) => Some(AccountChange::Unlocked),
        (Some(AccountState::Deactivated), Some(AccountState::Active | AccountState::Locked)) => {
            Some(AccountChange::Reactivated)
        }
        _ => None,
    };
    let admin = match (before.admin, now.admin) {
        (Some(false), Some(true)) => Some(AccountChange::AdminGiven),
        (Some(true), Some(false)) => Some(AccountChange::AdminTaken),
        _ => None,
    };
    let is_renamed = before.name.is_some() && now.name.is_some() && before.name != now.name;
    state.into_iter().chain(admin).chain(is_renamed.then_some(AccountChange::Renamed)).collect()
}

/// Everybody's accounts that were changed by hand, as far as that is against EquipeMed and the policy.
#[must_use]
pub fn changed_accounts(
    world: &World<'_>,
    desired: &Desired,
    accounts: &ObservedAccounts,
    response: Response,
) -> Vec<ChangedAccount> {
    let changed = |binding: &Binding| {
        let account = accounts.list.get(&binding.user)?;
        // How a frozen account should be is not known yet: the next clear look judges it.
        if world.policy.users.protected.contains(&binding.user) || desired.frozen.contains(&binding.user) {
            return None;
        }
        let now = Noted::of(account);
        let wanted = desired.accounts.get(&binding.user);
        let changes: Vec<_> = changes(&binding.noted, &now)
            .into_iter()
            .filter(|change| !is_as_it_should_be(*change, wanted, account, world))
            .map(|change| (change, then(change, wanted, response)))
            .collect();
        let (person, user, before) = (binding.person, binding.user.clone(), binding.noted.clone());
        (!changes.is_empty()).then_some(ChangedAccount { person, user, before, now, changes })
    };
    world.bindings.values().filter_map(changed).collect()
}

fn is_as_it_should_be(
    change: AccountChange,
    wanted: Option<&DesiredAccount>,
    account: &ObservedAccount,
    world: &World<'_>,
) -> bool {
    match change {
        AccountChange::Renamed => {
            let name = wanted.and_then(|wanted| wanted.display_name.as_ref());
            world.policy.users.own_display_name || name.is_none() || name == account.display_name.as_ref()
        }
        AccountChange::AdminGiven | AccountChange::AdminTaken => {
            wanted.is_some_and(|wanted| wanted.server_admin == Some(account.admin))
        }
        _ => wanted.is_some_and(|wanted| wanted.state == account.state()),
    }
}

fn then(change: AccountChange, wanted: Option<&DesiredAccount>, response: Response) -> Then {
    let Some(wanted) = wanted.filter(|_| response.may_write) else { return Then::Left };
    match change {
        AccountChange::Locked | AccountChange::Deactivated if wanted.state == AccountState::Active => Then::Kept,
        AccountChange::Locked | AccountChange::Deactivated => Then::Left,
        // Whom no role names an administrator, and who was one from elsewhere, is none of the policy's business.
        AccountChange::AdminTaken if wanted.server_admin != Some(true) => Then::Left,
        _ if response.puts_back => Then::PutBack,
        _ => Then::Left,
    }
}

/// Grants for locks and deactivations by hand that end because EquipeMed has taken the access away itself: when it gives
/// it back, nothing else stands against that.
#[must_use]
pub fn settled_by_equipemed(world: &World<'_>) -> Vec<GrantId> {
    let is_over = |grant: &&Grant| grant.asker == BY_HAND && is_off(world, grant.person);
    world.grants.iter().filter(is_over).map(|grant| grant.id).collect()
}
