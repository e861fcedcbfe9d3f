//! Desired accounts, by standing and grants, and when they next change by themselves.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ruma_common::OwnedUserId;

use super::{
    AccountState, Desired, DesiredAccount, MOST_PER_READ, READS_UNTIL_VANISHED, Wishes, account_state, earliest,
    external_id,
};
use crate::account_change;
use crate::binding::{Binding, Bound, Origin};
use crate::cause::Cause;
use crate::directory::PersonId;
use crate::display_name::display_name;
use crate::finding::Finding;
use crate::grant::GrantKind;
use crate::observed::ObservedAccounts;
use crate::standing::{BY_COMMAND, BY_HAND, Standing, VANISHED};
use crate::world::World;

/// A person's managed account.
pub(super) struct Managed {
    pub(super) user: OwnedUserId,
    pub(super) wanted: DesiredAccount,
    /// Whether the account may be brought into rooms.
    pub(super) may_come: bool,
}

/// The managed accounts with their desired state.
pub(super) fn manage(
    world: &World<'_>,
    wishes: &Wishes<'_>,
    accounts: &ObservedAccounts,
    bound: BTreeMap<PersonId, Bound>,
    picture: &mut Desired,
) -> BTreeMap<PersonId, Managed> {
    let World { policy, bindings, access, .. } = world;
    let mut managed: BTreeMap<PersonId, Managed> = BTreeMap::new();
    for (id, account) in bound {
        if policy.users.protected.contains(&account.user) {
            continue;
        }
        // Unclear data in EquipeMed does not stop a lock that a right holder asks for.
        let asked = [GrantKind::Lock, GrantKind::Deactivate];
        let locks = asked.into_iter().any(|kind| access.account_grant(id, kind).is_some());
        let standing = match standing(world, id) {
            Err(finding) if locks => {
                picture.findings.extend(finding.map(|finding| *finding));
                Ok(Standing::Off)
            }
            standing => standing,
        };
        match standing {
            Ok(standing) => {
                let is_open = account_state(&account.user, bindings.get(&id), accounts) == Some(AccountState::Active);
                let is_held = is_open && wishes.held.contains(&account.user);
                let wanted = desired_account(world, wishes, id, &account, standing, is_held, picture);
                if let Some(wanted) = wanted {
                    let may_come = standing == Standing::Active && wanted.state == AccountState::Active || wanted.waits;
                    managed.insert(id, Managed { user: account.user, wanted, may_come });
                }
            }
            Err(finding) => {
                picture.findings.extend(finding.map(|finding| *finding));
                // An account yet to be created freezes nothing: whoever has that name now is somebody else.
                if account.origin != Origin::New {
                    picture.frozen.insert(account.user);
                }
            }
        }
    }
    managed
}

/// A bound person's standing. An error means to change nothing and report the finding.
fn standing(world: &World<'_>, id: PersonId) -> Result<Standing, Option<Box<Finding>>> {
    let World { policy, directory, bindings, now, .. } = world;
    if directory.is_unclear(id) {
        return Err(None);
    }
    let Some(person) = directory.get(id) else {
        let missing = bindings.get(&id).map_or(0, |binding| binding.missing_reads);
        return if missing >= READS_UNTIL_VANISHED { Ok(Standing::Gone) } else { Err(None) };
    };
    let standing = policy.users.standing.standing(person, *now);
    let unknown = || Finding::UnknownStatus { person: id, status: person.account_status.clone() };
    standing.ok_or_else(|| Some(Box::new(unknown())))
}

/// Whether EquipeMed denies a person access, for now or for good.
pub(crate) fn is_off(world: &World<'_>, id: PersonId) -> bool {
    matches!(standing(world, id), Ok(Standing::Off | Standing::Gone))
}

