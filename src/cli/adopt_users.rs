//! `users adopt`: whose an account is, by the operator's word.
//!
//! Alone it is about one account. With `--by-username` it is about everybody whose public id became another one while the
//! username stayed: a rehearsal on a roster that is replaced by EquipeMed's database.

use std::collections::BTreeMap;
use std::path::Path;

use equipemed_domain::action::Action;
use equipemed_domain::binding::{Binding, Bindings, Pushed};
use equipemed_domain::desired::{digest_of, external_id};
use equipemed_domain::directory::{Directory, Person, PersonId};
use equipemed_domain::fault::Fault;
use equipemed_domain::handover::{Handover, Refused, handovers};
use equipemed_domain::outcome::Outcome;
use equipemed_domain::wake::Wake;
use jiff::Timestamp;
use ruma_common::{OwnedUserId, UserId};
use serde_json::json;

use super::connect::Local;
use super::output::UsageError;
use super::{Exit, Format, output};
use crate::homeserver::Reader;
use crate::store::{AuditCause, Intent, OPERATOR};

/// The operator's word about accounts.
struct Adopting {
    local: Local,
    reader: Reader,
    now: Timestamp,
}

impl Adopting {
    async fn new(config: &Path) -> anyhow::Result<Self> {
        let local = Local::open(config).await?;
        Ok(Self { reader: local.reader().await?, now: local.clock.now(), local })
    }

    /// Does it with its intent in the audit before, and its outcome after.
    async fn audited(
        &self,
        person: PersonId,
        user: &OwnedUserId,
        done: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let action = Action::AdoptAccount { person, user: user.clone() };
        let intent = Intent::of_action(None, OPERATOR, AuditCause::Policy, &action)?;
        let ids = self.local.store.intend(&[intent], self.now).await?;
        let result = done.await;
        let outcome = match &result {
            Ok(()) => Outcome::Done(None),
            Err(error) => Outcome::Failed(output::fault(error)),
        };
        let outcomes: Vec<_> = ids.into_iter().map(|id| (id, outcome.clone())).collect();
        self.local.store.conclude(&outcomes, self.local.clock.now()).await?;
        result
    }

    /// Makes what is known of `to` that of `from`, who was taken for somebody else.
    async fn hand_over(&self, from: PersonId, to: PersonId, user: &OwnedUserId) -> anyhow::Result<()> {
        self.audited(to, user, async {
            let is_merged = self.local.store.merge_people(from, to).await?;
            if is_merged { Ok(()) } else { Err(Fault::GotAccount.into()) }
        })
        .await
    }
}

/// Binds an existing account to a person; the next pass adds the external id.
pub(super) async fn one(config: &Path, who: &str, mxid: &str) -> anyhow::Result<Exit> {
    let parts = Adopting::new(config).await?;
    let user =
        UserId::parse(mxid).map_err(|_| UsageError(format!("{mxid:?} is no MXID such as @ana:hospital.example")))?;
    if parts.local.settings.policy.users.protected.contains(&user) {
        return Err(UsageError(format!("{user} is protected (users.protected) and can be nobody's")).into());
    }
    let directory = parts.local.people(true).await?;
    let person = parts.local.person(who, &directory).await?;
    let bindings = parts.local.store.bindings().await?;
    if let Some(binding) = bindings.get(&person.id) {
        anyhow::bail!("{} has the account {} already", person.username, binding.user);
    }
    let account = parts.reader.account(&user).await?;
    let account = account.ok_or_else(|| UsageError(format!("there is no account {user} on Synapse")))?;
    match bindings.owner(&user) {
        Some(owner) => {
            if let Some(Person { username: owner, .. }) = directory.get(owner) {
                anyhow::bail!(
                    "{user} is {owner}'s account, who is in EquipeMed; it cannot be {}'s, too",
                    person.username
                );
            }
            parts.hand_over(person.id, owner, &user).await?;
        }
        None => bind(&parts, person, &user, &account.external_ids).await?,
    }
    parts.local.store.wake(&Wake::Everything, "adopt", parts.now, parts.now).await?;
    output::text(&format!("{user} is {}'s account now; the next sync brings it in line", person.username));
    Ok(Exit::Done)
}

