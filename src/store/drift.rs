//! Changes by hand in managed rooms: who made them, and what became of them.

use std::collections::BTreeMap;

use equipemed_domain::drift::{BAN, Drift};
use equipemed_domain::key::RoomKey;
use jiff::Timestamp;
use ruma_common::OwnedUserId;

use super::rows::{Record, Table, ms};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "drift", key: "id" };

/// What became of a change by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriftState {
    /// Not judged yet, or tolerated for now.
    Open,
    /// Reverted.
    PutBack,
    /// No longer there, or now as desired.
    Gone,
}

/// A change by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftRecord {
    /// Its number.
    pub id: i64,
    /// The room.
    pub room: RoomKey,
    /// The change.
    pub what: Drift,
    /// Who made it.
    pub sender: OwnedUserId,
    /// When, by Synapse's clock.
    pub at: Timestamp,
    /// Its state.
    pub state: DriftState,
    /// When that state was noted.
    pub ended_at: Option<Timestamp>,
}

impl DriftState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::PutBack => "put_back",
            Self::Gone => "gone",
        }
    }
}

impl Store {
    /// Stores a change by hand, once per event.
    pub async fn note_drift(
        &self,
        event: &str,
        room: &RoomKey,
        what: &Drift,
        sender: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "insert into drift (event_id, room_key, what, sender, at, state)
            values ($1, $2, $3, $4, $5, 'open') on conflict (event_id) do nothing";
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(event).bind(room.as_str()).bind(what.to_string()).bind(sender).bind(ms(at));
            query.execute(db).await?.rows_affected() == 1
        })
    }

    /// Open changes by hand, of one room or all, oldest first.
    pub async fn drift_open(&self, room: Option<&RoomKey>) -> Result<Vec<DriftRecord>, StoreError> {
        const SQL: &str = "select id, room_key, what, sender, at, state, ended_at from drift
            where state = 'open' and ($1 is null or room_key = $1) order by id";
        let room = room.map(RoomKey::as_str);
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(room).fetch_all(db).await?, read)?)
    }

    /// Changes by hand to one thing since an instant, oldest first.
    pub async fn drift_since(
        &self,
        room: &RoomKey,
        what: &Drift,
        since: Timestamp,
    ) -> Result<Vec<DriftRecord>, StoreError> {
        const SQL: &str = "select id, room_key, what, sender, at, state, ended_at from drift
            where room_key = $1 and what = $2 and at >= $3 order by id";
        on_reader!(self, db => {
            let query = sqlx::query(SQL).bind(room.as_str()).bind(what.to_string()).bind(ms(since));
            TABLE.all(&query.fetch_all(db).await?, read)?
        })
    }

    /// Bans set by hand without the right, by event.
    pub async fn drift_of_bans(&self) -> Result<BTreeMap<String, DriftRecord>, StoreError> {
        const SQL: &str = "select id, event_id, room_key, what, sender, at, state, ended_at from drift
            where what like $1 order by id";
        let bans = format!("{BAN}%");
        on_reader!(self, db => {
            let rows = sqlx::query(SQL).bind(bans).fetch_all(db).await?;
            TABLE.all(&rows, |row| Ok((row.text("event_id")?, read(row)?)))?.into_iter().collect()
        })
    }

    /// Sets the final state of a change by hand.
    pub async fn end_drift(&self, id: i64, state: DriftState, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "update drift set state = $2, ended_at = $3 where id = $1 and state = 'open'";
        on_writer!(self, db => {
            sqlx::query(SQL).bind(id).bind(state.as_str()).bind(ms(now)).execute(db).await?;
        })
    }
}

fn read(row: &Record<'_>) -> Result<DriftRecord, StoreError> {
    Ok(DriftRecord {
        id: row.int("id")?,
        room: RoomKey::new(row.text("room_key")?),
        what: row.word("what", |text| Drift::try_from(text.to_owned()).ok())?,
        sender: row.user("sender")?,
        at: row.time("at")?,
        state: row.word("state", |word| {
            [DriftState::Open, DriftState::PutBack, DriftState::Gone].into_iter().find(|state| state.as_str() == word)
        })?,
        ended_at: row.maybe_time("ended_at")?,
    })
}
