//! Previews that wait for confirmation: by the asker, within a few minutes, once.

use equipemed_domain::command::Command;
use equipemed_domain::fault::Conflict;
use equipemed_domain::sums::Beyond;
use jiff::Timestamp;
use ruma_common::{OwnedEventId, OwnedRoomId, OwnedUserId};

use super::error::conflict_means;
use super::rows::{Record, Table, ms, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "confirmations", key: "code" };

macro_rules! columns {
    () => {
        "code, asker, room_id, command, digest, source, prompt_event, created_at, expires_at, used_at, beyond"
    };
}

/// A preview that waits for confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The code to type.
    pub code: String,
    /// The only person who may confirm.
    pub asker: OwnedUserId,
    /// The room where it was asked.
    pub room_id: OwnedRoomId,
    /// The command.
    pub command: Command,
    /// Digest of the preview; what is then done must be the same.
    pub digest: String,
    /// What exceeds the asker's own limits, if anything: then somebody else has to confirm.
    pub beyond: Option<Beyond>,
    /// The event of the command.
    pub source: String,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl Store {
    /// Stores a preview. Repeating a source keeps its first code.
    ///
    /// # Errors
    /// When the database fails; [`StoreError::Conflict`] when the code is in use.
    pub async fn add_confirmation(&self, new: &Confirmation) -> Result<(), StoreError> {
        const SQL: &str = "insert into confirmations
                (code, asker, room_id, command, digest, source, created_at, expires_at, beyond)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let command = to_json(&new.command)?;
        let beyond = new.beyond.as_ref().map(to_json).transpose()?;
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(&new.code).bind(new.asker.as_str()).bind(new.room_id.as_str());
            let query = query.bind(&command).bind(&new.digest).bind(&new.source);
            query.bind(ms(new.created_at)).bind(ms(new.expires_at)).bind(&beyond).execute(db).await?;
        })
        .map_err(|error| conflict_means(error, Conflict::Code))
    }

    /// Notes the message that shows the preview, so that reactions to it count.
    pub async fn note_prompt(&self, code: &str, event: &str) -> Result<(), StoreError> {
        const SQL: &str = "update confirmations set prompt_event = $2 where code = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(code).bind(event).execute(db).await?; })
    }

    /// The preview with this code, and when it was used.
    pub async fn confirmation(&self, code: &str) -> Result<Option<(Confirmation, Option<Timestamp>)>, StoreError> {
        const SQL: &str = concat!("select ", columns!(), " from confirmations where code = $1");
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(code).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// The code of the preview shown in this message.
    pub async fn code_of_prompt(&self, event: &str) -> Result<Option<String>, StoreError> {
        const SQL: &str = "select code from confirmations where prompt_event = $1";
        on_reader!(self, db => sqlx::query_scalar(SQL).bind(event).fetch_optional(db).await?)
    }

    /// The requests that an event belongs to, as the sources of their deeds name them: its own, and those of previews
    /// that it asked for, shows or confirmed.
    pub async fn requests_of(&self, event: &str) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "select code from confirmations where source = $1 or prompt_event = $1 or used_by = $1";
        let codes: Vec<String> = on_reader!(self, db => sqlx::query_scalar(SQL).bind(event).fetch_all(db).await?)?;
        Ok(std::iter::once(event.to_owned()).chain(codes).collect())
    }

    /// The message that shows the preview with this code, once it was sent.
    pub async fn prompt_of(&self, code: &str) -> Result<Option<OwnedEventId>, StoreError> {
        const SQL: &str = "select code, prompt_event from confirmations where code = $1 and prompt_event is not null";
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(code).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, |row| row.event_id("prompt_event"))).transpose()?
        })
    }

    /// Marks a preview as used by an event; false when another event used it or it has expired.
    pub async fn use_confirmation(&self, code: &str, by: &str, now: Timestamp) -> Result<bool, StoreError> {
        // Lets the same event continue after a crash.
        const SQL: &str = "update confirmations set used_at = coalesce(used_at, $3), used_by = $2
            where code = $1 and ((used_at is null and expires_at > $3) or used_by = $2)";
        on_writer!(self, db => {
            sqlx::query(SQL).bind(code).bind(by).bind(ms(now)).execute(db).await?.rows_affected() == 1
        })
    }

    /// Ends the time of a preview, so that nobody can confirm it; false when it was used.
    pub async fn cancel_confirmation(&self, code: &str, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "update confirmations set expires_at = case when expires_at < $2 then expires_at else $2 end
            where code = $1 and used_at is null";
        on_writer!(self, db => {
            sqlx::query(SQL).bind(code).bind(ms(now)).execute(db).await?.rows_affected() == 1
        })
    }
}

fn read(row: &Record<'_>) -> Result<(Confirmation, Option<Timestamp>), StoreError> {
    let confirmation = Confirmation {
        code: row.text("code")?,
        asker: row.user("asker")?,
        room_id: row.room_id("room_id")?,
        command: row.json("command")?,
        digest: row.text("digest")?,
        beyond: match row.maybe_text("beyond")? {
            Some(_) => Some(row.json("beyond")?),
            None => None,
        },
        source: row.text("source")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    };
    Ok((confirmation, row.maybe_time("used_at")?))
}
