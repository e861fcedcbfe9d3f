//! `sync`: syncs everything, some people or one room; shows its progress in one message.

use std::time::Duration;

use equipemed_domain::command::SyncTarget;
use equipemed_domain::fault::Fault;
use equipemed_domain::finding::Finding;
use equipemed_domain::summary::{Counts, Summary};
use ruma_common::OwnedEventId;
use tokio::time::Instant;

use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::chat::words::Wording;
use crate::engine::wakes::Waited;
use crate::homeserver::Said;
use crate::operations::{Following, SyncSubject, Synced};
use crate::speech::{Answer, Arg, number};
use crate::store::{Run, RunEnd, RunState};

/// How often to check the run.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// After this time the progress is shown, and again at this interval.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// Begins a sync or shows what it would do.
pub(super) async fn sync(ask: &Ask, target: &SyncTarget, dry_run: bool) -> Result<Turn, Stop> {
    let target = ask.sync_target(target)?;
    let ask = ask.clone();
    if dry_run || !ask.engine.may_write() {
        return Ok(Turn::later(async move {
            let reports = ask.preview_sync(&target).await?;
            let mut answer = Answer::new();
            if !ask.engine.may_write() {
                answer = answer.line(ask.words.say("observe", &[]));
            }
            Ok(Reply::told(ask.words.plan_text(answer, &reports)))
        }));
    }
    if let SyncSubject::Everything = target {
        let run = ask.request_run().await?;
        return Ok(Turn::later(async move { follow_run(&ask, run).await }));
    }
    Ok(Turn::later(async move { Ok(ask.words.synced(&ask.sync_narrowly(&target).await?)) }))
}

/// Follows a run to its end and shows its progress in one message of the bot.
pub(super) async fn follow_run(ask: &Ask, mut run: Following) -> Result<Reply, Stop> {
    let words = &ask.words;
    let begun = Instant::now();
    let mut shown: Option<(OwnedEventId, Instant)> = None;
    let mut edits = 0_u32;
    loop {
        let row = run.look().await?;
        if let Some(end) = &row.end {
            let mut reply = words.run_ended(end);
            reply.edits = shown.map(|(event, _)| event);
            return Ok(reply);
        }
        // Repeating an earlier process's transaction returns its progress message, which then becomes the answer.
        let is_due =
            ask.again && shown.is_none() || shown.as_ref().map_or(begun, |(_, at)| *at).elapsed() >= PROGRESS_EVERY;
        if is_due {
            let said = Answer::new().line(progress(ask, &row)).said();
            let own = shown.take().map(|(own, _)| own);
            let own = ask.voice.show_progress(&ask.room_id, &ask.event, &said, own, edits).await?;
            edits += 1;
            shown = Some((own, Instant::now()));
        }
        if ask.engine.is_ending() {
            let text = words.say("sync-failed", &[("detail", words.why(&Fault::Stopped))]);
            return Ok(Reply::failed(Answer::new().line(text), Fault::Stopped));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn progress(ask: &Ask, run: &Run) -> Said {
    let words = &ask.words;
    let (done, total) = run.progress;
    match run.state {
        RunState::Queued => words.say("waiting-for-other", &[]),
        _ if total == 0 => words.say("sync-started", &[]),
        _ => {
            let phase = ask.engine.progress().borrow().phase;
            let count = |steps: u64| number(usize::try_from(steps).unwrap_or(usize::MAX));
            let phase = ("phase", Arg::Said(words.word("phase", phase.word())));
            words.say("sync-progress", &[phase, ("done", count(done)), ("total", count(total))])
        }
    }
}

impl Wording {
    fn run_ended(&self, end: &RunEnd) -> Reply {
        let summary: &Summary = match end {
            RunEnd::Failed(why) => {
                let text = self.say("sync-failed", &[("detail", self.why(why))]);
                return Reply::failed(Answer::new().line(text), why.clone());
            }
            RunEnd::Done(summary) => summary,
        };
        let mut counts = Counts::default();
        summary.counts.values().for_each(|kind| counts.add(*kind));
        let answer = self.sync_done(&counts, summary.findings).unwrap_or_else(|| self.nothing_done(&summary.found));
        let answer = Answer::new()
            .line(answer)
            .items(summary.troubles.iter().map(|trouble| self.trouble(trouble)))
            .items(summary.found.iter().map(|finding| self.to_look_at(finding)))
            .items(summary.held.iter().map(|held| self.held_line(held, summary)));
        let mark = match (summary.has_failures(), counts.done > 0, summary.held.is_empty()) {
            (true, false, _) => Mark::Failed,
            (true, true, _) | (false, _, false) => Mark::Partly,
            (false, _, true) => Mark::Done,
        };
        Reply::new(mark, answer)
    }

    fn synced(&self, synced: &Synced) -> Reply {
        let Synced { tally, waited, notes, unclear } = synced;
        let is_over = *waited == Waited::Yes;
        let is_clear = notes.is_empty() && unclear.is_empty();
        let nothing = || is_over.then(|| self.say(if is_clear { "sync-nothing" } else { "sync-nothing-but" }, &[]));
        let mut answer = Answer::new();
        if let Some(line) = self.sync_done(&tally.counts, 0).or_else(nothing) {
            answer = answer.line(line);
        }
        answer = answer.items(tally.troubles.iter().map(|trouble| self.trouble(trouble)));
        if !is_over {
            answer = answer.line(self.say("grant-waits", &[]));
        }
        let mark = match (tally.counts.failed + tally.counts.skipped, tally.counts.done) {
            (0, _) if is_over && is_clear => Mark::Done,
            (failed, 0) if failed > 0 => Mark::Failed,
            _ => Mark::Partly,
        };
        let unclear = unclear.iter().map(|person| self.say("unmet-unclear", &[("user", self.person(*person))]));
        Reply::new(mark, answer.items(unclear).items(notes.iter().map(|finding| self.to_look_at(finding))))
    }

    /// Says that nothing was changed. If the bot cannot help a room, it does not claim that everything agrees.
    fn nothing_done<'f>(&self, found: impl IntoIterator<Item = &'f Finding>) -> Said {
        let is_idle = found.into_iter().any(Finding::is_idle_room);
        self.say(if is_idle { "sync-nothing-but" } else { "sync-nothing" }, &[])
    }

    /// What was done, if anything.
    fn sync_done(&self, counts: &Counts, findings: usize) -> Option<Said> {
        let args = [
            ("done", number(counts.done)),
            ("already", number(counts.already_so)),
            ("skipped", number(counts.skipped)),
            ("failed", number(counts.failed)),
            ("findings", number(findings)),
        ];
        (counts.done + counts.failed + counts.skipped > 0).then(|| self.say("sync-done", &args))
    }
}
