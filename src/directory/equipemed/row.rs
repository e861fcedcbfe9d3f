//! Converts a row of the query to a person. Errors name the column that is missing or has another type.

use std::collections::BTreeSet;

use equipemed_domain::column::Column;
use equipemed_domain::directory::{Catalogue, Extra, Person, PersonId, Profession};
use equipemed_domain::fault::{ColumnProblem, ColumnType};
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type, TypeInfo as _, ValueRef as _};

use crate::directory::DirectoryError;

/// PostgreSQL's epoch, 2000-01-01 00:00 UTC, in seconds since 1970. Its timestamps count microseconds from there.
const POSTGRES_EPOCH: i64 = 946_684_800;

/// Reads one person, with these optional columns.
pub(super) fn person(row: &PgRow, columns: &BTreeSet<Column>) -> Result<Person, DirectoryError> {
    let row = Columns { row };
    let id = PersonId(row.integer("id")?.ok_or_else(|| wrong("id", ColumnProblem::NullId))?);
    Ok(Person {
        id,
        // There is no public id without a profile. Until there is one, nothing is done for the person.
        public_id: row.text("public_id")?.unwrap_or_default().to_ascii_lowercase(),
        username: row.text("username")?.unwrap_or_default(),
        matrix_localpart: row.text("matrix_localpart")?.filter(|text| !text.is_empty()),
        first_name: row.text("first_name")?.unwrap_or_default(),
        last_name: row.text("last_name")?.unwrap_or_default(),
        email: row.text("email")?.unwrap_or_default(),
        profession: row.profession()?,
        groups: groups(row.names("groups")?),
        specialties: row.names("specialties")?,
        staff: row.flag("staff")?,
        superuser: row.flag("superuser")?,
        is_active: row.flag("is_active")?,
        account_status: row.text("account_status")?.unwrap_or_default(),
        access_expires_at: row.instant("access_expires_at")?,
        last_login: row.instant("last_login")?,
        extra: row.extra(columns)?,
    })
}

/// Reads the names that rules may use.
pub(super) fn catalogue(row: &PgRow) -> Result<Catalogue, DirectoryError> {
    let row = Columns { row };
    Ok(Catalogue { groups: groups(row.names("groups")?), specialties: row.names("specialties")?.into_iter().collect() })
}

/// Removes the groups that EquipeMed keeps for professions: they vanish briefly at every page view.
fn groups(names: Vec<String>) -> BTreeSet<String> {
    let flickers = |name: &String| Profession::ALL.iter().any(|profession| profession.flickering_group() == name);
    names.into_iter().filter(|name| !flickers(name)).collect()
}

fn wrong(column: &str, problem: ColumnProblem) -> DirectoryError {
    DirectoryError::Column { column: column.to_owned(), problem }
}

/// A row, accessed by column name.
struct Columns<'r> {
    row: &'r PgRow,
}

