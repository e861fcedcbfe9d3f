//! Posts stored announcements, each once: in the control room; in a replaced room, to say where it continues; in reply to
//! a file that was redacted, to say why.

use std::sync::Arc;

use equipemed_domain::announcement::{Announcement, Changed};
use equipemed_domain::drift::Drift;
use equipemed_domain::finding::Finding;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::media::{FileKind, Refused};
use jiff::tz::TimeZone;
use ruma_common::UserId;
use tokio_util::sync::CancellationToken;

use super::words::Wording;
use super::{LOOK_EVERY, pause};
use crate::engine::Engine;
use crate::engine::tenure::Tenure;
use crate::homeserver::{ReplyTo, Said, Speaker};
use crate::operations::Scene;
use crate::speech::{Answer, Arg, Texts, number};

/// Announcements per read.
const BATCH: usize = 20;

/// Posts announcements.
#[derive(Debug)]
pub(super) struct Announcer {
    pub(super) engine: Engine,
    pub(super) speaker: Speaker,
    texts: Texts,
    timezone: TimeZone,
}

impl Announcer {
    pub(super) fn new(engine: &Engine, speaker: Speaker, texts: &Texts, timezone: &TimeZone) -> Self {
        Self { engine: engine.clone(), speaker, texts: texts.clone(), timezone: timezone.clone() }
    }

    /// Posts announcements until stopped.
    pub(super) async fn tell(&self, tenure: &Tenure, stop: &CancellationToken) {
        while !stop.is_cancelled() && tenure.is_held() {
            let told = match self.tell_open().await {
                Ok(()) => self.show_reports().await,
                Err(error) => Err(error),
            };
            if let Err(error) = told {
                tracing::warn!(error = format!("{error:#}"), "An announcement could not be told; it is told later");
                pause(LOOK_EVERY * 10, stop).await;
            }
            pause(LOOK_EVERY, stop).await;
        }
    }

    async fn tell_open(&self) -> anyhow::Result<()> {
        let store = self.engine.store();
        let open = store.announcements_open(BATCH).await?;
        if open.is_empty() {
            return Ok(());
        }
        let rooms = store.rooms().await?;
        // Before setup there is no control room.
        let Some(control) = rooms.get(&RoomKey::from(CONTROL_ROOM)) else { return Ok(()) };
        let words = self.words().await?;
        for announcement in open {
            let said = words.announcement(&announcement.content);
            // A new database may reuse a number, but not an instant.
            let transaction = format!("told-{}-{}", announcement.id, announcement.created_at.as_millisecond());
            let (room, reply_to) = match &announcement.content {
                Announcement::Moved { from, .. } => (from, None),
                Announcement::FileRedacted { room_id, event_id, thread, .. } => {
                    (room_id, Some(ReplyTo { event: event_id, thread: thread.as_deref() }))
                }
                _ => (control, None),
            };
            let event = match self.speaker.notice(room, &said, reply_to, &transaction).await {
                Ok(event) => event.to_string(),
                // The room may have been left or deleted since. Skip it, so that the other announcements need not wait.
                Err(error) if room != control && !error.is_retryable() && !error.concerns_all() => {
                    tracing::warn!(room.id = %room, %error, "Something could not be said in a room");
                    String::new()
                }
                Err(error) => return Err(error.into()),
            };
            store.announced(announcement.id, &event, self.engine.clock().now()).await?;
        }
        Ok(())
    }
}

impl Announcer {
    /// An unreadable EquipeMed must be announced too; people are then shown by account.
    pub(super) async fn words(&self) -> anyhow::Result<Wording> {
        let scene = match Scene::read(&self.engine).await {
            Ok(scene) => scene,
            Err(_) => Scene::without_people(&self.engine).await?,
        };
        Ok(Wording::new(&self.texts, &self.timezone, &Arc::new(scene)))
    }
}

impl Wording {
    fn accounts_changed(&self, changes: &[Changed]) -> Answer {
        let items = changes.iter().map(|Changed { change, then, count, users }| {
            let mut names: Vec<Said> = users.iter().map(|user| self.shown(&self.user(user))).collect();
            if let Some(more) = count.checked_sub(users.len()).filter(|more| *more > 0) {
                names.push(self.line("account-changed-more", &[("count", number(more))]));
            }
            let what = ("what", Arg::Said(self.word("account-change", change.word())));
            let then = ("then", Arg::Said(self.word("account-then", then.word())));
            self.line("account-changed", &[what, ("users", Arg::Said(self.list(names))), then])
        });
        Answer::new().line(self.say("accounts-changed", &[])).items(items)
    }

    fn refused(&self, why: Refused) -> Arg {
        Arg::Said(self.word("refused-file", why.word()))
    }

    /// The accepted kinds of files; what has no name is shown as configured.
    fn accepted(&self, ranges: &[String]) -> Said {
        let shown = |range: &String| match range.parse().map(|range| FileKind::of(&range)) {
            Ok(FileKind::Other) | Err(_) => self.shown(&Arg::Code(range.clone())),
            Ok(kind) => self.word("file-kind", kind.word()),
        };
        let mut all: Vec<Said> = Vec::new();
        for kind in ranges.iter().map(shown) {
            if !all.contains(&kind) {
                all.push(kind);
            }
        }
        self.list(all)
    }

