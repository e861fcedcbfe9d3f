//! Adds and ends grants as `decide` determines.

use equipemed_domain::authority::{Act, Allowed, Asker, GrantEffect, Refusal, Request, decide};
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::{Grant, GrantId};
use equipemed_domain::key::RoomKey;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use jiff::Timestamp;

use super::{Scene, Stop};
use crate::store::{NewGrant, Store, StoreError};

/// The asker, and how grants name them.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Whose rights count.
    pub(crate) asker: Asker,
    /// Their account, or a word such as `operator`.
    pub(crate) name: String,
}

/// A change of one person's grants.
#[derive(Clone, Debug)]
pub(crate) struct Change<'a> {
    /// The person.
    pub(crate) person: PersonId,
    /// What ends and what is added.
    pub(crate) effect: &'a GrantEffect,
    /// Where the new grant holds; everywhere if None.
    pub(crate) place: Option<RoomKey>,
    /// When it expires; never by itself if None.
    pub(crate) until: Option<Timestamp>,
    /// The asker's reason.
    pub(crate) because: Option<String>,
    /// Its identity, however often it is handled.
    pub(crate) source: Option<String>,
}

impl Scene {
    /// Whether somebody may do this, and its effect.
    pub(crate) fn decide(&self, asker: Asker, request: &Request) -> Result<Allowed, Refusal> {
        decide(asker, request, &self.world())
    }

    /// Adds what a request grants, if the caller may, and wakes the person.
    pub(crate) async fn add_grant(
        &self,
        store: &Store,
        by: &Caller,
        request: &Request,
        because: Option<String>,
    ) -> Result<Option<GrantId>, Stop> {
        let Allowed { effect, .. } = self.decide(by.asker, request)?;
        let Some(person) = request.person else { return Ok(None) };
        let (place, until) = (request.place.clone(), request.until);
        let change = Change { person, effect: &effect, place, until, because, source: None };
        let grant = change_grants(store, change, &by.name, self.now).await?;
        self.wish(store, by, person).await?;
        Ok(grant)
    }

    /// Ends a grant, if the caller may, and wakes the person.
    pub(crate) async fn end_grant(&self, store: &Store, by: &Caller, grant: &Grant) -> Result<(), Stop> {
        let (act, person) = (Act::End(grant.id), Some(grant.person));
        let request = Request { act, person, place: grant.scope.clone(), until: None };
        self.decide(by.asker, &request)?;
        store.end_grant(grant.id, &by.name, self.now).await?;
        Ok(self.wish(store, by, grant.person).await?)
    }

    /// Wakes the person for a wish, which is fulfilled in a pause, too.
    async fn wish(&self, store: &Store, by: &Caller, person: PersonId) -> Result<(), StoreError> {
        let wish = Wish::about(format!("{} {}", by.name, self.now.as_millisecond()), person);
        store.wake_for(&[Wake::Person(person)], &[wish], "grant", self.now, self.now).await
    }
}

/// Stores an allowed change: the new grant first, then the end of those it replaces, so that nobody has neither in
/// between. Returns the new grant.
pub(crate) async fn change_grants(
    store: &Store,
    change: Change<'_>,
    by: &str,
    now: Timestamp,
) -> Result<Option<GrantId>, StoreError> {
    let Change { person, effect, place: scope, until: expires_at, because: reason, source } = change;
    let new = match effect.adds {
        Some(kind) => {
            let new = NewGrant { person, kind, scope, asker: by.to_owned(), reason, expires_at, source };
            Some(store.add_grant(&new, now).await?.id)
        }
        None => None,
    };
    for replaced in effect.ends.iter().filter(|id| Some(**id) != new) {
        store.end_grant(*replaced, by, now).await?;
    }
    Ok(new)
}
