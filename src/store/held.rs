//! What the brakes hold until somebody with the right approves it.
//!
//! The id is a digest of a part's original effects, so the same plan held again is the same row and is announced once.
//! A part that shrinks keeps its row; one whose cause has ended is closed.

use std::collections::BTreeSet;

use equipemed_domain::review::{Effect, HeldReason};
use jiff::Timestamp;

use super::rows::{Record, Table, ms, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "held", key: "id" };

macro_rules! columns {
    () => {
        "id, facts, effects, created_at, expires_at, state, first_by, first_at, approved_by, approved_at"
    };
}

/// A part of a plan to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHeld {
    /// Digest of its original effects.
    pub id: String,
    /// Why it is held.
    pub reason: HeldReason,
    /// Its effects; nothing may have been added at release.
    pub effects: BTreeSet<Effect>,
    /// The deadline for approval and execution.
    pub expires_at: Timestamp,
}

impl NewHeld {
    /// Its kind: a later part of the same kind may be this one grown.
    #[must_use]
    pub fn kind(&self) -> String {
        self.reason.kind()
    }
}

/// State of a held part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldState {
    /// Waiting for approval.
    Held,
    /// Approved but not applied yet.
    Approved,
    /// Applied.
    Released,
    /// Not approved or applied in time.
    Expired,
    /// Something was added, so the whole is held under another id.
    Outgrown,
    /// Its cause has ended: nothing in it is due any more.
    Closed,
}

/// A held part with its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPlan {
    /// The held part.
    pub held: NewHeld,
    /// When it was first held.
    pub created_at: Timestamp,
    /// Its state.
    pub state: HeldState,
    /// Who gave the first of two consents, and when.
    pub first: Option<(String, Timestamp)>,
    /// Who approved it, and when.
    pub approved: Option<(String, Timestamp)>,
}

/// Result of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Approved; nothing else is needed.
    Approved,
    /// First of two consents, given now or before: somebody else has to give the other.
    First,
    /// No part has this id.
    Unknown,
    /// The part has expired.
    Expired,
    /// The part has grown: see [`HeldState::Outgrown`].
    Outgrown,
    /// Already approved or applied.
    Already,
    /// The part is closed: see [`HeldState::Closed`].
    Closed,
}

