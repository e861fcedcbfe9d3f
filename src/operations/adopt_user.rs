//! Whose an account is, by the operator's word: on record before, with what came of it after.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipemed_domain::action::Action;
use equipemed_domain::binding::{Binding, Pushed};
use equipemed_domain::desired::{digest_of, external_id};
use equipemed_domain::directory::{Directory, Person, PersonId};
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::policy::Policy;
use equipemed_domain::privilege::Privilege;
use ruma_common::{OwnedUserId, UserId};

use crate::clock::Clock;
use crate::engine::gather::gather;
use crate::homeserver::AccountDetail;
use crate::store::{AuditCause, Intent, OPERATOR, Store};

/// Binds an account, as it is on Synapse, to a person.
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

/// Makes what is known of `to`, whose account it is, that of `from`, who was taken for somebody else.
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

/// How many people would have gained an administrator's power within the brakes' window with this person, if that is
/// more than they let pass.
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
