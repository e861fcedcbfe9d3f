//! Explanations of files that are not accepted, each at most once an hour per room and sender.
//!
//! Separate from other announcements because whether it is time again is part of storing one.

use equipemed_domain::announcement::Announcement;
use jiff::{SignedDuration, Timestamp};
use ruma_common::{EventId, RoomId, UserId};

use super::rows::{ms, to_json};
use super::{Store, StoreError};

/// How long nothing more is said of somebody's files in a room.
const SELDOM: SignedDuration = SignedDuration::from_hours(1);

/// What kind of announcement it is; each has its own hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileTold {
    /// To the sender.
    Explained,
    /// To the control room: seen, not redacted.
    Seen,
    /// To the control room: seen in a pause.
    SeenPaused,
    /// To the control room: cannot be redacted.
    Stays,
}

impl FileTold {
    fn as_str(self) -> &'static str {
        match self {
            Self::Explained => "explained",
            Self::Seen => "seen",
            Self::SeenPaused => "seen_paused",
            Self::Stays => "stays",
        }
    }
}

impl Store {
    /// Stores an announcement about a file, unless one of its kind about this sender's files in this room was stored
    /// within the hour. Returns whether it was stored.
    pub async fn announce_file(
        &self,
        told: FileTold,
        (room_id, sender, event): (&RoomId, &UserId, &EventId),
        content: &Announcement,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const FORGET: &str = "delete from files_told where told_at <= $1";
        const NOTE: &str = "insert into files_told (room_id, sender, kind, told_at) values ($1, $2, $3, $4)
            on conflict (room_id, sender, kind) do nothing";
        const ANNOUNCE: &str = "insert into announcements (once, content, created_at) values ($1, $2, $3)
            on conflict (once) do nothing";
        let (kind, content) = (told.as_str(), to_json(content)?);
        let before = now.checked_sub(SELDOM).unwrap_or(Timestamp::MIN);
        in_transaction!(self, tx => {
            sqlx::query(FORGET).bind(ms(before)).execute(&mut *tx).await?;
            let query = sqlx::query(NOTE).bind(room_id.as_str()).bind(sender.as_str()).bind(kind).bind(ms(now));
            let is_due = query.execute(&mut *tx).await?.rows_affected() == 1;
            if is_due {
                let query = sqlx::query(ANNOUNCE).bind(format!("file {kind} {event}")).bind(&content).bind(ms(now));
                query.execute(&mut *tx).await?;
            }
            is_due
        })
    }
}
