//! `status`: the service's status in a few lines.

use equipemed_domain::summary::Summary;

use crate::chat::ask::Ask;
use crate::chat::reply::{Stop, Turn};
use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};
use crate::store::{HeldPlan, RunEnd};

/// Shows the service's status.
pub(super) async fn status(ask: &Ask) -> Result<Turn, Stop> {
    let (words, status) = (&ask.words, ask.status().await?);
    let version = ("version", Arg::Text(env!("CARGO_PKG_VERSION").to_owned()));
    let mode = if status.writes { "status-mode-enforce" } else { "status-mode-observe" };
    let mut answer = Answer::new()
        .line(words.say("status-intro", &[version, ("since", words.time(ask.serves_since))]))
        .line(words.line(mode, &[]));
    if let Some(pause) = &status.pause {
        answer = answer.line(words.paused(pause));
    }
    if let Some(now) = status.running {
        let phase = ("phase", Arg::Said(words.word("phase", now.phase.word())));
        let steps = [phase, ("done", number(now.done)), ("total", number(now.total))];
        answer = answer.line(words.line("status-running", &steps));
    }
    let mut summary = Summary::default();
    answer = answer.line(match status.last {
        None => words.line("status-last-none", &[]),
        Some((at, RunEnd::Failed(why))) => {
            words.line("status-last-failed", &[("when", words.time(at)), ("detail", words.why(&why))])
        }
        Some((at, RunEnd::Done(done))) => {
            summary = *done;
            let counts = [
                ("when", words.time(at)),
                ("done", number(summary.total(|counts| counts.done))),
                ("failed", number(summary.total(|counts| counts.failed))),
                ("findings", number(summary.findings)),
            ];
            words.line("status-last", &counts)
        }
    });
    answer = answer.line(match status.next {
        Some(next) => words.line("status-next", &[("when", words.time(next))]),
        None => words.line("status-next-off", &[]),
    });
    let count = |of: u64| number(usize::try_from(of).unwrap_or(usize::MAX));
    answer = answer.line(match status.queue {
        (0, 0) => words.line("status-queue-empty", &[]),
        (wakeups, deeds) => words.line("status-queue", &[("wakeups", count(wakeups)), ("deeds", count(deeds))]),
    });
    if status.reports > 0 {
        answer = answer.line(words.line("status-reports", &[("count", count(status.reports))]));
    }
    answer = answer.line(held(words, &status.held)).line(match status.synapse {
        Ok(version) => words.line("status-synapse", &[("version", Arg::Text(version))]),
        Err(why) => words.line("status-synapse-away", &[("detail", words.why(&why))]),
    });
    let people = ("people", number(ask.scene.directory.len()));
    answer = answer.line(words.line("status-directory", &[people, ("when", words.time(ask.scene.now))]));
    if !summary.found.is_empty() {
        answer = answer.line(words.line("status-findings", &[("count", number(summary.findings))]));
        answer = answer.items(summary.found.iter().map(|finding| words.to_look_at(finding)));
    }
    Ok(Turn::told(answer))
}

fn held(words: &Wording, held: &[HeldPlan]) -> Said {
    if held.is_empty() {
        return words.line("status-held-none", &[]);
    }
    let ids = held.iter().map(|plan| {
        let id = Arg::Code(plan.held.id.clone());
        match &plan.first {
            Some((by, _)) => words.line("status-held-one-more", &[("id", id), ("by", words.asker(by))]),
            None => words.shown(&id),
        }
    });
    words.line("status-held", &[("list", Arg::Said(words.list(ids.collect())))])
}
