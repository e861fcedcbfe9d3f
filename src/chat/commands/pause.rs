//! `pause` and `resume`: the service changes nothing by itself for a while.

use equipemed_domain::authority::Act;
use equipemed_domain::command::Word;
use equipemed_domain::pause::Pause;
use jiff::SignedDuration;

use crate::chat::ask::Ask;
use crate::chat::reply::{Reply, Stop, Turn};
use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::operations::{self, Unclear};
use crate::speech::{Answer, Arg};

/// Begins a pause.
pub(super) async fn pause(ask: &Ask, lasts: Option<SignedDuration>, because: Option<&str>) -> Result<Turn, Stop> {
    ask.may(Act::Approve, None)?;
    ask.must_write()?;
    let now = ask.scene.now;
    let until = lasts.and_then(|lasts| ask.sent_at.min(now).checked_add(lasts).ok());
    if let Some(until) = until.filter(|until| *until <= now) {
        return Err(Unclear::TimeIsOver { until }.into());
    }
    let pause = Pause { by: ask.by.name.clone(), since: now, until, because: because.map(str::to_owned) };
    operations::pause(ask.store(), &pause, false).await?;
    let resume = ("command", Arg::Code(ask.words.spelled(Word::Resume)));
    let answer = Answer::new().line(ask.words.paused(&pause)).line(ask.words.say("pause-how", &[resume]));
    Ok(Turn::Over(Reply::done(answer)))
}

/// Ends the pause.
pub(super) async fn resume(ask: &Ask) -> Result<Turn, Stop> {
    ask.may(Act::Approve, None)?;
    ask.must_write()?;
    let was_paused = operations::resume(ask.store(), &ask.by.name, ask.scene.now, false).await?;
    ask.engine.wakes().nudge();
    let text = if was_paused { "resumed" } else { "not-paused" };
    Ok(Turn::Over(Reply::done(Answer::new().line(ask.words.say(text, &[])))))
}

impl Wording {
    /// That the service is paused: by whom, until when, and why.
    pub(in crate::chat) fn paused(&self, pause: &Pause) -> Said {
        let mut args = vec![("by", self.asker(&pause.by)), ("since", self.time(pause.since))];
        args.extend(pause.until.map(|until| ("until", self.time(until))));
        let line = self.say(if pause.until.is_some() { "paused-until" } else { "paused" }, &args);
        match &pause.because {
            None => line,
            Some(why) => self.line("with-reason", &[("line", Arg::Said(line)), ("reason", Arg::Text(why.clone()))]),
        }
    }
}
