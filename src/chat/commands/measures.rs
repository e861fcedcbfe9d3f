//! Measures about people: levels, kicks, bans, mutes, locks.

use equipemed_domain::authority::Act;
use equipemed_domain::command::Measure;

use super::wording::Tense;
use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::operations::{Came, Granted, How, Order};
use crate::speech::{Answer, Arg, number};

/// Checks a measure and begins it, or shows a preview.
pub(super) async fn measure(ask: &Ask, act: Act, measure: &Measure, dry_run: bool) -> Result<Turn, Stop> {
    let words = &ask.words;
    let order = ask.order(act, measure).await?;
    if dry_run {
        let lines = order.people.iter().map(|person| words.measure(&order, *person, Tense::Would));
        return Ok(Turn::told(Answer::new().line(words.say("would-do", &[])).items(lines)));
    }
    ask.must_write()?;
    if act == Act::Unban && order.people.iter().all(|person| order.lifts_nothing(*person, &ask.scene)) {
        return Ok(Turn::Over(nothing_to_lift(words, &order)));
    }
    let beyond = ask.beyond(&order).await?;
    if order.is_asked_about() || beyond.is_some() {
        let lines: Vec<Said> = order.people.iter().map(|person| words.measure(&order, *person, Tense::Would)).collect();
        let people: Vec<String> = order.people.iter().map(ToString::to_string).collect();
        if let Some(preview) = ask.agreed_beyond(lines, people.len(), &people, beyond).await? {
            return Ok(preview);
        }
    }
    if act == Act::SignOut {
        let wished = ask.sign_out(&order).await?;
        let ask = ask.clone();
        return Ok(Turn::later(async move {
            let came = ask.signed_out(&wished).await?;
            Ok(went(&ask, &order, &Granted::new(), &came))
        }));
    }
    let granted = ask.store_order(&order).await?;
    let ask = ask.clone();
    Ok(Turn::later(async move {
        let came = ask.follow_order(&order).await?;
        Ok(went(&ask, &order, &granted, &came))
    }))
}

/// Reports the results.
fn went(ask: &Ask, order: &Order, granted: &Granted, all: &[Came]) -> Reply {
    let words = &ask.words;
    let (mut good, mut bad) = (0, 0);
    let mut answer = Answer::new();
    for came in all {
        let person = came.person;
        good += usize::from(came.how.is_good());
        bad += came.unmet.len() + usize::from(!came.how.is_good() && !matches!(came.how, How::Nowhere));
        if matches!(came.how, How::Failed(_)) {
            answer = answer.line(words.shown(&words.person(person)));
        }
        if let Some(line) = words.came(order, came) {
            answer = answer.line(line);
        }
        for (why, rooms) in &came.unmet {
            answer = answer.line(words.unmet(person, why, rooms));
        }
        if let Some(line) = words.noted(order, came, granted.get(&person)) {
            answer = answer.line(line);
        }
        if matches!(came.how, How::Nowhere | How::Off(_) | How::NoAccountYet) {
            continue;
        }
        if order.act == Act::Unban {
            answer = answer.items(words.lifts(order, person));
            if let Some(line) = words.still_out(order, person) {
                bad += 1;
                answer = answer.line(line);
            }
        } else if let (Act::Ban, Some(id)) = (order.act, granted.get(&person)) {
            let args = [("count", number(order.rooms(&ask.scene).len())), ("id", Arg::Number(id.0))];
            answer = answer.line(words.say("ban-record", &args));
        }
    }
    let failed = all.iter().any(|came| matches!(came.how, How::Failed(_)));
    let mark = match (good, bad) {
        (_, 0) => Mark::Done,
        (0, _) if failed => Mark::Failed,
        _ => Mark::Partly,
    };
    if let Some((act, people)) = ask.undo(order, granted)
        && let Some(command) = words.typed_measure(act, &people, order.scope.as_ref())
    {
        answer = answer.line(words.say("undo-with", &[("command", Arg::Code(command))]));
    }
    Reply::new(mark, answer)
}

/// The answer when there is nothing to lift.
fn nothing_to_lift(words: &Wording, order: &Order) -> Reply {
    let mut mark = Mark::Done;
    let mut answer = Answer::new();
    for person in &order.people {
        let still_out = words.still_out(order, *person);
        if still_out.is_some() {
            mark = Mark::Failed;
        }
        answer = answer.line(still_out.unwrap_or_else(|| words.measure(order, *person, Tense::Did)));
    }
    Reply::new(mark, answer)
}
