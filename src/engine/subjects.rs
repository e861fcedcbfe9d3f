//! Never two passes over the same subject at once, and no stale step after a newer one.
//!
//! A full pass plans for every subject and comes to each one only later. If a
//! narrower pass wrote to a subject in between, what the full pass planned for
//! it is old news: the subject is looked at again instead.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use equipemed_domain::action::Subject;
use tokio::sync::OwnedMutexGuard;

/// A moment in the order of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// The subjects in work, and when each was last written to.
#[derive(Debug, Default)]
pub struct Subjects {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    locks: BTreeMap<Subject, Arc<tokio::sync::Mutex<()>>>,
    written: BTreeMap<Subject, Moment>,
}

impl Subjects {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A panic elsewhere cannot leave these maps half-changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present moment, to be taken before anything is read.
    pub fn moment(&self) -> Moment {
        Moment(self.inner().last)
    }

    /// Waits for the subject, which nobody else has until this is dropped.
    pub async fn hold(&self, subject: &Subject) -> OwnedMutexGuard<()> {
        let lock = self.inner().locks.entry(subject.clone()).or_default().clone();
        lock.lock_owned().await
    }

    /// Whether somebody wrote to the subject after `seen`.
    pub fn is_stale(&self, subject: &Subject, seen: Moment) -> bool {
        self.inner().written.get(subject).is_some_and(|written| *written > seen)
    }

    /// Remembers that the subject was written to.
    pub fn note_write(&self, subject: &Subject) {
        let mut inner = self.inner();
        inner.last += 1;
        let moment = Moment(inner.last);
        inner.written.insert(subject.clone(), moment);
    }
}
