//! `approve`: approves what the brakes hold.

use equipemed_domain::command::Preview;
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;

use super::sync::follow_run;
use crate::chat::ask::Ask;
use crate::chat::confirm::confirm;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::operations::{ConsentGiven, Unclear};
use crate::speech::{Answer, Arg, number};

/// Approves a held part and follows the run that applies it.
pub(super) async fn approve(ask: &Ask, id: &str) -> Result<Turn, Stop> {
    let code = ("id", Arg::Code(id.to_owned()));
    let (plan, run) = match ask.approve(id).await? {
        ConsentGiven::Preview { code } => return Box::pin(confirm(ask, &Preview::Code(code))).await,
        ConsentGiven::First => {
            let reply = Reply::new(Mark::Partly, Answer::new().line(ask.words.say("approve-one-more", &[code])));
            return Ok(Turn::Over(Reply { outcome: Outcome::Done(Some("first_of_two".to_owned())), ..reply }));
        }
        ConsentGiven::Released(plan, run) => (plan, run),
    };
    let intro = ask.words.say("approved", &[code, ("count", number(plan.held.effects.len()))]);
    let ask = ask.clone();
    Ok(Turn::later(async move {
        let mut reply = follow_run(&ask, *run).await?;
        let taken_back = ask.taken_back(&plan).await?;
        if matches!(taken_back, Some(Unclear::Outgrown { .. })) && reply.mark == Mark::Partly {
            reply = Reply { edits: reply.edits, ..Reply::failed(reply.answer, Fault::SomethingAdded) };
        }
        let intro = taken_back.map_or(intro, |why| ask.words.unclear(&why));
        reply.answer = Answer::new().line(intro).then(reply.answer);
        Ok(reply)
    }))
}
