//! `rooms adopt`: adopts an existing room, after a preview of what would change there.

use equipemed_domain::command::Where;
use equipemed_domain::fault::Fault;
use ruma_common::RoomId;

use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::chat::words::Wording;
use crate::engine::adopt::{Adoption, Entry};
use crate::engine::wakes::Waited;
use crate::homeserver::Said;
use crate::operations::{Tally, deed_of};
use crate::speech::{Answer, Arg};
use crate::store::DeedId;

/// Adopts a room.
pub(super) async fn adopt(ask: &Ask, room: &Where, key: &str) -> Result<Turn, Stop> {
    let words = &ask.words;
    let wish = ask.adoption(room, key).await?;
    let begun = ask.begun().await?;
    if !begun.is_empty() {
        return Ok(adopting(ask, wish, begun.iter().map(|deed| deed.id).collect()));
    }
    let key = ("key", words.room(&wish.key));
    let found = ask.adoptable(&wish).await?;
    let Some(room) = &found.room else {
        return Ok(Turn::told(Answer::new().line(words.say("adopt-done-before", &[key]))));
    };
    ask.must_write()?;
    let mut lines = vec![words.line("adopt-preview", &[("room", shown(&wish.room_id)), key])];
    for before in found.before.iter().chain(&found.others) {
        lines.push(words.line("adopt-instead", &[("room", shown(before))]));
    }
    lines.extend(match found.entry {
        Entry::In => None,
        Entry::Invited => Some(words.line("adopt-invited", &[])),
        Entry::Open => Some(words.line("adopt-open", &[])),
    });
    let changes = ask.changes_of_adoption(&wish, room).await?;
    if changes.is_empty() {
        lines.push(words.line("dry-run-nothing", &[]));
    }
    lines.extend(changes.into_iter().map(|(kind, count)| words.kind_of_change(kind, count)).collect::<Vec<Said>>());
    let digest = [wish.room_id.to_string(), wish.key.to_string(), format!("{:?} {:?}", found.before, found.others)];
    if let Some(preview) = ask.agreed(lines, 1, &digest).await? {
        return Ok(preview);
    }
    let deeds = ask.wish(vec![deed_of(&wish)], None).await?;
    Ok(adopting(ask, wish, deeds))
}

fn adopting(ask: &Ask, wish: Adoption, deeds: Vec<DeedId>) -> Turn {
    let ask = ask.clone();
    Turn::later(async move {
        let words = &ask.words;
        let (tally, waited) = match ask.taken_over(&wish.key, &deeds).await? {
            Ok(taken) => taken,
            Err(why) => {
                let said = match &why {
                    Fault::Adoption(_) => words.fault(&why),
                    _ => words.say("adopt-failed", &[("detail", words.why(&why))]),
                };
                return Ok(Reply::failed(Answer::new().line(said), why));
            }
        };
        let args = [("room", shown(&wish.room_id)), ("key", words.room(&wish.key))];
        Ok(words.taken(words.say("adopt-done", &args), &tally, &waited))
    })
}

impl Wording {
    /// Reports that a key has another room now, and what its pass could not do there.
    pub(super) fn taken(&self, done: Said, tally: &Tally, waited: &Waited) -> Reply {
        let mut answer = Answer::new().line(done);
        for trouble in &tally.troubles {
            answer = answer.item(self.line("sync-finding", &[("detail", self.why(&trouble.detail))]));
        }
        if *waited == Waited::Yes {
            return Reply::new(Mark::of(1, tally.troubles.len()), answer);
        }
        Reply::new(Mark::Partly, answer.line(self.say("grant-waits", &[])))
    }
}

fn shown(room_id: &RoomId) -> Arg {
    Arg::Room { room_id: Some(room_id.to_owned()), name: room_id.to_string() }
}
