//! `audit list` and `audit export`: what was done, for whom, and with what outcome. Reads only the store, so it works
//! whatever else is away.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::ValueEnum;
use equipemed_domain::binding::Bindings;
use equipemed_domain::directory::Directory;
use equipemed_domain::find::Names;
use equipemed_domain::key::RoomKey;
use jiff::civil::Date;
use ruma_common::{OwnedUserId, UserId};
use serde_json::{Value, json};

use super::connect::Local;
use super::given::Given;
use super::output::UsageError;
use super::{Exit, Format, output};
use crate::engine::policy_with_rooms;
use crate::store::{AuditCause, AuditEntry, AuditFilter, GrantFilter, Intent, Store};

/// Entries per read.
const PAGE: usize = 1000;
/// Levels of one change that are listed; further ones are counted.
const LEVELS_SHOWN: usize = 4;

/// How an action ended, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EndedArg {
    /// It was done
    Done,
    /// It was so already
    AlreadySo,
    /// It was left out
    Skipped,
    /// It failed
    Failed,
    /// What came of it could not be noted
    Unknown,
}

/// Which entries.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Only about this person: EquipeMed username, id or Matrix id
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// Only in this room, by its key
    #[arg(long, value_name = "ROOM")]
    room: Option<String>,
    /// Only of this kind, as the list shows it, such as add_member
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only what ended so
    #[arg(long, value_enum)]
    outcome: Option<EndedArg>,
    /// Only from that day on, such as 2026-01-31
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
}

/// Prints the newest entries.
pub(super) async fn list(given: &Given, which: &Which, last: usize, format: Format) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let filter = AuditFilter { limit: Some(last), ..filter(which, &local).await? };
    let entries = local.store.audit(&filter).await?;
    let askers = askers(&local.store).await?;
    let named = Named::read(&local).await?;
    if format == Format::Text && entries.is_empty() {
        output::text("no entry fits");
        return Ok(Exit::Done);
    }
    let heads = ["ID", "WHEN", "WHAT", "ABOUT", "ROOM", "ASKED BY", "CAUSE", "OUTCOME"];
    output::list(format, &entries, &heads, |entry| row(entry, &askers, &named, &local), |entry| value(entry, &askers))?;
    if format == Format::Text && entries.len() == last {
        output::note(&format!("the last {last}; --last shows more"));
    }
    Ok(Exit::Done)
}

/// Prints all matching entries, one JSON object per line, newest first.
pub(super) async fn export(given: &Given, which: &Which) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let askers = askers(&local.store).await?;
    let mut filter = AuditFilter { limit: Some(PAGE), ..filter(which, &local).await? };
    loop {
        let entries = local.store.audit(&filter).await?;
        for entry in &entries {
            output::raw(&value(entry, &askers).to_string());
        }
        let Some(last) = entries.last().filter(|_| entries.len() == PAGE) else { return Ok(Exit::Done) };
        filter.before = Some(last.id);
    }
}

async fn filter(which: &Which, local: &Local) -> anyhow::Result<AuditFilter> {
    let user = match &which.user {
        Some(who) => Some(user(who, local).await?),
        None => None,
    };
    let room = match &which.room {
        Some(typed) => Some(room(typed, local).await?),
        None => None,
    };
    let since = which.since.map(|date| local.start_of(date)).transpose()?;
    // Typed with hyphens, stored with underscores.
    let outcome =
        which.outcome.and_then(|ended| ended.to_possible_value()).map(|word| word.get_name().replace('-', "_"));
    Ok(AuditFilter { user, room, kind: which.kind.clone(), outcome, since, ..AuditFilter::default() })
}

/// The room's key, under which it is recorded. A name that matches no room is taken as the key of a former room.
async fn room(typed: &str, local: &Local) -> anyhow::Result<RoomKey> {
    let policy = policy_with_rooms(&Arc::new(local.settings.policy.clone()), &local.store).await?;
    let (directory, bindings) = (Directory::default(), Bindings::default());
    let names = Names { directory: &directory, bindings: &bindings, policy: &policy };
    Ok(names.room(typed).unwrap_or_else(|_| RoomKey::new(typed)))
}

/// The account. A Matrix id is taken as is, because people who left EquipeMed are still on record.
async fn user(who: &str, local: &Local) -> anyhow::Result<OwnedUserId> {
    if who.starts_with('@') && who.contains(':') {
        return UserId::parse(who)
            .map_err(|_| UsageError(format!("{who:?} is no Matrix id such as @ana:hospital.example")).into());
    }
    let directory = local.people(false).await?;
    let person = local.person(who, &directory).await?;
    let bindings = local.store.bindings().await?;
    let binding = bindings.get(&person.id);
    let binding = binding.ok_or_else(|| UsageError(format!("person {} has no account yet", person.id)))?;
    Ok(binding.user.clone())
}

