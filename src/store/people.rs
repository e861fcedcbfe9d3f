//! Who is who: which public id has which handle, and what is known of people beyond one read.
//!
//! Every read of people is held against all of it, and hardly any changes it: what was read is kept, with the version it
//! was read at, as with bindings.

use std::sync::{Arc, PoisonError};

use equipemed_domain::directory::PersonId;
use equipemed_domain::identity::{Identities, Identity};
use jiff::Timestamp;

use super::dispatch::PerDialect;
use super::rows::{Record, Table, ms, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "people", key: "person_id" };

/// People at a version.
#[derive(Clone)]
pub(super) struct KeptPeople {
    version: i64,
    people: Arc<Identities>,
}

impl Store {
    /// Everybody who is known.
    pub async fn people(&self) -> Result<Arc<Identities>, StoreError> {
        const VERSION: &str = "select version from versions where name = 'people'";
        const ALL: &str = "select person_id, public_id, number, username from people";
        // Asked first: rows that are newer than their version are read once too often, never once too seldom.
        let version: i64 = on_reader!(self, db => sqlx::query_scalar(VERSION).fetch_one(db).await?)?;
        let kept = self.people.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.filter(|kept| kept.version == version) {
            return Ok(kept.people);
        }
        let people = on_reader!(self, db => TABLE.all(&sqlx::query(ALL).fetch_all(db).await?, read)?)?;
        let people = Arc::new(Identities::new(people));
        *self.people.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(KeptPeople { version, people: people.clone() });
        Ok(people)
    }

    /// Remembers people, all or none, in one statement. False, and nothing is changed, when a handle or a public id is
    /// somebody else's meanwhile: then who is who has to be told anew.
    pub async fn note_people(&self, people: &[Identity], now: Timestamp) -> Result<bool, StoreError> {
        const SQL: PerDialect = PerDialect {
            sqlite: "insert into people (person_id, public_id, number, username, first_seen)
                select value ->> 'person', value ->> 'public_id', value ->> 'number', value ->> 'username', $2
                from json_each($1) where true
                on conflict (person_id) do update set public_id = excluded.public_id, number = excluded.number,
                    username = excluded.username
                where people.public_id is null or people.public_id = excluded.public_id",
            postgres: "insert into people (person_id, public_id, number, username, first_seen)
                select person, public_id, number, username, $2
                from json_to_recordset($1::json) as noted(person bigint, public_id text, number bigint, username text)
                order by person
                on conflict (person_id) do update set public_id = excluded.public_id, number = excluded.number,
                    username = excluded.username
                where people.public_id is null or people.public_id = excluded.public_id",
        };
        let (json, count) = (to_json(&people)?, people.len() as u64);
        let (sql, since) = (self.pick(&SQL), ms(now));
        let noted = in_transaction!(self, tx => {
            let done = sqlx::query(sql).bind(&json).bind(since).execute(&mut *tx).await?.rows_affected();
            if done != count {
                return Ok(false);
            }
            true
        });
        match noted {
            Err(StoreError::Conflict { .. }) => Ok(false),
            noted => noted,
        }
    }

    /// By the operator's word: what is known of one person, `to`, is that of another, `from`, who was taken for somebody
    /// else. The account stays where it is and becomes that of who `from` is now; so do grants of both. What `to` held
    /// of power is no measure for the brakes any more. False, and nothing is changed, when `from` has an account, too.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn merge_people(&self, from: PersonId, to: PersonId) -> Result<bool, StoreError> {
        const BOUND: &str = "select count(*) from bindings where person_id = $1";
        const WHO: &str = "select person_id, public_id, number, username from people where person_id = $1";
        const GRANTS: &str = "update grants set person_id = $2 where person_id = $1";
        const POWERS: &str = "delete from privileges where person_id in ($1, $2)";
        const FORGET: &str = "delete from people where person_id = $1";
        const IS: &str =
            "insert into people (person_id, public_id, number, username, first_seen) values ($1, $2, $3, $4, 0)
            on conflict (person_id) do update set public_id = excluded.public_id, number = excluded.number,
                username = excluded.username";
        in_transaction!(self, tx => {
            let bound: i64 = sqlx::query_scalar(BOUND).bind(from.0).fetch_one(&mut *tx).await?;
            let who = TABLE.all(&sqlx::query(WHO).bind(from.0).fetch_all(&mut *tx).await?, read)?.pop();
            let Some(who) = who.filter(|_| bound == 0) else { return Ok(false) };
            for sql in [GRANTS, POWERS] {
                sqlx::query(sql).bind(from.0).bind(to.0).execute(&mut *tx).await?;
            }
            sqlx::query(FORGET).bind(from.0).execute(&mut *tx).await?;
            let is = sqlx::query(IS).bind(to.0).bind(&who.public_id).bind(who.number).bind(&who.username);
            is.execute(&mut *tx).await?;
            true
        })
    }
}

fn read(row: &Record<'_>) -> Result<Identity, StoreError> {
    Ok(Identity {
        person: PersonId(row.int("person_id")?),
        public_id: row.maybe_text("public_id")?,
        number: row.int("number")?,
        username: row.text("username")?,
    })
}
