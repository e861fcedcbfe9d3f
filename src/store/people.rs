//! Which public id has which handle, and what is known of people beyond one read.
//!
//! Every read of people is compared with all of it and few change it, so it is cached with its version, like bindings.

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
    /// All known people.
    pub async fn people(&self) -> Result<Arc<Identities>, StoreError> {
        const VERSION: &str = "select version from versions where name = 'people'";
        const ALL: &str = "select person_id, public_id, number, username from people";
        // Read before the rows, so that a concurrent change causes one read too many rather than too few.
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

    /// Stores people, all or none, in one statement. False, and nothing is changed, when a handle or public id has
    /// meanwhile gone to somebody else: then resolve identities again.
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

    /// Merges, on the operator's word, the record `from` into `to`: they are the same person, taken for two. `to` keeps
    /// its account and takes the identity of `from`, and the grants of both. The brakes no longer compare with the
    /// power that `to` held. False, and nothing is changed, when `from` has an account, too.
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
