//! The result of an order for one person: looked up by the wish's id after the passes it woke, then checked against
//! Synapse.

use std::collections::BTreeMap;

use equipemed_domain::authority::Act;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::grant::GrantKind;
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::review::Effect;
use equipemed_domain::standing::Standing;
use equipemed_domain::stands::{self, Unmet};
use equipemed_domain::wish::Wish;

use super::measures::Order;
use super::{Asked, Scene, Stop};
use crate::engine::wakes::Waited;
use crate::store::HeldPlan;

/// The result of an order for one person.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) person: PersonId,
    pub(crate) how: How,
    /// What prevents it, with the rooms concerned.
    pub(crate) unmet: BTreeMap<Unmet, Vec<RoomKey>>,
}

/// The kind of result.
#[derive(Debug)]
pub(crate) enum How {
    /// Done.
    Done,
    /// It was so before.
    AlreadySo,
    /// It took effect nowhere; `unmet` says why.
    Nowhere,
    /// It takes effect once the person has an account.
    NoAccountYet,
    /// The person has no account.
    NoAccount,
    /// The account is still not usable.
    Off(StillOff),
    /// Synapse refused.
    Failed(Fault),
    /// Held under this id.
    Held(String),
    /// Not done yet; it will be retried.
    Waits,
}

/// Why an account that should be usable again is not.
#[derive(Debug)]
pub(crate) enum StillOff {
    /// Because of another grant, which this act ends.
    Granted { until: Act },
    /// Because of the standing in EquipeMed.
    Standing(Option<Standing>),
    /// EquipeMed does not know the person.
    Unknown,
}

impl How {
    /// Whether it is as requested.
    pub(crate) fn is_good(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadySo | Self::NoAccountYet)
    }
}

impl Asked {
    /// The result of an order for one of its people.
    pub(super) async fn came_of(
        &self,
        order: &Order,
        person: PersonId,
        wish: &Wish,
        rooms: &[RoomKey],
        waited: &Waited,
    ) -> Result<Came, Stop> {
        let has_account = self.scene.user_of(person).is_some();
        let how = if has_account { self.how(wish, person, waited).await? } else { How::AlreadySo };
        let mut came = Came { person, how, unmet: BTreeMap::new() };
        if let Some(why) = still_off(order, person, &self.scene) {
            return Ok(Came { how: How::Off(why), ..came });
        }
        if !matches!(came.how, How::Done | How::AlreadySo) {
            return Ok(came);
        }
        let (unmet, is_so) = self.unmet(order, person, rooms).await?;
        came.how = match came.how {
            How::AlreadySo if !has_account && order.act.grant().is_some() => How::NoAccountYet,
            How::AlreadySo if !has_account => How::NoAccount,
            _ if !unmet.is_empty() && !is_so => How::Nowhere,
            // Nobody was removed, whatever is noted.
            How::AlreadySo if order.act == Act::Kick => How::AlreadySo,
            // A lifted ban is reported even if nobody had to be brought back. A new end date is reported too, although
            // the room shows no difference.
            How::AlreadySo if order.act == Act::Unban || order.is_news(person, &self.scene) => How::Done,
            how => how,
        };
        Ok(Came { unmet, ..came })
    }

    /// What was done for a wish about one account. Only parts held since the request count.
    async fn how(&self, wish: &Wish, person: PersonId, waited: &Waited) -> Result<How, Stop> {
        let user = self.scene.user_of(person).map(|user| &**user);
        let held = self.store().held_open(self.now()).await?;
        let is_about = |effect: &Effect| effect.user() == user;
        let is_new = |plan: &&HeldPlan| plan.created_at >= self.scene.now && plan.held.effects.iter().any(is_about);
        if let Some(plan) = held.iter().find(is_new) {
            return Ok(How::Held(plan.held.id.clone()));
        }
        let mut how = How::AlreadySo;
        for entry in self.store().served(&wish.id).await? {
            match entry.settled.map(|settled| settled.outcome) {
                Some(Outcome::Done(_)) if matches!(how, How::AlreadySo) => how = How::Done,
                Some(Outcome::Failed(why) | Outcome::Skipped(why)) => how = How::Failed(why),
                _ => {}
            }
        }
        let is_over = *waited == Waited::Yes;
        Ok(if matches!(how, How::AlreadySo) && !is_over { How::Waits } else { how })
    }

    /// What prevents an order from taking effect, found by reading Synapse; and whether it took effect anywhere.
    async fn unmet(
        &self,
        order: &Order,
        id: PersonId,
        rooms: &[RoomKey],
    ) -> Result<(BTreeMap<Unmet, Vec<RoomKey>>, bool), Stop> {
        let (mut unmet, mut is_so) = (BTreeMap::<Unmet, Vec<RoomKey>>::new(), false);
        let scene = &self.scene;
        let Some(user) = scene.user_of(id) else { return Ok((unmet, false)) };
        let sight = self.engine.look_at_person(id).await?;
        if order.act.is_of_account() {
            let found = stands::of_account(order.act, user, sight.looked());
            is_so = found.is_none();
            unmet.extend(found.map(|found| (found, Vec::new())));
        }
        for key in rooms {
            match stands::in_room(order.act, user, key, sight.looked()) {
                None => is_so = true,
                Some(found) => unmet.entry(found).or_default().push(key.clone()),
            }
        }
        // People belong in only some of many rooms; that is not worth reporting.
        if is_so || unmet.len() > 1 {
            unmet.remove(&Unmet::NotMember);
        }
        Ok((unmet, is_so))
    }
}

/// Why an account that should be usable again is not.
fn still_off(order: &Order, id: PersonId, scene: &Scene) -> Option<StillOff> {
    let (other, until) = match order.act {
        Act::Unlock => (GrantKind::Deactivate, Act::Reactivate),
        Act::Reactivate => (GrantKind::Lock, Act::Unlock),
        _ => return None,
    };
    if scene.grants.iter().any(|grant| grant.person == id && grant.kind == other) {
        return Some(StillOff::Granted { until });
    }
    let Some(person) = scene.directory.get(id) else { return Some(StillOff::Unknown) };
    match scene.policy.users.standing.standing(person, scene.now) {
        Some(Standing::Active) => None,
        standing => Some(StillOff::Standing(standing)),
    }
}