impl Store {
    /// Holds a part; true when it is new and should be announced. One that is held or approved stays unchanged. One
    /// that has ended is reopened, because the same change is due again.
    pub async fn hold(&self, new: &NewHeld, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "insert into held (id, kind, reason, atoms, created_at, expires_at, state, facts, effects)
            values ($1, $2, $3, $4, $5, $6, 'held', $7, $8)
            on conflict (id) do update set kind = excluded.kind, reason = excluded.reason, atoms = excluded.atoms,
                facts = excluded.facts, effects = excluded.effects, created_at = excluded.created_at, expires_at = excluded.expires_at, state = 'held',
                first_by = null, first_at = null, approved_by = null, approved_at = null
            where held.state in ('released', 'expired', 'outgrown', 'closed') or held.expires_at <= excluded.created_at";
        // Earlier versions kept a sentence in the column `reason`; the data is in `facts`.
        let (kind, reason, atoms) = (new.kind(), new.kind(), atoms_of(&new.effects)?);
        let (facts, effects) = (to_json(&new.reason)?, to_json(&new.effects)?);
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(&new.id).bind(&kind).bind(&reason).bind(&atoms);
            let query = query.bind(ms(now)).bind(ms(new.expires_at)).bind(&facts).bind(&effects);
            query.execute(db).await?.rows_affected() == 1
        })
    }

    /// Reduces a part to the effects that are still due; false when it had ended.
    pub async fn shrink_held(&self, id: &str, effects: &BTreeSet<Effect>) -> Result<bool, StoreError> {
        const SQL: &str = "update held set effects = $2, atoms = $3
            where id = $1 and state in ('held', 'approved', 'expired')";
        let (atoms, effects) = (atoms_of(effects)?, to_json(effects)?);
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(id).bind(&effects).bind(&atoms);
            query.execute(db).await?.rows_affected() == 1
        })
    }

    /// Closes a part whose effects are no longer due; false when it had ended.
    pub async fn close_held(&self, id: &str) -> Result<bool, StoreError> {
        const SQL: &str = "update held set state = 'closed' where id = $1 and state in ('held', 'approved', 'expired')";
        on_writer!(self, db => sqlx::query(SQL).bind(id).execute(db).await?.rows_affected() == 1)
    }

    /// Approves a held part, or gives the first of `two` consents to it. The caller has checked that `by` may.
    pub async fn approve(&self, id: &str, by: &str, two: bool, now: Timestamp) -> Result<Approval, StoreError> {
        const WHOLE: &str = "update held set state = 'approved', approved_by = $2, approved_at = $3
            where id = $1 and state = 'held' and expires_at > $3 and (not $4 or first_by <> $2)";
        const FIRST: &str = "update held set first_by = $2, first_at = $3
            where id = $1 and state = 'held' and expires_at > $3 and first_by is null and $4";
        // Repeated, because somebody else may have been first in between.
        for (sql, given) in [(WHOLE, Approval::Approved), (FIRST, Approval::First), (WHOLE, Approval::Approved)] {
            let counts = on_writer!(self, db => {
                let query = sqlx::query(sql).bind(id).bind(by).bind(ms(now)).bind(two);
                query.execute(db).await?.rows_affected() == 1
            })?;
            if counts {
                return Ok(given);
            }
        }
        Ok(match self.held_plan(id).await? {
            None => Approval::Unknown,
            Some(plan) => match plan.state {
                HeldState::Approved | HeldState::Released => Approval::Already,
                HeldState::Held if plan.held.expires_at > now => Approval::First,
                HeldState::Held | HeldState::Expired => Approval::Expired,
                HeldState::Outgrown => Approval::Outgrown,
                HeldState::Closed => Approval::Closed,
            },
        })
    }

    /// Withdraws a part and all consents to it because it has grown; false when it had ended.
    pub async fn mark_outgrown(&self, id: &str) -> Result<bool, StoreError> {
        const SQL: &str = "update held set state = 'outgrown'
            where id = $1 and state in ('held', 'approved', 'expired')";
        on_writer!(self, db => sqlx::query(SQL).bind(id).execute(db).await?.rows_affected() == 1)
    }

    /// Withdraws the first of two consents, because its giver has lost the right.
    pub async fn take_first_back(&self, id: &str, by: &str) -> Result<(), StoreError> {
        const SQL: &str = "update held set first_by = null, first_at = null
            where id = $1 and state = 'held' and first_by = $2";
        on_writer!(self, db => { sqlx::query(SQL).bind(id).bind(by).execute(db).await?; })
    }

    /// Parts waiting for approval, oldest first.
    pub async fn held_open(&self, now: Timestamp) -> Result<Vec<HeldPlan>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from held where state = 'held' and expires_at > $1 order by created_at, id"
        );
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(ms(now)).fetch_all(db).await?, read)?)
    }

    /// Parts that are held, approved or expired, oldest first. The next pass closes those that are no longer due.
    pub async fn held_live(&self) -> Result<Vec<HeldPlan>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from held where state in ('held', 'approved', 'expired') order by created_at, id"
        );
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, read)?)
    }

    /// One held part in any state.
    pub async fn held_plan(&self, id: &str) -> Result<Option<HeldPlan>, StoreError> {
        const SQL: &str = concat!("select ", columns!(), " from held where id = $1");
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(id).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// Marks an approved part as applied; false when it was not approved.
    pub async fn mark_released(&self, id: &str) -> Result<bool, StoreError> {
        const SQL: &str = "update held set state = 'released' where id = $1 and state = 'approved'";
        on_writer!(self, db => sqlx::query(SQL).bind(id).execute(db).await?.rows_affected() == 1)
    }

    /// Marks parts as expired at `now`; returns their ids, to announce them.
    pub async fn expire_held(&self, now: Timestamp) -> Result<BTreeSet<String>, StoreError> {
        const SQL: &str = "update held set state = 'expired'
            where state in ('held', 'approved') and expires_at <= $1 returning id";
        let ids: Vec<String> = on_writer!(self, db => sqlx::query_scalar(SQL).bind(ms(now)).fetch_all(db).await?)?;
        Ok(ids.into_iter().collect())
    }
}

fn atoms_of(effects: &BTreeSet<Effect>) -> Result<String, StoreError> {
    to_json(&effects.iter().map(Effect::atom).collect::<BTreeSet<_>>())
}

fn read(row: &Record<'_>) -> Result<HeldPlan, StoreError> {
    let consent = |by: &str, at: &str| -> Result<_, StoreError> {
        Ok(match row.maybe_time(at)? {
            Some(at) => Some((row.text(by)?, at)),
            None => None,
        })
    };
    Ok(HeldPlan {
        held: NewHeld {
            id: row.text("id")?,
            // Rows from before this column existed have all ended.
            reason: row.maybe_json("facts")?.unwrap_or(HeldReason::StillWaiting),
            effects: row.maybe_json("effects")?.unwrap_or_default(),
            expires_at: row.time("expires_at")?,
        },
        created_at: row.time("created_at")?,
        state: row.word("state", |word| {
            Some(match word {
                "held" => HeldState::Held,
                "approved" => HeldState::Approved,
                "released" => HeldState::Released,
                "expired" => HeldState::Expired,
                "outgrown" => HeldState::Outgrown,
                "closed" => HeldState::Closed,
                _ => return None,
            })
        })?,
        first: consent("first_by", "first_at")?,
        approved: consent("approved_by", "approved_at")?,
    })
}
