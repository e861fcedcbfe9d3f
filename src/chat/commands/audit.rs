//! `audit`: what was done, newest first.

use equipemed_domain::authority::Act;
use equipemed_domain::command::{About, Where, Who};
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::Outcome;

use super::outcomes::topic_of;
use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Reply, Stop};
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};
use crate::store::{AuditEntry, AuditFilter};

impl Chat {
    /// Lists entries.
    pub(super) async fn audit(&self, ask: &Ask, about: Option<&About>, last: u32) -> Result<Reply, Stop> {
        let (texts, scene) = (self.texts(), &ask.scene);
        let mut filter = AuditFilter { limit: usize::try_from(last).ok(), ..AuditFilter::default() };
        match about {
            None => {}
            Some(About::Room(room)) => filter.room = Some(scene.find_room(room)?),
            Some(About::Who(who)) => match (scene.find_person(who), who) {
                (Ok(person), _) => match scene.user_of(person) {
                    Some(user) => filter.user = Some(user.clone()),
                    None => return Err(Stop::Unclear(texts.say("no-account", &[("user", scene.person(person))]))),
                },
                (Err(not_found), Who::Name(name)) => match scene.find_room(&Where::Name(name.clone())) {
                    Ok(room) => filter.room = Some(room),
                    Err(_) => return Err(not_found.into()),
                },
                (Err(not_found), Who::User(_)) => return Err(not_found.into()),
            },
        }
        ask.may(Act::Audit, filter.room.as_ref())?;
        let mut entries = self.engine().store().audit(&filter).await?;
        // Where the right was taken, it is missing for what happened there, too.
        let readable = ask.rooms_where(Act::Audit);
        let is_readable = |room: &RoomKey| readable.contains(room) || !scene.policy.rooms.contains_key(room);
        entries.retain(|entry| entry.intent.room.as_ref().is_none_or(is_readable));
        if entries.is_empty() {
            return Ok(Reply::told(Answer::new().line(texts.say("audit-none", &[]))));
        }
        let intro = texts.say("audit-intro", &[("count", number(entries.len()))]);
        let lines: Vec<Said> = entries.iter().map(|entry| self.audit_line(ask, entry)).collect();
        Ok(Reply::told(Answer::new().line(intro).items(lines)))
    }

    fn audit_line(&self, ask: &Ask, entry: &AuditEntry) -> Said {
        let texts = self.texts();
        let outcome = entry.settled.as_ref().map(|settled| &settled.outcome);
        let word = outcome.map_or("open", Outcome::as_str);
        let kind = match entry.intent.kind.as_str() {
            "command" => texts.shown(&Arg::Code(entry.intent.subject.clone())),
            kind => texts.word("action", kind),
        };
        let subject = match (&entry.intent.user, &entry.intent.room) {
            (Some(user), _) => ask.scene.user(user),
            (None, Some(room)) => ask.scene.room(room),
            (None, None) => Arg::Said(texts.topic(&topic_of(&entry.intent))),
        };
        let mut args = vec![
            ("id", Arg::Number(entry.id.0)),
            ("when", self.time(entry.at)),
            ("kind", Arg::Said(kind)),
            ("subject", subject),
            ("outcome", Arg::Said(texts.word("outcome", word))),
            ("actor", self.asker(&entry.intent.actor, &ask.scene)),
        ];
        match outcome.and_then(Outcome::fault) {
            Some(why) => {
                args.push(("detail", texts.why(why)));
                texts.line("audit-line-detail", &args)
            }
            None => texts.line("audit-line", &args),
        }
    }
}
