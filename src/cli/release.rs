//! `users release`: releases an account whose person is no longer in EquipeMed.

use std::io::BufRead;

use equipemed_domain::binding::{Binding, Bindings};
use equipemed_domain::directory::Directory;
use equipemed_domain::identity::Identities;
use equipemed_domain::wake::Wake;
use ruma_common::UserId;

use super::connect::{Local, must_not_be_protected};
use super::given::Given;
use super::output::UsageError;
use super::{Exit, output};
use crate::operations::{NotReleased, may_release, release_account};

/// Releases an account after its name was typed.
pub(super) async fn run(given: &Given, who: &str, yes: bool, dry_run: bool) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let (reader, Local { settings, store, clock, .. }) = (local.reader().await?, &local);
    let directory = local.people(!dry_run).await?;
    let (bindings, known) = (store.bindings().await?, store.people().await?);
    let binding = find(who, &directory, &bindings, &known)?;
    let user = &binding.user;
    must_not_be_protected(user, &settings.policy)?;
    let account = reader.account(user).await?;
    let may = may_release((store, clock), &settings.policy, &directory, binding, account.as_ref()).await?;
    may.map_err(|why| not_released(user, why, settings.policy.limits.deactivate))?;
    let is_administrator = account.is_some_and(|account| account.observed.admin);
    let mark = if is_administrator { ". It is a Synapse administrator, and stays one" } else { "" };
    let since = binding.gone_since.map(|since| format!(", gone since {}", local.time(since))).unwrap_or_default();
    output::text(&format!("{user}{since}: would be nobody's, and stay as it is{mark}"));
    if dry_run {
        return Ok(Exit::Done);
    }
    if !yes {
        output::note(&format!("type {} to let it go", user.localpart()));
        let mut typed = String::new();
        std::io::stdin().lock().read_line(&mut typed)?;
        if typed.trim() != user.localpart() {
            let why = format!(
                "{:?} is not {:?}: nothing was changed; --yes asks for no name",
                typed.trim(),
                user.localpart()
            );
            return Err(UsageError(why).into());
        }
    }
    release_account((store, clock), binding.person, user).await?;
    store.wake(&Wake::Everything, "release", clock.now(), clock.now()).await?;
    output::text(&format!("{user} is nobody's account now. To undo: equipemed-bot users adopt WHO {user}"));
    Ok(Exit::Done)
}

/// The binding meant: by account, or by the last username of a missing person.
fn find<'b>(
    who: &str,
    directory: &Directory,
    bindings: &'b Bindings,
    known: &Identities,
) -> Result<&'b Binding, UsageError> {
    if let Ok(user) = UserId::parse(who) {
        let binding = bindings.owner(&user).and_then(|owner| bindings.get(&owner));
        return binding.ok_or_else(|| UsageError(format!("{user} is nobody's account")));
    }
    let is_it = |binding: &&Binding| {
        let username = known.get(binding.person).map(|identity| identity.username.to_lowercase());
        username == Some(who.to_lowercase()) && directory.get(binding.person).is_none()
    };
    let found: Vec<&Binding> = bindings.values().filter(is_it).collect();
    match found[..] {
        [one] => Ok(one),
        [] => Err(UsageError(format!(
            "nobody who is missing in EquipeMed was {who:?} last; name the account, as @name:server"
        ))),
        _ => Err(UsageError(format!(
            "several people who are missing were {who:?} last; name the account, as @name:server"
        ))),
    }
}

fn not_released(user: &UserId, why: NotReleased, limit: usize) -> UsageError {
    UsageError(match why {
        NotReleased::Present => format!(
            "{user} is the account of somebody who is in EquipeMed; whom users.who no longer selects keeps it and loses the rest"
        ),
        NotReleased::NotYet => format!(
            "EquipeMed was not yet read twice without the person of {user}, which may be a slip; run `equipemed-bot sync` first"
        ),
        NotReleased::Open => {
            format!("{user} is still open: its lock is due or held; `equipemed-bot sync --dry-run` shows it")
        }
        NotReleased::Shrank => format!(
            "EquipeMed has suspiciously few people, so {user} is not let go; `equipemed-bot sync --dry-run` shows what is held"
        ),
        NotReleased::Many => format!(
            "held back: {limit} accounts were let go within 24 hours, which is limits.deactivate; let {user} go later, or raise it"
        ),
    })
}
