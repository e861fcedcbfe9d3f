//! The stored summary of a pass: counts, troubles, findings, held parts.

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

/// Nobody reads more; a dry run shows all.
const FOUND_KEPT: usize = 100;
/// More would be repetitive; the audit has all.
const TROUBLES_KEPT: usize = 50;

/// Outcomes of actions of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Done.
    pub done: usize,
    /// Nothing to do when it was about to be written.
    pub already_so: usize,
    /// Not tried.
    pub skipped: usize,
    /// Failed.
    pub failed: usize,
    /// Requested, but the result could not be noted.
    pub unknown: usize,
}

impl Counts {
    /// Counts one outcome.
    pub fn count(&mut self, ended: Ended) {
        *match ended {
            Ended::Done => &mut self.done,
            Ended::AlreadySo => &mut self.already_so,
            Ended::Skipped => &mut self.skipped,
            Ended::Failed => &mut self.failed,
            Ended::Unknown => &mut self.unknown,
        } += 1;
    }

    /// Adds other counts.
    pub fn add(&mut self, other: Self) {
        self.done += other.done;
        self.already_so += other.already_so;
        self.skipped += other.skipped;
        self.failed += other.failed;
        self.unknown += other.unknown;
    }
}

/// What a trouble concerns.
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
    /// A number of steps.
    Steps(usize),
    /// Text of an earlier version.
    #[serde(untagged)]
    Worded(String),
}

impl Topic {
    /// What an action concerns.
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

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The action's kind; `read_room` and `look_again` are not actions.
    pub kind: String,
    /// The room or account.
    pub subject: Topic,
    /// Failed or skipped.
    pub outcome: Ended,
    /// The fault.
    #[serde(deserialize_with = "Fault::or_worded")]
    pub detail: Fault,
    /// How many others ended so for the same reason.
    #[serde(default)]
    pub more: usize,
}

/// The stored part of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Counts by kind of action.
    pub counts: BTreeMap<String, Counts>,
    /// Troubles, limited in number.
    pub troubles: Vec<Trouble>,
    /// Number of findings.
    pub findings: usize,
    /// Findings, limited in number.
    pub found: Vec<Finding>,
    /// Held parts.
    #[serde(deserialize_with = "known")]
    pub held: Vec<Held>,
    /// Number of planned steps.
    pub planned: usize,
    /// Consents that no longer count because something was added, with the id of the new held part.
    pub outgrown: BTreeMap<String, String>,
    /// Parts with one of the two consents they need.
    pub one_more: BTreeSet<String>,
}

impl Summary {
    /// The summary before anything is applied: plan, findings and held parts. A room that could not be read is a
    /// failure, whatever else succeeds.
    #[must_use]
    pub fn of(plan: &Plan, held: &[Held]) -> Self {
        let mut summary = Self { held: held.to_vec(), planned: plan.steps.len(), ..Self::default() };
        for finding in &plan.findings {
            summary.find(finding);
            // A failure, of which the finding says all.
            if matches!(finding, Finding::RoomUnreadable { .. }) {
                summary.counts.entry("read_room".to_owned()).or_default().count(Ended::Failed);
            }
        }
        summary
    }

    /// Adds a finding.
    pub fn find(&mut self, finding: &Finding) {
        self.findings += 1;
        if self.found.len() < FOUND_KEPT {
            self.found.push(finding.clone());
        }
    }

    /// Total over all kinds.
    #[must_use]
    pub fn total(&self, of: fn(&Counts) -> usize) -> usize {
        self.counts.values().map(of).sum()
    }

    /// Whether anything failed, was skipped or has an unknown outcome.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        self.total(|counts| counts.failed + counts.skipped + counts.unknown) > 0
    }

    /// Counts an outcome.
    pub fn count(&mut self, kind: &str, subject: Topic, outcome: &Outcome) {
        self.counts.entry(kind.to_owned()).or_default().count(outcome.ended());
        if let Some(why) = outcome.fault() {
            let (kind, outcome, detail) = (kind.to_owned(), outcome.ended(), why.clone());
            self.keep(Trouble { kind, subject, outcome, detail, more: 0 });
        }
    }

    /// Adds an earlier round of the same pass, which left `left` of its planned steps to this one.
    pub fn after(&mut self, before: Self, left: usize) {
        for (kind, counts) in before.counts {
            self.counts.entry(kind).or_default().add(counts);
        }
        self.planned += before.planned.saturating_sub(left);
        before.troubles.into_iter().for_each(|trouble| self.keep(trouble));
        self.outgrown.extend(before.outgrown);
    }

    /// What repeats is counted: seventeen equal refusals are one trouble.
    fn keep(&mut self, trouble: Trouble) {
        let reason = |of: &Trouble| (of.kind.clone(), of.outcome, of.detail.clone());
        let is_full = self.troubles.len() >= TROUBLES_KEPT;
        match self.troubles.iter_mut().find(|kept| reason(kept) == reason(&trouble)) {
            Some(kept) => kept.more += 1 + trouble.more,
            None if is_full => {}
            None => self.troubles.push(trouble),
        }
    }
}

/// Early versions stored only the ids of held parts, which are useless now.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Held>, D::Error> {
    let stored = Vec::<serde_json::Value>::deserialize(deserializer)?;
    Ok(stored.into_iter().filter_map(|held| serde_json::from_value(held).ok()).collect())
}
