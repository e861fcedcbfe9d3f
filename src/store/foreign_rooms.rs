//! Rooms that somebody brought the bot into: who and since when, until the bot is out of them again.
//!
//! One in which the bot stays for good, because it was adopted or follows a managed room, is kept here, too: so that it is
//! not taken for a new one when its key has another room some day.

use std::collections::BTreeSet;

use equipemed_domain::fault::BadCell;
use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use super::rows::{Record, Table, ms};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "foreign_rooms", key: "room_id" };

/// A room that somebody brought the bot into and that nobody adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignRoom {
    /// Its id.
    pub room_id: OwnedRoomId,
    /// Who did, where that was seen.
    pub brought_by: Option<OwnedUserId>,
    /// Since when it is known.
    pub found_at: Timestamp,
    /// Whether the control room was told.
    pub is_told: bool,
}

impl Store {
    /// Notes that the bot was brought into a room. What is noted already stays as it is, so that nobody can put off the
    /// leaving by inviting again; a room that was kept is noted anew.
    pub async fn note_foreign_room(
        &self,
        room: &RoomId,
        by: Option<&UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "insert into foreign_rooms (room_id, brought_by, found_at) values ($1, $2, $3)
            on conflict (room_id) do update set brought_by = excluded.brought_by, found_at = excluded.found_at,
                told_at = null, kept_at = null
            where foreign_rooms.kept_at is not null";
        let by = by.map(UserId::as_str);
        on_writer!(self, db => { sqlx::query(SQL).bind(room.as_str()).bind(by).bind(ms(now)).execute(db).await?; })
    }

    /// Rooms that are to be told or left, the longest known first.
    pub async fn foreign_rooms(&self) -> Result<Vec<ForeignRoom>, StoreError> {
        const SQL: &str = "select room_id, brought_by, found_at, told_at from foreign_rooms where kept_at is null
            order by found_at, room_id";
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, read)?)
    }

    /// One of them.
    pub async fn foreign_room(&self, room: &RoomId) -> Result<Option<ForeignRoom>, StoreError> {
        const SQL: &str = "select room_id, brought_by, found_at, told_at from foreign_rooms
            where kept_at is null and room_id = $1";
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(room.as_str()).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// All rooms that were ever noted and that the bot is still in, as far as is known.
    pub async fn noted_rooms(&self) -> Result<BTreeSet<OwnedRoomId>, StoreError> {
        const SQL: &str = "select room_id from foreign_rooms";
        let rooms = on_reader!(self, db => {
            TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, |row| row.room_id("room_id"))?
        })?;
        Ok(rooms.into_iter().collect())
    }

    /// Notes that the control room was told of a room.
    pub async fn foreign_room_told(&self, room: &RoomId, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "update foreign_rooms set told_at = $2 where room_id = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(room.as_str()).bind(ms(now)).execute(db).await?; })
    }

    /// Notes that the bot stays in a room, however it came there.
    pub async fn keep_foreign_room(&self, room: &RoomId, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "insert into foreign_rooms (room_id, found_at, kept_at) values ($1, $2, $2)
            on conflict (room_id) do update set kept_at = excluded.kept_at";
        on_writer!(self, db => { sqlx::query(SQL).bind(room.as_str()).bind(ms(now)).execute(db).await?; })
    }

    /// Forgets a room that the bot is not in any more.
    pub async fn forget_foreign_room(&self, room: &RoomId) -> Result<(), StoreError> {
        const SQL: &str = "delete from foreign_rooms where room_id = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(room.as_str()).execute(db).await?; })
    }
}

fn read(row: &Record<'_>) -> Result<ForeignRoom, StoreError> {
    let by = row.maybe_text("brought_by")?;
    let by = by.map(OwnedUserId::try_from).transpose().map_err(|_| row.nonsense("brought_by", BadCell::NotMatrixId))?;
    Ok(ForeignRoom {
        room_id: row.room_id("room_id")?,
        brought_by: by,
        found_at: row.time("found_at")?,
        is_told: row.maybe_time("told_at")?.is_some(),
    })
}
