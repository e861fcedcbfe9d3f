//! `users`: what may be typed, and its list.

use std::collections::BTreeMap;

use clap::{Subcommand, ValueEnum};
use equipemed_domain::account_status::AccountStatus;
use equipemed_domain::directory::{Directory, Person};
use equipemed_domain::listing::{Listed, PeopleFilter};
use equipemed_domain::standing::Standing;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::connect::Local;
use super::given::Given;
use super::{Exit, Format, adopt_users, output, release, sign_out};
use crate::homeserver::Devices;
use crate::operations::{devices_of, list_users};

/// What `users` can do.
#[derive(Debug, Subcommand)]
pub(super) enum UsersCommand {
    /// List people with their accounts
    #[command(after_help = "Examples:\n  equipemed-bot users list --status locked\n  \
                            equipemed-bot users list --superusers --since 2026-01-31 --format json")]
    List {
        /// Only this status
        #[arg(long, value_enum)]
        status: Option<StatusFilter>,
        /// Only people with this in username, name, e-mail address, Matrix id or matrix_localpart
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only EquipeMed superusers
        #[arg(long)]
        superusers: bool,
        /// Only people who signed in to EquipeMed on that day or later, such as 2026-01-31
        #[arg(long, value_name = "DATE")]
        since: Option<Date>,
        /// Also on how many devices each is signed in to Matrix, and when one of them was last seen; asks Synapse once for each
        #[arg(long)]
        devices: bool,
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// End all sessions of an account on every device, such as a lost phone; nothing else changes
    ///
    /// Locking does not do that: after unlocking, the sessions go on. Whoever may still sign in can do so again.
    #[command(after_help = "Examples:\n  equipemed-bot users sign-out ana.souza --dry-run\n  \
                            equipemed-bot users sign-out @ana.souza:hospital.example")]
    SignOut {
        /// EquipeMed username, number, full name or Matrix id
        who: String,
        /// Tell on how many devices, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Let the account of somebody go who is no longer in EquipeMed: it is nobody's then, and stays as it is
    ///
    /// It stays locked and in its rooms, is not deactivated any more, and may be given to somebody with `users adopt`.
    #[command(after_help = "Example:\n  equipemed-bot users release @ana.souza:hospital.example")]
    Release {
        /// Matrix id, or the last EquipeMed username
        who: String,
        /// Do not ask to type the name
        #[arg(long, conflicts_with = "dry_run")]
        yes: bool,
        /// Tell what would be let go, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Say that an existing account is a person's, although it does not carry their external id
    ///
    /// With --by-username: everybody at once whose username stayed and whose public id became another one, such as after a
    /// rehearsal on a roster. Shows what it would do, and does it with --yes.
    #[command(after_help = "Examples:\n  equipemed-bot users adopt ana.souza @ana:hospital.example\n  \
                            equipemed-bot users adopt --by-username --yes")]
    Adopt {
        /// EquipeMed username, number, full name or Matrix id
        #[arg(required_unless_present = "by_username", requires = "mxid")]
        who: Option<String>,
        /// The account
        mxid: Option<String>,
        /// Also when the account is a Synapse administrator; the brakes count it as a gain of power
        #[arg(long, conflicts_with = "by_username")]
        administrator: bool,
        /// Accounts of missing people go to whoever has their username now; administrators and protected ones do not
        #[arg(long, conflicts_with_all = ["who", "mxid"])]
        by_username: bool,
        /// With --by-username: do it
        #[arg(long, requires = "by_username", conflicts_with = "dry_run")]
        yes: bool,
        /// Show it and change nothing, which with --by-username is what is done without --yes
        #[arg(long)]
        dry_run: bool,
        /// With --by-username: how the list is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// Runs a `users` command.
pub(super) async fn run(given: &Given, command: UsersCommand) -> anyhow::Result<Exit> {
    match command {
        UsersCommand::List { status, search, superusers, since, devices, format } => {
            list(given, Filter { status, search, superusers, since, devices }, format).await
        }
        UsersCommand::Release { who, yes, dry_run } => release::run(given, &who, yes, dry_run).await,
        UsersCommand::SignOut { who, dry_run } => sign_out::run(given, &who, dry_run).await,
        UsersCommand::Adopt { who: Some(who), mxid: Some(mxid), administrator, dry_run, .. } => {
            let wish = adopt_users::AdoptWish { who: &who, mxid: &mxid, administrator, dry_run };
            adopt_users::one(given, wish).await
        }
        UsersCommand::Adopt { yes, format, .. } => adopt_users::by_username(given, yes, format).await,
    }
}

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

/// Which people to list.
struct Filter {
    status: Option<StatusFilter>,
    search: Option<String>,
    superusers: bool,
    since: Option<Date>,
    devices: bool,
}

/// Lists people with their current accounts on Synapse.
async fn list(given: &Given, filter: Filter, format: Format) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    // The words are the domain's.
    let word = filter.status.and_then(|status| status.to_possible_value());
    let with_devices = filter.devices;
    let filter = PeopleFilter {
        status: word.and_then(|word| AccountStatus::from_word(word.get_name())),
        search: filter.search,
        superusers: filter.superusers,
        since: filter.since.map(|date| local.start_of(date)).transpose()?,
    };
    let (reader, scene) = (local.reader().await?, local.scene(false).await?);
    let people = list_users(&reader, &scene, &filter).await?;
    let devices = if with_devices { devices_of(&reader, &people).await? } else { BTreeMap::new() };
    let mut heads = vec!["ID", "USERNAME", "NAME", "ACCOUNT", "STATUS", "EQUIPEMED", "LAST LOGIN", "IN LINE AT"];
    if with_devices {
        heads.extend(["DEVICES", "SEEN ON MATRIX"]);
    }
    let directory = &scene.directory;
    let cells = |one: &Listed<'_>| {
        let mut cells = cells(one, directory, &local);
        if with_devices {
            let devices = devices.get(&one.id);
            cells.push(output::or_dash(devices.map(|devices| devices.ids.len())));
            let seen = devices.and_then(|devices| devices.last_seen);
            cells.push(output::or_dash(seen.map(|at| local.time(at))));
        }
        cells
    };
    output::list(format, &people, &heads, cells, |one| json_of(one, directory, devices.get(&one.id)))?;
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

fn json_of(one: &Listed<'_>, directory: &Directory, devices: Option<&Devices>) -> serde_json::Value {
    let mut object = json!({
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
    });
    if let (Some(devices), Some(object)) = (devices, object.as_object_mut()) {
        object.insert("devices".to_owned(), json!(devices.ids.len()));
        object.insert("last_seen_on_matrix_at".to_owned(), json!(devices.last_seen));
    }
    object
}
