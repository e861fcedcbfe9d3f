//! `sync`: everything, some people, or one room; with its progress in one message.

use std::time::Duration;

use equipemed_domain::authority::{Act, Refusal};
use equipemed_domain::command::{SyncTarget, Who};
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{Fault, Row, StoreError};
use equipemed_domain::key::RoomKey;
use equipemed_domain::summary::{Counts, Summary, Trouble};
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use futures_util::FutureExt;
use ruma_common::OwnedEventId;
use tokio::time::Instant;

use super::outcomes::Tally;
use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::engine::pass::Options;
use crate::engine::report::Report;
use crate::engine::wakes::Waited;
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};
use crate::store::{NewRun, Run, RunEnd, RunId, RunState};

/// How often the run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// What takes longer than this is shown while it goes on, and then so often.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// What a sync was asked for, with its names understood.
enum Wanted {
    Everything,
    People(Vec<PersonId>),
    Room(RoomKey),
}

impl Chat {
    /// Begins a sync or shows what it would do.
    pub(super) async fn sync(&self, ask: &Ask, target: &SyncTarget, dry_run: bool) -> Result<Turn, Stop> {
        let wanted = self.wanted(ask, target)?;
        let room = match &wanted {
            Wanted::Room(room) => Some(room),
            _ => None,
        };
        ask.may(Act::Sync, room)?;
        let (chat, ask) = (self.clone(), ask.clone());
        if dry_run || !self.engine().may_write() {
            return Ok(Turn::Later(async move { chat.what_would_be(&ask, wanted).await }.boxed()));
        }
        match wanted {
            Wanted::Everything => {
                let run = self.run_for(ask.event.to_string()).await?;
                Ok(Turn::Later(async move { chat.follow_run(&ask, run).await }.boxed()))
            }
            Wanted::People(people) => Ok(Turn::Later(
                async move {
                    let wakes: Vec<Wake> = people.iter().copied().map(Wake::Person).collect();
                    let wish = Wish::new(ask.event.as_str());
                    let settled = chat.look_and_wait(&wakes, std::slice::from_ref(&wish)).await?;
                    let tally = chat.tally(&wish).await?;
                    let mut reply = chat.tally_reply(&tally, &settled);
                    for person in people {
                        for note in chat.notes_about(person).await? {
                            reply.answer = reply.answer.item(note);
                            if reply.mark == Mark::Done {
                                reply.mark = Mark::Partly;
                            }
                        }
                    }
                    Ok(reply)
                }
                .boxed(),
            )),
            Wanted::Room(room) => Ok(Turn::Later(
                async move {
                    let wish = Wish::new(ask.event.as_str());
                    let settled = chat.look_and_wait(&[Wake::Room(room)], std::slice::from_ref(&wish)).await?;
                    let tally = chat.tally(&wish).await?;
                    Ok(chat.tally_reply(&tally, &settled))
                }
                .boxed(),
            )),
        }
    }

    /// What somebody should look at for one person, such as a name that two want.
    async fn notes_about(&self, person: PersonId) -> Result<Vec<Said>, Stop> {
        let report = self.engine().preview(&Wake::Person(person), &Options::default()).await?;
        let about = report.plan.findings.iter().filter(|finding| finding.person() == Some(person));
        Ok(about.map(|finding| self.to_look_at(finding)).collect())
    }

    fn wanted(&self, ask: &Ask, target: &SyncTarget) -> Result<Wanted, Stop> {
        let scene = &ask.scene;
        Ok(match target {
            SyncTarget::Everything => Wanted::Everything,
            SyncTarget::Room(room) => Wanted::Room(scene.find_room(room)?),
            SyncTarget::People(who) => match who.as_slice() {
                // A plain name may be a room's.
                [Who::Name(name)] => {
                    let room = scene.find_room(&equipemed_domain::command::Where::Name(name.clone()));
                    match (scene.find_person(&Who::Name(name.clone())), room) {
                        (Ok(_), Ok(_)) => {
                            let said = ("said", Arg::Text(name.clone()));
                            return Err(Stop::Unclear(self.texts().say("person-or-room", &[said])));
                        }
                        (Ok(person), Err(_)) => Wanted::People(vec![person]),
                        (Err(_), Ok(room)) => Wanted::Room(room),
                        (Err(not_found), Err(_)) => return Err(not_found.into()),
                    }
                }
                who => Wanted::People(who.iter().map(|who| scene.find_person(who)).collect::<Result<_, _>>()?),
            },
        })
    }

