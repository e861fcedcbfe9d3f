//! `pause` and `resume`: the service changes nothing by itself for a while.

use equipemed_domain::command::Word;
use equipemed_domain::pause::Pause;
use jiff::SignedDuration;

use crate::chat::ask::Ask;
use crate::chat::reply::{Reply, Stop, Turn};
use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::speech::{Answer, Arg};

/// Begins a pause.
pub(super) async fn pause(ask: &Ask, lasts: Option<SignedDuration>, because: Option<&str>) -> Result<Turn, Stop> {
    let pause = ask.pause(lasts, because).await?;
    let resume = ("command", Arg::Code(ask.words.spelled(Word::Resume)));
    let answer = Answer::new().line(ask.words.paused(&pause)).line(ask.words.say("pause-how", &[resume]));
    Ok(Turn::Over(Reply::done(answer)))
}

/// Ends the pause.
pub(super) async fn resume(ask: &Ask) -> Result<Turn, Stop> {
    let text = if ask.resume().await? { "resumed" } else { "not-paused" };
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
            Some(why) => self.say("paused-because", &[("line", Arg::Said(line)), ("reason", Arg::Text(why.clone()))]),
        }
    }
}
