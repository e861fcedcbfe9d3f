//! What people reported, as messages in the control room: one per reported event, kept up to date until it is answered.
//!
//! Never shows what the reported message says.

use std::slice::from_ref;

use equipemed_domain::authority::{Act, Whose};
use equipemed_domain::event::{Content, Event};
use equipemed_domain::fault::Fault;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::report::{NAMED, ReportEnding, ReportPlace, is_news};
use ruma_common::{EventId, OwnedUserId, RoomId};

use super::Chat;
use super::announce::Announcer;
use super::understand::{identify, scene_for};
use super::words::Wording;
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};
use crate::store::{InboxEvent, ReportCase};

/// Cases per read.
const BATCH: usize = 20;
/// What a case's message shows once it is answered.
const ENDED: i64 = -1;

/// Who reported, and in which words.
type Words = Vec<(OwnedUserId, Option<String>)>;

impl Announcer {
    /// Posts and updates the messages of reports.
    pub(super) async fn show_reports(&self) -> anyhow::Result<()> {
        let store = self.engine.store();
        let due = store.report_cases_to_show(BATCH).await?;
        if due.is_empty() {
            return Ok(());
        }
        let rooms = store.rooms().await?;
        let Some(control) = rooms.get(&RoomKey::from(CONTROL_ROOM)) else { return Ok(()) };
        let words = self.words().await?;
        let mut refused = Ok(());
        for case in due {
            match self.show(control, &words, case).await {
                // Only this one.
                Err(Fault::Homeserver(error)) if !error.concerns_all() => refused = Err(error.into()),
                shown => shown?,
            }
        }
        refused
    }

    async fn show(&self, control: &RoomId, words: &Wording, mut case: ReportCase) -> Result<(), Fault> {
        let store = self.engine.store();
        let can_redact = self.engine.may_write() && case.place == Some(ReportPlace::Redactable);
        // A new database may reuse a number, but not an instant.
        let name = format!("report-{}-{}", case.id, case.opened_at.as_millisecond());
        let event = match case.posted_event.clone() {
            Some(event) => event,
            None => {
                // Noted before it is posted: if it is posted again after a crash, Synapse answers with the first message,
                // which must be the same.
                if case.shown == 0 {
                    case.shown = case.count;
                    store.report_shown(case.id, case.shown, None).await?;
                }
                let people = store.report_words(case.id, case.shown).await?;
                let said = words.report(&case, case.shown, &people, can_redact);
                let event = self.speaker.notice(control, &said, None, &name).await?;
                store.report_shown(case.id, case.shown, Some(&event)).await?;
                event
            }
        };
        let (said, shown) = match &case.closed {
            Some((_, ending, by)) => (words.report_ended(&case, *ending, by.as_ref()), ENDED),
            None if is_due(&case) => {
                let people = store.report_words(case.id, case.count).await?;
                (words.report(&case, case.count, &people, can_redact), case.count)
            }
            None => return Ok(()),
        };
        match self.speaker.edit(control, &event, &said, &format!("{name}-{shown}")).await {
            Ok(_) => {}
            // The message may have been in a control room that was replaced since.
            Err(error) if !error.is_retryable() && !error.concerns_all() => {
                tracing::warn!(%error, "The message of a report could not be changed");
            }
            Err(error) => return Err(error.into()),
        }
        Ok(store.report_shown(case.id, shown, None).await?)
    }
}

fn is_due(case: &ReportCase) -> bool {
    case.place.is_some_and(|place| is_news(place, case.shown, case.count))
}

impl Chat {
    /// A reaction to a report: whoever may redact there says that it is settled.
    pub(super) async fn report_settled(&self, event: InboxEvent, case: &ReportCase) -> anyhow::Result<()> {
        let engine = &self.inner.engine;
        let Event { room_id, event_id, sender, .. } = &event.event;
        let reaction = engine.reader().event(room_id, event_id).await?;
        if reaction.is_none_or(|reaction| reaction.content.redacted) {
            return self.done(event.seq).await;
        }
        let scene = scene_for(sender, engine).await?.ok_or(Fault::DirectoryAway)?;
        // Outside managed rooms, whoever may redact everywhere.
        let room = scene.key_of(&case.room_id).cloned().filter(|_| case.event_id.is_some());
        if let Ok(asker) = identify(&scene, sender)
            && self.asked(scene.into(), asker, &event, false).may(Act::Redact(Whose::Others), room.as_ref()).is_ok()
        {
            engine.settle_report(case.id, sender.as_str()).await?;
        }
        self.done(event.seq).await
    }