    /// The plan, for reading.
    async fn what_would_be(&self, ask: &Ask, wanted: Wanted) -> Result<Reply, Stop> {
        let engine = self.engine();
        let reports: Vec<Report> = match wanted {
            Wanted::Everything => vec![engine.preview(&Wake::Everything, &Options::default()).await?],
            Wanted::Room(room) => vec![engine.preview(&Wake::Room(room), &Options::default()).await?],
            Wanted::People(people) => {
                let mut reports = Vec::new();
                for person in people {
                    reports.push(engine.preview(&Wake::Person(person), &Options::default()).await?);
                }
                reports
            }
        };
        let mut answer = Answer::new();
        if !engine.may_write() {
            answer = answer.line(self.texts().say("observe", &[]));
        }
        Ok(Reply::told(self.plan_text(answer, &ask.scene, &reports)))
    }

    /// The run that a command asks for, by a name of its own.
    pub(super) async fn run_for(&self, source: String) -> Result<RunId, Stop> {
        let options = Options::default().to_json()?;
        let new = NewRun { origin: "chat".to_owned(), options, source: Some(source) };
        let run = self.engine().store().request_run(&new, self.engine().clock().now()).await?;
        self.engine().wakes().nudge();
        Ok(run)
    }

    /// Follows a run to its end, showing how far it is in one message of ours.
    pub(super) async fn follow_run(&self, ask: &Ask, run: RunId) -> Result<Reply, Stop> {
        let texts = self.texts();
        let begun = Instant::now();
        let (mut run, mut may_repeat) = (run, ask.again);
        let mut shown: Option<(OwnedEventId, Instant)> = None;
        let mut edits = 0_u32;
        loop {
            let row = self.engine().store().run(run).await?;
            let row = row.ok_or(StoreError::Disappeared(Row::Run))?;
            if let Some(end) = &row.end {
                // It ended with the process that was killed over it: once more.
                if matches!(end, RunEnd::Failed(_)) && std::mem::take(&mut may_repeat) {
                    run = self.run_for(format!("{} again", ask.event)).await?;
                    continue;
                }
                if matches!(end, RunEnd::Failed(_)) {
                    // As the answer says: what was asked for, or released, is not lost with this run.
                    self.engine().wake(&Wake::Everything, "chat").await?;
                }
                let mut reply = self.run_reply(ask, end)?;
                reply.edits = shown.map(|(event, _)| event);
                return Ok(reply);
            }
            // What an earlier process showed is found by its transaction, and becomes the answer.
            let is_due =
                ask.again && shown.is_none() || shown.as_ref().map_or(begun, |(_, at)| *at).elapsed() >= PROGRESS_EVERY;
            if is_due {
                let said = Answer::new().line(self.progress(&row)).said();
                let transaction = format!("{}-progress-{edits}", ask.event);
                edits += 1;
                shown = match shown.take() {
                    None => {
                        let event = self.inner.speaker.notice(&ask.room_id, &said, Some(&ask.event), &transaction);
                        Some((event.await?, Instant::now()))
                    }
                    Some((own, _)) => {
                        self.inner.speaker.edit(&ask.room_id, &own, &said, &transaction).await?;
                        Some((own, Instant::now()))
                    }
                };
            }
            if self.engine().is_ending() {
                let text = texts.say("sync-failed", &[("detail", texts.why(&Fault::Stopped))]);
                return Ok(Reply::failed(Answer::new().line(text), Fault::Stopped));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn progress(&self, run: &Run) -> Said {
        let texts = self.texts();
        let (done, total) = run.progress;
        match run.state {
            RunState::Queued => texts.say("waiting-for-other", &[]),
            _ if total == 0 => texts.say("sync-started", &[]),
            _ => {
                let phase = self.engine().progress().borrow().phase;
                let count = |steps: u64| number(usize::try_from(steps).unwrap_or(usize::MAX));
                let phase = ("phase", Arg::Said(texts.word("phase", phase.word())));
                texts.say("sync-progress", &[phase, ("done", count(done)), ("total", count(total))])
            }
        }
    }

    fn run_reply(&self, ask: &Ask, end: &RunEnd) -> Result<Reply, Stop> {
        let texts = self.texts();
        let summary: &Summary = match end {
            RunEnd::Failed(why) => {
                let text = texts.say("sync-failed", &[("detail", texts.why(why))]);
                return Ok(Reply::failed(Answer::new().line(text), why.clone()));
            }
            RunEnd::Done(summary) => summary,
        };
        let counts = |of: fn(&Counts) -> usize| number(summary.total(of));
        let has_work = summary.total(|counts| counts.done + counts.failed + counts.skipped) > 0;
        let mut answer = Answer::new();
        if has_work {
            answer = answer.line(texts.say(
                "sync-done",
                &[
                    ("done", counts(|counts| counts.done)),
                    ("already", counts(|counts| counts.already_so)),
                    ("skipped", counts(|counts| counts.skipped)),
                    ("failed", counts(|counts| counts.failed)),
                    ("findings", number(summary.findings)),
                ],
            ));
        } else {
            answer = answer.line(texts.say("sync-nothing", &[]));
        }
        for trouble in &summary.troubles {
            answer = answer.item(self.trouble(trouble));
        }
        for finding in &summary.found {
            answer = answer.item(self.to_look_at(finding));
        }
        for held in &summary.held {
            answer = answer.item(self.held_line(held, summary, &ask.scene));
        }
        let mark = match (summary.has_failures(), summary.total(|counts| counts.done) > 0, summary.held.is_empty()) {
            (true, false, _) => Mark::Failed,
            (true, true, _) | (false, _, false) => Mark::Partly,
            (false, _, true) => Mark::Done,
        };
        Ok(Reply::new(mark, answer))
    }

    fn tally_reply(&self, tally: &Tally, settled: &Waited) -> Reply {
        let texts = self.texts();
        let mut answer = Answer::new();
        if tally.done + tally.failed + tally.skipped > 0 {
            answer = answer.line(texts.say(
                "sync-done",
                &[
                    ("done", number(tally.done)),
                    ("already", number(tally.already)),
                    ("skipped", number(tally.skipped)),
                    ("failed", number(tally.failed)),
                    ("findings", number(0)),
                ],
            ));
        } else if *settled == Waited::Yes {
            answer = answer.line(texts.say("sync-nothing", &[]));
        }
        for trouble in &tally.troubles {
            answer = answer.item(self.trouble(trouble));
        }
        let waits = *settled != Waited::Yes;
        if waits {
            answer = answer.line(texts.say("grant-waits", &[]));
        }
        let mark = match (tally.failed + tally.skipped, tally.done) {
            (0, _) if !waits => Mark::Done,
            (failed, 0) if failed > 0 => Mark::Failed,
            _ => Mark::Partly,
        };
        Reply::new(mark, answer)
    }

    fn trouble(&self, trouble: &Trouble) -> Said {
        let texts = self.texts();
        texts.line(
            "sync-trouble",
            &[
                ("kind", Arg::Said(texts.word("action", &trouble.kind))),
                ("subject", Arg::Said(texts.topic(&trouble.subject))),
                ("detail", texts.why(&trouble.detail)),
            ],
        )
    }
}

impl Chat {
    /// Says that nothing is changed in mode observe.
    pub(super) fn must_write(&self) -> Result<(), Refusal> {
        if self.engine().may_write() { Ok(()) } else { Err(Refusal::Observe) }
    }
}
