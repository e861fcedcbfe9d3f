//! What people reported, from the moment that it was read from Synapse until it is answered and deleted there.
//!
//! Reports of one event are one case, which is one message in the control room; so is everything that one person
//! reports beyond a limit.

use std::collections::BTreeSet;

use equipemed_domain::fault::BadCell;
use equipemed_domain::report::{Report, ReportEnding, ReportPlace, SHOWN_SINGLY, SINGLY_WITHIN};
use jiff::{SignedDuration, Timestamp};
use ruma_common::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId};

use super::rows::{Record, Table, limit, ms};
use super::{Store, StoreError};

const CASES: Table = Table { name: "report_cases", key: "id" };
const REPORTS: Table = Table { name: "reports", key: "report_id" };

/// Store key for the time of the newest report read, by Synapse's clock.
const READ_UNTIL: &str = "reports_read";
/// How long an answered case is kept, to recognise its reports when they are read again.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// The same where its reports cannot be deleted in Synapse, as in mode observe.
const KEPT_UNDELETED: SignedDuration = SignedDuration::from_hours(30 * 24);

macro_rules! columns {
    () => {
        "id, room_id, event_id, sender, opener, place, opened_at, count, shown, posted_event, closed_at, closed_by,
            ending"
    };
}

/// One reported event, or many reports by one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportCase {
    /// Its number.
    pub id: i64,
    /// The room of the event.
    pub room_id: OwnedRoomId,
    /// The event; None if these are many reports by the opener.
    pub event_id: Option<OwnedEventId>,
    /// Who sent it, if known.
    pub sender: Option<OwnedUserId>,
    /// Who reported first.
    pub opener: OwnedUserId,
    /// Where it is; None until somebody looked.
    pub place: Option<ReportPlace>,
    /// When it was noted.
    pub opened_at: Timestamp,
    /// The people who reported the event; of many reports by one person, the reports.
    pub count: i64,
    /// What its message shows of them: none before it is posted, -1 once it shows the end.
    pub shown: i64,
    /// Its message in the control room.
    pub posted_event: Option<OwnedEventId>,
    /// When, how and by whom it was answered.
    pub closed: Option<(Timestamp, ReportEnding, Option<OwnedUserId>)>,
}

/// A report of an answered case, to be deleted in Synapse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedReport {
    /// Its number.
    pub id: i64,
    /// When Synapse received it.
    pub received_at: Timestamp,
    /// The room of the event.
    pub room_id: OwnedRoomId,
    /// Who answered it; None if unknown.
    pub closed_by: Option<OwnedUserId>,
}

impl Store {
    /// The time of the newest report read; None before the first look.
    pub async fn reports_read_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let text = self.remembered(READ_UNTIL).await?;
        Ok(text.and_then(|text| text.parse().ok()).and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }

    /// Notes reports, oldest first, and how far they were read. Returns how many are new.
    pub async fn note_reports(
        &self,
        reports: &[Report],
        read_until: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        const KNOWN: &str = "select count(*) from reports where report_id = $1 and received_at = $2";
        const OF_EVENT: &str = "select id from report_cases where event_id = $1 and closed_at is null";
        const RECENT: &str =
            "select count(*) from report_cases where opener = $1 and event_id is not null and opened_at > $2";
        const OF_OPENER: &str =
            "select id from report_cases where opener = $1 and event_id is null and closed_at is null";
        const OPEN: &str = "insert into report_cases (room_id, event_id, sender, opener, place, opened_at)
            values ($1, $2, $3, $4, $5, $6) returning id";
        const ADD: &str = "insert into reports (report_id, received_at, case_id, room_id, reporter, reason)
            values ($1, $2, $3, $4, $5, $6)";
        const COUNT: &str = "update report_cases set count = (select count(*) from reports where case_id = $1)
            where id = $1 and event_id is null";
        const COUNT_PEOPLE: &str = "update report_cases
            set count = (select count(distinct reporter) from reports where case_id = $1)
            where id = $1 and event_id is not null";
        const READ: &str = "insert into meta (key, value) values ($1, $2)
            on conflict (key) do update set value = excluded.value";
        let recent = now.checked_sub(SINGLY_WITHIN).unwrap_or(now);
        in_transaction!(self, tx => {
            let mut new = 0;
            for report in reports {
                let query = sqlx::query_scalar::<_, i64>(KNOWN).bind(report.id).bind(ms(report.received_at));
                if query.fetch_one(&mut *tx).await? > 0 {
                    continue;
                }
                let (event, opener) = (report.event_id.as_str(), report.reporter.as_str());
                let mut case: Option<i64> = sqlx::query_scalar(OF_EVENT).bind(event).fetch_optional(&mut *tx).await?;
                let mut own = Some(event);
                if case.is_none() {
                    let query = sqlx::query_scalar::<_, i64>(RECENT).bind(opener).bind(ms(recent));
                    if query.fetch_one(&mut *tx).await? >= limit(SHOWN_SINGLY) {
                        own = None;
                        case = sqlx::query_scalar(OF_OPENER).bind(opener).fetch_optional(&mut *tx).await?;
                    }
                }
                let case = match case {
                    Some(case) => case,
                    None => {
                        let place = own.is_none().then(|| ReportPlace::Several.word());
                        let sender = report.sender.as_ref().filter(|_| own.is_some()).map(|sender| sender.as_str());
                        let query = sqlx::query_scalar(OPEN).bind(report.room_id.as_str()).bind(own).bind(sender);
                        query.bind(opener).bind(place).bind(ms(now)).fetch_one(&mut *tx).await?
                    }
                };
                let query = sqlx::query(ADD).bind(report.id).bind(ms(report.received_at)).bind(case);
                let query = query.bind(report.room_id.as_str()).bind(opener).bind(&report.reason);
                query.execute(&mut *tx).await?;
                sqlx::query(COUNT).bind(case).execute(&mut *tx).await?;
                sqlx::query(COUNT_PEOPLE).bind(case).execute(&mut *tx).await?;
                new += 1;
            }
            sqlx::query(READ).bind(READ_UNTIL).bind(ms(read_until).to_string()).execute(&mut *tx).await?;
            new
        })
    }

