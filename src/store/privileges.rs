//! Who held power that the brakes count, at the last applied pass.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::directory::PersonId;
use equipemed_domain::observed::Privilege;

use super::rows::Table;
use super::{Store, StoreError};

const TABLE: Table = Table { name: "privileges", key: "person_id" };

const PRIVILEGES: [Privilege; 4] =
    [Privilege::ServerAdmin, Privilege::Level100, Privilege::Approve, Privilege::Promote];

impl Store {
    /// Everybody who held such power, and which.
    ///
    /// # Errors
    /// When the database fails or a row makes no sense.
    pub async fn privileged(&self) -> Result<BTreeMap<PersonId, BTreeSet<Privilege>>, StoreError> {
        const SQL: &str = "select person_id, privilege from privileges";
        let rows = on_reader!(self, db => TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, |row| {
            Ok((PersonId(row.int("person_id")?), row.word("privilege", find)?))
        })?)?;
        let mut privileged = BTreeMap::<_, BTreeSet<_>>::new();
        for (person, privilege) in rows {
            privileged.entry(person).or_default().insert(privilege);
        }
        Ok(privileged)
    }

    /// Notes what a person gained and lost.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn note_privileges(
        &self,
        person: PersonId,
        gained: &BTreeSet<Privilege>,
        lost: &BTreeSet<Privilege>,
    ) -> Result<(), StoreError> {
        const GAIN: &str = "insert into privileges (person_id, privilege) values ($1, $2) on conflict do nothing";
        const LOSE: &str = "delete from privileges where person_id = $1 and privilege = $2";
        in_transaction!(self, tx => {
            for (sql, privileges) in [(LOSE, lost), (GAIN, gained)] {
                for privilege in privileges {
                    sqlx::query(sql).bind(person.0).bind(privilege.as_str()).execute(&mut *tx).await?;
                }
            }
        })
    }
}

fn find(word: &str) -> Option<Privilege> {
    PRIVILEGES.into_iter().find(|privilege| privilege.as_str() == word)
}
