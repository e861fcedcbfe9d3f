//! Binds and releases accounts on the operator's word. The audit has the intent before and the outcome after.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipemed_domain::action::Action;
use equipemed_domain::binding::{Binding, Pushed};
use equipemed_domain::desired::{AccountState, READS_UNTIL_VANISHED, digest_of, external_id};
use equipemed_domain::directory::{Directory, Person, PersonId};
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::policy::Policy;
use equipemed_domain::privilege::Privilege;
use equipemed_domain::review::directory_shrank;
use equipemed_domain::sums;
use ruma_common::{OwnedUserId, UserId};

use crate::clock::Clock;
use crate::engine::gather::gather;
use crate::homeserver::AccountDetail;
use crate::store::{AuditCause, AuditFilter, Intent, OPERATOR, Store};

/// Kind of its audit entries.
const RELEASE: &str = "release_account";

/// Binds an account, as read from Synapse, to a person.
pub(crate) async fn bind_account(
    (store, clock): (&Store, &Clock),
    policy: &Policy,
    person: &Person,
    user: &UserId,
    account: &AccountDetail,
) -> Result<(), Fault> {
    let own = external_id(policy, person).filter(|id| account.external_ids.contains(id));
    let pushed = Pushed { external_id: own.map(|id| digest_of(&id)), ..Pushed::default() };
    let binding = Binding { pushed, ..Binding::new(person.id, user.to_owned()) };
    let action = adopts(person.id, user, account.observed.admin);
    audited((store, clock), &action, async { Ok(store.bind(&binding).await?) }).await
}

/// Merges the record of `from` into `to`, who has the account: they are one person, taken for two.
pub(crate) async fn hand_over_account(
    (store, clock): (&Store, &Clock),
    from: PersonId,
    to: PersonId,
    user: &OwnedUserId,
    administrator: bool,
) -> Result<(), Fault> {
    let merged = async { if store.merge_people(from, to).await? { Ok(()) } else { Err(Fault::GotAccount) } };
    audited((store, clock), &adopts(to, user, administrator), merged).await
}

fn adopts(person: PersonId, user: &UserId, administrator: bool) -> Action {
    Action::AdoptAccount { person, user: user.to_owned(), administrator }
}

/// Number of people who would have gained an administrator's power within the brakes' window, this one included, if
/// that exceeds the limit.
pub(crate) async fn gains_too_many(
    (store, clock): (&Store, &Clock),
    policy: &Policy,
    directory: Arc<Directory>,
    person: PersonId,
) -> Result<Option<usize>, Fault> {
    let memory = gather(store, policy, directory, clock.now()).await?.memory;
    let is_high = |powers: &BTreeSet<Privilege>| powers.iter().any(|power| power.might.is_high());
    let gained = memory.gained_recently.iter().filter(|(_, powers)| is_high(powers)).map(|(person, _)| *person);
    let people = gained.chain([person]).collect::<BTreeSet<_>>().len();
    Ok((memory.applied_before && people > policy.limits.gain).then_some(people))
}

/// Why an account is not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotReleased {
    /// Its person is in EquipeMed, or may be.
    Present,
    /// Too few complete reads have missed its person.
    NotYet,
    /// It is neither locked nor deactivated: the lock is due, or held.
    Open,
    /// The list of people shrank suspiciously.
    Shrank,
    /// The limit of released accounts within 24 hours is reached.
    Many,
}

/// Whether the account of a person who is gone may be released.
pub(crate) async fn may_release(
    (store, clock): (&Store, &Clock),
    policy: &Policy,
    directory: &Arc<Directory>,
    binding: &Binding,
    account: Option<&AccountDetail>,
) -> Result<Result<(), NotReleased>, Fault> {
    let known = gather(store, policy, directory.clone(), clock.now()).await?;
    let since = clock.now().checked_sub(sums::WINDOW).map_err(|_| Fault::Clock)?;
    let filter = AuditFilter { kind: Some(RELEASE.to_owned()), since: Some(since), ..AuditFilter::default() };
    let released = store.audit(&filter).await?.len();
    let is_open = account.is_some_and(|account| account.observed.state() == AccountState::Active);
    Ok(match () {
        () if directory.get(binding.person).is_some() || directory.is_unclear(binding.person) => {
            Err(NotReleased::Present)
        }
        () if directory_shrank(&policy.limits, &known.memory, directory.len()).is_some() => Err(NotReleased::Shrank),
        () if binding.missing_reads < READS_UNTIL_VANISHED => Err(NotReleased::NotYet),
        () if is_open => Err(NotReleased::Open),
        () if released >= policy.limits.deactivate => Err(NotReleased::Many),
        () => Ok(()),
    })
}

/// Releases an account: it stays as it is but belongs to nobody.
pub(crate) async fn release_account(
    (store, clock): (&Store, &Clock),
    person: PersonId,
    user: &OwnedUserId,
) -> Result<(), Fault> {
    let action = Action::ReleaseAccount { person, user: user.clone() };
    audited((store, clock), &action, async { Ok(store.unbind(person, user).await?) }).await
}

async fn audited(
    (store, clock): (&Store, &Clock),
    action: &Action,
    done: impl Future<Output = Result<(), Fault>>,
) -> Result<(), Fault> {
    let intent = Intent::of_action(None, OPERATOR, AuditCause::Policy, action)?;
    let ids = store.intend(&[intent], clock.now()).await?;
    let result = done.await;
    let outcome = result.clone().map_or_else(Outcome::Failed, |()| Outcome::Done(None));
    let outcomes: Vec<_> = ids.into_iter().map(|id| (id, outcome.clone())).collect();
    store.conclude(&outcomes, clock.now()).await?;
    result
}
