//! `users list`.

use std::path::Path;

use clap::ValueEnum;
use equipemed_domain::account_status::AccountStatus;
use equipemed_domain::directory::Directory;
use equipemed_domain::listing::{self, Listed, PeopleFilter};
use equipemed_domain::standing::Standing;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Exit, Format, connect, output};
use crate::clock::Clock;
use crate::homeserver::Patience;

/// Which people are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Status {
    /// Has a usable account, and a pass saw it in line not long ago.
    Synced,
    /// Has a usable account that no pass saw in line for users.stale_after.
    Stale,
    /// Has no account yet.
    Never,
    /// The account is locked.
    Locked,
    /// Left: the account is deactivated, or locked and waiting for that.
    Gone,
}

impl Status {
    fn means(self) -> AccountStatus {
        match self {
            Self::Synced => AccountStatus::Synced,
            Self::Stale => AccountStatus::Stale,
            Self::Never => AccountStatus::Never,
            Self::Locked => AccountStatus::Locked,
            Self::Gone => AccountStatus::Gone,
        }
    }
}

/// Which people are listed.
pub(super) struct Filter {
    pub(super) status: Option<Status>,
    pub(super) search: Option<String>,
    pub(super) superusers: bool,
    pub(super) since: Option<Date>,
}

/// Lists people with their accounts, as they are on Synapse now.
pub(super) async fn list(config: &Path, filter: Filter, format: Format) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let (store, now) = (connect::store(&settings).await?, Clock::system().now());
    let since = filter.since.map(|date| connect::start_of(date, &settings)).transpose()?;
    let filter = PeopleFilter {
        status: filter.status.map(Status::means),
        search: filter.search,
        superusers: filter.superusers,
        since,
    };
    let connection = connect::connection(&settings, Patience::NONE, &CancellationToken::new(), None);
    let reader = connect::reader(connection, &settings).await?;
    let directory = connect::people(&settings, &store, None).await?;
    let bindings = store.bindings().await?;
    let accounts = reader.accounts().await?;
    let people = listing::list(&directory, &settings.policy, &bindings, &accounts, &filter, now);
    match format {
        Format::Text => {
            let rows: Vec<_> = people.iter().map(|one| cells(one, &directory, &settings.timezone)).collect();
            let heads = ["ID", "USERNAME", "ACCOUNT", "STATUS", "EQUIPEMED", "LAST LOGIN", "IN LINE AT"];
            output::text(&output::table(&heads, &rows));
            output::note(&format!("{} of {} people", rows.len(), directory.len()));
        }
        Format::Json => output::json(&people.iter().map(|one| json_of(one, &directory)).collect::<Vec<_>>())?,
    }
    Ok(Exit::Done)
}

fn standing(one: &Listed<'_>) -> &'static str {
    match one.standing {
        Some(Standing::Active) => "active",
        Some(Standing::Off) => "off",
        Some(Standing::Gone) => "gone",
        None => "unknown",
    }
}

fn cells(one: &Listed<'_>, directory: &Directory, timezone: &TimeZone) -> Vec<String> {
    let none = || "–".to_owned();
    let time = |at: Option<Timestamp>| {
        at.map_or_else(none, |at| at.to_zoned(timezone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
    };
    vec![
        directory.number_of(one.person.id).to_string(),
        one.person.username.clone(),
        one.binding.map_or_else(none, |binding| binding.user.to_string()),
        one.status.as_str().to_owned(),
        format!("{} ({})", standing(one), one.person.account_status),
        time(one.person.last_login),
        time(one.binding.and_then(|binding| binding.synced_at)),
    ]
}

fn json_of(one: &Listed<'_>, directory: &Directory) -> serde_json::Value {
    json!({
        "id": directory.number_of(one.person.id),
        "username": one.person.username,
        "user_id": one.binding.map(|binding| &binding.user),
        "status": one.status.as_str(),
        "standing": standing(one),
        "account_status": one.person.account_status,
        "superuser": one.person.superuser,
        "last_login_at": one.person.last_login,
        "profile_synced_at": one.binding.and_then(|binding| binding.synced_at),
    })
}
