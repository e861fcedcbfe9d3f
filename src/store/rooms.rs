//! Which room of the policy is which room on the homeserver.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::fault::Conflict;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use jiff::Timestamp;
use ruma_common::{OwnedRoomId, RoomId};

use super::error::conflict_means;
use super::rows::{Record, Table, ms};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "rooms", key: "room_key" };

impl Store {
    /// All bound rooms.
    pub async fn rooms(&self) -> Result<BTreeMap<RoomKey, OwnedRoomId>, StoreError> {
        const SQL: &str = "select room_key, room_id from rooms";
        let read = |row: &Record<'_>| Ok((RoomKey::new(row.text("room_key")?), row.room_id("room_id")?));
        let rooms = on_reader!(self, db => TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, read)?)?;
        Ok(rooms.into_iter().collect())
    }

    /// The key bound to a room.
    pub async fn key_of_room(&self, room: &RoomId) -> Result<Option<RoomKey>, StoreError> {
        const SQL: &str = "select room_key from rooms where room_id = $1";
        let key: Option<String> =
            on_reader!(self, db => sqlx::query_scalar(SQL).bind(room.as_str()).fetch_optional(db).await?)?;
        Ok(key.map(RoomKey::new))
    }

    /// Binds a room to its key. The first binding wins: returns the room bound now, which differs when another process
    /// was faster.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the room is bound to another key.
    pub async fn bind_room(&self, key: &RoomKey, room: &RoomId, now: Timestamp) -> Result<OwnedRoomId, StoreError> {
        // A no-op update, because only updated rows are returned.
        const SQL: &str = "insert into rooms (room_key, room_id, bound_at) values ($1, $2, $3)
            on conflict (room_key) do update set room_key = excluded.room_key
            returning room_key, room_id";
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(key.as_str()).bind(room.as_str()).bind(ms(now));
            TABLE.one(&query.fetch_one(db).await?, |row| row.room_id("room_id"))?
        })
        .map_err(|error| conflict_means(error, Conflict::Room { room: key.clone() }))
    }

    /// Binds a key to another room, as when a room is replaced. Open reports are posted again in another control room.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the room is bound to another key.
    pub async fn rebind_room(&self, key: &RoomKey, room: &RoomId, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "insert into rooms (room_key, room_id, bound_at) values ($1, $2, $3)
            on conflict (room_key) do update set room_id = excluded.room_id, bound_at = excluded.bound_at,
                fulfilled_at = null";
        const UNSHOWN: &str = "update report_cases set posted_event = null, shown = 0
            where closed_at is null and not exists (select 1 from rooms where room_key = $1 and room_id = $2)";
        in_transaction!(self, tx => {
            if key.as_str() == CONTROL_ROOM {
                sqlx::query(UNSHOWN).bind(key.as_str()).bind(room.as_str()).execute(&mut *tx).await?;
            }
            sqlx::query(SQL).bind(key.as_str()).bind(room.as_str()).bind(ms(now)).execute(&mut *tx).await?;
        })
        .map_err(|error| conflict_means(error, Conflict::Room { room: key.clone() }))
    }

    /// Rooms whose rule was fulfilled once: everybody it names was in the room.
    pub async fn fulfilled_rooms(&self) -> Result<BTreeSet<RoomKey>, StoreError> {
        const SQL: &str = "select room_key from rooms where fulfilled_at is not null";
        let keys: Vec<String> = on_reader!(self, db => sqlx::query_scalar(SQL).fetch_all(db).await?)?;
        Ok(keys.into_iter().map(RoomKey::new).collect())
    }

    /// Notes that a room's rule is fulfilled; only the first time counts.
    pub async fn note_fulfilled(&self, key: &RoomKey, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "update rooms set fulfilled_at = $2 where room_key = $1 and fulfilled_at is null";
        on_writer!(self, db => {
            sqlx::query(SQL).bind(key.as_str()).bind(ms(now)).execute(db).await?;
        })
    }

    /// Removes the binding of a key; false when there was none.
    pub async fn unbind_room(&self, key: &RoomKey) -> Result<bool, StoreError> {
        const SQL: &str = "delete from rooms where room_key = $1";
        on_writer!(self, db => sqlx::query(SQL).bind(key.as_str()).execute(db).await?.rows_affected() == 1)
    }
}
