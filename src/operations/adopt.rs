//! Adopts an existing room, after a preview of what would change there.

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

/// The deed that adopts a room.
pub(crate) fn deed_of(wish: &Adoption) -> Deed {
    let Adoption { key: room, room_id, instead, accept } = wish.clone();
    Deed::AdoptRoom { room_id, room, instead, accept }
}

/// What the next full pass would do in the room if it were bound to the key and the bot were in it. Includes joins of
/// accounts that the pass would create first.
pub(crate) async fn preview_adoption(engine: &Engine, wish: &Adoption, room: &ObservedRoom) -> Result<Report, Fault> {
    let key = &wish.key;
    let mut report = engine.preview(&Wake::Everything, &Options::pretending(key, room)).await?;
    report.plan = report.plan.of_room(key);
    report.summary.held.retain(|held| held.effects.iter().any(|effect| effect.room() == Some(key)));
    Ok(report)
}

impl Asked {
    /// The room and the key meant, if the asker may adopt rooms. A running service has made a room for every key; the
    /// adopted one replaces it.
    pub(crate) async fn adoption(&self, room: &Where, key: &str) -> Result<Adoption, Stop> {
        self.may(Act::Rooms, None)?;
        let room_id = self.scene.find_any_room(room, self.engine.reader()).await??;
        Ok(Adoption { key: RoomKey::new(key.to_owned()), room_id, instead: true, accept: BTreeSet::new() })
    }

    /// Checks whether the room can be adopted, and what that involves.
    pub(crate) async fn adoptable(&self, wish: &Adoption) -> Result<Adoptable, Stop> {
        self.engine.adoptable(wish).await.map_err(|why| match why {
            Fault::Adoption(_) => Unclear::NotThatRoom(why).into(),
            why => why.into(),
        })
    }

    /// Number of changes that would be made, by kind.
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

    /// Waits until the key is bound to the other room and its pass has ended. Returns why it is not bound, or what was
    /// done in the room and how the wait for that ended.
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
