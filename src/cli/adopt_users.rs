//! `users adopt`: binds accounts to people on the operator's word.
//!
//! The plain form binds one account. `--by-username` covers everybody whose public id changed while the username
//! stayed, as when a roster used for a rehearsal is replaced by EquipeMed's database.

use std::collections::BTreeMap;
use std::sync::Arc;

use equipemed_domain::binding::Bindings;
use equipemed_domain::directory::{Directory, Person, PersonId};
use equipemed_domain::handover::{Handover, Refused, handovers};
use equipemed_domain::wake::Wake;
use ruma_common::{OwnedUserId, UserId};
use serde_json::json;

use super::connect::{Local, must_not_be_protected};
use super::given::Given;
use super::output::UsageError;
use super::{Exit, Format, output};
use crate::operations::{bind_account, gains_too_many, hand_over_account};

/// The account and its owner, as typed.
pub(super) struct AdoptWish<'a> {
    pub(super) who: &'a str,
    pub(super) mxid: &'a str,
    /// Even if it is a Synapse administrator.
    pub(super) administrator: bool,
    pub(super) dry_run: bool,
}

/// Binds an existing account to a person; the next pass adds the external id.
pub(super) async fn one(given: &Given, wish: AdoptWish<'_>) -> anyhow::Result<Exit> {
    let AdoptWish { who, mxid, administrator, dry_run } = wish;
    let local = Local::open(given).await?;
    let (reader, Local { settings, store, clock, .. }) = (local.reader().await?, &local);
    let user = UserId::parse(mxid)
        .map_err(|_| UsageError(format!("{mxid:?} is no Matrix id such as @ana:hospital.example")))?;
    must_not_be_protected(&user, &settings.policy)?;
    let directory = local.people(!dry_run).await?;
    let person = local.person(who, &directory).await?;
    let bindings = store.bindings().await?;
    if let Some(binding) = bindings.get(&person.id) {
        anyhow::bail!("{} has the account {} already", person.username, binding.user);
    }
    let account = reader.account(&user).await?;
    let account = account.ok_or_else(|| UsageError(format!("there is no account {user} on Synapse")))?;
    let owner = bindings.owner(&user);
    if let Some(Person { username: owner, .. }) = owner.and_then(|owner| directory.get(owner)) {
        anyhow::bail!("{user} is {owner}'s account, who is in EquipeMed; it cannot be {}'s, too", person.username);
    }
    let is_administrator = account.observed.admin;
    let mark = if is_administrator { ", and is a Synapse administrator" } else { "" };
    if dry_run {
        output::text(&format!("{user} would be {}'s account{mark}; nothing was changed", person.username));
    }
    if is_administrator && !administrator {
        let why = format!(
            "{user} is a Synapse administrator: whoever signs in to it can undo everything here. If it is {}'s, add --administrator",
            person.username
        );
        return Err(UsageError(why).into());
    }
    if is_administrator {
        must_not_be_held(&local, &directory, owner.unwrap_or(person.id)).await?;
    }
    if dry_run {
        return Ok(Exit::Done);
    }
    match owner {
        Some(owner) => hand_over_account((store, clock), person.id, owner, &user, is_administrator).await?,
        None => bind_account((store, clock), &settings.policy, person, &user, &account).await?,
    }
    store.wake(&Wake::Everything, "adopt", clock.now(), clock.now()).await?;
    output::text(&format!("{user} is {}'s account now{mark}; the next sync brings it in line", person.username));
    Ok(Exit::Done)
}

/// Refuses what the brakes would hold: binding an administrator's account gives its power to the person.
async fn must_not_be_held(local: &Local, directory: &Arc<Directory>, person: PersonId) -> anyhow::Result<()> {
    let Local { settings, store, clock, .. } = local;
    let limit = settings.policy.limits.gain;
    if let Some(people) = gains_too_many((store, clock), &settings.policy, directory.clone(), person).await? {
        anyhow::bail!(
            "held back: {people} people would gain an administrator's power within 24 hours, and limits.gain is {limit}; do it later, or raise the limit"
        );
    }
    Ok(())
}

/// Gives accounts of missing people to the present owners of their usernames.
pub(super) async fn by_username(given: &Given, yes: bool, format: Format) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let (reader, Local { settings, store, clock, .. }) = (local.reader().await?, &local);
    let directory = local.people(yes).await?;
    let (bindings, known) = (store.bindings().await?, store.people().await?);
    let accounts = reader.accounts().await?;
    let found = handovers(&directory, &bindings, &known, &settings.policy, &accounts);
    let mut failed = BTreeMap::new();
    if yes {
        for handover in &found.go {
            let Handover { from, to, user, .. } = handover;
            if let Err(why) = hand_over_account((store, clock), *from, *to, user, false).await {
                failed.insert(user.clone(), output::fault_text(&why));
            }
        }
        store.wake(&Wake::Everything, "adopt", clock.now(), clock.now()).await?;
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