    fn announcement(&self, announcement: &Announcement) -> Said {
        let by_hand = |id, room, what: &Drift, by| {
            let what = Arg::Said(self.word("drift", what.word()));
            self.say(id, &[("what", what), ("room", self.room(room)), ("user", self.user(by))])
        };
        let ban = |id, room, user: &UserId, by| {
            self.say(id, &[("room", self.room(room)), ("user", self.user(user)), ("by", self.user(by))])
        };
        match announcement {
            Announcement::Held { id, reason, count, two } => self.say(
                if *two { "announce-held-two" } else { "announce-held" },
                &[("id", Arg::Text(id.clone())), ("reason", self.held_reason(reason)), ("count", number(*count))],
            ),
            Announcement::Paused { pause } => self.paused(pause),
            Announcement::Resumed { by } => self.say("announce-resumed", &[("by", self.asker(by))]),
            Announcement::PauseOver => self.say("announce-pause-over", &[]),
            Announcement::HeldClosed { id } => self.say("announce-held-closed", &[("id", Arg::Text(id.clone()))]),
            Announcement::PowersPlaced { people } => self.say("announce-powers-placed", &[("count", number(*people))]),
            Announcement::PutBack { room, what: Drift::Member(user), by } if user == by => {
                self.say("drift-came-back", &[("room", self.room(room)), ("user", self.user(by))])
            }
            Announcement::PutBack { room, what: Drift::Ban(user), by } => ban("ban-put-back", room, user, by),
            Announcement::Seen { room, what: Drift::Ban(user), by } => ban("ban-seen", room, user, by),
            Announcement::PutBack { room, what, by } => by_hand("drift-put-back", room, what, by),
            Announcement::Seen { room, what, by } => by_hand("drift-seen", room, what, by),
            Announcement::Fight { room, what, by, minutes } => {
                let people = by.iter().map(|user| self.shown(&self.user(user))).collect();
                self.say(
                    "drift-fight",
                    &[
                        ("what", Arg::Said(self.word("drift", what.word()))),
                        ("room", self.room(room)),
                        ("user", Arg::Said(self.list(people))),
                        ("minutes", Arg::Number(i64::from(*minutes))),
                    ],
                )
            }
            Announcement::Stray { kind, room_id } => {
                let room = match self.scene.key_of(room_id) {
                    Some(key) => self.room(key),
                    None => Arg::Room { room_id: Some(room_id.clone()), name: String::new() },
                };
                self.say("stray-event", &[("kind", Arg::Code(kind.clone())), ("room", room)])
            }
            Announcement::BroughtIn { room_id, name, by, maker, leaves } => {
                let id = ("id", Arg::Code(room_id.to_string()));
                let room = match name {
                    Some(name) => self.line("brought-room-named", &[("name", Arg::Text(name.clone())), id.clone()]),
                    None => self.shown(&Arg::Code(room_id.to_string())),
                };
                let room = ("room", Arg::Said(room));
                let came = match (by, maker) {
                    (Some(by), _) => self.line("brought-in-by", &[("user", self.user(by)), room]),
                    (None, Some(maker)) => self.line("brought-in-made", &[("user", self.user(maker)), room]),
                    (None, None) => self.line("brought-in", &[room]),
                };
                let text = if *leaves { "brought-leaves" } else { "brought-stays" };
                self.say(text, &[("came", Arg::Said(came)), id])
            }
            Announcement::Moved { to, room, .. } => {
                let name = self.scene.policy.rooms.get(room).map_or_else(|| room.to_string(), |room| room.name.clone());
                self.say("room-moved", &[("room", Arg::Room { room_id: Some(to.clone()), name })])
            }
            Announcement::FileRedacted { user, accepted, .. } if accepted.is_empty() => {
                self.say("file-redacted-any", &[("user", self.user(user))])
            }
            Announcement::FileRedacted { user, why, accepted, .. } => {
                let accepted = ("accepted", Arg::Said(self.accepted(accepted)));
                self.say("file-redacted", &[("user", self.user(user)), ("what", self.refused(*why)), accepted])
            }
            Announcement::FileSeen { room, user, why, paused } => {
                let what = ("what", self.refused(*why));
                let text = if *paused { "file-seen-paused" } else { "file-seen" };
                self.say(text, &[("user", self.user(user)), ("room", self.room(room)), what])
            }
            Announcement::FileStays { room, user, detail } => {
                let detail = ("detail", self.why(detail));
                self.say("file-stays", &[("user", self.user(user)), ("room", self.room(room)), detail])
            }
            Announcement::DirectoryAway { why } => self.say("directory-gone", &[("detail", self.why(why))]),
            Announcement::DirectoryBack { since } => self.say("directory-back", &[("since", self.time(*since))]),
            Announcement::AccountsChanged { changes } => self.accounts_changed(changes).said(),
            // The bot cannot read commands in an encrypted control room, so its text names the operator's command
            // instead.
            Announcement::Found { finding: Finding::RoomEncrypted { room } } if room.as_str() != CONTROL_ROOM => {
                self.say("room-encrypted", &[("room", self.room(room)), ("key", Arg::Code(room.to_string()))])
            }
            Announcement::Found { finding: Finding::ControlRoomOpen { join_rule } } => {
                self.say("control-room-open", &[("rule", Arg::Said(self.word("join-rule", join_rule)))])
            }
            Announcement::Found { finding } => self.to_look_at(finding),
        }
    }
}
