//! Leases, for what only one process may do at a time, such as applying a plan.
//!
//! A [`Lease`] can only be made here, so a function that takes a reference to one can only be called by its holder. It
//! expires by itself: when a process dies, another can take over as soon as the lease has expired. Instants come from
//! each process's own clock, so `ttl` must be well above the clock skew.

use std::time::Duration;

use jiff::Timestamp;

use super::rows::{Record, Table, ms, ms_after};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "leases", key: "name" };

/// Proof of holding a lease. Cannot be cloned or made outside this file.
#[derive(Debug)]
pub struct Lease {
    name: String,
    holder: String,
    token: i64,
    expires_at: Timestamp,
}

impl Lease {
    /// Its purpose.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its holder.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// When it expires unless renewed.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whether it is valid at `now`; check before every step that needs it.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

impl Store {
    /// Takes a lease if it is free. `holder` must be unique per process and start.
    ///
    /// # Errors
    /// When the database fails. A lease held by somebody else is None, not an error.
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

    /// Extends a lease; false when another process has taken it, after which nothing may be done under it.
    ///
    /// # Errors
    /// When the database fails; the lease then stays valid until it expires.
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

    /// Releases a lease, so that the next holder need not wait for it to expire.
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
