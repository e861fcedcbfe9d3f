//! Rooms that somebody brought the bot into, until the bot leaves.
//!
//! Rooms in which the bot stays (adopted, or following a managed room) remain here too, so that they are not taken for
//! new ones if their key later gets another room.

use std::collections::BTreeSet;

use equipemed_domain::fault::BadCell;
use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use super::rows::{Record, Table, ms};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "foreign_rooms", key: "room_id" };

/// A room that somebody brought the bot into and nobody adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignRoom {
    /// Its id.
    pub room_id: OwnedRoomId,
    /// Who brought the bot, if known.
    pub brought_by: Option<OwnedUserId>,
    /// When it was found.
    pub found_at: Timestamp,
    /// Whether it was announced in the control room.
    pub is_told: bool,
}

impl Store {
    /// Notes that the bot was brought into a room. An existing note stays unchanged, so that repeated invitations
    /// cannot postpone leaving; a room that had been kept is noted anew.
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

    /// Rooms to announce or leave, longest known first.
    pub async fn foreign_rooms(&self) -> Result<Vec<ForeignRoom>, StoreError> {
        const SQL: &str = "select room_id, brought_by, found_at, told_at from foreign_rooms where kept_at is null
            order by found_at, room_id";
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, read)?)
    }

    /// One such room.
    pub async fn foreign_room(&self, room: &RoomId) -> Result<Option<ForeignRoom>, StoreError> {
        const SQL: &str = "select room_id, brought_by, found_at, told_at from foreign_rooms
            where kept_at is null and room_id = $1";
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(room.as_str()).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// All noted rooms that the bot is still in, as far as known.
    pub async fn noted_rooms(&self) -> Result<BTreeSet<OwnedRoomId>, StoreError> {
        const SQL: &str = "select room_id from foreign_rooms";
        let rooms = on_reader!(self, db => {
            TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, |row| row.room_id("room_id"))?
        })?;
        Ok(rooms.into_iter().collect())
    }

    /// Notes that a room was announced in the control room.
    pub async fn foreign_room_told(&self, room: &RoomId, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "update foreign_rooms set told_at = $2 where room_id = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(room.as_str()).bind(ms(now)).execute(db).await?; })
    }

    /// Notes that the bot stays in a room, however it got there.
    pub async fn keep_foreign_room(&self, room: &RoomId, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "insert into foreign_rooms (room_id, found_at, kept_at) values ($1, $2, $2)
            on conflict (room_id) do update set kept_at = excluded.kept_at";
        on_writer!(self, db => { sqlx::query(SQL).bind(room.as_str()).bind(ms(now)).execute(db).await?; })
    }

    /// Forgets a room that the bot has left.
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
