//! Passes that only look: what would be done, and how what was asked for stands. They leave no note in the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipemed_domain::desired::Desired;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::{Membership, Observed, RoomSight};
use equipemed_domain::policy::Policy;
use equipemed_domain::stands::Looked;
use equipemed_domain::wake::Wake;

use super::look::{Looks, Seen, View};
use super::pass::Options;
use super::progress::{Phase, Progress};
use super::report::Report;

impl Looks {
    /// Works out what a pass would do, and does nothing: not even a note in the store.
    pub(super) async fn preview(&self, target: &Wake, options: &Options) -> Result<Report, Fault> {
        let (view, verdict) = self.look(target, &Options { dry_run: true, ..options.clone() }).await?;
        if *target == Wake::Everything {
            self.progress.send_replace(Progress { phase: Phase::Done, done: 0, total: 0 });
        }
        if let Some((_, room_id)) = &options.pretend {
            // Of a room that is not bound nobody hears what happens there.
            self.handles.room_cache.doubt(room_id);
        }
        Ok(view.report(verdict, &options.selection))
    }

    /// Looks at one person in all rooms, and does nothing: how what was asked for stands.
    pub(super) async fn person(&self, person: PersonId) -> Result<Sight, Fault> {
        let options = Options { dry_run: true, ..Options::default() };
        let (View { seen: Seen { policy, desired, observed, .. }, .. }, _) =
            self.look(&Wake::Person(person), &options).await?;
        // Of a deleted room Synapse says what it says of one that the bot may not see; its list tells them apart.
        let lost = |sight: &RoomSight| match sight {
            RoomSight::Absent | RoomSight::Several { .. } => None,
            RoomSight::Unreadable { room_id, .. } => Some(room_id.clone()),
            RoomSight::Seen(room) => {
                (room.members.get(&policy.bot) != Some(&Membership::Join)).then(|| room.room_id.clone())
            }
        };
        let lost: Vec<_> = observed.rooms.iter().filter_map(|(key, sight)| Some((key.clone(), lost(sight)?))).collect();
        let mut deleted = BTreeSet::new();
        if !lost.is_empty() {
            let all = self.handles.reader.rooms_list().await?;
            let there: BTreeSet<_> = all.into_iter().map(|room| room.room_id).collect();
            deleted.extend(lost.into_iter().filter(|(_, room_id)| !there.contains(room_id)).map(|(key, _)| key));
        }
        Ok(Sight { policy, desired, observed, deleted })
    }
}

/// What was seen of one person.
#[derive(Debug)]
pub struct Sight {
    policy: Arc<Policy>,
    desired: Desired,
    observed: Observed,
    deleted: BTreeSet<RoomKey>,
}

impl Sight {
    /// It, to be asked.
    #[must_use]
    pub fn looked(&self) -> Looked<'_> {
        let Self { policy, desired, observed, deleted } = self;
        Looked { bot: &policy.bot, desired, observed, deleted }
    }
}