    /// A redaction closes the report of the event. True if it took back a confirmation and is handled by that.
    pub(super) async fn redaction(&self, event: &InboxEvent) -> anyhow::Result<bool> {
        if let Content::Redaction { redacts } = &event.event.content {
            self.inner.engine.report_redacted(redacts, event.event.sender.as_str()).await?;
        }
        self.taken_back(event).await
    }
}

impl Wording {
    /// The message of an open case that shows so many reports.
    fn report(&self, case: &ReportCase, count: i64, people: &Words, can_redact: bool) -> Said {
        let count = ("count", Arg::Number(count));
        let Some(event) = &case.event_id else {
            let user = ("user", self.user(&case.opener));
            return Answer::new()
                .line(self.say("report-several", &[user, count]))
                .line(self.say("report-settle", &[]))
                .said();
        };
        let link = ("link", Arg::Link(self.link_to(&case.room_id, event)));
        let by = ("by", Arg::Said(self.reporters(people)));
        let mut answer =
            Answer::new().line(self.say("report", &[count, by, self.whose(case), self.place(case), link.clone()]));
        for (user, reason) in people.iter().take(NAMED) {
            if let Some(reason) = reason {
                let args = [("user", self.user(user)), ("reason", Arg::Text(reason.clone()))];
                answer = answer.line(self.say("report-reason", &args));
            }
        }
        if can_redact {
            answer = answer.line(self.say("report-redact", &[link]));
        }
        answer.line(self.say("report-settle", &[])).said()
    }

    /// What is left of a case's message once it is answered: no words of the reporters.
    fn report_ended(&self, case: &ReportCase, ending: ReportEnding, by: Option<&OwnedUserId>) -> Said {
        let who = by.map(|by| ("by", self.user(by)));
        let end = match (ending, &who) {
            (ReportEnding::Redacted, None) => self.line("report-redacted", &[]),
            (ReportEnding::Redacted, Some(who)) => self.line("report-redacted-by", from_ref(who)),
            (ReportEnding::Settled, None) => self.line("report-settled", &[]),
            (ReportEnding::Settled, Some(who)) => self.line("report-settled-by", from_ref(who)),
        };
        let (count, end) = (("count", Arg::Number(case.count)), ("end", Arg::Said(end)));
        match &case.event_id {
            Some(_) => self.say("report-ended", &[count, self.whose(case), self.place(case), end]),
            None => self.say("report-several-ended", &[("user", self.user(&case.opener)), count, end]),
        }
    }

    fn reporters(&self, people: &Words) -> Said {
        let mut names: Vec<Said> = people.iter().take(NAMED).map(|(user, _)| self.shown(&self.user(user))).collect();
        if let Some(more) = people.len().checked_sub(NAMED).filter(|more| *more > 0) {
            names.push(self.line("account-changed-more", &[("count", number(more))]));
        }
        self.list(names)
    }

    fn whose(&self, case: &ReportCase) -> (&'static str, Arg) {
        (
            "sender",
            match &case.sender {
                Some(sender) => self.user(sender),
                None => Arg::Said(self.line("report-sender-unknown", &[])),
            },
        )
    }

    fn place(&self, case: &ReportCase) -> (&'static str, Arg) {
        let place = match (case.place, self.scene.key_of(&case.room_id)) {
            (_, Some(key)) => self.line("report-in-room", &[("room", self.room(key))]),
            (Some(ReportPlace::Direct), None) => self.line("report-in-direct", &[]),
            (_, None) => self.line("report-in-other", &[]),
        };
        ("place", Arg::Said(place))
    }

    fn link_to(&self, room_id: &RoomId, event: &EventId) -> String {
        let via = vec![self.scene.policy.server_name.clone()];
        room_id.matrix_to_event_uri_via(event.to_owned(), via).to_string()
    }
}
