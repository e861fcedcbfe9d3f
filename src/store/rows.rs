//! Converts rows to Rust values, for both databases.
//!
//! A value that does not fit its column becomes [`StoreError::Nonsense`] with table, column and row, never a guess, and
//! never quotes the value, which may name a person.

use std::time::Duration;

use equipemed_domain::fault::BadCell;
use jiff::Timestamp;
use ruma_common::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::StoreError;

/// A row of either database.
pub(super) trait Cells {
    fn cell_int(&self, column: &str) -> Result<Option<i64>, sqlx::Error>;
    fn cell_text(&self, column: &str) -> Result<Option<String>, sqlx::Error>;
    fn cell_flag(&self, column: &str) -> Result<Option<bool>, sqlx::Error>;
}

macro_rules! cells {
    ($row:ty) => {
        impl Cells for $row {
            fn cell_int(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
                self.try_get(column)
            }

            fn cell_text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
                self.try_get(column)
            }

            fn cell_flag(&self, column: &str) -> Result<Option<bool>, sqlx::Error> {
                self.try_get(column)
            }
        }
    };
}

cells!(SqliteRow);
cells!(PgRow);

/// A table and its key column, for errors.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
}

impl Table {
    pub(super) fn all<R: Cells, T>(
        self,
        rows: &[R],
        read: impl Fn(&Record<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        rows.iter().map(|row| self.one(row, &read)).collect()
    }

    pub(super) fn one<R: Cells, T>(
        self,
        row: &R,
        read: impl Fn(&Record<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        read(&Record { table: self, cells: row })
    }
}

pub(super) struct Record<'a> {
    table: Table,
    cells: &'a dyn Cells,
}

impl Record<'_> {
    /// The error for an invalid cell.
    pub(super) fn nonsense(&self, column: &str, why: BadCell) -> StoreError {
        let key = self.table.key;
        let row = match self.cells.cell_int(key) {
            Ok(number) => number.map(|number| number.to_string()),
            Err(_) => self.cells.cell_text(key).ok().flatten(),
        };
        StoreError::Nonsense {
            table: self.table.name.to_owned(),
            column: column.to_owned(),
            row: row.unwrap_or_else(|| "unknown".to_owned()),
            why,
        }
    }

    fn must<T>(&self, column: &str, cell: Option<T>) -> Result<T, StoreError> {
        cell.ok_or_else(|| self.nonsense(column, BadCell::Empty))
    }

    pub(super) fn maybe_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.cells.cell_int(column).map_err(|_| self.nonsense(column, BadCell::NotNumber))
    }

    pub(super) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.must(column, self.maybe_int(column)?)
    }

    /// A non-negative number.
    pub(super) fn count<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        T::try_from(self.int(column)?).map_err(|_| self.nonsense(column, BadCell::OutOfRange))
    }

    pub(super) fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.cells.cell_text(column).map_err(|_| self.nonsense(column, BadCell::NotText))
    }

    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.must(column, self.maybe_text(column)?)
    }

    pub(super) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        self.must(column, self.maybe_flag(column)?)
    }

    pub(super) fn maybe_flag(&self, column: &str) -> Result<Option<bool>, StoreError> {
        self.cells.cell_flag(column).map_err(|_| self.nonsense(column, BadCell::NotFlag))
    }

    pub(super) fn maybe_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        self.maybe_int(column)?
            .map(|ms| Timestamp::from_millisecond(ms).map_err(|_| self.nonsense(column, BadCell::NotInstant)))
            .transpose()
    }

    pub(super) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.must(column, self.maybe_time(column)?)
    }

    pub(super) fn user(&self, column: &str) -> Result<OwnedUserId, StoreError> {
        UserId::parse(self.text(column)?).map_err(|_| self.nonsense(column, BadCell::NotMatrixId))
    }

    pub(super) fn room_id(&self, column: &str) -> Result<OwnedRoomId, StoreError> {
        RoomId::parse(self.text(column)?).map_err(|_| self.nonsense(column, BadCell::NotMatrixId))
    }

    pub(super) fn event_id(&self, column: &str) -> Result<OwnedEventId, StoreError> {
        EventId::parse(self.text(column)?).map_err(|_| self.nonsense(column, BadCell::NotMatrixId))
    }

    /// A word from a closed list.
    pub(super) fn word<T>(&self, column: &str, find: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        find(&self.text(column)?).ok_or_else(|| self.nonsense(column, BadCell::UnknownWord))
    }

    pub(super) fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.maybe_text(column)?
            .map(|text| {
                // Only line and column: serde's message may quote the value.
                serde_json::from_str(&text)
                    .map_err(|error| self.nonsense(column, BadCell::Json { column: error.column() }))
            })
            .transpose()
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        self.must(column, self.maybe_json(column)?)
    }
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unstorable { why: error.to_string() })
}

/// An instant in milliseconds since 1970.
pub(super) fn ms(instant: Timestamp) -> i64 {
    instant.as_millisecond()
}

/// The instant `span` after `now`, in milliseconds; beyond the calendar, the latest possible one.
pub(super) fn ms_after(now: Timestamp, span: Duration) -> i64 {
    ms(now).saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)).min(Timestamp::MAX.as_millisecond())
}

/// A limit for SQL.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
