//! Taking over a room that is there already, after a look at what would change there.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::authority::Act;
use equipemed_domain::command::Where;
use equipemed_domain::deed::Deed;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::ObservedRoom;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;

use super::{Asked, Stop, Tally, Unclear, wait_for_deeds};
use crate::engine::Engine;
use crate::engine::adopt::{Adoptable, Adoption};
use crate::engine::options::Options;
use crate::engine::report::Report;
use crate::engine::wakes::Waited;
use crate::store::DeedId;

/// The wish that a room is taken over.
pub(crate) fn deed_of(wish: &Adoption) -> Deed {
    let Adoption { key: room, room_id, instead, accept } = wish.clone();
    Deed::AdoptRoom { room_id, room, instead, accept }
}

/// What the next full pass would do there, if it were the key's room and the bot in it: with the accounts that it would make
/// before, whose owners come in.
pub(crate) async fn preview_adoption(engine: &Engine, wish: &Adoption, room: &ObservedRoom) -> Result<Report, Fault> {
    let key = &wish.key;
    let mut report = engine.preview(&Wake::Everything, &Options::pretending(key, room)).await?;
    report.plan = report.plan.of_room(key);
    report.summary.held.retain(|held| held.effects.iter().any(|effect| effect.room() == Some(key)));
    Ok(report)
}

impl Asked {
    /// The room and the key that are meant, if the asker may. A running service has made a room for every key: the
    /// other one takes its place.
    pub(crate) async fn adoption(&self, room: &Where, key: &str) -> Result<Adoption, Stop> {
        self.may(Act::Rooms, None)?;
        let room_id = self.scene.find_any_room(room, self.engine.reader()).await??;
        Ok(Adoption { key: RoomKey::new(key.to_owned()), room_id, instead: true, accept: BTreeSet::new() })
    }

    /// How things stand with it.
    pub(crate) async fn adoptable(&self, wish: &Adoption) -> Result<Adoptable, Stop> {
        self.engine.adoptable(wish).await.map_err(|why| match why {
            Fault::Adoption(_) => Unclear::NotThatRoom(why).into(),
            why => why.into(),
        })
    }

    /// How many changes of which kind there would be.
    pub(crate) async fn changes_of_adoption(
        &self,
        wish: &Adoption,
        room: &ObservedRoom,
    ) -> Result<BTreeMap<&'static str, usize>, Stop> {
        let mut kinds = BTreeMap::new();
        let report = preview_adoption(&self.engine, wish, room).await?;
        for action in report.plan.actions().filter(|action| !action.is_local()) {
            *kinds.entry(action.kind()).or_default() += 1;
        }
        Ok(kinds)
    }

    /// Waits until the room of a key is another one and was looked at; gives why it is not, or what was done in it, and
    /// how the wait for that ended.
    pub(crate) async fn taken_over(
        &self,
        key: &RoomKey,
        deeds: &[DeedId],
    ) -> Result<Result<(Tally, Waited), Fault>, Stop> {
        let (_, why) = wait_for_deeds(&self.engine, deeds).await?;
        if let Some(why) = why.into_iter().next() {
            return Ok(Err(why));
        }
        let asked = Wish::new(self.deed_id(0));
        let waited = self.look_and_wait(&[Wake::Room(key.clone())], std::slice::from_ref(&asked)).await?;
        Ok(Ok((self.tally(&asked).await?, waited)))
    }
}