impl Columns<'_> {
    /// PostgreSQL's name of a column's type.
    fn kind(&self, column: &'static str) -> Result<String, DirectoryError> {
        let value = self.row.try_get_raw(column).map_err(|_| wrong(column, ColumnProblem::Missing))?;
        let name = value.type_info().name().to_owned();
        Ok(name)
    }

    fn get<T>(&self, column: &'static str, expected: ColumnType) -> Result<Option<T>, DirectoryError>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        // Omit the value: it may be somebody's name.
        self.row.try_get::<Option<T>, _>(column).map_err(|_| wrong(column, ColumnProblem::Value { expected }))
    }

    fn not(&self, column: &'static str, kind: &str, expected: ColumnType) -> DirectoryError {
        wrong(column, ColumnProblem::Type { is: kind.to_lowercase(), expected })
    }

    fn integer(&self, column: &'static str) -> Result<Option<i64>, DirectoryError> {
        match self.kind(column)?.as_str() {
            "INT8" => self.get::<i64>(column, ColumnType::Number),
            "INT4" => Ok(self.get::<i32>(column, ColumnType::Number)?.map(i64::from)),
            "INT2" => Ok(self.get::<i16>(column, ColumnType::Number)?.map(i64::from)),
            kind => Err(self.not(column, kind, ColumnType::Number)),
        }
    }

    fn text(&self, column: &'static str) -> Result<Option<String>, DirectoryError> {
        match self.kind(column)?.as_str() {
            "TEXT" | "VARCHAR" | "CHAR" | "BPCHAR" | "NAME" | "CITEXT" | "UNKNOWN" => {
                self.get(column, ColumnType::Text)
            }
            kind => Err(self.not(column, kind, ColumnType::Text)),
        }
    }

    fn flag(&self, column: &'static str) -> Result<bool, DirectoryError> {
        match self.kind(column)?.as_str() {
            "BOOL" => self.get::<bool>(column, ColumnType::Boolean)?.ok_or_else(|| wrong(column, ColumnProblem::Null)),
            kind => Err(self.not(column, kind, ColumnType::Boolean)),
        }
    }

    fn names(&self, column: &'static str) -> Result<Vec<String>, DirectoryError> {
        match self.kind(column)?.as_str() {
            "TEXT[]" | "VARCHAR[]" => Ok(self.get::<Vec<String>>(column, ColumnType::TextList)?.unwrap_or_default()),
            kind => Err(self.not(column, kind, ColumnType::TextList)),
        }
    }

    fn extra(&self, columns: &BTreeSet<Column>) -> Result<Extra, DirectoryError> {
        let mut extra = Extra::default();
        for column in columns {
            let name = column.as_str();
            match column {
                Column::DisplayName => extra.display_name = self.text(name)?.unwrap_or_default(),
                Column::CurrentSpecialty => {
                    extra.current_specialty = self.text(name)?.filter(|text| !text.is_empty());
                }
                Column::Researcher => extra.researcher = self.flag(name)?,
                Column::TermsAccepted => extra.terms_accepted = self.flag(name)?,
                Column::PasswordChangeRequired => extra.password_change_required = self.flag(name)?,
                Column::InternshipOver => extra.internship_over = self.flag(name)?,
                Column::Supervisor => extra.supervisor = self.text(name)?,
            }
        }
        Ok(extra)
    }

    fn profession(&self) -> Result<Option<Profession>, DirectoryError> {
        const COLUMN: &str = "profession";
        match self.kind(COLUMN)?.as_str() {
            "INT2" | "INT4" | "INT8" => {
                let place = self.integer(COLUMN)?.and_then(|number| usize::try_from(number).ok());
                // A number that EquipeMed added later is a profession that no rule can name.
                Ok(place.and_then(|place| Profession::ALL.get(place).copied()))
            }
            _ => Ok(self.text(COLUMN)?.and_then(|word| Profession::from_word(&word))),
        }
    }

    /// Decoded by hand, to avoid a second date library.
    fn instant(&self, column: &'static str) -> Result<Option<Timestamp>, DirectoryError> {
        match self.kind(column)?.as_str() {
            "TIMESTAMPTZ" => {}
            kind => return Err(self.not(column, kind, ColumnType::Instant)),
        }
        let value = self.row.try_get_raw(column).map_err(|_| wrong(column, ColumnProblem::Unreadable))?;
        if value.is_null() {
            return Ok(None);
        }
        let bytes =
            value.as_bytes().map_err(|_| wrong(column, ColumnProblem::Value { expected: ColumnType::Instant }))?;
        let micros = bytes
            .try_into()
            .map(i64::from_be_bytes)
            .map_err(|_| wrong(column, ColumnProblem::Value { expected: ColumnType::Instant }))?;
        // `infinity` means no end; `-infinity` is in the past.
        match micros {
            i64::MAX => Ok(None),
            i64::MIN => Ok(Some(Timestamp::MIN)),
            micros => {
                let instant = micros.checked_add(POSTGRES_EPOCH * 1_000_000).map(Timestamp::from_microsecond);
                // After the year 9999 means no end, too.
                Ok(instant.and_then(Result::ok).or((micros < 0).then_some(Timestamp::MIN)))
            }
        }
    }
}
