//! `approve`: releases what the brakes hold, for people who held that right before and gain nothing by it.

use equipemed_domain::observed::Privilege;
use equipemed_domain::rights::Right;
use futures_util::FutureExt;

use crate::chat::Chat;
use crate::chat::announce::number;
use crate::chat::ask::{Ask, Asker};
use crate::chat::reply::{Stop, Turn};
use crate::speech::{Answer, Arg};
use crate::store::Approval;

impl Chat {
    /// Releases a held part and follows the run that carries it out.
    pub(super) async fn approve(&self, ask: &Ask, id: &str) -> Result<Turn, Stop> {
        ask.must_hold(Right::Approve, None)?;
        self.must_write()?;
        let texts = self.texts();
        let store = self.engine().store();
        let said = ("said", Arg::Text(id.to_owned()));
        let Some(plan) = store.held_plan(id).await? else {
            return Err(Stop::Unclear(texts.say("not-held", &[said])));
        };
        if let Asker::Person(person) = ask.asker {
            let privileged = store.privileged().await?;
            if !privileged.get(&person).is_some_and(|powers| powers.contains(&Privilege::Approve)) {
                return Err(Stop::Unclear(texts.say("approve-new", &[])));
            }
            let gain = format!("give {}:", ask.user);
            if plan.held.atoms.iter().any(|atom| atom.starts_with(&gain)) {
                return Err(Stop::Unclear(texts.say("approve-self", &[])));
            }
        }
        let code = ("id", Arg::Code(id.to_owned()));
        match store.approve(id, ask.user.as_str(), self.engine().clock().now()).await? {
            Approval::Approved => {}
            // Handled again after a crash: it was this very command that approved it.
            Approval::Already if plan.approved.as_ref().is_some_and(|(by, _)| by == ask.user.as_str()) => {}
            Approval::Unknown | Approval::Already => return Err(Stop::Unclear(texts.say("not-held", &[said]))),
            Approval::Expired => return Err(Stop::Unclear(texts.say("approve-expired", &[code]))),
        }
        let run = self.run_for(ask.event.to_string()).await?;
        let intro = texts.say("approved", &[code, ("count", number(plan.held.atoms.len()))]);
        let (chat, ask) = (self.clone(), ask.clone());
        Ok(Turn::Later(
            async move {
                let mut reply = chat.follow_run(&ask, run).await?;
                reply.answer = Answer::new().line(intro).then(reply.answer);
                Ok(reply)
            }
            .boxed(),
        ))
    }
}