async fn bind(
    parts: &Adopting,
    person: &Person,
    user: &OwnedUserId,
    has: &[equipemed_domain::action::ExternalId],
) -> anyhow::Result<()> {
    let own = external_id(&parts.local.settings.policy, person).filter(|id| has.contains(id));
    let pushed = Pushed { external_id: own.map(|id| digest_of(&id)), ..Pushed::default() };
    let binding = Binding { pushed, ..Binding::new(person.id, user.clone()) };
    parts.audited(person.id, user, async { Ok(parts.local.store.bind(&binding).await?) }).await
}

/// Gives accounts of missing people to whoever has their username now.
pub(super) async fn by_username(config: &Path, yes: bool, format: Format) -> anyhow::Result<Exit> {
    let parts = Adopting::new(config).await?;
    let (policy, store) = (&parts.local.settings.policy, &parts.local.store);
    let directory = parts.local.people(yes).await?;
    let (bindings, known) = (store.bindings().await?, store.people().await?);
    let accounts = parts.reader.accounts().await?;
    let found = handovers(&directory, &bindings, &known, policy, &accounts);
    let mut failed = BTreeMap::new();
    if yes {
        for handover in &found.go {
            if let Err(error) = parts.hand_over(handover.from, handover.to, &handover.user).await {
                failed.insert(handover.user.clone(), output::worded(&error));
            }
        }
        parts.local.store.wake(&Wake::Everything, "adopt", parts.now, parts.now).await?;
    }
    tell(&found.go, &found.refused, &failed, yes, &directory, &bindings, format)?;
    Ok(if failed.is_empty() { Exit::Done } else { Exit::Failed })
}

fn tell(
    go: &[Handover],
    refused: &[(OwnedUserId, Refused)],
    failed: &BTreeMap<OwnedUserId, String>,
    is_done: bool,
    directory: &Directory,
    bindings: &Bindings,
    format: Format,
) -> anyhow::Result<()> {
    let before = |handover: &Handover| {
        bindings.get(&handover.to).map_or_else(String::new, |binding| directory.number_of(binding.person).to_string())
    };
    if format == Format::Json {
        let object = |one: &Handover| {
            json!({
                "username": one.username,
                "user_id": one.user,
                "before": before(one),
                "id": directory.number_of(one.from),
                "adopted": is_done && !failed.contains_key(&one.user),
            })
        };
        let refused: Vec<_> = refused.iter().map(|(user, why)| json!({ "user_id": user, "why": why })).collect();
        let rows: Vec<_> = go.iter().map(object).collect();
        return output::json(&json!({ "accounts": rows, "refused": refused, "failed": failed }));
    }
    let row = |one: &Handover| {
        vec![one.username.clone(), one.user.to_string(), before(one), directory.number_of(one.from).to_string()]
    };
    if !go.is_empty() {
        let rows: Vec<_> = go.iter().map(row).collect();
        output::text(&output::table(&["USERNAME", "ACCOUNT", "ID BEFORE", "ID NOW"], &rows));
    }
    for (user, why) in refused {
        output::text(&format!("left alone: {user}: {why}"));
    }
    for (user, why) in failed {
        output::text(&format!("failed: {user}: {why}"));
    }
    output::note(&match (is_done, go.len() - failed.len()) {
        (_, 0) => "no account has anybody to go to".to_owned(),
        (true, count) => format!(
            "{count} accounts are those of the people who have the username now; the next sync brings them in line"
        ),
        (false, count) => format!(
            "{count} accounts would go to the people who have the username now; nothing was changed. Do it with --yes"
        ),
    });
    Ok(())
}
