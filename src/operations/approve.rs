//! Approves what the brakes hold. Approvers must have had that right before and must gain nothing.

use equipemed_domain::authority::{Act, Asker};
use equipemed_domain::privilege::Privilege;
use equipemed_domain::review::Effects;
use equipemed_domain::rights::Right;
use ruma_common::UserId;

use super::{Asked, Following, Scene, Stop, Unclear, must_not_be_paused};
use crate::store::{Approval, HeldPlan, HeldState};

/// Result of a consent.
#[derive(Debug)]
pub(crate) enum ConsentGiven {
    /// The part is released and a run for it is requested.
    Released(Box<HeldPlan>, Box<Following>),
    /// Somebody else must consent too.
    First,
    /// The id is not a held part's but that of a preview that waits for somebody else's confirmation.
    Preview { code: String },
}

impl Asked {
    /// Consents to a held part.
    pub(crate) async fn approve(&self, id: &str) -> Result<ConsentGiven, Stop> {
        self.may(Act::Approve, None)?;
        self.must_write()?;
        let store = self.store();
        let not_held = || Unclear::NotHeld { said: id.to_owned() };
        let Some(plan) = store.held_plan(id).await? else {
            let code = id.trim().to_uppercase();
            let waits = store.confirmation(&code).await?.is_some_and(|(confirmation, _)| confirmation.beyond.is_some());
            return if waits { Ok(ConsentGiven::Preview { code }) } else { Err(not_held().into()) };
        };
        must_not_be_paused(store, self.now()).await?;
        if let Asker::Person(person) = self.by.asker {
            let privileged = store.privileged().await?;
            if !privileged.get(&person).is_some_and(|powers| powers.contains(&Privilege::APPROVE)) {
                return Err(Unclear::NewApprover.into());
            }
            let gains = |user: &UserId| plan.held.effects.iter().any(|effect| effect.gives_to(user));
            if self.scene.user_of(person).is_some_and(|user| gains(user)) {
                return Err(Unclear::GainsByIt.into());
            }
        }
        // A later pass may have found it to be only a part of what is held now.
        if let now @ Some(_) = self.grown_from(&plan).await? {
            return Err(Unclear::Outgrown { id: id.to_owned(), now }.into());
        }
        let two = self.scene.policy.limits.two_consents;
        if let Some((first, _)) = plan.first.as_ref().filter(|(first, _)| !may_still_approve(&self.scene, first)) {
            store.take_first_back(id, first).await?;
        }
        let own = || plan.approved.as_ref().is_some_and(|(by, _)| *by == self.by.name);
        match store.approve(id, &self.by.name, two, self.now()).await? {
            Approval::Approved => {}
            Approval::First => return Ok(ConsentGiven::First),
            // Handled again after a crash: this same command approved it.
            Approval::Already if self.again && own() => {}
            Approval::Unknown | Approval::Already => return Err(not_held().into()),
            Approval::Outgrown => {
                return Err(Unclear::Outgrown { id: id.to_owned(), now: self.grown_from(&plan).await? }.into());
            }
            Approval::Closed => return Err(Unclear::Closed { id: id.to_owned() }.into()),
            Approval::Expired => return Err(Unclear::Expired { id: id.to_owned() }.into()),
        }
        let run = self.request_run().await?;
        Ok(ConsentGiven::Released(Box::new(plan), Box::new(run)))
    }

    /// Why a part was not applied after all: the run plans anew, and something may have been added meanwhile.
    pub(crate) async fn taken_back(&self, plan: &HeldPlan) -> Result<Option<Unclear>, Stop> {
        let id = plan.held.id.clone();
        Ok(match self.store().held_plan(&id).await? {
            Some(plan) if plan.state == HeldState::Outgrown => {
                Some(Unclear::Outgrown { id, now: self.grown_from(&plan).await? })
            }
            Some(plan) if plan.state == HeldState::Closed => Some(Unclear::Closed { id }),
            _ => None,
        })
    }

    /// The id of the part held now, if this is only a part of that.
    async fn grown_from(&self, plan: &HeldPlan) -> Result<Option<String>, Stop> {
        let open = self.store().held_open(self.now()).await?;
        let known: Effects = plan.held.effects.iter().collect();
        let grown = open.into_iter().find(|other| {
            other.held.kind() == plan.held.kind()
                && other.created_at > plan.created_at
                && !known.cover_all(&other.held.effects)
                && other.held.effects.iter().any(|effect| known.part_of(effect).is_some())
        });
        Ok(grown.map(|other| other.held.id))
    }
}

/// Whether the giver of the first of two consents could still give it. Assumed for the operator and the break-glass
/// account, and while EquipeMed is away.
fn may_still_approve(scene: &Scene, first: &str) -> bool {
    let Ok(user) = UserId::parse(first) else { return true };
    if scene.directory.is_empty() || scene.policy.users.break_glass.as_ref() == Some(&user) {
        return true;
    }
    scene
        .person_of(&user)
        .is_some_and(|person| scene.is_active(person) && scene.rights(person.id, None).contains(&Right::Approve))
}
