//! Texts about the people and rooms of one moment, and how common subjects are shown.

use std::ops::Deref;
use std::sync::Arc;

use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::finding::Finding;
use equipemed_domain::grant::Grant;
use equipemed_domain::key::RoomKey;
use equipemed_domain::policy::RoomKind;
use equipemed_domain::review::{Held, HeldReason};
use equipemed_domain::summary::{Summary, Trouble};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ruma_common::UserId;

use super::reply::{Reply, Stop};
use crate::homeserver::Said;
use crate::operations::{self, NotFound, Scene, Unclear};
use crate::speech::{Answer, Arg, NamedRoom, Shown, Texts, number};

/// The texts with names, times and rooms filled in.
#[derive(Clone, Debug)]
pub(super) struct Wording {
    texts: Texts,
    timezone: TimeZone,
    pub(super) scene: Arc<Scene>,
}

impl Deref for Wording {
    type Target = Texts;

    fn deref(&self) -> &Texts {
        &self.texts
    }
}

impl Wording {
    pub(super) fn new(texts: &Texts, timezone: &TimeZone, scene: &Arc<Scene>) -> Self {
        let rooms = scene.policy.rooms.iter().map(|(key, room)| {
            (key.clone(), NamedRoom { shown: scene.room(key), is_space: room.kind == RoomKind::Space })
        });
        let roles = scene.policy.roles.iter().filter_map(|(key, role)| Some((key.clone(), role.name.clone()?)));
        let texts = texts.clone().with_people(&scene.directory).with_names(rooms.collect(), roles.collect());
        Self { texts, timezone: timezone.clone(), scene: scene.clone() }
    }

    pub(super) fn person(&self, id: PersonId) -> Arg {
        self.scene.person(id)
    }

    pub(super) fn user(&self, user: &UserId) -> Arg {
        self.scene.user(user)
    }

    pub(super) fn room(&self, key: &RoomKey) -> Arg {
        self.scene.room(key)
    }

