//! What is kept of a pass: counts, what went wrong, what was found, what is held.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Deserializer, Serialize};

use crate::action::Action;
use crate::fault::Fault;
use crate::finding::Finding;
use crate::key::RoomKey;
use crate::outcome::{Ended, Outcome};
use crate::plan::Plan;
use crate::review::Held;

/// More than this nobody reads; a dry run shows all.
const FOUND_KEPT: usize = 100;
/// More would only repeat themselves: the audit has all.
const TROUBLES_KEPT: usize = 50;

/// How the actions of one kind ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Done.
    pub done: usize,
    /// Already so when it came to writing.
    pub already_so: usize,
    /// Not tried.
    pub skipped: usize,
    /// Failed.
    pub failed: usize,
    /// Asked for, and what came of it could not be noted.
    pub unknown: usize,
}

impl Counts {
    /// Counts one end.
    pub fn count(&mut self, ended: Ended) {
        *match ended {
            Ended::Done => &mut self.done,
            Ended::AlreadySo => &mut self.already_so,
            Ended::Skipped => &mut self.skipped,
            Ended::Failed => &mut self.failed,
            Ended::Unknown => &mut self.unknown,
        } += 1;
    }

    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.done += other.done;
        self.already_so += other.already_so;
        self.skipped += other.skipped;
        self.failed += other.failed;
        self.unknown += other.unknown;
    }
}

/// What something that did not go well is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// An account.
    Account(OwnedUserId),
    /// A managed room.
    Room(RoomKey),
    /// Somebody in a managed room.
    Member { user: OwnedUserId, room: RoomKey },
    /// A room that is not managed.
    Unmanaged(OwnedRoomId),
    /// So many steps.
    Steps(usize),
    /// As an earlier version worded it.
    #[serde(untagged)]
    Worded(String),
}

impl Topic {
    /// What an action is about.
    #[must_use]
    pub fn of(action: &Action) -> Self {
        match (action.room(), action.user().map(ToOwned::to_owned)) {
            (Some(room), Some(user)) => Self::Member { user, room },
            (Some(room), None) => Self::Room(room),
            (None, Some(user)) => Self::Account(user),
            (None, None) => Self::Worded(String::new()),
        }
    }
}

/// Something that did not go well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The action's kind; `read_room` and `look_again` are no actions.
    pub kind: String,
    /// The room or account.
    pub subject: Topic,
    /// Failed or skipped.
    pub outcome: Ended,
    /// Why.
    #[serde(deserialize_with = "Fault::or_worded")]
    pub detail: Fault,
}

/// The part of a report that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// By kind of action.
    pub counts: BTreeMap<String, Counts>,
    /// What went wrong; not all of it when it is much.
    pub troubles: Vec<Trouble>,
    /// How many findings there were.
    pub findings: usize,
    /// The findings; not all of them when there are many.
    pub found: Vec<Finding>,
    /// What is held.
    #[serde(deserialize_with = "known")]
    pub held: Vec<Held>,
    /// How many steps were planned.
    pub planned: usize,
    /// Consents that do not count any more because something was added, and the id of what is held instead.
    pub outgrown: BTreeMap<String, String>,
    /// What has one of the two consents it needs.
    pub one_more: BTreeSet<String>,
}

impl Summary {
    /// Before anything is done: what is planned, found and held. A room that nobody could look at is not in line, whatever
    /// else goes well.
    #[must_use]
    pub fn of(plan: &Plan, held: &[Held]) -> Self {
        let mut summary = Self { held: held.to_vec(), planned: plan.steps.len(), ..Self::default() };
        for finding in &plan.findings {
            summary.find(finding);
            if let Finding::RoomUnreadable { room, why, .. } = finding {
                summary.count("read_room", Topic::Room(room.clone()), &Outcome::Failed(*why.clone()));
            }
        }
        summary
    }

    /// Adds something that was found.
    pub fn find(&mut self, finding: &Finding) {
        self.findings += 1;
        if self.found.len() < FOUND_KEPT {
            self.found.push(finding.clone());
        }
    }

    /// Steps that ended this way.
    #[must_use]
    pub fn total(&self, of: fn(&Counts) -> usize) -> usize {
        self.counts.values().map(of).sum()
    }

    /// Whether anything failed, could not be tried, or may not have been done.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        self.total(|counts| counts.failed + counts.skipped + counts.unknown) > 0
    }

    /// Counts one outcome.
    pub fn count(&mut self, kind: &str, subject: Topic, outcome: &Outcome) {
        self.counts.entry(kind.to_owned()).or_default().count(outcome.ended());
        if let Some(why) = outcome.fault() {
            let (kind, outcome, detail) = (kind.to_owned(), outcome.ended(), why.clone());
            self.keep(Trouble { kind, subject, outcome, detail });
        }
    }

    /// Adds what an earlier look of the same pass did; of what it planned, `left` steps were left to this one.
    pub fn after(&mut self, before: Self, left: usize) {
        for (kind, counts) in before.counts {
            self.counts.entry(kind).or_default().add(counts);
        }
        self.planned += before.planned.saturating_sub(left);
        before.troubles.into_iter().for_each(|trouble| self.keep(trouble));
        self.outgrown.extend(before.outgrown);
    }

    fn keep(&mut self, trouble: Trouble) {
        if self.troubles.len() < TROUBLES_KEPT {
            self.troubles.push(trouble);
        }
    }
}

/// What the first versions kept of held parts was their id alone, which says nothing any more.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Held>, D::Error> {
    let stored = Vec::<serde_json::Value>::deserialize(deserializer)?;
    Ok(stored.into_iter().filter_map(|held| serde_json::from_value(held).ok()).collect())
}
