//! What only one process may do at a time, such as applying a plan.
//!
//! A [`Lease`] cannot be made anywhere else, so a function that takes one by
//! reference can only be called by who holds it. It ends by itself: a process
//! that dies is succeeded as soon as its lease has expired, never earlier.
//! Instants come from each process's own clock, so `ttl` must be well above the skew between them.

use std::time::Duration;

use jiff::Timestamp;

use super::rows::{Record, Table, ms, ms_after};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "leases", key: "name" };

/// The proof of holding a lease. Neither cloned nor made outside this file.
#[derive(Debug)]
pub struct Lease {
    name: String,
    holder: String,
    token: i64,
    expires_at: Timestamp,
}

impl Lease {
    /// What it is for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who holds it.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Until when it holds unless renewed.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whether it still holds at `now`; to be asked before every step that needs it.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

impl Store {
    /// Takes a lease if nobody holds it. `holder` must be another word in every process and at every start.
    ///
    /// # Errors
    /// When the database fails. That somebody else holds it is no error but None.
    pub async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        const SQL: &str = "insert into leases (name, holder, token, expires_at) values ($1, $2, 1, $4)
            on conflict (name) do update set holder = excluded.holder, token = leases.token + 1,
                expires_at = excluded.expires_at
            where leases.expires_at <= $3
            returning name, holder, token, expires_at";
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(name).bind(holder).bind(ms(now)).bind(ms_after(now, ttl));
            query.fetch_optional(db).await?.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// Prolongs a lease; false when somebody else has taken it since, after which nothing may be done under it.
    ///
    /// # Errors
    /// When the database fails; the lease then holds until it expires.
    pub async fn renew(&self, lease: &mut Lease, now: Timestamp, ttl: Duration) -> Result<bool, StoreError> {
        const SQL: &str = "update leases set expires_at = $4 where name = $1 and holder = $2 and token = $3
            returning name, holder, token, expires_at";
        let renewed = on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(&lease.name).bind(&lease.holder).bind(lease.token);
            let row = query.bind(ms_after(now, ttl)).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })?;
        let held = renewed.is_some();
        if let Some(renewed) = renewed {
            *lease = renewed;
        }
        Ok(held)
    }

    /// Gives a lease back, so that the next one need not wait for it to expire.
    ///
    /// # Errors
    /// When the database fails; the lease then expires by itself.
    pub async fn release(&self, lease: &mut Lease, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "update leases set expires_at = $4 where name = $1 and holder = $2 and token = $3";
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(&lease.name).bind(&lease.holder).bind(lease.token);
            query.bind(ms(now)).execute(db).await?;
        })?;
        lease.expires_at = now;
        Ok(())
    }

    /// Who holds a lease at `now`, if anybody.
    pub async fn holder_of(&self, name: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
        const SQL: &str = "select holder from leases where name = $1 and expires_at > $2";
        on_reader!(self, db => sqlx::query_scalar(SQL).bind(name).bind(ms(now)).fetch_optional(db).await?)
    }
}

fn read(row: &Record<'_>) -> Result<Lease, StoreError> {
    Ok(Lease {
        name: row.text("name")?,
        holder: row.text("holder")?,
        token: row.int("token")?,
        expires_at: row.time("expires_at")?,
    })
}
