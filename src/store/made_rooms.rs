//! Rooms made by command, which belong to the policy as configured rooms do.

use std::collections::BTreeMap;

use equipemed_domain::key::RoomKey;
use equipemed_domain::policy::MadeRoom;
use jiff::Timestamp;

use super::rows::{Record, Table, ms, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "made_rooms", key: "room_key" };

impl Store {
    /// Stores a room requested by a command; false when the key is in use.
    pub async fn add_made_room(
        &self,
        key: &RoomKey,
        room: &MadeRoom,
        asker: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "insert into made_rooms (room_key, content, asker, created_at) values ($1, $2, $3, $4)
            on conflict (room_key) do nothing";
        let content = to_json(room)?;
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(key.as_str()).bind(&content).bind(asker).bind(ms(now));
            query.execute(db).await?.rows_affected() == 1
        })
    }

    /// All rooms made by command.
    pub async fn made_rooms(&self) -> Result<BTreeMap<RoomKey, MadeRoom>, StoreError> {
        const SQL: &str = "select room_key, content from made_rooms where ended_at is null";
        let read = |row: &Record<'_>| Ok((RoomKey::new(row.text("room_key")?), row.json("content")?));
        let rooms = on_reader!(self, db => TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, read)?)?;
        Ok(rooms.into_iter().collect())
    }
}
