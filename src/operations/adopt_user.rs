//! Whose an account is, by the operator's word: on record before, with what came of it after.

use equipemed_domain::action::{Action, ExternalId};
use equipemed_domain::binding::{Binding, Pushed};
use equipemed_domain::desired::{digest_of, external_id};
use equipemed_domain::directory::{Person, PersonId};
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::policy::Policy;
use ruma_common::{OwnedUserId, UserId};

use crate::clock::Clock;
use crate::store::{AuditCause, Intent, OPERATOR, Store};

/// Binds an account, which has these external ids, to a person.
pub(crate) async fn bind_account(
    (store, clock): (&Store, &Clock),
    policy: &Policy,
    person: &Person,
    user: &UserId,
    has: &[ExternalId],
) -> Result<(), Fault> {
    let own = external_id(policy, person).filter(|id| has.contains(id));
    let pushed = Pushed { external_id: own.map(|id| digest_of(&id)), ..Pushed::default() };
    let binding = Binding { pushed, ..Binding::new(person.id, user.to_owned()) };
    audited((store, clock), person.id, user, async { Ok(store.bind(&binding).await?) }).await
}

/// Makes what is known of `to`, whose account it is, that of `from`, who was taken for somebody else.
pub(crate) async fn hand_over_account(
    (store, clock): (&Store, &Clock),
    from: PersonId,
    to: PersonId,
    user: &OwnedUserId,
) -> Result<(), Fault> {
    let merged = async { if store.merge_people(from, to).await? { Ok(()) } else { Err(Fault::GotAccount) } };
    audited((store, clock), to, user, merged).await
}

async fn audited(
    (store, clock): (&Store, &Clock),
    person: PersonId,
    user: &UserId,
    done: impl Future<Output = Result<(), Fault>>,
) -> Result<(), Fault> {
    let action = Action::AdoptAccount { person, user: user.to_owned() };
    let intent = Intent::of_action(None, OPERATOR, AuditCause::Policy, &action)?;
    let ids = store.intend(&[intent], clock.now()).await?;
    let result = done.await;
    let outcome = result.clone().map_or_else(Outcome::Failed, |()| Outcome::Done(None));
    let outcomes: Vec<_> = ids.into_iter().map(|id| (id, outcome.clone())).collect();
    store.conclude(&outcomes, clock.now()).await?;
    result
}
