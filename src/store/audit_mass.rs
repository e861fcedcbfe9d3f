//! The audit, for the brakes: counts of the last 24 hours, and intents that count.
//!
//! Actions under way count as done. Passes judge concurrently, in this process and others; so an intent that counts is
//! written only if no other of its kind was added since its pass counted.

use std::collections::BTreeSet;

use equipemed_domain::directory::PersonId;
use equipemed_domain::key::RoomKey;
use equipemed_domain::memory::InRooms;
use equipemed_domain::privilege::Privilege;
use jiff::Timestamp;
use ruma_common::OwnedUserId;
use serde::Deserialize;

use super::audit::{AuditCause, AuditId, Intent};
use super::dispatch::PerDialect;
use super::rows::{Record, Table, ms};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "audit", key: "id" };

/// A kind of action that the brakes count together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mass {
    /// Accounts locked or deactivated.
    Locked,
    /// People removed from one room.
    Removed(RoomKey),
    /// People added to one room.
    Joined(RoomKey),
    /// People who gain or lose power.
    Powers,
}

/// Power that a person gained and lost by one audit entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowersChanged {
    /// The person.
    pub person: PersonId,
    /// Gained power.
    pub gained: BTreeSet<Privilege>,
    /// Lost power.
    pub lost: BTreeSet<Privilege>,
}

/// What had been counted when a pass was reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The newest entry counted.
    pub up_to: AuditId,
    /// Start of the window.
    pub since: Timestamp,
}

/// Refuses intents if other passes added to their mass.
pub(super) struct Guard<'a> {
    mass: &'a Mass,
    counted: Counted,
    own: u64,
}

/// Serialises guarded intents on PostgreSQL, or two could both find that nothing was added. SQLite's transactions are
/// serial anyway.
pub(super) const TURN: PerDialect =
    PerDialect { sqlite: "select 1", postgres: "select pg_advisory_xact_lock(71, hashtext('brakes'))" };

/// Runs [`ADDED`] for a guard; true when more entries were added than its own.
macro_rules! is_overtaken {
    ($tx:ident, $guard:expr) => {{
        let query = sqlx::query_scalar($crate::store::audit_mass::ADDED);
        let query = query.bind($guard.up_to()).bind($guard.since());
        let query = query.bind($guard.kinds()[0]).bind($guard.kinds()[1]).bind($guard.room());
        let added: i64 = query.fetch_one(&mut *$tx).await?;
        added > $guard.own()
    }};
}
pub(super) use is_overtaken;

pub(super) const ADDED: &str = "select count(*) from audit
    where id > $1 and at >= $2 and cause = 'policy' and kind in ($3, $4) and ($5 is null or room_key = $5)";

impl Guard<'_> {
    pub(super) fn up_to(&self) -> i64 {
        self.counted.up_to.0
    }

    pub(super) fn since(&self) -> i64 {
        ms(self.counted.since)
    }

    pub(super) fn own(&self) -> i64 {
        i64::try_from(self.own).unwrap_or(i64::MAX)
    }

    pub(super) fn kinds(&self) -> [&'static str; 2] {
        match self.mass {
            Mass::Locked => ["lock_account", "deactivate_account"],
            Mass::Removed(_) => ["remove_member"; 2],
            Mass::Joined(_) => ["add_member"; 2],
            Mass::Powers => ["note_privileges"; 2],
        }
    }

    pub(super) fn room(&self) -> Option<&str> {
        match self.mass {
            Mass::Removed(room) | Mass::Joined(room) => Some(room.as_str()),
            Mass::Locked | Mass::Powers => None,
        }
    }
}

impl Intent {
    /// The mass that this intent counts towards, if any.
    #[must_use]
    pub fn mass(&self) -> Option<Mass> {
        if self.cause != AuditCause::Policy {
            return None;
        }
        match (self.kind.as_str(), &self.room) {
            ("lock_account" | "deactivate_account", _) => Some(Mass::Locked),
            ("remove_member", Some(room)) => Some(Mass::Removed(room.clone())),
            ("add_member", Some(room)) => Some(Mass::Joined(room.clone())),
            ("note_privileges", _) => Some(Mass::Powers),
            _ => None,
        }
    }
}

impl Store {
    /// Determines the newest entry for windows that begin at `since`; call it before counting.
    pub async fn counted_up_to(&self, since: Timestamp) -> Result<Counted, StoreError> {
        const SQL: &str = "select coalesce(max(id), 0) from audit
            where kind in ('lock_account', 'deactivate_account', 'remove_member', 'note_privileges')
                and at >= $1 and cause = 'policy'";
        let up_to = on_reader!(self, db => AuditId(sqlx::query_scalar(SQL).bind(ms(since)).fetch_one(db).await?))?;
        Ok(Counted { up_to, since })
    }

