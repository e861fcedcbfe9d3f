//! `rooms adopt`: takes a room over that is there already, after a look at what would change there.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::authority::Act;
use equipemed_domain::command::Where;
use equipemed_domain::deed::Deed;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use futures_util::FutureExt;

use super::deeds::source;
use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Reply, Stop, Turn};
use crate::engine::adopt::Adoption;
use crate::engine::pass::Options;
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};
use crate::store::DeedId;

impl Chat {
    /// Takes a room over.
    pub(super) async fn rooms_adopt(&self, ask: &Ask, room: &Where, key: &str) -> Result<Turn, Stop> {
        ask.may(Act::Rooms, None)?;
        let room_id = ask.scene.find_any_room(room, self.engine().reader()).await??;
        // A running service has made a room for every key: the other one takes its place, which the preview says.
        let wish = Adoption { key: RoomKey::new(key.to_owned()), room_id, instead: true, accept: BTreeSet::new() };
        let begun = self.begun(ask).await?;
        if !begun.is_empty() {
            return Ok(self.adopting(ask, wish, begun.iter().map(|deed| deed.id).collect()));
        }
        let texts = self.texts();
        let key = ("key", Arg::Code(wish.key.to_string()));
        let found = match self.engine().adoptable(&wish).await {
            Ok(found) if found.is_done => {
                return Ok(Turn::Over(Reply::told(Answer::new().line(texts.say("adopt-done-before", &[key])))));
            }
            Ok(found) => found,
            Err(Fault::Adoption(why)) => return Err(Stop::Unclear(texts.fault(&Fault::Adoption(why)))),
            Err(error) => return Err(error.into()),
        };
        self.must_write()?;
        let shown = Arg::Room { room_id: Some(wish.room_id.clone()), name: wish.room_id.to_string() };
        let mut lines = vec![texts.line("adopt-preview", &[("room", shown), key])];
        for before in found.before.iter().chain(&found.others) {
            let room = Arg::Room { room_id: Some(before.clone()), name: before.to_string() };
            lines.push(texts.line("adopt-instead", &[("room", room)]));
        }
        if found.is_in {
            lines.extend(self.kinds_of_change(&wish).await?);
        } else {
            lines.push(texts.line("adopt-unseen", &[]));
        }
        let digest = [wish.room_id.to_string(), wish.key.to_string(), format!("{:?} {:?}", found.before, found.others)];
        if let Some(preview) = self.agreed(ask, lines, 1, &digest).await? {
            return Ok(preview);
        }
        let (room_id, room, accept) = (wish.room_id.clone(), wish.key.clone(), wish.accept.clone());
        let deed = Deed::AdoptRoom { room_id, room, instead: wish.instead, accept };
        let deeds = self.wish(ask, vec![deed], None).await?;
        Ok(self.adopting(ask, wish, deeds))
    }

    /// How many changes of which kind there would be.
    async fn kinds_of_change(&self, wish: &Adoption) -> Result<Vec<Said>, Stop> {
        let texts = self.texts();
        let report = self
            .engine()
            .preview(&Wake::Room(wish.key.clone()), &Options::pretending(&wish.key, &wish.room_id))
            .await?;
        let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
        for action in report.plan.actions().filter(|action| !action.is_local()) {
            *kinds.entry(action.kind()).or_default() += 1;
        }
        let line = |(kind, count)| {
            texts.line("plan-kind", &[("action", Arg::Said(texts.word("action", kind))), ("count", number(count))])
        };
        let mut lines: Vec<Said> = kinds.into_iter().map(line).collect();
        if lines.is_empty() {
            lines.push(texts.line("dry-run-nothing", &[]));
        }
        Ok(lines)
    }

    fn adopting(&self, ask: &Ask, wish: Adoption, deeds: Vec<DeedId>) -> Turn {
        let (chat, asked) = (self.clone(), Wish::new(source(ask, 0)));
        Turn::Later(
            async move {
                let texts = chat.texts();
                let (_, why) = chat.wait_for_deeds(&deeds).await?;
                if let Some(why) = why.into_iter().next() {
                    let said = match &why {
                        Fault::Adoption(_) => texts.fault(&why),
                        _ => texts.say("adopt-failed", &[("detail", texts.why(&why))]),
                    };
                    return Ok(Reply::failed(Answer::new().line(said), why));
                }
                chat.look_and_wait(&[Wake::Room(wish.key.clone())], std::slice::from_ref(&asked)).await?;
                let tally = chat.tally(&asked).await?;
                let room = Arg::Room { room_id: Some(wish.room_id.clone()), name: wish.room_id.to_string() };
                let args = [("room", room), ("key", Arg::Code(wish.key.to_string()))];
                let mut answer = Answer::new().line(texts.say("adopt-done", &args));
                for trouble in &tally.troubles {
                    answer = answer.item(texts.line("sync-finding", &[("detail", texts.why(&trouble.detail))]));
                }
                Ok(Reply::new(super::mark_of(1, tally.troubles.len()), answer))
            }
            .boxed(),
        )
    }
}
