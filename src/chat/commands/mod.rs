//! What each command does, one file a family. A handler checks the right there where the thing would be done, stores a
//! wish, and tells what became of it.

mod adopt;
mod approve;
mod audit;
mod deeds;
mod help;
mod measures;
mod outcomes;
mod people;
mod redact;
mod rooms;
mod status;
mod sums;
mod sync;
mod unban;
mod wording;

use equipemed_domain::authority::{Act, Refusal};
use equipemed_domain::command::{Command, Place, Rank};
use equipemed_domain::rights::Right;

use super::Chat;
use super::ask::Ask;
use super::reply::{Mark, Stop, Turn};
use super::understand::may_at_all;
use crate::speech::Arg;

impl Chat {
    /// Begins to carry a command out.
    pub(super) async fn carry_out(&self, ask: &Ask) -> Result<Turn, Stop> {
        let entry = ask.command.word().entry();
        if ask.place == Place::Managed && !entry.in_managed_rooms {
            let word = ("word", Arg::Code(self.spelled(entry.word)));
            return Err(Stop::Unclear(self.texts().say("not-here", &[word])));
        }
        may_at_all(&ask.scene, &ask.asker, &ask.command)?;
        if !entry.available || matches!(ask.command, Command::RoomsReplace { .. }) {
            let word = ("word", Arg::Code(self.spelled(entry.word)));
            return Err(Stop::Unclear(self.texts().say("not-available", &[word])));
        }
        match &ask.command {
            Command::Help(word) => Ok(Turn::Over(self.help(ask, *word))),
            Command::Status => Ok(Turn::Over(self.status(ask).await?)),
            Command::WhoAmI => Ok(Turn::Over(self.whoami(ask)?)),
            Command::Confirm { code } => Box::pin(self.confirm(ask, code)).await,
            Command::Sync { target, dry_run } => self.sync(ask, target, *dry_run).await,
            Command::Approve { id } => self.approve(ask, id).await,
            Command::User { who } => Ok(Turn::Over(self.user(ask, who).await?)),
            Command::Users(filter) => Ok(Turn::Over(self.users(ask, filter).await?)),
            Command::Why { who, room } => Ok(Turn::Over(self.why(ask, who, room.as_ref())?)),
            Command::Grants { who } => Ok(Turn::Over(self.grants(ask, who.as_ref())?)),
            Command::Audit { about, last } => Ok(Turn::Over(self.audit(ask, about.as_ref(), *last).await?)),
            // That takes a level away, however it is said.
            Command::Promote { measure, rank: Rank::Level(0), dry_run } => {
                self.measure(ask, Act::Demote, measure, *dry_run).await
            }
            Command::Promote { measure, rank, dry_run } => {
                self.measure(ask, Act::Promote(*rank), measure, *dry_run).await
            }
            Command::Demote { measure, dry_run } => self.measure(ask, Act::Demote, measure, *dry_run).await,
            Command::Measure { act, measure } => self.measure(ask, *act, measure, false).await,
            Command::Redact { what, because, dry_run } => self.redact(ask, what, because.as_deref(), *dry_run).await,
            Command::RedactReactions { event, key, of } => {
                self.redact_reactions(ask, event, key.as_deref(), of.as_ref()).await
            }
            Command::RoomsList => Ok(Turn::Over(self.rooms_list(ask).await?)),
            Command::RoomsStats => Ok(Turn::Over(self.rooms_stats(ask).await?)),
            Command::RoomsCreate { name, members, space } => {
                self.rooms_create(ask, name, members, space.as_ref()).await
            }
            Command::RoomsCleanup { dry_run } => self.rooms_cleanup(ask, *dry_run).await,
            Command::RoomsAdopt { room, key } => self.rooms_adopt(ask, room, key).await,
            // Said above to be not available.
            Command::RoomsReplace { .. } => Err(Refusal::Right { right: Right::Rooms, room: None }.into()),
        }
    }
}

/// The mark of so many done and so many failed.
fn mark_of(done: usize, failed: usize) -> Mark {
    match (done, failed) {
        (_, 0) => Mark::Done,
        (0, _) => Mark::Failed,
        _ => Mark::Partly,
    }
}
