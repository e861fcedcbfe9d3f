//! Relevant events in order of arrival: stored before Synapse is answered, deleted some time after handling.
//!
//! Events are identified by id, so a repeated one (Synapse resends what was not answered, and missed events are read
//! back) is one row.

use std::collections::BTreeSet;

use equipemed_domain::event::{Content, Event};
use jiff::Timestamp;
use ruma_common::{EventId, OwnedEventId, UserId};

use super::rows::{Record, Table, limit, ms, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "inbox", key: "seq" };

/// An event waiting to be handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEvent {
    /// Its position in the queue.
    pub seq: i64,
    /// The event.
    pub event: Event,
    /// When it was stored.
    pub received_at: Timestamp,
    /// Number of attempts to handle it.
    pub attempts: u32,
}

impl Store {
    /// Stores events in order, all or none. Returns the new ones.
    ///
    /// # Errors
    /// When the database fails: then the events must not be acknowledged.
    pub async fn take_in(&self, events: &[Event], now: Timestamp) -> Result<BTreeSet<OwnedEventId>, StoreError> {
        const SQL: &str = "insert into inbox
                (event_id, room_id, kind, state_key, sender, sent_at, received_at, content, state)
            values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting') on conflict (event_id) do nothing";
        let mut new = BTreeSet::new();
        if events.is_empty() {
            return Ok(new);
        }
        in_transaction!(self, tx => {
            for event in events {
                let query = sqlx::query(SQL).bind(event.event_id.as_str()).bind(event.room_id.as_str());
                let query = query.bind(&event.kind).bind(&event.state_key).bind(event.sender.as_str());
                let query = query.bind(ms(event.sent_at)).bind(ms(now)).bind(stored(&event.content)?);
                if query.execute(&mut *tx).await?.rows_affected() == 1 {
                    new.insert(event.event_id.clone());
                }
            }
        })?;
        Ok(new)
    }

