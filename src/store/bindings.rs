//! Which account belongs to which person, and since when a person is missing.
//!
//! Every pass reads all bindings and few change them, so they are cached with their version. A database trigger counts
//! versions, so that no writer in any process can forget to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use equipemed_domain::binding::{Binding, Bindings, Noted, Pushed};
use equipemed_domain::desired::AccountState;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Conflict;
use jiff::{SignedDuration, Timestamp};
use ruma_common::UserId;

use super::dispatch::PerDialect;
use super::error::conflict_means;
use super::rows::{Record, Table, ms, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "bindings", key: "person_id" };

const ALL: &str =
    "select person_id, user_id, pushed_external_id, server_admin_given, gone_since, missing_reads, synced_at,
    pushed_email, pushed_name, state, gone_for, admin, name, signed_out from bindings";

/// The bindings at a version.
#[derive(Clone)]
pub(super) struct KeptBindings {
    version: i64,
    bindings: Arc<Bindings>,
}

impl Store {
    /// All bindings.
    pub async fn bindings(&self) -> Result<Arc<Bindings>, StoreError> {
        const VERSION: &str = "select version from versions where name = 'bindings'";
        // Read before the rows, so that a concurrent change causes one read too many rather than too few.
        let version: i64 = on_reader!(self, db => sqlx::query_scalar(VERSION).fetch_one(db).await?)?;
        let kept = self.bindings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.filter(|kept| kept.version == version) {
            return Ok(kept.bindings);
        }
        let bindings = on_reader!(self, db => TABLE.all(&sqlx::query(ALL).fetch_all(db).await?, read)?)?;
        let bindings: Arc<Bindings> = Arc::new(bindings.into_iter().collect());
        *self.bindings.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(KeptBindings { version, bindings: bindings.clone() });
        Ok(bindings)
    }

    /// Stores a person's binding, replacing the previous one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the account is bound to somebody else; nothing is changed then.
    pub async fn bind(&self, binding: &Binding) -> Result<(), StoreError> {
        const SQL: &str = "insert into bindings
                (person_id, user_id, pushed_external_id, server_admin_given, gone_since, missing_reads, synced_at,
                pushed_email, pushed_name, state, gone_for, admin, name, signed_out)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            on conflict (person_id) do update set user_id = excluded.user_id,
                pushed_external_id = excluded.pushed_external_id, server_admin_given = excluded.server_admin_given,
                gone_since = excluded.gone_since, missing_reads = excluded.missing_reads,
                synced_at = excluded.synced_at, pushed_email = excluded.pushed_email,
                pushed_name = excluded.pushed_name, state = excluded.state, gone_for = excluded.gone_for,
                admin = excluded.admin, name = excluded.name, signed_out = excluded.signed_out";
        on_writer!(self, db => {
            sqlx::query(SQL)
                .bind(binding.person.0)
                .bind(binding.user.as_str())
                .bind(&binding.pushed.external_id)
                .bind(binding.server_admin_given)
                .bind(binding.gone_since.map(ms))
                .bind(i64::from(binding.missing_reads))
                .bind(binding.synced_at.map(ms))
                .bind(&binding.pushed.email)
                .bind(&binding.pushed.display_name)
                .bind(binding.noted.state.map(state_word))
                .bind(millis(binding.gone_for))
                .bind(binding.noted.admin)
                .bind(&binding.noted.name)
                .bind(binding.signed_out)
                .execute(db)
                .await?;
        })
        .map_err(|error| conflict_means(error, Conflict::Binding))
    }

    /// Removes a binding.
    pub async fn unbind(&self, person: PersonId, user: &UserId) -> Result<(), StoreError> {
        const SQL: &str = "delete from bindings where person_id = $1 and user_id = $2";
        on_writer!(self, db => { sqlx::query(SQL).bind(person.0).bind(user.as_str()).execute(db).await?; })
    }

    /// Forgets what was pushed to an account because it is missing there, so that the next pass pushes it again.
    pub async fn forget_pushed(&self, person: PersonId, external_id: bool, email: bool) -> Result<(), StoreError> {
        const SQL: &str = "update bindings set
                pushed_external_id = case when $2 then null else pushed_external_id end,
                pushed_email = case when $3 then null else pushed_email end
            where person_id = $1";
        on_writer!(self, db => {
            sqlx::query(SQL).bind(person.0).bind(external_id).bind(email).execute(db).await?;
        })
    }

    /// Stores the digest of the pushed external id; false when the person is not bound.
    pub async fn set_pushed_external_id(&self, person: PersonId, digest: Option<&str>) -> Result<bool, StoreError> {
        const SQL: &str = "update bindings set pushed_external_id = $2 where person_id = $1";
        on_writer!(self, db => sqlx::query(SQL).bind(person.0).bind(digest).execute(db).await?.rows_affected() == 1)
    }