fn desired_account(
    world: &World<'_>,
    wishes: &Wishes<'_>,
    id: PersonId,
    account: &Bound,
    standing: Standing,
    is_held: bool,
    picture: &mut Desired,
) -> Option<DesiredAccount> {
    let World { directory, policy, bindings, access, now, .. } = world;
    let person = directory.get(id);
    if let Some(change) = person.and_then(|person| policy.users.standing.next_change(person, *now)) {
        earliest(&mut picture.next_change, change);
    }
    let binding = bindings.get(&id);
    // A grant takes precedence over the policy as the cause, because it is never held.
    let (state, cause) = if let Some(grant) = access.account_grant(id, GrantKind::Deactivate) {
        (AccountState::Deactivated, Cause::Grant(grant.id))
    } else if standing == Standing::Gone && is_deactivation_due(world, wishes, binding, &mut picture.next_change) {
        (AccountState::Deactivated, Cause::Policy)
    } else if let Some(grant) = access.account_grant(id, GrantKind::Lock) {
        (AccountState::Locked, Cause::Grant(grant.id))
    } else if standing != Standing::Active {
        (AccountState::Locked, Cause::Policy)
    } else {
        (AccountState::Active, Cause::Policy)
    };
    if account.origin == Origin::New {
        // Nobody gets an account only to have it locked at once.
        if state != AccountState::Active {
            return None;
        }
        if !policy.users.create {
            picture.findings.push(Finding::AccountMissing { person: id, user: account.user.clone() });
            return None;
        }
    }
    // Leaving the hospital counts all the same: the selecting group is often removed on the same day.
    let released = person.is_some_and(|person| !access.is_selected(person));
    let named_admin = person.is_some_and(|person| policy.makes_administrator(person));
    let waits = is_held && state != AccountState::Active && cause == Cause::Policy;
    let server_admin = match (named_admin && !released && (state == AccountState::Active || waits), binding) {
        (true, _) => Some(true),
        (false, Some(binding)) if binding.server_admin_given => Some(false),
        (false, _) => None,
    };
    Some(DesiredAccount {
        person: id,
        origin: account.origin,
        display_name: person
            .filter(|_| !released && (policy.users.update_profiles || account.origin == Origin::New))
            .map(|person| display_name(&policy.users, person)),
        email: None,
        external_id: person.filter(|_| !released).and_then(|person| external_id(policy, person)),
        state,
        cause,
        sign_out: is_signed_out(world, id),
        server_admin,
        released,
        waits,
    })
}

/// Whether one of the reasons to lock this account is in `users.sign_out`.
fn is_signed_out(world: &World<'_>, id: PersonId) -> bool {
    let World { policy, directory, access, now, .. } = world;
    let mut words: Vec<&str> = match directory.get(id) {
        Some(person) => policy.users.standing.lock_words(person, *now),
        // One read without a person may be wrong.
        None if world.bindings.get(&id).is_none_or(|bound| bound.missing_reads < READS_UNTIL_VANISHED) => Vec::new(),
        None if directory.is_unclear(id) => Vec::new(),
        None => vec![VANISHED],
    };
    let grant = [GrantKind::Lock, GrantKind::Deactivate].into_iter().find_map(|kind| access.account_grant(id, kind));
    words.extend(grant.map(|grant| if grant.asker == account_change::BY_HAND { BY_HAND } else { BY_COMMAND }));
    words.into_iter().any(|word| policy.users.sign_out.contains(word))
}

fn is_deactivation_due(
    world: &World<'_>,
    wishes: &Wishes<'_>,
    binding: Option<&Binding>,
    next_change: &mut Option<Timestamp>,
) -> bool {
    if wishes.deactivate_gone_now {
        return true;
    }
    let Some(binding) = binding.filter(|binding| binding.gone_since.is_some()) else { return false };
    // Counts reads instead of trusting the clock alone: deactivation is irreversible, and clocks may jump.
    let wait = SignedDuration::try_from(world.policy.users.deactivate_after).unwrap_or(SignedDuration::MAX);
    let rest = wait.saturating_sub(binding.gone_for);
    if rest <= SignedDuration::ZERO {
        return true;
    }
    if let Ok(next_read) = world.now.checked_add(rest.min(MOST_PER_READ)) {
        earliest(next_change, next_read);
    }
    false
}
