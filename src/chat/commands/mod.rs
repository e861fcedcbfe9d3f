//! The commands, one file per family. A handler calls the operation and words its answer.

mod adopt;
mod approve;
mod audit;
mod help;
mod measures;
mod pause;
mod people;
mod redact;
mod replace;
mod rooms;
mod status;
mod sync;
mod wording;

use equipemed_domain::authority::Act;
use equipemed_domain::command::{Command, CommandPlace, Rank};
use equipemed_domain::outcome::Outcome;

use super::ask::Ask;
use super::confirm::{cancel, confirm};
use super::reply::{Reply, Stop, Turn};
use super::understand::may_at_all;
use crate::speech::{Answer, Arg, number};

/// Begins a command.
pub(super) async fn carry_out(ask: &Ask) -> Result<Turn, Stop> {
    let entry = ask.command.word().entry();
    if ask.place == CommandPlace::Managed && !entry.in_managed_rooms {
        let word = ("word", Arg::Code(ask.words.spelled(entry.word)));
        return Err(Stop::Unclear(ask.words.say("not-here", &[word])));
    }
    may_at_all(&ask.scene, &ask.by.asker, &ask.command)?;
    match &ask.command {
        Command::Help(word) => Ok(Turn::told(help::help(ask, *word))),
        Command::Status => status::status(ask).await,
        Command::WhoAmI => Ok(Turn::told(people::whoami(ask))),
        Command::Confirm(preview) => Box::pin(confirm(ask, preview)).await,
        Command::Cancel(preview) => cancel(ask, preview).await,
        Command::Stop { replied } => {
            let replied = replied.as_deref().map(|event| (&*ask.room_id, event));
            Ok(Turn::Over(match ask.halt(replied).await? {
                0 => {
                    let outcome = Outcome::AlreadySo;
                    Reply { outcome, ..Reply::done(Answer::new().line(ask.words.say("halt-nothing", &[]))) }
                }
                count => {
                    let count = ("count", number(usize::try_from(count).unwrap_or(usize::MAX)));
                    Reply::done(Answer::new().line(ask.words.say("halted", &[count])))
                }
            }))
        }
        Command::Pause { lasts, because } => pause::pause(ask, *lasts, because.as_deref()).await,
        Command::Resume => pause::resume(ask).await,
        Command::Sync { target, dry_run } => sync::sync(ask, target, *dry_run).await,
        Command::Approve { id } => approve::approve(ask, id).await,
        Command::User { who } => people::user(ask, who).await,
        Command::Users(filter) => people::users(ask, filter).await,
        Command::Why { who, room } => people::why(ask, who, room.as_ref()).await,
        Command::Grants { who } => people::grants(ask, who.as_ref()),
        Command::Audit { about, last } => audit::audit(ask, about.as_ref(), *last).await,
        // Promoting to level 0 is a demotion.
        Command::Promote { measure, rank: Rank::Level(0), dry_run } | Command::Demote { measure, dry_run } => {
            measures::measure(ask, Act::Demote, measure, *dry_run).await
        }
        Command::Promote { measure, rank, dry_run } => {
            measures::measure(ask, Act::Promote(*rank), measure, *dry_run).await
        }
        Command::Measure { act, measure } => measures::measure(ask, *act, measure, false).await,
        Command::Redact { what, because, unmarked, dry_run } => {
            if let Some(reason) = because.as_deref().filter(|_| *unmarked) {
                redact::names_nobody(ask, reason)?;
            }
            redact::redact(ask, what, because.as_deref(), *dry_run).await
        }
        Command::RedactReactions { event, key, of } => {
            redact::redact_reactions(ask, event, key.as_deref(), of.as_ref()).await
        }
        Command::RoomsList => rooms::list(ask).await,
        Command::RoomsStats => rooms::stats(ask).await,
        Command::RoomsCreate { name, members, space } => rooms::create(ask, name, members, space.as_ref()).await,
        Command::RoomsCleanup { dry_run } => rooms::cleanup(ask, *dry_run).await,
        Command::RoomsAdopt { room, key } => adopt::adopt(ask, room, key).await,
        Command::RoomsReplace { room, dry_run } => replace::replace(ask, room, *dry_run).await,
    }
}