    /// Stores the digest of the e-mail address given to a person's account, and clears it from everybody else; false
    /// when the person is not bound.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn set_pushed_email(&self, person: PersonId, digest: &str) -> Result<bool, StoreError> {
        const TAKE: &str = "update bindings set pushed_email = null where pushed_email = $1 and person_id <> $2";
        const GIVE: &str = "update bindings set pushed_email = $1 where person_id = $2";
        in_transaction!(self, tx => {
            sqlx::query(TAKE).bind(digest).bind(person.0).execute(&mut *tx).await?;
            sqlx::query(GIVE).bind(digest).bind(person.0).execute(&mut *tx).await?.rows_affected() == 1
        })
    }

    /// Stores digests of display names, in one statement.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn set_pushed_names(&self, digests: &BTreeMap<PersonId, String>) -> Result<(), StoreError> {
        const SQL: PerDialect = PerDialect {
            sqlite: "update bindings set pushed_name = names.value from json_each($1) as names
                where person_id = cast(names.key as integer)",
            postgres: "update bindings set pushed_name = names.value from json_each_text($1::json) as names
                where person_id = names.key::bigint",
        };
        let digests = to_json(digests)?;
        on_writer!(self, db => {
            sqlx::query(self.pick(&SQL)).bind(&digests).execute(db).await?;
        })
    }

    /// Stores whether this service made the account an administrator; false when the person is not bound.
    pub async fn set_server_admin_given(&self, person: PersonId, given: bool) -> Result<bool, StoreError> {
        const SQL: &str = "update bindings set server_admin_given = $2 where person_id = $1";
        on_writer!(self, db => sqlx::query(SQL).bind(person.0).bind(given).execute(db).await?.rows_affected() == 1)
    }

    /// Stores how these people's accounts were seen, in one statement. Each entry is the old note and the new one; a
    /// note that has changed since is left alone. The old note of a new account is empty.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn note_accounts(&self, seen: &BTreeMap<PersonId, [&Noted; 2]>) -> Result<(), StoreError> {
        const SQL: PerDialect = PerDialect {
            sqlite: "update bindings set state = seen.value -> 1 ->> 'state', admin = seen.value -> 1 ->> 'admin',
                    name = seen.value -> 1 ->> 'name',
                    signed_out = case when seen.value -> 1 ->> 'state' = 'locked' then signed_out end
                from json_each($1) as seen where person_id = cast(seen.key as integer)
                    and state is not distinct from (seen.value -> 0 ->> 'state')
                    and admin is not distinct from (seen.value -> 0 ->> 'admin')
                    and name is not distinct from (seen.value -> 0 ->> 'name')",
            postgres: "update bindings set state = seen.value -> 1 ->> 'state',
                    admin = (seen.value -> 1 ->> 'admin')::boolean, name = seen.value -> 1 ->> 'name',
                    signed_out = case when seen.value -> 1 ->> 'state' = 'locked' then signed_out end
                from json_each($1::json) as seen where person_id = seen.key::bigint
                    and state is not distinct from (seen.value -> 0 ->> 'state')
                    and admin is not distinct from (seen.value -> 0 ->> 'admin')::boolean
                    and name is not distinct from (seen.value -> 0 ->> 'name')",
        };
        let seen = to_json(seen)?;
        on_writer!(self, db => {
            sqlx::query(self.pick(&SQL)).bind(&seen).execute(db).await?;
        })
    }

    /// Stores the state of an account after a change. The rest of a deactivated account is unknown from then on. After
    /// a new lock, its sessions have yet to be ended.
    pub async fn note_state(&self, user: &UserId, state: AccountState) -> Result<(), StoreError> {
        const SQL: &str = "update bindings set state = $2, admin = case when $3 then null else admin end,
                name = case when $3 then null else name end, signed_out = null where user_id = $1";
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(user.as_str()).bind(state_word(state));
            query.bind(state == AccountState::Deactivated).execute(db).await?;
        })
    }

    /// Stores that all sessions of a locked account were ended. Skips an open account, where new sessions can begin.
    pub async fn note_signed_out(&self, user: &UserId) -> Result<(), StoreError> {
        const SQL: &str = "update bindings set signed_out = $2 where user_id = $1 and state = 'locked'";
        on_writer!(self, db => { sqlx::query(SQL).bind(user.as_str()).bind(true).execute(db).await?; })
    }

    /// Stores an account's administrator flag after a change.
    pub async fn note_admin(&self, user: &UserId, admin: bool) -> Result<(), StoreError> {
        const SQL: &str = "update bindings set admin = $2 where user_id = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(user.as_str()).bind(admin).execute(db).await?; })
    }

    /// Stores the digest of an account's display name after a change.
    pub async fn note_name(&self, user: &UserId, digest: &str) -> Result<(), StoreError> {
        const SQL: &str = "update bindings set name = $2 where user_id = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(user.as_str()).bind(digest).execute(db).await?; })
    }

    /// Adds to the time that people have been gone, for each at most the time since then, in one statement. Skips
    /// deactivated accounts, which wait for nothing.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn add_to_absences(&self, span: SignedDuration, now: Timestamp) -> Result<(), StoreError> {
        const SQL: PerDialect = PerDialect {
            sqlite: "update bindings set gone_for = coalesce(gone_for, 0) + max(0, min($1, $2 - gone_since))
                where gone_since is not null and (state is null or state <> 'deactivated')",
            postgres: "update bindings
                set gone_for = coalesce(gone_for, 0) + greatest(0::bigint, least($1, $2 - gone_since))
                where gone_since is not null and (state is null or state <> 'deactivated')",
        };
        on_writer!(self, db => {
            sqlx::query(self.pick(&SQL)).bind(millis(span)).bind(ms(now)).execute(db).await?;
        })
    }

    /// Notes that these people's accounts agree with EquipeMed, in one statement.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn note_synced(&self, people: &[PersonId], now: Timestamp) -> Result<(), StoreError> {
        const SQL: PerDialect = PerDialect {
            sqlite: "update bindings set synced_at = $1 where person_id in (select value from json_each($2))",
            postgres: "update bindings set synced_at = $1
                where person_id in (select value::bigint from json_array_elements_text($2::json))",
        };
        let people = to_json(&people)?;
        on_writer!(self, db => {
            sqlx::query(self.pick(&SQL)).bind(ms(now)).bind(&people).execute(db).await?;
        })
    }

    /// Records a complete read of people: who was `present`, and who counts as `gone` by standing or after too many
    /// reads without them. Absent bound people get one more missing read. Those already gone keep the earlier instant;
    /// those no longer gone lose it.
    ///
    /// Writes only changes. Call it once per read and under the lease, because reads are counted.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn note_presence(
        &self,
        present: &BTreeSet<PersonId>,
        gone: &[(PersonId, Timestamp)],
    ) -> Result<(), StoreError> {
        const CHANGE: &str = "update bindings set missing_reads = $2, gone_since = $3,
                gone_for = case when gone_since is null or $3 is null then null else gone_for end
            where person_id = $1";
        let gone: BTreeMap<_, _> = gone.iter().copied().collect();
        in_transaction!(self, tx => {
            for before in TABLE.all(&sqlx::query(ALL).fetch_all(&mut *tx).await?, read)? {
                let here = present.contains(&before.person);
                let missing = if here { 0 } else { before.missing_reads.saturating_add(1) };
                let since = gone.get(&before.person).map(|since| before.gone_since.unwrap_or(*since));
                if missing != before.missing_reads || since != before.gone_since {
                    sqlx::query(CHANGE)
                        .bind(before.person.0)
                        .bind(i64::from(missing))
                        .bind(since.map(ms))
                        .execute(&mut *tx)
                        .await?;
                }
            }
        })
    }
}

