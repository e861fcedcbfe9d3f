//! `approve`: releases what the brakes hold, for people who held that right before and gain nothing by it.

use equipemed_domain::authority::{Act, Asker};
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::privilege::Privilege;
use equipemed_domain::review::Effects;
use equipemed_domain::rights::Right;
use futures_util::FutureExt;
use ruma_common::UserId;

use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};
use crate::store::{Approval, HeldPlan, HeldState};

impl Chat {
    /// Releases a held part and follows the run that carries it out.
    pub(super) async fn approve(&self, ask: &Ask, id: &str) -> Result<Turn, Stop> {
        ask.may(Act::Approve, None)?;
        self.must_write()?;
        let texts = self.texts();
        let store = self.engine().store();
        let said = ("said", Arg::Text(id.to_owned()));
        let Some(plan) = store.held_plan(id).await? else {
            // What waits for somebody else's yes has a code, and is approved in the same words.
            let code = id.trim().to_uppercase();
            if store.confirmation(&code).await?.is_some_and(|(confirmation, _)| confirmation.beyond.is_some()) {
                return Box::pin(self.confirm(ask, &code)).await;
            }
            return Err(Stop::Unclear(texts.say("not-held", &[said])));
        };
        if let Asker::Person(person) = ask.asker {
            let privileged = store.privileged().await?;
            if !privileged.get(&person).is_some_and(|powers| powers.contains(&Privilege::APPROVE)) {
                return Err(Stop::Unclear(texts.say("approve-new", &[])));
            }
            if plan.held.effects.iter().any(|effect| effect.gives_to(&ask.user)) {
                return Err(Stop::Unclear(texts.say("approve-self", &[])));
            }
        }
        let code = ("id", Arg::Code(id.to_owned()));
        self.must_be_all(&plan).await?;
        let two = ask.scene.policy.limits.two_consents;
        if let Some((first, _)) = plan.first.as_ref().filter(|(first, _)| !may_still_approve(ask, first)) {
            store.take_first_back(id, first).await?;
        }
        match store.approve(id, ask.user.as_str(), two, self.engine().clock().now()).await? {
            Approval::Approved => {}
            Approval::First => {
                let reply = Reply::new(Mark::Partly, Answer::new().line(texts.say("approve-one-more", &[code])));
                return Ok(Turn::Over(Reply { outcome: Outcome::Done(Some("first_of_two".to_owned())), ..reply }));
            }
            // Handled again after a crash: it was this very command that approved it.
            Approval::Already if ask.again && plan.approved.as_ref().is_some_and(|(by, _)| by == ask.user.as_str()) => {
            }
            Approval::Unknown | Approval::Already => return Err(Stop::Unclear(texts.say("not-held", &[said]))),
            Approval::Outgrown => return Err(self.outgrown(&plan).await?),
            Approval::Closed => return Err(Stop::Unclear(texts.say("approve-closed", &[code]))),
            Approval::Expired => return Err(Stop::Unclear(texts.say("approve-expired", &[code]))),
        }
        let run = self.run_for(ask.event.to_string()).await?;
        let intro = texts.say("approved", &[code, ("count", number(plan.held.effects.len()))]);
        let (chat, ask) = (self.clone(), ask.clone());
        Ok(Turn::Later(
            async move {
                let mut reply = chat.follow_run(&ask, run).await?;
                // The run looked anew: something may have been added a moment ago.
                let looked = chat.engine().store().held_plan(&plan.held.id).await?;
                let outgrown = looked.as_ref().filter(|plan| plan.state == HeldState::Outgrown);
                let is_closed = looked.as_ref().is_some_and(|plan| plan.state == HeldState::Closed);
                let intro = match outgrown {
                    Some(plan) => chat.outgrown_text(plan).await?,
                    None if is_closed => chat.texts().say("approve-closed", &[("id", Arg::Code(plan.held.id.clone()))]),
                    None => intro,
                };
                if outgrown.is_some() && reply.mark == Mark::Partly {
                    reply = Reply { edits: reply.edits, ..Reply::failed(reply.answer, Fault::SomethingAdded) };
                }
                reply.answer = Answer::new().line(intro).then(reply.answer);
                Ok(reply)
            }
            .boxed(),
        ))
    }

    /// Refuses what a later look has shown to be only a part of what is held now.
    async fn must_be_all(&self, plan: &HeldPlan) -> Result<(), Stop> {
        if self.grown_from(plan).await?.is_some() { Err(self.outgrown(plan).await?) } else { Ok(()) }
    }

    async fn outgrown(&self, plan: &HeldPlan) -> Result<Stop, Stop> {
        Ok(Stop::Unclear(self.outgrown_text(plan).await?))
    }

    async fn outgrown_text(&self, plan: &HeldPlan) -> Result<Said, Stop> {
        let code = ("id", Arg::Code(plan.held.id.clone()));
        Ok(match self.grown_from(plan).await? {
            Some(now) => self.texts().say("approve-outgrown", &[code, ("now", Arg::Text(now))]),
            None => self.texts().say("approve-changed", &[code]),
        })
    }

    /// The id of what is held now, if this is only a part of it.
    async fn grown_from(&self, plan: &HeldPlan) -> Result<Option<String>, Stop> {
        let open = self.engine().store().held_open(self.engine().clock().now()).await?;
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

/// Whether who gave the first of two consents could give it now. Of the operator, the break-glass account, and while
/// EquipeMed is away, nothing else is known.
fn may_still_approve(ask: &Ask, first: &str) -> bool {
    let Ok(user) = UserId::parse(first) else { return true };
    if ask.scene.directory.is_empty() || ask.scene.policy.users.break_glass.as_ref() == Some(&user) {
        return true;
    }
    ask.scene.person_of(&user).is_some_and(|person| {
        ask.scene.is_active(person) && ask.scene.rights(person.id, None).contains(&Right::Approve)
    })
}
