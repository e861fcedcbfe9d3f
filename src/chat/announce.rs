//! Tells the control room what it has not asked for: stored by whoever noticed it, told here, each once.

use equipemed_domain::announcement::Announcement;
use equipemed_domain::drift::BAN;
use equipemed_domain::finding::Finding;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::review::HeldReason;
use ruma_common::{OwnedUserId, UserId};
use tokio_util::sync::CancellationToken;

use super::{Chat, LOOK_EVERY, pause};
use crate::engine::tenure::Tenure;
use crate::homeserver::Said;
use crate::operations::Scene;
use crate::speech::{Answer, Arg, number};

/// How many are told at once.
const BATCH: usize = 20;

impl Chat {
    /// Tells announcements until it is stopped.
    pub(super) async fn tell(&self, tenure: &Tenure, stop: &CancellationToken) {
        while !stop.is_cancelled() && tenure.is_held() {
            if let Err(error) = self.tell_open().await {
                tracing::warn!(error = format!("{error:#}"), "An announcement could not be told; it is told later");
                pause(LOOK_EVERY * 10, stop).await;
            }
            pause(LOOK_EVERY, stop).await;
        }
    }

    async fn tell_open(&self) -> anyhow::Result<()> {
        let store = self.engine().store();
        let open = store.announcements_open(BATCH).await?;
        if open.is_empty() {
            return Ok(());
        }
        let rooms = store.rooms().await?;
        // Before setup there is no room to tell it in.
        let Some(control) = rooms.get(&RoomKey::from(CONTROL_ROOM)) else { return Ok(()) };
        // That EquipeMed cannot be read has to be told, too; people are shown by their account then.
        let scene = match Scene::read(self.engine()).await {
            Ok(scene) => scene,
            Err(_) => Scene::without_people(self.engine()).await?,
        };
        for announcement in open {
            let said = Answer::new().line(self.announcement(&announcement.content, &scene)).said();
            // A number may come again in a new database, an instant does not.
            let transaction = format!("told-{}-{}", announcement.id, announcement.created_at.as_millisecond());
            let event = self.inner.speaker.notice(control, &said, None, &transaction).await?;
            store.announced(announcement.id, event.as_str(), self.engine().clock().now()).await?;
        }
        Ok(())
    }