fn read(row: &Record<'_>) -> Result<Binding, StoreError> {
    Ok(Binding {
        person: PersonId(row.int("person_id")?),
        user: row.user("user_id")?,
        pushed: Pushed {
            external_id: row.maybe_text("pushed_external_id")?,
            email: row.maybe_text("pushed_email")?,
            display_name: row.maybe_text("pushed_name")?,
        },
        server_admin_given: row.flag("server_admin_given")?,
        gone_since: row.maybe_time("gone_since")?,
        missing_reads: row.count("missing_reads")?,
        synced_at: row.maybe_time("synced_at")?,
        noted: Noted {
            state: match row.maybe_text("state")? {
                Some(_) => Some(row.word("state", state_of)?),
                None => None,
            },
            admin: row.maybe_flag("admin")?,
            name: row.maybe_text("name")?,
        },
        signed_out: row.maybe_flag("signed_out")?.unwrap_or(false),
        gone_for: SignedDuration::from_millis(row.maybe_int("gone_for")?.unwrap_or(0)),
    })
}

fn millis(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn state_word(state: AccountState) -> &'static str {
    match state {
        AccountState::Active => "active",
        AccountState::Locked => "locked",
        AccountState::Deactivated => "deactivated",
    }
}

fn state_of(word: &str) -> Option<AccountState> {
    match word {
        "active" => Some(AccountState::Active),
        "locked" => Some(AccountState::Locked),
        "deactivated" => Some(AccountState::Deactivated),
        _ => None,
    }
}
