//! Lists audit entries, newest first.

use equipemed_domain::authority::Act;
use equipemed_domain::command::{About, Where, Who};
use equipemed_domain::key::RoomKey;

use super::{Asked, Scene, Stop, Unclear};
use crate::store::{AuditEntry, AuditFilter};

impl Asked {
    /// The `last` newest entries, about everything, a person or a room, as far as the asker may know them.
    pub(crate) async fn audit(&self, about: Option<&About>, last: u32) -> Result<Vec<AuditEntry>, Stop> {
        let mut filter = filter_of(about, &self.scene)?;
        filter.limit = usize::try_from(last).ok();
        self.may(Act::Audit, filter.room.as_ref())?;
        let mut entries = self.store().audit(&filter).await?;
        let may_know = self.may_know();
        entries.retain(|entry| entry.intent.room.as_ref().is_none_or(&may_know));
        Ok(entries)
    }

    /// Whether the asker may know what happened in a room. Losing the right hides the past as well.
    pub(super) fn may_know(&self) -> impl Fn(&RoomKey) -> bool {
        let readable = self.readable();
        move |room| readable.contains(room) || !self.scene.policy.rooms.contains_key(room)
    }
}

fn filter_of(about: Option<&About>, scene: &Scene) -> Result<AuditFilter, Stop> {
    let room = |room| AuditFilter { room: Some(room), ..AuditFilter::default() };
    match about {
        None => Ok(AuditFilter::default()),
        Some(About::Room(named)) => Ok(room(scene.find_room(named)?)),
        Some(About::Who(who)) => match (scene.find_person(who), who) {
            (Ok(person), _) => {
                let user = Some(scene.user_of(person).ok_or(Unclear::NoAccount { person })?.clone());
                Ok(AuditFilter { user, ..AuditFilter::default() })
            }
            (Err(not_found), Who::Name(name)) => {
                Ok(room(scene.find_room(&Where::Name(name.clone())).map_err(|_| not_found)?))
            }
            (Err(not_found), Who::User(_)) => Err(not_found.into()),
        },
    }
}
