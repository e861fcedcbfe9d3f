//! Announcements for the control room: stored when noticed, posted once by the process with the speaker.

use equipemed_domain::announcement::Announcement;
use jiff::Timestamp;

use super::rows::{Record, Table, limit, ms, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "announcements", key: "id" };

/// A stored announcement that was not posted yet.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAnnouncement {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub content: Announcement,
    /// When it was stored.
    pub created_at: Timestamp,
}

impl Store {
    /// Stores an announcement; false when one of that name was stored before, posted or not.
    pub async fn announce(&self, once: &str, content: &Announcement, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "insert into announcements (once, content, created_at) values ($1, $2, $3)
            on conflict (once) do nothing";
        let content = to_json(content)?;
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(once).bind(&content).bind(ms(now));
            query.execute(db).await?.rows_affected() == 1
        })
    }

    /// Announcements to post, oldest first.
    pub async fn announcements_open(&self, at_most: usize) -> Result<Vec<OpenAnnouncement>, StoreError> {
        const SQL: &str =
            "select id, content, created_at from announcements where posted_at is null order by id limit $1";
        let read = |row: &Record<'_>| {
            Ok(OpenAnnouncement {
                id: row.int("id")?,
                content: row.json("content")?,
                created_at: row.time("created_at")?,
            })
        };
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(limit(at_most)).fetch_all(db).await?, read)?)
    }

    /// Notes the event that posted an announcement.
    pub async fn announced(&self, id: i64, event: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "update announcements set posted_at = $2, posted_event = $3 where id = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(id).bind(ms(now)).bind(event).execute(db).await?; })
    }
}
