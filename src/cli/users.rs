//! `users list`.

use clap::ValueEnum;
use equipemed_domain::account_status::AccountStatus;
use equipemed_domain::directory::{Directory, Person};
use equipemed_domain::listing::{Listed, PeopleFilter};
use equipemed_domain::standing::Standing;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::connect::Local;
use super::given::Given;
use super::{Exit, Format, output};
use crate::operations::list_users;

/// Which people are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum StatusFilter {
    /// Has a usable account, and a pass saw it in line not long ago.
    Synced,
    /// Has a usable account that no pass saw in line for users.stale_after.
    Stale,
    /// Has a usable account, but users.who no longer selects the person.
    Released,
    /// Has no account yet.
    Never,
    /// The account is locked.
    Locked,
    /// Left: the account is deactivated, or locked and waiting for that.
    Gone,
}

/// Which people are listed.
pub(super) struct Filter {
    pub(super) status: Option<StatusFilter>,
    pub(super) search: Option<String>,
    pub(super) superusers: bool,
    pub(super) since: Option<Date>,
}

/// Lists people with their accounts, as they are on Synapse now.
pub(super) async fn list(given: &Given, filter: Filter, format: Format) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    // The words are those of the domain.
    let word = filter.status.and_then(|status| status.to_possible_value());
    let filter = PeopleFilter {
        status: word.and_then(|word| AccountStatus::from_word(word.get_name())),
        search: filter.search,
        superusers: filter.superusers,
        since: filter.since.map(|date| local.start_of(date)).transpose()?,
    };
    let (reader, scene) = (local.reader().await?, local.scene(false).await?);
    let people = list_users(&reader, &scene, &filter).await?;
    let heads = ["ID", "USERNAME", "NAME", "ACCOUNT", "STATUS", "EQUIPEMED", "LAST LOGIN", "IN LINE AT"];
    let directory = &scene.directory;
    output::list(format, &people, &heads, |one| cells(one, directory, &local), |one| json_of(one, directory))?;
    if format == Format::Text {
        output::note(&format!("{} of {} people", people.len(), directory.len()));
    }
    Ok(Exit::Done)
}

fn cells(one: &Listed<'_>, directory: &Directory, local: &Local) -> Vec<String> {
    let time = |at: Option<Timestamp>| output::or_dash(at.map(|at| local.time(at)));
    vec![
        directory.number_of(one.id).to_string(),
        one.username().to_owned(),
        output::or_dash(one.person.map(Person::full_name)),
        output::or_dash(one.binding.map(|binding| &binding.user)),
        format!("{}{}", one.status.as_str(), if one.is_shadow_banned { ", shadow-banned" } else { "" }),
        format!("{} ({})", Standing::word(one.standing), one.person.map_or("missing", |person| &person.account_status)),
        time(one.last_login()),
        time(one.binding.and_then(|binding| binding.synced_at)),
    ]
}

fn json_of(one: &Listed<'_>, directory: &Directory) -> serde_json::Value {
    json!({
        "id": directory.number_of(one.id),
        "username": one.username(),
        "full_name": one.person.map(Person::full_name),
        "user_id": one.binding.map(|binding| &binding.user),
        "status": one.status.as_str(),
        "shadow_banned": one.is_shadow_banned,
        "standing": Standing::word(one.standing),
        "account_status": one.person.map(|person| &person.account_status),
        "superuser": one.person.is_some_and(|person| person.superuser),
        "last_login_at": one.last_login(),
        "profile_synced_at": one.binding.and_then(|binding| binding.synced_at),
    })
}