    /// A list of rooms in words.
    pub(super) fn rooms<'k>(&self, keys: impl IntoIterator<Item = &'k RoomKey>) -> Arg {
        Arg::Said(self.list(keys.into_iter().map(|key| self.shown(&self.room(key))).collect()))
    }

    /// An instant in the hospital's time zone.
    pub(super) fn time(&self, at: Timestamp) -> Arg {
        Arg::Time(at.to_zoned(self.timezone.clone()).strftime("%d/%m/%Y %H:%M").to_string())
    }

    /// ", until …", or nothing for what has no end.
    pub(super) fn until(&self, end: Option<Timestamp>) -> Arg {
        Arg::Said(end.map_or_else(Said::default, |end| self.line("until", &[("time", self.time(end))])))
    }

    /// The asker as stored: an account, or a word such as `operator`.
    pub(super) fn asker(&self, asker: &str) -> Arg {
        UserId::parse(asker).map_or_else(|_| self.texts.asker(asker), |user| self.user(&user))
    }

    /// Why something is held.
    pub(super) fn held_reason(&self, reason: &HeldReason) -> Arg {
        Arg::Said(self.texts.held_reason(reason, |room| self.room(room)))
    }

    /// A held part, with a note if it lacks only one consent.
    pub(super) fn held_line(&self, held: &Held, summary: &Summary) -> Said {
        let reason = ("reason", self.held_reason(&held.reason));
        let line = if summary.one_more.contains(&held.id) { "sync-held-one-more" } else { "sync-held" };
        self.line(line, &[("id", Arg::Text(held.id.clone())), reason, ("count", number(held.effects.len()))])
    }

    /// A finding.
    pub(super) fn to_look_at(&self, finding: &Finding) -> Said {
        self.say("sync-finding", &[("detail", Arg::Said(self.finding(finding)))])
    }

    /// A trouble.
    pub(super) fn trouble(&self, trouble: &Trouble) -> Said {
        let kind = ("kind", Arg::Said(self.word("action", &trouble.kind)));
        let subject = ("subject", Arg::Said(self.topic(&trouble.subject)));
        let more = ("more", number(trouble.more));
        self.line("sync-trouble", &[kind, subject, more, ("detail", self.why(&trouble.detail))])
    }

    /// A kind of change with its number.
    pub(super) fn kind_of_change(&self, kind: &str, count: usize) -> Said {
        self.line("plan-kind", &[("action", Arg::Said(self.word("action", kind))), ("count", number(count))])
    }

    /// A grant in one line.
    pub(super) fn grant_line(&self, grant: &Grant) -> Said {
        let args = [
            ("id", Arg::Number(grant.id.0)),
            ("user", self.person(grant.person)),
            ("what", Arg::Said(self.granted(grant.kind, grant.scope.as_ref()))),
            ("asker", self.asker(&grant.asker)),
            ("when", self.time(grant.created_at)),
            ("until", self.until(grant.expires_at)),
        ];
        let line = self.line("grant-line", &args);
        match &grant.reason {
            None => line,
            Some(reason) => {
                self.line("with-reason", &[("line", Arg::Said(line)), ("reason", Arg::Text(reason.clone()))])
            }
        }
    }

    /// The answer to a command that stopped.
    pub(super) fn stopped(&self, stop: Stop) -> Reply {
        let (said, why) = match stop {
            Stop::Unclear(said) => (said, Fault::Unclear),
            Stop::Why(operations::Stop::Unclear(why)) => (self.unclear(&why), Fault::Unclear),
            Stop::Why(operations::Stop::NotFound(why)) => (self.not_found(&why), Fault::NotIdentified),
            Stop::Why(operations::Stop::Refused(refusal)) => {
                (self.refusal(&refusal, &*self.scene), Fault::Refused(refusal))
            }
            Stop::Why(operations::Stop::Failed(fault)) => {
                tracing::warn!(error = %fault, "A command failed");
                (self.say("grant-failed", &[("detail", self.why(&fault))]), fault)
            }
        };
        Reply::failed(Answer::new().line(said), why)
    }

    /// What is wrong with a request.
    pub(super) fn unclear(&self, why: &Unclear) -> Said {
        let said = |said: &String| ("said", Arg::Text(said.clone()));
        let code = |id: &String| ("id", Arg::Code(id.clone()));
        match why {
            Unclear::NoRoomNamed => self.say("need-room", &[]),
            Unclear::TimeIsOver { until } => self.say("time-is-over", &[("until", self.time(*until))]),
            Unclear::PersonOrRoom { said: name } => self.say("person-or-room", &[said(name)]),
            Unclear::NoAccount { person } => self.say("no-account", &[("user", self.person(*person))]),
            Unclear::NotHeld { said: id } => self.say("not-held", &[said(id)]),
            Unclear::NewApprover => self.say("approve-new", &[]),
            Unclear::GainsByIt => self.say("approve-self", &[]),
            Unclear::Closed { id } => self.say("approve-closed", &[code(id)]),
            Unclear::Expired { id } => self.say("approve-expired", &[code(id)]),
            Unclear::Outgrown { id, now: None } => self.say("approve-changed", &[code(id)]),
            Unclear::Outgrown { id, now: Some(now) } => {
                self.say("approve-outgrown", &[code(id), ("now", Arg::Text(now.clone()))])
            }
            Unclear::NothingToRedact => self.say("redact-none", &[]),
            Unclear::NoEvent => self.say("no-event", &[]),
            Unclear::RedactedAlready => self.say("redact-already", &[]),
            Unclear::NotAMessage => self.say("redact-not-a-message", &[]),
            Unclear::Wrong { what, said: text } => {
                self.say("wrong", &[said(text), ("what", Arg::Said(self.word("placeholder", what)))])
            }
            Unclear::RoomExists { room } => self.say("rooms-create-exists", &[("room", self.room(room))]),
            Unclear::NobodyMeant { said: text } => self.say("rooms-create-nobody", &[said(text)]),
            Unclear::NotThatRoom(why) => self.fault(why),
        }
    }

    /// Why a name does not resolve.
    fn not_found(&self, why: &NotFound) -> Said {
        let text = |said: &String| ("said", Arg::Text(said.clone()));
        match why {
            NotFound::Nobody { said, nearest: None } => self.say("nobody", &[text(said)]),
            NotFound::Nobody { said, nearest: Some(person) } => {
                self.say("nobody-near", &[text(said), ("nearest", self.person(*person))])
            }
            NotFound::Several { said, people } => {
                // In a form that can be typed: names that differ only in case, or not at all, would not help.
                let typed = |id: &PersonId| match (self.scene.user_of(*id), self.scene.directory.get(*id)) {
                    (None, Some(person)) => Arg::Text(person.username.clone()),
                    _ => self.person(*id),
                };
                let list = people.iter().map(|id| self.shown(&typed(id))).collect();
                self.say("several-people", &[text(said), ("list", Arg::Said(self.choice(list)))])
            }
            NotFound::NoRoom { said, nearest: None } => self.say("no-room", &[text(said)]),
            NotFound::NoRoom { said, nearest: Some(room) } => {
                self.say("no-room-near", &[text(said), ("nearest", self.room(room))])
            }
            NotFound::Unquoted { said } => self.say("unquoted", &[text(said)]),
            NotFound::NotManaged { said } => self.say("not-managed", &[("room", Arg::Text(said.clone()))]),
        }
    }
}