    /// As [`Self::intend`], for intents of one mass; writes nothing and returns None when more than `own` entries of
    /// that mass were added since it was counted.
    ///
    /// # Errors
    /// When the database fails: then no action may be taken.
    pub async fn intend_counted(
        &self,
        intents: &[Intent],
        mass: &Mass,
        counted: Counted,
        own: u64,
        now: Timestamp,
    ) -> Result<Option<Vec<AuditId>>, StoreError> {
        self.write_intents(intents, Some(&Guard { mass, counted, own }), now).await
    }

    /// Accounts that the policy locked or deactivated since `since` and that were not unlocked again; true means
    /// deactivated.
    pub async fn locked_since(&self, since: Timestamp) -> Result<Vec<(OwnedUserId, bool)>, StoreError> {
        const SQL: &str = "select id, user_id, kind from audit
            where kind in ('lock_account', 'deactivate_account') and at >= $1
                and cause = 'policy' and (outcome = 'done' or outcome is null)
                and not exists (select 1 from audit as undone where undone.user_id = audit.user_id
                    and undone.id > audit.id and undone.kind in ('unlock_account', 'reactivate_account')
                    and undone.outcome = 'done')";
        let read = |row: &Record<'_>| Ok((row.user("user_id")?, row.text("kind")? == "deactivate_account"));
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(ms(since)).fetch_all(db).await?, read)?)
    }

    /// Who was removed from which room by the policy since `since`.
    pub async fn removed_since(&self, since: Timestamp) -> Result<InRooms, StoreError> {
        const SQL: &str = "select id, room_key, user_id from audit
            where kind = 'remove_member' and at >= $1 and cause = 'policy' and (outcome = 'done' or outcome is null)";
        let read = |row: &Record<'_>| Ok((RoomKey::new(row.text("room_key")?), row.user("user_id")?));
        let removed = on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(ms(since)).fetch_all(db).await?, read)?)?;
        let mut rooms = InRooms::new();
        for (room, user) in removed {
            rooms.entry(room).or_default().insert(user);
        }
        Ok(rooms)
    }

    /// Who was added to which room by the policy since `since`, in rooms whose rule had been fulfilled before.
    pub async fn joined_since(&self, since: Timestamp) -> Result<InRooms, StoreError> {
        // Starts from the rooms, which are few: after a first sync the window holds everybody's joins.
        const SQL: PerDialect = PerDialect {
            sqlite: "select audit.id, audit.room_key, audit.user_id from rooms cross join audit
                where audit.room_key = rooms.room_key and audit.at >= max($1, rooms.fulfilled_at)
                    and audit.kind = 'add_member' and audit.cause = 'policy'
                    and (audit.outcome = 'done' or audit.outcome is null)",
            postgres: "select audit.id, audit.room_key, audit.user_id from rooms cross join audit
                where audit.room_key = rooms.room_key and audit.at >= greatest($1, rooms.fulfilled_at)
                    and rooms.fulfilled_at is not null and audit.kind = 'add_member' and audit.cause = 'policy'
                    and (audit.outcome = 'done' or audit.outcome is null)",
        };
        let read = |row: &Record<'_>| Ok((RoomKey::new(row.text("room_key")?), row.user("user_id")?));
        let joined = on_reader!(self, db => {
            TABLE.all(&sqlx::query(self.pick(&SQL)).bind(ms(since)).fetch_all(db).await?, read)?
        })?;
        let mut rooms = InRooms::new();
        for (room, user) in joined {
            rooms.entry(room).or_default().insert(user);
        }
        Ok(rooms)
    }

    /// Power that people gained and lost by the policy since `since`.
    pub async fn powers_changed_since(&self, since: Timestamp) -> Result<Vec<PowersChanged>, StoreError> {
        /// The part of the action that matters here. Old rows, without places, contain no readable power.
        #[derive(Deserialize)]
        struct Change {
            #[serde(default)]
            gained: Vec<String>,
            #[serde(default)]
            lost: Vec<String>,
            #[serde(default)]
            administrator: bool,
        }
        const SQL: &str = "select id, person_id, action from audit
            where kind in ('note_privileges', 'adopt_account') and at >= $1 and cause = 'policy'
                and (outcome = 'done' or outcome is null)";
        let powers =
            |words: Vec<String>| -> BTreeSet<_> { words.iter().filter_map(|word| word.parse().ok()).collect() };
        let read = |row: &Record<'_>| {
            let change: Change = row.json("action")?;
            let person = PersonId(row.int("person_id")?);
            let mut gained = powers(change.gained);
            // An administrator's account was given to somebody.
            gained.extend(change.administrator.then_some(Privilege::SERVER_ADMIN));
            Ok(PowersChanged { person, gained, lost: powers(change.lost) })
        };
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(ms(since)).fetch_all(db).await?, read)?)
    }
}
