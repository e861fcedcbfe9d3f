//! Prevents concurrent passes over the same subject, and stale steps after newer ones.
//!
//! A full pass plans for all subjects, but reaches each one only later. If a narrower pass wrote to a subject in
//! between, the full pass's plan for it is out of date, and the subject is looked at again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use equipemed_domain::action::Subject;
use tokio::sync::OwnedMutexGuard;

/// A point in the order of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// The subjects being worked on, and when each was last written to.
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

    /// The present moment; take it before reading anything.
    pub fn moment(&self) -> Moment {
        Moment(self.inner().last)
    }

    /// Waits for exclusive access to the subject, until the guard is dropped.
    pub async fn hold(&self, subject: &Subject) -> OwnedMutexGuard<()> {
        let lock = self.inner().locks.entry(subject.clone()).or_default().clone();
        lock.lock_owned().await
    }

    /// Whether the subject was written to after `seen`.
    pub fn is_stale(&self, subject: &Subject, seen: Moment) -> bool {
        self.inner().written.get(subject).is_some_and(|written| *written > seen)
    }

    /// Notes a write to the subject.
    pub fn note_write(&self, subject: &Subject) {
        let mut inner = self.inner();
        inner.last += 1;
        let moment = Moment(inner.last);
        inner.written.insert(subject.clone(), moment);
    }
}
