//! What one person may order within a day, checked before it is stored; and who else may agree to more.

use std::collections::BTreeSet;

use equipemed_domain::authority::{Act, Asker, Refusal};
use equipemed_domain::directory::{Person, PersonId};
use equipemed_domain::fault::Fault;
use equipemed_domain::grant::Grant;
use equipemed_domain::key::RoomKey;
use equipemed_domain::rights::Right;
use equipemed_domain::sums::{self, Beyond};
use ruma_common::UserId;

use super::{Asked, Caller, Order, Scene, Stop};

impl Asked {
    /// How an order exceeds what its asker may order alone, if it does.
    pub(crate) async fn beyond(&self, order: &Order) -> Result<Option<Beyond>, Stop> {
        // A begun order counts already, and is finished.
        let (store, asker) = (self.store(), self.by.name.as_str());
        if self.again && store.came_of(&self.source, asker, None).await? && self.confirmed.is_none() {
            return Ok(None);
        }
        let scene = &self.scene;
        let since = scene.now.checked_sub(sums::WINDOW).map_err(|_| Fault::Clock)?;
        let past = store.grants_of_asker(asker, since).await?;
        let access = scene.world().access;
        let rooms = order.rooms(scene);
        let new_level = order.act.grant().and_then(|kind| kind.level());
        let stands_higher = |id: &PersonId| {
            let person = scene.directory.get(*id);
            let level = |room: &RoomKey| person.map_or(0, |person| access.level_once_selected(person, room));
            new_level.is_some_and(|new| rooms.iter().any(|room| level(room) > new))
        };
        let mut signed_out = BTreeSet::new();
        if order.act == Act::SignOut {
            let before = store.signed_out_by(asker, since).await?;
            signed_out.extend(before.iter().filter_map(|user| scene.bindings.owner(user)));
            signed_out.extend(&order.people);
        }
        let asked = sums::SumOrder {
            asker,
            kind: order.act.grant(),
            people: order.people.iter().copied().collect(),
            lowered: order.people.iter().filter(|id| stands_higher(id)).copied().collect(),
            signed_out,
            rooms: &rooms,
        };
        let is_managed = |person: &&Person| scene.bindings.contains_key(&person.id) && access.is_selected(person);
        let managed = || scene.directory.people().filter(is_managed);
        let active = managed().filter(|person| scene.is_active(person)).count();
        let members = |room: &RoomKey| -> BTreeSet<PersonId> {
            let Some(policy) = scene.policy.rooms.get(room) else { return BTreeSet::new() };
            managed().filter(|person| access.belongs(policy, person)).map(|person| person.id).collect()
        };
        let covers = |scope: Option<&RoomKey>, room: &RoomKey| {
            scope.is_none_or(|scope| scene.policy.distance(room, scope).is_some())
        };
        let with = sums::SumContext { limits: &scene.policy.limits, active, now: scene.now };
        Ok(sums::beyond(&asked, &past, with, members, covers))
    }

    /// The same request as asked by `first`, to whose order this asker agrees.
    pub(crate) fn on_behalf(self, first: &UserId) -> Result<Self, Refusal> {
        if let Asker::Person(person) = self.by.asker
            && !may_agree(&self.scene, first, person)
        {
            return Err(Refusal::Right { right: Right::Approve, room: None });
        }
        let asker = self.scene.person_of(first).ok_or(Refusal::Unknown)?;
        if !self.scene.is_active(asker) {
            return Err(Refusal::NotActive);
        }
        let by = Caller { asker: Asker::Person(asker.id), name: first.to_string() };
        Ok(Self { agreed_by: Some(self.by.asker), by, ..self })
    }
}

/// People who may agree to an order beyond this asker's limits and have an account to do so.
pub(crate) fn who_may_agree<'s>(scene: &'s Scene, asker: &'s UserId) -> impl Iterator<Item = PersonId> + 's {
    let reachable =
        scene.directory.people().filter(|person| scene.is_active(person) && scene.user_of(person.id).is_some());
    reachable.map(|person| person.id).filter(move |person| may_agree(scene, asker, *person))
}

/// Whether somebody other than the asker may approve everywhere, not counting grants by the asker.
fn may_agree(scene: &Scene, asker: &UserId, person: PersonId) -> bool {
    let is_another = scene.person_of(asker).is_none_or(|asker| asker.id != person);
    let Some(person) = scene.directory.get(person).filter(|_| is_another) else { return false };
    let others: Vec<Grant> = scene.grants.iter().filter(|grant| grant.asker != asker.as_str()).cloned().collect();
    // Excludes what the brakes hold, like every decision.
    scene.world_with(&others).powers(person, None).rights.contains(&Right::Approve)
}