    /// Open cases of single events, oldest first: only those that nobody has looked at, or also those opened since.
    pub async fn report_cases_open(&self, unseen: bool, since: Timestamp) -> Result<Vec<ReportCase>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from report_cases where closed_at is null and event_id is not null
                and (place is null or opened_at > $1) order by id"
        );
        let since = if unseen { i64::MAX } else { ms(since) };
        on_reader!(self, db => CASES.all(&sqlx::query(SQL).bind(since).fetch_all(db).await?, read)?)
    }

    /// Notes where a reported event is.
    pub async fn report_is_at(&self, case: i64, place: ReportPlace) -> Result<(), StoreError> {
        const SQL: &str = "update report_cases set place = $2 where id = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(case).bind(place.word()).execute(db).await?; })
    }

    /// Cases whose message in the control room has to be posted or changed, oldest first, as [`is_news`] says.
    ///
    /// [`is_news`]: equipemed_domain::report::is_news
    pub async fn report_cases_to_show(&self, at_most: usize) -> Result<Vec<ReportCase>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from report_cases
            where (closed_at is null or shown > 0) and (closed_at is not null or (place is not null
                and (posted_event is null or (place <> 'several' and shown < count)
                    or (place = 'several' and count >= 2 * shown))))
            order by id limit $1"
        );
        on_reader!(self, db => CASES.all(&sqlx::query(SQL).bind(limit(at_most)).fetch_all(db).await?, read)?)
    }

    /// Who reported a case and in which words, oldest first, each person once and the first `people` only.
    pub async fn report_words(&self, case: i64, people: i64) -> Result<Vec<(OwnedUserId, Option<String>)>, StoreError> {
        const SQL: &str = "select report_id, reporter, reason from reports where case_id = $1
            order by received_at, report_id limit 1000";
        let read = |row: &Record<'_>| Ok((row.user("reporter")?, row.maybe_text("reason")?));
        let rows = on_reader!(self, db => {
            REPORTS.all(&sqlx::query(SQL).bind(case).fetch_all(db).await?, read)?
        })?;
        let mut seen = BTreeSet::new();
        let first = rows.into_iter().filter(|(reporter, _)| seen.insert(reporter.clone()));
        Ok(first.take(usize::try_from(people).unwrap_or_default()).collect())
    }

    /// Notes what a case's message shows; before it is posted, what it will show.
    pub async fn report_shown(&self, case: i64, shown: i64, event: Option<&EventId>) -> Result<(), StoreError> {
        const SQL: &str = "update report_cases set shown = $2, posted_event = coalesce($3, posted_event) where id = $1";
        let event = event.map(EventId::as_str);
        on_writer!(self, db => { sqlx::query(SQL).bind(case).bind(shown).bind(event).execute(db).await?; })
    }

    /// The open case that a message in the control room shows.
    pub async fn report_case_shown_by(&self, message: &EventId) -> Result<Option<ReportCase>, StoreError> {
        const SQL: &str =
            concat!("select ", columns!(), " from report_cases where posted_event = $1 and closed_at is null");
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(message.as_str()).fetch_optional(db).await?;
            row.map(|row| CASES.one(&row, read)).transpose()?
        })
    }

    /// Messages in the control room that show open cases.
    pub async fn report_messages_open(&self) -> Result<BTreeSet<OwnedEventId>, StoreError> {
        const SQL: &str =
            "select id, posted_event from report_cases where closed_at is null and posted_event is not null";
        let messages = on_reader!(self, db => {
            CASES.all(&sqlx::query(SQL).fetch_all(db).await?, |row| row.event_id("posted_event"))?
        })?;
        Ok(messages.into_iter().collect())
    }

    /// The open case of an event.
    pub async fn report_case_of(&self, event: &EventId) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "select id from report_cases where event_id = $1 and closed_at is null";
        on_reader!(self, db => sqlx::query_scalar(SQL).bind(event.as_str()).fetch_optional(db).await?)
    }

    /// Closes a case; false when it was closed before.
    pub async fn close_report_case(
        &self,
        case: i64,
        ending: ReportEnding,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "update report_cases set closed_at = $4, ending = $2, closed_by = $3
            where id = $1 and closed_at is null";
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(case).bind(ending.word()).bind(by).bind(ms(now));
            query.execute(db).await?.rows_affected() == 1
        })
    }

    /// Reports of answered cases that were not asked to be deleted yet.
    pub async fn reports_to_drop(&self, at_most: usize) -> Result<Vec<DroppedReport>, StoreError> {
        const SQL: &str = "select reports.report_id, reports.received_at, reports.room_id, report_cases.closed_by
            from reports join report_cases on report_cases.id = reports.case_id
            where report_cases.closed_at is not null and reports.dropped_at is null
            order by reports.received_at, reports.report_id limit $1";
        let read = |row: &Record<'_>| {
            Ok(DroppedReport {
                id: row.int("report_id")?,
                received_at: row.time("received_at")?,
                room_id: row.room_id("room_id")?,
                closed_by: maybe_user(row, "closed_by")?,
            })
        };
        on_reader!(self, db => REPORTS.all(&sqlx::query(SQL).bind(limit(at_most)).fetch_all(db).await?, read)?)
    }

    /// Notes that a report's deletion was asked for. Its words are not needed any more.
    pub async fn report_dropped(&self, report: &DroppedReport, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "update reports set dropped_at = $3, reason = null where report_id = $1 and received_at = $2";
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(report.id).bind(ms(report.received_at)).bind(ms(now));
            query.execute(db).await?;
        })
    }

    /// Deletes what was answered long ago.
    pub async fn forget_reports(&self, now: Timestamp) -> Result<(), StoreError> {
        const CASE: &str = "delete from report_cases where closed_at < $2 or (closed_at < $1 and not exists
            (select 1 from reports where case_id = report_cases.id and dropped_at is null))";
        const ORPHANS: &str =
            "delete from reports where not exists (select 1 from report_cases where id = reports.case_id)";
        let before = |span: SignedDuration| ms(now.checked_sub(span).unwrap_or(now));
        in_transaction!(self, tx => {
            let query = sqlx::query(CASE).bind(before(KEPT)).bind(before(KEPT_UNDELETED));
            if query.execute(&mut *tx).await?.rows_affected() > 0 {
                sqlx::query(ORPHANS).execute(&mut *tx).await?;
            }
        })
    }

    /// Number of open cases.
    pub async fn reports_open(&self) -> Result<u64, StoreError> {
        const SQL: &str = "select count(*) as open, 'all' as id from report_cases where closed_at is null";
        on_reader!(self, db => CASES.one(&sqlx::query(SQL).fetch_one(db).await?, |row| row.count("open"))?)
    }
}

fn maybe_user(row: &Record<'_>, column: &str) -> Result<Option<OwnedUserId>, StoreError> {
    let user = row.maybe_text(column)?;
    user.map(OwnedUserId::try_from).transpose().map_err(|_| row.nonsense(column, BadCell::NotMatrixId))
}

fn read(row: &Record<'_>) -> Result<ReportCase, StoreError> {
    let event = row.maybe_text("event_id")?.map(|_| row.event_id("event_id")).transpose()?;
    let posted = row.maybe_text("posted_event")?.map(|_| row.event_id("posted_event")).transpose()?;
    let closed = match row.maybe_time("closed_at")? {
        Some(at) => Some((at, row.word("ending", ReportEnding::of_word)?, maybe_user(row, "closed_by")?)),
        None => None,
    };
    Ok(ReportCase {
        id: row.int("id")?,
        room_id: row.room_id("room_id")?,
        event_id: event,
        sender: maybe_user(row, "sender")?,
        opener: row.user("opener")?,
        place: row.maybe_text("place")?.map(|_| row.word("place", ReportPlace::of_word)).transpose()?,
        opened_at: row.time("opened_at")?,
        count: row.int("count")?,
        shown: row.int("shown")?,
        posted_event: posted,
        closed,
    })
}
