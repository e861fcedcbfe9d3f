//! Reads what people reported to the server. Synapse's list has no message bodies; a single report has, and is not read.

use equipemed_domain::fault::HomeserverError;
use equipemed_domain::report::{Report, reason};
use jiff::Timestamp;
use matrix_sdk::ruma::{EventId, RoomId, UserId};

use super::Reader;
use crate::homeserver::endpoint::Endpoint;
use crate::homeserver::wire;

/// Reports in one page.
const PAGE: usize = 100;
/// Pages to read before giving up: more reports than a hospital makes in months.
const PAGES: usize = 50;

impl Reader {
    /// Reports received after an instant of Synapse's clock, oldest first. Those that are no reports of events with valid
    /// ids are left out.
    pub async fn reports_since(&self, since: Timestamp) -> Result<Vec<Report>, HomeserverError> {
        let mut reports = Vec::new();
        for page in 0..PAGES {
            let page = self.reports(&[], page).await?;
            let (read, is_last) = (page.len(), page.len() < PAGE);
            let new = page.into_iter().filter(|report| report.received_ts > since.as_millisecond());
            let before = reports.len();
            reports.extend(new);
            // The newest come first; one that arrived meanwhile only repeats another.
            if is_last || reports.len() - before < read {
                let mut reports: Vec<Report> = reports.into_iter().filter_map(report).collect();
                reports.sort_by_key(|report| (report.received_at, report.id));
                return Ok(reports);
            }
        }
        tracing::warn!(pages = PAGES, "There are more reports than are read at once; the oldest are left out");
        let mut reports: Vec<Report> = reports.into_iter().filter_map(report).collect();
        reports.sort_by_key(|report| (report.received_at, report.id));
        Ok(reports)
    }

    /// Whether Synapse has a report, to the time when it was made. Its number alone does not tell: numbers come again.
    pub async fn has_report(&self, id: i64, received_at: Timestamp, room_id: &RoomId) -> Result<bool, HomeserverError> {
        let at = received_at.as_millisecond();
        let mut page = 0;
        loop {
            // Never by reporter: Synapse takes `user_id` of an application service for whom it acts as.
            let reports = self.reports(&[("room_id", room_id.as_str())], page).await?;
            if reports.iter().any(|report| report.id == id && report.received_ts == at) {
                return Ok(true);
            }
            if reports.len() < PAGE || reports.last().is_none_or(|report| report.received_ts < at) {
                return Ok(false);
            }
            page += 1;
        }
    }

    /// A page of reports, the newest first.
    async fn reports(&self, query: &[(&str, &str)], page: usize) -> Result<Vec<wire::EventReport>, HomeserverError> {
        let (limit, from) = (PAGE.to_string(), (page * PAGE).to_string());
        let mut query = query.to_vec();
        query.extend([("limit", limit.as_str()), ("from", from.as_str()), ("dir", "b")]);
        let answer: wire::EventReports = self.get(Endpoint::EventReports, &[], &query).await?;
        Ok(answer.event_reports)
    }
}

fn report(report: wire::EventReport) -> Option<Report> {
    Some(Report {
        id: report.id,
        received_at: Timestamp::from_millisecond(report.received_ts).ok()?,
        room_id: RoomId::parse(report.room_id).ok()?,
        event_id: EventId::parse(report.event_id).ok()?,
        reporter: UserId::parse(report.user_id).ok()?,
        sender: report.sender.and_then(|sender| UserId::parse(sender).ok()),
        reason: report.reason.as_deref().and_then(reason),
    })
}