    /// The oldest unhandled events.
    pub async fn inbox_waiting(&self, at_most: usize) -> Result<Vec<InboxEvent>, StoreError> {
        const SQL: &str =
            "select seq, event_id, room_id, kind, state_key, sender, sent_at, received_at, content, attempts
            from inbox where state = 'waiting' order by seq limit $1";
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(limit(at_most)).fetch_all(db).await?, read)?)
    }

    /// The event with this id, handled or not, unless it is forgotten.
    pub async fn inbox_event(&self, event: &EventId) -> Result<Option<InboxEvent>, StoreError> {
        const SQL: &str =
            "select seq, event_id, room_id, kind, state_key, sender, sent_at, received_at, content, attempts
            from inbox where event_id = $1";
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(event.as_str()).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// Event ids of unhandled membership changes.
    pub async fn memberships_waiting(&self) -> Result<BTreeSet<String>, StoreError> {
        const SQL: &str = "select seq, event_id from inbox where state = 'waiting' and kind = 'm.room.member'";
        on_reader!(self, db => {
            let rows = sqlx::query(SQL).fetch_all(db).await?;
            TABLE.all(&rows, |row| row.text("event_id"))?.into_iter().collect()
        })
    }

    /// Marks events as handled.
    pub async fn inbox_done(&self, seqs: &[i64], now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "update inbox set state = 'done', handled_at = $2 where seq = $1 and state = 'waiting'";
        in_transaction!(self, tx => {
            for seq in seqs {
                sqlx::query(SQL).bind(seq).bind(ms(now)).execute(&mut *tx).await?;
            }
        })
    }

    /// Counts a failed attempt to handle an event; returns the number of attempts.
    ///
    /// # Errors
    /// When the database fails, or the event is not waiting.
    pub async fn inbox_retry(&self, seq: i64) -> Result<u32, StoreError> {
        const SQL: &str = "update inbox set attempts = attempts + 1 where seq = $1 and state = 'waiting'
            returning seq, attempts";
        on_writer!(self, db => {
            TABLE.one(&sqlx::query(SQL).bind(seq).fetch_one(db).await?, |row| row.count("attempts"))?
        })
    }

    /// Number of unhandled events.
    pub async fn inbox_open(&self) -> Result<u64, StoreError> {
        const SQL: &str = "select count(*) as open, 0 as seq from inbox where state = 'waiting'";
        on_reader!(self, db => TABLE.one(&sqlx::query(SQL).fetch_one(db).await?, |row| row.count("open"))?)
    }

    /// Deletes handled events received before an instant. They must be older than anything Synapse may resend, which
    /// would otherwise be handled again.
    pub async fn prune_inbox(&self, before: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "delete from inbox where state = 'done' and received_at < $1";
        on_writer!(self, db => sqlx::query(SQL).bind(ms(before)).execute(db).await?.rows_affected())
    }

    /// Whether a command had an effect: a grant, a deed, a run or a used confirmation; or, if the command was noted, a
    /// grant that the asker ended since.
    pub async fn came_of(&self, event: &str, asker: &str, noted_at: Option<Timestamp>) -> Result<bool, StoreError> {
        const SQL: &str = "select (select count(*) from grants where source = $2)
            + (select count(*) from deeds where source = $2)
            + (select count(*) from runs where source = $1)
            + (select count(*) from confirmations where used_by = $1)
            + (select count(*) from grants where ended_by = $3 and ended_at >= $4)";
        let first = format!("{event} 0");
        on_reader!(self, db => {
            let query = sqlx::query_scalar::<_, i64>(SQL).bind(event).bind(&first).bind(asker);
            query.bind(noted_at.map(ms)).fetch_one(db).await? > 0
        })
    }

    /// When a stored event was sent, by Synapse's clock.
    pub async fn event_sent_at(&self, event: &str) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "select seq, sent_at from inbox where event_id = $1";
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(event).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, |row| row.time("sent_at"))).transpose()?
        })
    }

    /// Stores events that were handled before the database was lost; those already waiting are marked as handled, too.
    ///
    /// # Errors
    /// When the database fails: then the events must not be acknowledged.
    pub async fn take_in_handled(&self, events: &[Event], now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "insert into inbox
                (event_id, room_id, kind, state_key, sender, sent_at, received_at, content, state, handled_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, 'done', $7)
            on conflict (event_id) do update set state = 'done', handled_at = excluded.handled_at
                where inbox.state = 'waiting'";
        if events.is_empty() {
            return Ok(());
        }
        in_transaction!(self, tx => {
            for event in events {
                let query = sqlx::query(SQL).bind(event.event_id.as_str()).bind(event.room_id.as_str());
                let query = query.bind(&event.kind).bind(&event.state_key).bind(event.sender.as_str());
                let query = query.bind(ms(event.sent_at)).bind(ms(now)).bind(stored(&event.content)?);
                query.execute(&mut *tx).await?;
            }
        })
    }

    /// The thread that a command is in, or the command whose preview this event shows.
    pub async fn thread_of(&self, event: &EventId) -> Result<Option<OwnedEventId>, StoreError> {
        const SQL: &str = "select seq, content from inbox where kind = 'm.room.message' and
            (event_id = $1 or event_id = (select source from confirmations where prompt_event = $1))";
        let content = on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(event.as_str()).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, |row| row.json::<Content>("content"))).transpose()?
        })?;
        Ok(match content {
            Some(Content::Command(message)) => message.thread,
            _ => None,
        })
    }

    /// The message that somebody's reaction answered, if it answered a question.
    pub async fn reacted_to(&self, reaction: &EventId, by: &UserId) -> Result<Option<OwnedEventId>, StoreError> {
        const SQL: &str = "select seq, content from inbox where event_id = $1 and sender = $2 and kind = 'm.reaction'";
        let content = on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(reaction.as_str()).bind(by.as_str()).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, |row| row.json::<Content>("content"))).transpose()?
        })?;
        Ok(match content {
            Some(Content::Reaction { event_id, .. }) => Some(event_id),
            _ => None,
        })
    }

    /// Whether an event was stored as a command or a confirmation. Old ones are forgotten with the rest.
    pub async fn is_command(&self, event: &EventId) -> Result<bool, StoreError> {
        const SQL: &str = "select count(*) from inbox where event_id = $1";
        on_reader!(self, db => sqlx::query_scalar::<_, i64>(SQL).bind(event.as_str()).fetch_one(db).await? > 0)
    }

    /// The bot's messages that wait for confirmation.
    pub async fn open_prompts(&self, now: Timestamp) -> Result<BTreeSet<OwnedEventId>, StoreError> {
        const TABLE: Table = Table { name: "confirmations", key: "code" };
        const SQL: &str = "select code, prompt_event from confirmations
            where used_at is null and expires_at > $1 and prompt_event is not null";
        let prompts = on_reader!(self, db => {
            TABLE.all(&sqlx::query(SQL).bind(ms(now)).fetch_all(db).await?, |row| row.event_id("prompt_event"))?
        })?;
        Ok(prompts.into_iter().collect())
    }
}

fn read(row: &Record<'_>) -> Result<InboxEvent, StoreError> {
    Ok(InboxEvent {
        seq: row.int("seq")?,
        event: Event {
            event_id: row.event_id("event_id")?,
            room_id: row.room_id("room_id")?,
            kind: row.text("kind")?,
            state_key: row.maybe_text("state_key")?,
            sender: row.user("sender")?,
            sent_at: row.time("sent_at")?,
            // Unknown content reads as empty, as it did on arrival: one forged row must not block the others.
            content: row.maybe_text("content")?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        },
        received_at: row.time("received_at")?,
        attempts: row.count("attempts")?,
    })
}

fn stored(content: &Content) -> Result<Option<String>, StoreError> {
    (*content != Content::Other).then(|| to_json(content)).transpose()
}