    fn announcement(&self, announcement: &Announcement, scene: &Scene) -> Said {
        let texts = self.texts();
        match announcement {
            Announcement::Held { id, reason, count, two } => texts.say(
                if *two { "announce-held-two" } else { "announce-held" },
                &[
                    ("id", Arg::Text(id.clone())),
                    ("reason", self.held_reason(reason, scene)),
                    ("count", number(*count)),
                ],
            ),
            Announcement::HeldClosed { id } => texts.say("announce-held-closed", &[("id", Arg::Text(id.clone()))]),
            Announcement::PowersPlaced { people } => texts.say("announce-powers-placed", &[("count", number(*people))]),
            Announcement::PutBack { room, what, by } if *what == format!("member {by}") => {
                texts.say("drift-came-back", &[("room", scene.room(room)), ("user", scene.user(by))])
            }
            Announcement::PutBack { room, what, by } if banned(what).is_some() => {
                texts.say("ban-put-back", &self.ban_args(room, what, by, scene))
            }
            Announcement::Seen { room, what, by } if banned(what).is_some() => {
                texts.say("ban-seen", &self.ban_args(room, what, by, scene))
            }
            Announcement::PutBack { room, what, by } => texts.say(
                "drift-put-back",
                &[("what", Arg::Said(self.what(what))), ("room", scene.room(room)), ("user", scene.user(by))],
            ),
            Announcement::Seen { room, what, by } => texts.say(
                "drift-seen",
                &[("what", Arg::Said(self.what(what))), ("room", scene.room(room)), ("user", scene.user(by))],
            ),
            Announcement::Fight { room, what, by, minutes } => {
                let people = by.iter().map(|user| texts.shown(&scene.user(user))).collect();
                texts.say(
                    "drift-fight",
                    &[
                        ("what", Arg::Said(self.what(what))),
                        ("room", scene.room(room)),
                        ("user", Arg::Said(texts.list(people))),
                        ("minutes", Arg::Number(i64::from(*minutes))),
                    ],
                )
            }
            Announcement::Stray { kind, room_id } => {
                let room = match scene.key_of(room_id) {
                    Some(key) => scene.room(key),
                    None => Arg::Room { room_id: Some(room_id.clone()), name: String::new() },
                };
                texts.say("stray-event", &[("kind", Arg::Code(kind.clone())), ("room", room)])
            }
            Announcement::BroughtIn { room_id, name, by, maker, leaves } => {
                let id = ("id", Arg::Code(room_id.to_string()));
                let room = match name {
                    Some(name) => texts.line("brought-room-named", &[("name", Arg::Text(name.clone())), id.clone()]),
                    None => texts.shown(&Arg::Code(room_id.to_string())),
                };
                let room = ("room", Arg::Said(room));
                let came = match (by, maker) {
                    (Some(by), _) => texts.line("brought-in-by", &[("user", scene.user(by)), room]),
                    (None, Some(maker)) => texts.line("brought-in-made", &[("user", scene.user(maker)), room]),
                    (None, None) => texts.line("brought-in", &[room]),
                };
                let text = if *leaves { "brought-leaves" } else { "brought-stays" };
                texts.say(text, &[("came", Arg::Said(came)), id])
            }
            Announcement::DirectoryAway { why } => texts.say("directory-gone", &[("detail", texts.why(why))]),
            Announcement::DirectoryBack { since } => texts.say("directory-back", &[("since", self.time(*since))]),
            Announcement::Found { finding: Finding::RoomEncrypted { room } } => {
                texts.say("room-encrypted", &[("room", scene.room(room))])
            }
            Announcement::Found { finding: Finding::ControlRoomOpen { join_rule } } => {
                texts.say("control-room-open", &[("rule", Arg::Said(texts.word("join-rule", join_rule)))])
            }
            Announcement::Found { finding } => self.to_look_at(finding),
        }
    }

    /// Whom a ban was about, where, and who set it.
    fn ban_args(&self, room: &RoomKey, what: &str, by: &UserId, scene: &Scene) -> [(&'static str, Arg); 3] {
        let user = banned(what).map_or_else(|| Arg::Text(what.to_owned()), |user| scene.user(&user));
        [("room", scene.room(room)), ("user", user), ("by", scene.user(by))]
    }

    /// What was changed by hand, for people.
    fn what(&self, what: &str) -> Said {
        let word = match what.split_once(' ') {
            Some(("member" | "ban", _)) => "member",
            _ => match what {
                "join rule" => "join_rule",
                "children" => "child",
                "replacement" => "other",
                what => what,
            },
        };
        self.texts().word("drift", word)
    }

    /// Why something is held, for people.
    pub(super) fn held_reason(&self, reason: &HeldReason, scene: &Scene) -> Arg {
        Arg::Said(self.texts().held_reason(reason, |room| scene.room(room)))
    }

    /// Who asked, as stored: an account or a word such as `operator`.
    pub(super) fn asker(&self, asker: &str, scene: &Scene) -> Arg {
        UserId::parse(asker).map_or_else(|_| self.texts().asker(asker), |user| scene.user(&user))
    }

    /// What was found, for people.
    pub(super) fn to_look_at(&self, finding: &Finding) -> Said {
        let texts = self.texts();
        texts.say("sync-finding", &[("detail", Arg::Said(texts.finding(finding)))])
    }
}

/// Whom a ban by hand is about, if it is one.
fn banned(what: &str) -> Option<OwnedUserId> {
    UserId::parse(what.strip_prefix(BAN)?).ok()
}
