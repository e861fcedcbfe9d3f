//! Plans accounts: create, adopt, name, link, lock, unlock, deactivate and back.

use std::collections::BTreeSet;

use ruma_common::OwnedUserId;

use super::Step;
use crate::action::Action;
use crate::binding::Origin;
use crate::cause::Cause;
use crate::desired::{AccountState, DesiredAccount, digest_of, digest_of_name};
use crate::finding::Finding;
use crate::observed::ObservedAccount;
use crate::privilege::Privilege;
use crate::world::Pass;

/// Adds account steps; returns the accounts that can join rooms after them.
pub(super) fn plan_accounts(
    pass: Pass<'_>,
    steps: &mut Vec<Step>,
    findings: &mut Vec<Finding>,
) -> BTreeSet<OwnedUserId> {
    let mut usable = BTreeSet::new();
    for (user, wanted) in &pass.desired.accounts {
        let in_scope = pass.scope.has_account(user);
        let seen = pass.observed.accounts.list.get(user);
        let is_due = wanted.state == AccountState::Active && !wanted.released;
        if in_scope && seen.is_none() && is_due && !pass.world.policy.users.create {
            findings.push(Finding::AccountMissing { person: wanted.person, user: user.clone() });
            continue;
        }
        if in_scope && is_remade(wanted) && seen.is_none() && !pass.is_untouchable(user) {
            findings.push(Finding::AccountGone { person: wanted.person, user: user.clone() });
        }
        if in_scope && !pass.is_untouchable(user) {
            let mut own: Vec<Action> = Vec::new();
            match seen {
                None => plan_missing(user, wanted, &mut own),
                Some(account) => plan_existing(pass, user, wanted, account, &mut own),
            }
            plan_email(pass, user, wanted, seen, &mut own, findings);
            let with_cause = |action: Action| {
                let cause = if is_about_state(&action) { wanted.cause } else { Cause::Policy };
                Step { action, cause }
            };
            let mut own: Vec<Step> = own.into_iter().map(with_cause).collect();
            plan_privileges(pass, user, wanted, &mut own);
            own.sort_by_key(|step| step.action.rank());
            steps.extend(own);
        }
        // Accounts outside the scope are neither created nor reactivated.
        let is_there = wanted.origin != Origin::New && !seen.is_some_and(|account| account.deactivated);
        if (wanted.state == AccountState::Active || wanted.waits) && (in_scope || is_there) {
            usable.insert(user.clone());
        }
    }
    usable
}

/// Whether a missing account is created again.
pub(crate) fn is_remade(wanted: &DesiredAccount) -> bool {
    wanted.origin == Origin::Bound && wanted.state == AccountState::Active && !wanted.released
}

fn is_about_state(action: &Action) -> bool {
    matches!(
        action,
        Action::LockAccount { .. }
            | Action::SignOut { .. }
            | Action::UnlockAccount { .. }
            | Action::DeactivateAccount { .. }
            | Action::ReactivateAccount { .. }
    )
}

fn plan_missing(user: &OwnedUserId, wanted: &DesiredAccount, own: &mut Vec<Action>) {
    // A missing bound account (as after restoring Synapse) is created again, unless it would be locked at once
    // or its person is released.
    if wanted.state != AccountState::Active || wanted.released {
        return;
    }
    let display_name = wanted.display_name.clone().unwrap_or_else(|| user.localpart().to_owned());
    own.push(Action::CreateAccount {
        person: wanted.person,
        user: user.clone(),
        display_name,
        external_id: wanted.external_id.clone(),
    });
    if wanted.server_admin == Some(true) {
        own.push(Action::SetServerAdmin { user: user.clone(), to: true });
    }
}

