//! `status`: how the service is, in a few lines.

use equipemed_domain::summary::Summary;

use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Reply, Stop};
use crate::homeserver::Patience;
use crate::speech::{Answer, Arg, number};
use crate::store::{RunEnd, RunState};

/// How many of the latest runs are looked through for one that ended.
const RUNS: usize = 10;

impl Chat {
    /// How the service is.
    pub(super) async fn status(&self, ask: &Ask) -> Result<Reply, Stop> {
        let (texts, store) = (self.texts(), self.engine().store());
        let version = ("version", Arg::Text(env!("CARGO_PKG_VERSION").to_owned()));
        let mode = if self.engine().may_write() { "status-mode-enforce" } else { "status-mode-observe" };
        let mut answer = Answer::new()
            .line(texts.say("status-intro", &[version, ("since", self.time(self.inner.started))]))
            .line(texts.line(mode, &[]));
        let runs = store.recent_runs(RUNS).await?;
        if runs.iter().any(|run| run.state == RunState::Running) {
            let now = *self.engine().progress().borrow();
            let phase = ("phase", Arg::Said(texts.word("phase", now.phase.word())));
            let steps = [phase, ("done", number(now.done)), ("total", number(now.total))];
            answer = answer.line(texts.line("status-running", &steps));
        }
        let last = runs.iter().find_map(|run| Some((run.finished_at?, run.end.as_ref()?)));
        let mut summary = Summary::default();
        answer = answer.line(match last {
            None => texts.line("status-last-none", &[]),
            Some((at, RunEnd::Failed(why))) => {
                texts.line("status-last-failed", &[("when", self.time(at)), ("detail", texts.why(why))])
            }
            Some((at, RunEnd::Done(done))) => {
                summary = (**done).clone();
                texts.line(
                    "status-last",
                    &[
                        ("when", self.time(at)),
                        ("done", number(summary.total(|counts| counts.done))),
                        ("failed", number(summary.total(|counts| counts.failed))),
                        ("findings", number(summary.findings)),
                    ],
                )
            }
        });
        let next = store.wakeup(&equipemed_domain::wake::Wake::Everything).await?;
        answer = answer.line(match next {
            Some(next) => texts.line("status-next", &[("when", self.time(next.due_at))]),
            None => texts.line("status-next-off", &[]),
        });
        let (wakeups, deeds) = (store.wakeups_due(ask.scene.now).await?, store.deeds_open().await?);
        let count = |of: u64| number(usize::try_from(of).unwrap_or(usize::MAX));
        answer = answer.line(match (wakeups, deeds) {
            (0, 0) => texts.line("status-queue-empty", &[]),
            _ => texts.line("status-queue", &[("wakeups", count(wakeups)), ("deeds", count(deeds))]),
        });
        let held = store.held_open(ask.scene.now).await?;
        answer = answer.line(match held.is_empty() {
            true => texts.line("status-held-none", &[]),
            false => {
                let ids = held.iter().map(|plan| {
                    let id = Arg::Code(plan.held.id.clone());
                    match &plan.first {
                        Some((by, _)) => {
                            texts.line("status-held-one-more", &[("id", id), ("by", self.asker(by, &ask.scene))])
                        }
                        None => texts.shown(&id),
                    }
                });
                let ids = ids.collect();
                texts.line("status-held", &[("list", Arg::Said(texts.list(ids)))])
            }
        });
        // One try: who asks how the service is does not want to wait until Synapse is back.
        answer = answer.line(match self.engine().reader().patient(Patience::NONE).synapse_version().await {
            Ok(version) => texts.line("status-synapse", &[("version", Arg::Text(version))]),
            Err(error) => texts.line("status-synapse-away", &[("detail", texts.why(&error.into()))]),
        });
        let people = ("people", number(ask.scene.directory.len()));
        answer = answer.line(texts.line("status-directory", &[people, ("when", self.time(ask.scene.now))]));
        if !summary.found.is_empty() {
            answer = answer.line(texts.line("status-findings", &[("count", number(summary.findings))]));
            for finding in &summary.found {
                answer = answer.item(self.to_look_at(finding));
            }
        }
        Ok(Reply::told(answer))
    }
}
