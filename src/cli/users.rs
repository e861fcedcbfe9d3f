//! `users list` and `users adopt`.

use std::path::Path;

use clap::ValueEnum;
use equipemed_domain::account_status::AccountStatus;
use equipemed_domain::binding::Binding;
use equipemed_domain::desired::digest_of;
use equipemed_domain::directory::Person;
use equipemed_domain::standing::Standing;
use ruma_common::UserId;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::output::UsageError;
use super::{Exit, Format, connect, output};
use crate::clock::Clock;
use crate::directory::Source;
use crate::homeserver::Patience;

/// Which people are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Status {
    /// Has an account, and it is usable.
    Synced,
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
}

/// Lists people with their accounts, as they are on Synapse now.
pub(super) async fn list(config: &Path, filter: &Filter, format: Format) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let (store, now) = (connect::store(&settings).await?, Clock::system().now());
    let connection = connect::connection(&settings, Patience::NONE, &CancellationToken::new(), None);
    let reader = connect::reader(connection, &settings).await?;
    let directory = Source::open(&settings.directory)?.read().await?;
    let bindings = store.bindings().await?;
    let accounts = reader.accounts().await?;
    let mut rows = Vec::new();
    for person in directory.people() {
        let binding = bindings.get(&person.id);
        let account = binding.and_then(|binding| accounts.get(&binding.user));
        let standing = settings.policy.users.standing.standing(person, now);
        let status = AccountStatus::of(account, standing);
        let row = Row { person, binding, status, standing };
        if row.passes(filter) {
            rows.push(row);
        }
    }
    match format {
        Format::Text => {
            let cells: Vec<_> = rows.iter().map(Row::cells).collect();
            output::text(&output::table(&["ID", "USERNAME", "ACCOUNT", "STATUS", "EQUIPEMED"], &cells));
            output::note(&format!("{} of {} people", rows.len(), directory.len()));
        }
        Format::Json => output::json(&rows.iter().map(Row::json).collect::<Vec<_>>())?,
    }
    Ok(Exit::Done)
}

struct Row<'a> {
    person: &'a Person,
    binding: Option<&'a Binding>,
    status: AccountStatus,
    standing: Option<Standing>,
}

impl Row<'_> {
    fn passes(&self, filter: &Filter) -> bool {
        let text = filter.search.as_deref().map(str::to_lowercase).unwrap_or_default();
        let found = text.is_empty()
            || self.person.username.to_lowercase().contains(&text)
            || self.person.email.to_lowercase().contains(&text)
            || self.person.full_name().to_lowercase().contains(&text)
            || self.binding.is_some_and(|binding| binding.user.as_str().contains(&text));
        found
            && filter.status.is_none_or(|status| status.means() == self.status)
            && (!filter.superusers || self.person.superuser)
    }

    fn standing(&self) -> &'static str {
        match self.standing {
            Some(Standing::Active) => "active",
            Some(Standing::Off) => "off",
            Some(Standing::Gone) => "gone",
            None => "unknown",
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.person.id.to_string(),
            self.person.username.clone(),
            self.binding.map_or_else(|| "–".to_owned(), |binding| binding.user.to_string()),
            self.status.as_str().to_owned(),
            format!("{} ({})", self.standing(), self.person.account_status),
        ]
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "id": self.person.id.0,
            "username": self.person.username,
            "user_id": self.binding.map(|binding| &binding.user),
            "status": self.status.as_str(),
            "standing": self.standing(),
            "account_status": self.person.account_status,
            "superuser": self.person.superuser,
        })
    }
}

/// Binds an existing account to a person by the operator's word; the next pass adds the external id.
pub(super) async fn adopt(config: &Path, who: &str, mxid: &str) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let store = connect::store(&settings).await?;
    let user =
        UserId::parse(mxid).map_err(|_| UsageError(format!("{mxid:?} is no MXID such as @ana:hospital.example")))?;
    if settings.policy.users.protected.contains(&user) {
        return Err(UsageError(format!("{user} is protected (users.protected) and can be nobody's")).into());
    }
    let connection = connect::connection(&settings, Patience::NONE, &CancellationToken::new(), None);
    let reader = connect::reader(connection, &settings).await?;
    let directory = Source::open(&settings.directory)?.read().await?;
    let person = connect::person(who, &directory, &store, &settings).await?;
    let bindings = store.bindings().await?;
    if let Some(binding) = bindings.get(&person.id) {
        anyhow::bail!("person {} has the account {} already", person.id, binding.user);
    }
    let account = reader.account(&user).await?;
    let account = account.ok_or_else(|| UsageError(format!("there is no account {user} on Synapse")))?;
    let external_id = equipemed_domain::desired::external_id(&settings.policy, person);
    let pushed = external_id.filter(|id| account.external_ids.contains(id)).map(|id| digest_of(&id));
    store
        .bind(&Binding {
            person: person.id,
            user: user.clone(),
            pushed_external_id: pushed,
            server_admin_given: false,
            gone_since: None,
            missing_reads: 0,
        })
        .await?;
    output::text(&format!("{user} is person {}'s account now; the next sync brings it in line", person.id));
    Ok(Exit::Done)
}
