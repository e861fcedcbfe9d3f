//! Who held power that the brakes count, and where, at the last applied pass.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::directory::PersonId;
use equipemed_domain::memory::Powers;
use equipemed_domain::privilege::{Might, Privilege};

use super::rows::Table;
use super::{Store, StoreError};

const TABLE: Table = Table { name: "powers", key: "person_id" };
const OLD: Table = Table { name: "privileges", key: "person_id" };
/// Key of the note that powers have no places yet.
const UNPLACED: &str = "powers_unplaced";

impl Store {
    /// The power that everybody held.
    pub async fn privileged(&self) -> Result<Powers, StoreError> {
        const SQL: &str = "select person_id, power from powers";
        let rows = on_reader!(self, db => TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, |row| {
            Ok((PersonId(row.int("person_id")?), row.word("power", |word| word.parse::<Privilege>().ok())?))
        })?)?;
        let mut privileged = Powers::new();
        for (person, power) in rows {
            privileged.entry(person).or_default().insert(power);
        }
        Ok(privileged)
    }

    /// Power without places, from older versions; None once places are noted.
    pub async fn unplaced_powers(&self) -> Result<Option<BTreeMap<PersonId, BTreeSet<Might>>>, StoreError> {
        const SQL: &str = "select person_id, privilege from privileges";
        if self.remembered(UNPLACED).await?.is_none() {
            return Ok(None);
        }
        let rows = on_reader!(self, db => OLD.all(&sqlx::query(SQL).fetch_all(db).await?, |row| {
            Ok((PersonId(row.int("person_id")?), row.word("privilege", |word| word.parse::<Might>().ok())?))
        })?)?;
        let mut unplaced = BTreeMap::<_, BTreeSet<_>>::new();
        for (person, might) in rows {
            unplaced.entry(person).or_default().insert(might);
        }
        Ok(Some(unplaced))
    }

    /// Notes that all powers have places from now on.
    pub async fn powers_are_placed(&self) -> Result<(), StoreError> {
        self.forget(UNPLACED).await
    }

    /// Stores what a person gained and lost.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn note_privileges(
        &self,
        person: PersonId,
        gained: &BTreeSet<Privilege>,
        lost: &BTreeSet<Privilege>,
    ) -> Result<(), StoreError> {
        const GAIN: &str = "insert into powers (person_id, power) values ($1, $2) on conflict do nothing";
        const LOSE: &str = "delete from powers where person_id = $1 and power = $2";
        in_transaction!(self, tx => {
            for (sql, powers) in [(LOSE, lost), (GAIN, gained)] {
                for power in powers {
                    sqlx::query(sql).bind(person.0).bind(power.to_string()).execute(&mut *tx).await?;
                }
            }
        })
    }
}
