//! Words faults of the service's own database.

use equipemed_domain::fault::{Away, BadCell, BadUrl, Conflict, Fix, StoreError, StoreRow};

use super::findings::plain;
use super::{Arg, Texts};
use crate::homeserver::Said;

impl Texts {
    pub(super) fn store(&self, error: &StoreError) -> Said {
        let database = |name: &str| ("database", plain(name));
        let said = |said: &str| ("why", plain(said));
        let fix = |fix: &Fix| ("fix", Arg::Said(self.fix(fix)));
        match error {
            StoreError::BadUrl { url, why } => {
                let why = ("why", Arg::Said(self.bad_url(*why)));
                self.line("fault-store-bad-url", &[("url", plain(url)), why])
            }
            StoreError::Unreachable { database: name, why } => {
                let why = match why {
                    Away::NoAnswer { seconds } => self.line("fault-no-answer-within", &[("seconds", plain(seconds))]),
                    Away::NoConnection => self.line("fault-store-no-connection", &[]),
                    Away::Closed => self.line("fault-store-closed", &[]),
                    Away::ThreadGone => self.line("fault-store-thread-gone", &[]),
                    Away::Said { said } => self.shown(&plain(said)),
                };
                self.line("fault-store-unreachable", &[database(name), ("why", Arg::Said(why))])
            }
            StoreError::Refused { database: name, why } => {
                self.line("fault-store-refused", &[database(name), said(why)])
            }
            StoreError::NotWritable { path, why, fix: what } => {
                self.line("fault-store-not-writable", &[("path", plain(path)), said(why), fix(what)])
            }
            StoreError::Taken { database: name, by } => {
                self.line("fault-store-taken", &[database(name), ("by", plain(by))])
            }
            StoreError::OfUser { path, owner } => {
                self.line("fault-store-of-user", &[("path", plain(path)), ("owner", plain(owner))])
            }
            StoreError::Busy { database: name, why } => self.line("fault-store-busy", &[database(name), said(why)]),
            StoreError::Nonsense { table, column, row, why } => {
                let column = ("column", plain(format_args!("{table}.{column}")));
                let why = ("why", Arg::Said(self.bad_cell(*why)));
                self.line("fault-store-nonsense", &[column, ("row", plain(row)), why])
            }
            StoreError::Migration { database: name, why, fix: what } => {
                self.line("fault-store-migration", &[database(name), said(why), fix(what)])
            }
            StoreError::Conflict { what } => match what {
                Conflict::Binding => self.line("conflict-binding", &[]),
                Conflict::Room { room } => self.line("conflict-room", &[("room", plain(room))]),
                Conflict::Code => self.line("conflict-code", &[]),
                Conflict::Said { said } => self.shown(&plain(said)),
            },
            StoreError::Unstorable { why } => self.line("fault-store-unstorable", &[said(why)]),
            StoreError::Damaged { database: name, why } => {
                let why = self.line("fault-store-damaged", &[said(why)]);
                self.line("fault-store-failed", &[database(name), ("why", Arg::Said(why))])
            }
            StoreError::Database { database: name, why } => {
                self.line("fault-store-failed", &[database(name), said(why)])
            }
            StoreError::Disappeared(StoreRow::Run) => self.line("fault-run-gone", &[]),
            StoreError::Disappeared(StoreRow::Deed) => self.line("fault-deed-gone", &[]),
        }
    }

    fn bad_url(&self, why: BadUrl) -> Said {
        let id = match why {
            BadUrl::NoFile => "bad-url-no-file",
            BadUrl::InMemory => "bad-url-in-memory",
            BadUrl::FileWithOptions => "bad-url-file-with-options",
            BadUrl::NotPostgres => {
                let form = plain("postgres://USER:PASSWORD@HOST:PORT/DATABASE");
                return self.line("bad-url-not-postgres", &[("form", form)]);
            }
            BadUrl::Scheme => "bad-url-scheme",
            BadUrl::NotSqlite => "bad-url-not-sqlite",
            BadUrl::Unusable => "bad-url-unusable",
        };
        self.line(id, &[])
    }

    fn bad_cell(&self, why: BadCell) -> Said {
        let id = match why {
            BadCell::Empty => "cell-empty",
            BadCell::NotNumber => "cell-not-number",
            BadCell::OutOfRange => "cell-out-of-range",
            BadCell::NotText => "cell-not-text",
            BadCell::NotFlag => "cell-not-flag",
            BadCell::NotInstant => "cell-not-instant",
            BadCell::NotMatrixId => "cell-not-matrix-id",
            BadCell::UnknownWord => "cell-unknown-word",
            BadCell::Json { column } => return self.line("cell-json", &[("column", plain(column))]),
        };
        self.line(id, &[])
    }

    fn fix(&self, fix: &Fix) -> Said {
        let folder = |folder: &String| ("folder", plain(folder));
        let id = match fix {
            Fix::Primary => "fault-fix-standby",
            Fix::Owner => "fault-fix-owner",
            Fix::ServerSpace => "fault-fix-space",
            Fix::DiskSpace => "fault-fix-disk",
            Fix::Folder => "fault-fix-folder",
            Fix::MakeFolder { folder: name } => return self.line("fault-fix-make-folder", &[folder(name)]),
            Fix::NameFile => "fault-fix-name-file",
            Fix::NotFolder { folder: name } => return self.line("fault-fix-not-folder", &[folder(name)]),
            Fix::WritableVolume => "fault-fix-writable-volume",
            Fix::NewerVersion => "fault-fix-newer-version",
            Fix::ChangedMigration => "fault-fix-changed-migration",
            Fix::SeeAbove => "fault-fix-see-above",
        };
        self.line(id, &[])
    }
}
