//! `audit`: what was done, newest first.

use equipemed_domain::command::About;
use equipemed_domain::outcome::Outcome;

use crate::chat::ask::Ask;
use crate::chat::reply::{Stop, Turn};
use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::operations::topic_of;
use crate::speech::{Answer, Arg, number};
use crate::store::AuditEntry;

/// Lists entries.
pub(super) async fn audit(ask: &Ask, about: Option<&About>, last: u32) -> Result<Turn, Stop> {
    let (words, entries) = (&ask.words, ask.audit(about, last).await?);
    if entries.is_empty() {
        return Ok(Turn::told(Answer::new().line(words.say("audit-none", &[]))));
    }
    let intro = words.say("audit-intro", &[("count", number(entries.len()))]);
    Ok(Turn::told(Answer::new().line(intro).items(entries.iter().map(|entry| line(words, entry)))))
}

fn line(words: &Wording, entry: &AuditEntry) -> Said {
    let outcome = entry.settled.as_ref().map(|settled| &settled.outcome);
    let word = outcome.map_or("open", Outcome::as_str);
    let kind = match entry.intent.kind.as_str() {
        "command" => words.shown(&Arg::Code(entry.intent.subject.clone())),
        _ if entry.intent.gives_administrator() => words.word("action", "adopt_administrator"),
        kind => words.word("action", kind),
    };
    let subject = match (&entry.intent.user, &entry.intent.room) {
        (Some(user), _) => words.user(user),
        (None, Some(room)) => words.room(room),
        (None, None) => Arg::Said(words.topic(&topic_of(&entry.intent))),
    };
    let mut args = vec![
        ("id", Arg::Number(entry.id.0)),
        ("when", words.time(entry.at)),
        ("kind", Arg::Said(kind)),
        ("subject", subject),
        ("outcome", Arg::Said(words.word("outcome", word))),
        ("actor", words.asker(&entry.intent.actor)),
    ];
    match outcome.and_then(Outcome::fault) {
        Some(why) => {
            args.push(("detail", words.why(why)));
            words.line("audit-line-detail", &args)
        }
        None => words.line("audit-line", &args),
    }
}
