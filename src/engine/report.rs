//! What a pass found, planned, held and did: what the CLI prints and the run's row keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use equipemed_domain::finding::Finding;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::plan::{Plan, Step};
use equipemed_domain::review::Held;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How the actions of one kind ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    #[serde(default)]
    pub unknown: usize,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.already_so += other.already_so;
        self.skipped += other.skipped;
        self.failed += other.failed;
        self.unknown += other.unknown;
    }
}

/// Something that did not go well, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The action's kind.
    pub kind: String,
    /// The room's or account's name.
    pub subject: String,
    /// `failed` or `skipped`.
    pub outcome: String,
    /// Synapse's answer, or what was missing.
    pub detail: String,
}

/// The part of a report that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// By kind of action.
    pub counts: BTreeMap<String, Counts>,
    /// What went wrong; at most [`TROUBLES_KEPT`].
    pub troubles: Vec<Trouble>,
    /// How many findings there were.
    pub findings: usize,
    /// The findings, for whoever reads it in whichever language; at most [`FOUND_KEPT`].
    #[serde(default)]
    pub found: Vec<Finding>,
    /// What is held.
    pub held: Vec<Held>,
    /// How many steps were planned.
    pub planned: usize,
    /// Consents that do not count any more because something was added, and the id of what is held instead.
    #[serde(default)]
    pub outgrown: BTreeMap<String, String>,
    /// What has one of the two consents it needs.
    #[serde(default)]
    pub one_more: BTreeSet<String>,
}

/// More than this nobody reads; a dry run shows all.
pub const FOUND_KEPT: usize = 100;
/// More would only repeat themselves: the audit has all.
pub const TROUBLES_KEPT: usize = 50;

impl Summary {
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
    pub fn count(&mut self, step: &Step, subject: String, outcome: &Outcome) {
        let kind = step.action.kind();
        let counts = self.counts.entry(kind.to_owned()).or_default();
        let detail = match outcome {
            Outcome::Done(_) => {
                counts.done += 1;
                return;
            }
            Outcome::AlreadySo => {
                counts.already_so += 1;
                return;
            }
            Outcome::Unknown => {
                counts.unknown += 1;
                return;
            }
            Outcome::Skipped(why) => {
                counts.skipped += 1;
                why
            }
            Outcome::Failed(why) => {
                counts.failed += 1;
                why
            }
        };
        let (kind, outcome, detail) = (kind.to_owned(), outcome.as_str().to_owned(), detail.clone());
        self.keep(Trouble { kind, subject, outcome, detail });
    }

    /// Counts something that failed and is no step.
    pub fn count_failure(&mut self, kind: &str, subject: String, detail: String) {
        self.counts.entry(kind.to_owned()).or_default().failed += 1;
        self.keep(Trouble { kind: kind.to_owned(), subject, outcome: "failed".to_owned(), detail });
    }

    fn keep(&mut self, trouble: Trouble) {
        if self.troubles.len() < TROUBLES_KEPT {
            self.troubles.push(trouble);
        }
    }
}

/// Which side ended a pass before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// Synapse did not answer, or let nobody in.
    Synapse,
    /// The service's own database could not be read or written.
    Database,
    /// The service was asked to stop.
    Stop,
}

impl Interruption {
    /// What the steps say that were left.
    pub(super) fn of_a_step(self) -> &'static str {
        match self {
            Self::Synapse => "Synapse was away; it is tried again",
            Self::Database => "the database was away; it is tried again",
            Self::Stop => "the service was stopped; it is tried again",
        }
    }
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Synapse => "interrupted: Synapse went away",
            Self::Database => "interrupted: the database went away",
            Self::Stop => "interrupted: the service was stopped",
        })
    }
}

/// Everything about one pass.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was planned, after brakes and flags.
    pub plan: Plan,
    /// What is kept of it.
    pub summary: Summary,
    /// Held parts that were not held before, to be announced.
    pub newly_held: Vec<Held>,
    /// When the picture changes by itself.
    pub next_change: Option<Timestamp>,
    /// Why it stopped before the end, so that the rest must be tried again.
    pub interrupted: Option<Interruption>,
    /// How many steps were left, because a narrower pass came between looking and doing.
    pub left: usize,
}

impl Report {
    /// Adds what was found only when it was carried out.
    pub fn find(&mut self, found: impl IntoIterator<Item = Finding>) {
        for finding in found.into_iter().filter(|finding| !self.plan.findings.contains(finding)).collect::<Vec<_>>() {
            self.summary.findings += 1;
            if self.summary.found.len() < FOUND_KEPT {
                self.summary.found.push(finding.clone());
            }
            self.plan.findings.push(finding);
        }
    }

    /// This one and the one of a further look right after it, as one.
    #[must_use]
    pub fn and(mut self, next: Self) -> Self {
        let before = std::mem::take(&mut self.summary);
        let mut summary = next.summary;
        for (kind, counts) in before.counts {
            summary.counts.entry(kind).or_default().add(counts);
        }
        summary.planned += before.planned.saturating_sub(self.left);
        before.troubles.into_iter().for_each(|trouble| summary.keep(trouble));
        summary.outgrown.extend(before.outgrown);
        self.newly_held.extend(next.newly_held);
        Self { summary, newly_held: self.newly_held, ..next }
    }
}