/// The askers of grants, by the grant number in the entries.
async fn askers(store: &Store) -> anyhow::Result<BTreeMap<i64, String>> {
    let grants = store.grants(&GrantFilter::default()).await?;
    Ok(grants.into_iter().map(|record| (record.grant.id.0, record.grant.asker)).collect())
}

fn asker<'a>(entry: &'a AuditEntry, askers: &'a BTreeMap<i64, String>) -> &'a str {
    match entry.intent.cause {
        AuditCause::Grant(id) => askers.get(&id.0).unwrap_or(&entry.intent.actor),
        AuditCause::Policy | AuditCause::Deed(_) | AuditCause::Command(_) => &entry.intent.actor,
    }
}

/// Names of people by account, if EquipeMed can be read; the audit is listed even if it cannot.
struct Named {
    directory: Arc<Directory>,
    bindings: Arc<Bindings>,
    english: output::English,
}

impl Named {
    async fn read(local: &Local) -> anyhow::Result<Self> {
        let directory = local.people(false).await.unwrap_or_default();
        let bindings = local.store.bindings().await?;
        Ok(Self { english: output::English::naming(&directory), directory, bindings })
    }

    /// The account's owner, or the account if it has none.
    fn user(&self, user: &UserId) -> String {
        let owner = self.bindings.owner(user).and_then(|id| self.directory.named(id));
        owner.unwrap_or_else(|| user.to_string())
    }

    /// The same for an asker, who need not be a person.
    fn asker(&self, asker: &str) -> String {
        UserId::parse(asker).map_or_else(|_| asker.to_owned(), |user| self.user(&user))
    }

    /// Whom an entry is about. For a change of levels, everybody who gets one, with the level.
    fn about(&self, intent: &Intent) -> String {
        let levels = intent.levels();
        let shown = levels.iter().take(LEVELS_SHOWN).map(|(user, level)| {
            let level = level.map_or_else(|| "everybody's".to_owned(), |level| level.to_string());
            format!("{} → {level}", self.user(user))
        });
        let mut shown: Vec<String> = shown.collect();
        if levels.len() > LEVELS_SHOWN {
            shown.push(format!("{} more", levels.len() - LEVELS_SHOWN));
        }
        match &intent.user {
            Some(user) => self.user(user),
            None if shown.is_empty() => "–".to_owned(),
            None => shown.join("; "),
        }
    }
}

fn row(entry: &AuditEntry, askers: &BTreeMap<i64, String>, named: &Named, local: &Local) -> Vec<String> {
    let intent = &entry.intent;
    let at = entry.at.to_zoned(local.settings.timezone.clone());
    // People need the reason of a failure, but not the id of an event.
    let ended = entry.settled.as_ref().map(|settled| match settled.outcome.fault() {
        Some(why) => format!("{}: {}", settled.outcome.as_str(), named.english.fault(why)),
        None => settled.outcome.as_str().to_owned(),
    });
    let mark = if intent.gives_administrator() { ", a Synapse administrator" } else { "" };
    vec![
        entry.id.0.to_string(),
        at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        intent.kind.clone(),
        format!("{}{mark}", named.about(intent)),
        output::or_dash(intent.room.as_ref()),
        named.asker(asker(entry, askers)),
        intent.cause.to_string(),
        ended.unwrap_or_else(|| "being done".to_owned()),
    ]
}

fn value(entry: &AuditEntry, askers: &BTreeMap<i64, String>) -> Value {
    let intent = &entry.intent;
    let settled = entry.settled.as_ref();
    json!({
        "id": entry.id.0,
        "at": entry.at,
        "kind": intent.kind,
        "subject": intent.subject,
        "user": intent.user,
        "person": intent.person,
        "room": intent.room,
        "asked_by": asker(entry, askers),
        "cause": intent.cause.to_string(),
        "run": intent.run.map(|run| run.0),
        "action": serde_json::from_str::<Value>(&intent.action).unwrap_or(Value::Null),
        "outcome": settled.map(|settled| settled.outcome.as_str()),
        "detail": settled.and_then(|settled| match settled.outcome.fault() {
            Some(why) => Some(output::fault_text(why)),
            None => settled.outcome.detail(),
        }),
        "fault": settled.and_then(|settled| settled.outcome.fault()),
        "ended_at": settled.map(|settled| settled.at),
    })
}
