//! `rooms replace`: replaces a room with a new one, after a look at what is wrong with it.

use equipemed_domain::command::Where;
use equipemed_domain::deed::Deed;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use ruma_common::OwnedRoomId;

use crate::chat::ask::Ask;
use crate::chat::reply::{Reply, Stop, Turn};
use crate::chat::words::Wording;
use crate::engine::replace::Condition;
use crate::homeserver::Said;
use crate::operations::Replacing;
use crate::speech::{Answer, Arg, number};
use crate::store::DeedId;

/// Replaces a room.
pub(super) async fn replace(ask: &Ask, room: &Where, dry_run: bool) -> Result<Turn, Stop> {
    let words = &ask.words;
    let begun = ask.begun().await?;
    if let Some(Deed::ReplaceRoom { room: key, .. }) = begun.first().map(|deed| &deed.wish.deed) {
        return Ok(replacing(ask, key.clone(), begun.iter().map(|deed| deed.id).collect()));
    }
    let wish = ask.replacing(room).await?;
    let lines = words.replacement(&wish);
    if dry_run {
        return Ok(Turn::told(Answer::new().line(words.say("would-do", &[])).items(lines)));
    }
    ask.must_write()?;
    let digest = [wish.key.to_string(), format!("{:?}", wish.found)];
    if let Some(preview) = ask.agreed(lines, 1, &digest).await? {
        return Ok(preview);
    }
    let deeds = ask.wish(vec![wish.deed()], None).await?;
    Ok(replacing(ask, wish.key, deeds))
}

fn replacing(ask: &Ask, key: RoomKey, deeds: Vec<DeedId>) -> Turn {
    let ask = ask.clone();
    Turn::later(async move {
        let words = &ask.words;
        let (tally, waited) = match ask.taken_over(&key, &deeds).await? {
            Ok(taken) => taken,
            Err(why) => {
                let said = match &why {
                    Fault::Replacement(_) => words.fault(&why),
                    _ => words.say("replace-failed", &[("detail", words.why(&why))]),
                };
                return Ok(Reply::failed(Answer::new().line(said), why));
            }
        };
        let room_id = ask.store().rooms().await?.remove(&key);
        let args = [("room", words.by_name(room_id, &key))];
        Ok(words.taken(words.say("replace-done", &args), &tally, &waited))
    })
}

impl Wording {
    /// What would be done, and why.
    fn replacement(&self, wish: &Replacing) -> Vec<Said> {
        let room = ("room", self.by_name(Some(wish.found.room_id.clone()), &wish.key));
        let args = [room, ("members", number(wish.people))];
        let condition = match &wish.found.condition {
            Condition::Sound => self.line("replace-sound", &[]),
            Condition::Encrypted => self.line("replace-is-encrypted", &[]),
            Condition::Replaced { by } => {
                let by = by.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
                self.line("replace-is-replaced", &[("by", Arg::Code(by))])
            }
            Condition::BotOut => self.line("replace-is-left", &[]),
            Condition::Unreadable { why } => {
                self.line("replace-is-unreadable", &[("detail", self.why(&why.clone().into()))])
            }
        };
        let closing = if wish.found.closes { "replace-closes" } else { "replace-stays" };
        vec![self.line("replace-preview", &args), condition, self.line(closing, &[])]
    }

    /// A room under its name in the policy.
    fn by_name(&self, room_id: Option<OwnedRoomId>, key: &RoomKey) -> Arg {
        let name = self.scene.policy.rooms.get(key).map_or_else(|| key.to_string(), |room| room.name.clone());
        Arg::Room { room_id, name }
    }
}