fn plan_existing(
    pass: Pass<'_>,
    user: &OwnedUserId,
    wanted: &DesiredAccount,
    account: &ObservedAccount,
    own: &mut Vec<Action>,
) {
    if wanted.origin == Origin::Adopted {
        let (person, administrator) = (wanted.person, account.admin);
        own.push(Action::AdoptAccount { person, user: user.clone(), administrator });
    }
    let user = user.clone();
    match (wanted.state, account.deactivated, account.locked) {
        // Nobody outside `users.who` gets an account, not even their own again.
        (AccountState::Active, true, _) if wanted.released => {}
        (AccountState::Active, true, locked) => {
            own.push(Action::ReactivateAccount { user: user.clone() });
            if locked {
                own.push(Action::UnlockAccount { user: user.clone() });
            }
        }
        (AccountState::Active, false, true) => own.push(Action::UnlockAccount { user: user.clone() }),
        (AccountState::Locked, false, false) => own.push(Action::LockAccount { user: user.clone() }),
        (AccountState::Deactivated, false, _) => own.push(Action::DeactivateAccount { user: user.clone() }),
        _ => {}
    }
    // A lock that is new begins it anew: somebody may have signed in since the last one.
    let locks = (wanted.state, account.state()) == (AccountState::Locked, AccountState::Active);
    let shrank = || pass.memory.has_shrunk(&pass.world.policy.limits, pass.world.directory.len());
    let is_left_in = account.state() == AccountState::Locked && !pass.is_signed_out(wanted.person, &user) && !shrank();
    if wanted.sign_out && wanted.state != AccountState::Active && (locks || is_left_in) {
        own.push(Action::SignOut { user: user.clone() });
    }
    if let Some(to) = wanted.server_admin
        && to != account.admin
        && (!account.deactivated || wanted.state == AccountState::Active && !wanted.released)
    {
        own.push(Action::SetServerAdmin { user: user.clone(), to });
    }
    if wanted.state == AccountState::Deactivated || (account.deactivated && wanted.state != AccountState::Active) {
        return;
    }
    if let Some(name) = &wanted.display_name
        && account.display_name.as_ref() != Some(name)
        && !(pass.world.policy.users.own_display_name && is_their_own(pass, &user, wanted, name, account))
    {
        own.push(Action::SetDisplayName { user: user.clone(), from: account.display_name.clone(), to: name.clone() });
    }
    // An adopted account was recognised by its external id, so it already has it.
    if let Some(external_id) = &wanted.external_id
        && wanted.origin == Origin::Bound
        && pass.pushed(wanted.person, &user).and_then(|pushed| pushed.external_id.as_ref())
            != Some(&digest_of(external_id))
    {
        own.push(Action::LinkExternalId { user, external_id: external_id.clone() });
    }
}

/// Whether the current name was chosen by the person, or before the account was managed.
fn is_their_own(
    pass: Pass<'_>,
    user: &OwnedUserId,
    wanted: &DesiredAccount,
    name: &str,
    account: &ObservedAccount,
) -> bool {
    let pushed = pass.pushed(wanted.person, user).and_then(|pushed| pushed.display_name.as_ref());
    account.display_name.is_some() && pushed.is_none_or(|pushed| *pushed == digest_of_name(name))
}

fn plan_email(
    pass: Pass<'_>,
    user: &OwnedUserId,
    wanted: &DesiredAccount,
    seen: Option<&ObservedAccount>,
    own: &mut Vec<Action>,
    findings: &mut Vec<Finding>,
) {
    let Some(email) = &wanted.email else { return };
    // A recreated account has no address, and deactivation removes it.
    let is_without = seen.is_none_or(|account| account.deactivated);
    let is_usable = wanted.state == AccountState::Active || !is_without;
    let pushed = pass.pushed(wanted.person, user).and_then(|pushed| pushed.email.as_ref());
    if !is_usable || (pushed == Some(email) && !is_without) {
        return;
    }
    // If this service gave the address to the holder, EquipeMed has moved it since.
    let was_given_to = |holder: &OwnedUserId| {
        let owner = pass.world.bindings.owner(holder).and_then(|owner| pass.pushed(owner, holder));
        owner.is_some_and(|pushed| pushed.email.as_ref() == Some(email))
    };
    match pass.observed.accounts.email_holders.get(email) {
        Some(holder) if holder != user && !was_given_to(holder) => {
            findings.push(Finding::EmailTaken { person: wanted.person, user: user.clone(), holder: holder.clone() });
        }
        _ => own.push(Action::SetEmail { user: user.clone() }),
    }
}

/// Notes gains and losses of power, separately those requested by command, which the brakes do not count.
fn plan_privileges(pass: Pass<'_>, user: &OwnedUserId, wanted: &DesiredAccount, own: &mut Vec<Step>) {
    let empty = BTreeSet::new();
    let before = pass.memory.privileged.get(&wanted.person).unwrap_or(&empty);
    let after = pass.desired.privileges.get(&wanted.person).unwrap_or(&empty);
    let asked = pass.desired.asked.get(&wanted.person);
    let gave = |power: &&Privilege| asked.is_some_and(|asked| asked.gave(power, pass.world.policy));
    let took = |power: &&Privilege| asked.is_some_and(|asked| asked.took(power, pass.world.policy));
    let (asked_gains, gained): (BTreeSet<_>, BTreeSet<_>) = after.difference(before).partition(gave);
    let (asked_losses, lost): (BTreeSet<_>, BTreeSet<_>) = before.difference(after).partition(took);
    let mut note = |gained: BTreeSet<&Privilege>, lost: BTreeSet<&Privilege>, cause: Cause| {
        if !gained.is_empty() || !lost.is_empty() {
            let (gained, lost) = (gained.into_iter().cloned().collect(), lost.into_iter().cloned().collect());
            let action = Action::NotePrivileges { person: wanted.person, user: user.clone(), gained, lost };
            own.push(Step { action, cause });
        }
    };
    note(gained, lost, Cause::Policy);
    note(asked_gains, asked_losses, asked.map_or(Cause::Policy, |asked| Cause::Grant(asked.by)));
}
