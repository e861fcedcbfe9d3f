//! `users sign-out`: ends all sessions of an account.

use equipemed_domain::deed::Deed;
use equipemed_domain::mode::Mode;
use ruma_common::UserId;

use super::connect::{Local, must_not_be_protected};
use super::given::Given;
use super::output::UsageError;
use super::{Exit, connect, output, rooms};
use crate::operations::{by_operator, see_through};

/// Signs somebody out of all devices, or tells how many there are.
pub(super) async fn run(given: &Given, who: &str, dry_run: bool) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    if local.settings.mode == Mode::Observe && !dry_run {
        let why = "mode: observe changes nothing; add --dry-run to see what would be done";
        return Err(UsageError(why.to_owned()).into());
    }
    let policy = &local.settings.policy;
    // A protected account need not be anybody's in EquipeMed.
    if let Ok(user) = UserId::parse(who) {
        must_not_be_protected(&user, policy)?;
    }
    let (_, user) = connect::account(who, &local.scene(false).await?, &local).await?;
    must_not_be_protected(&user, policy)?;
    let reader = local.reader().await?;
    let count = reader.devices(&user).await?.ids.len();
    if dry_run || count == 0 {
        let done = if count == 0 { "is signed in on no device" } else { "would be signed out" };
        let devices = if count == 0 { String::new() } else { format!("; devices: {count}") };
        output::text(&format!("{user} {done}{devices}"));
        return Ok(Exit::Done);
    }
    let engine = local.engine(reader)?;
    for id in by_operator(&engine, vec![Deed::SignOut { user: user.clone() }]).await? {
        if let Some(why) = see_through(&engine, id, &connect::holder("sign-out")).await? {
            anyhow::bail!("{user} was not signed out: {}", rooms::not_done(&why));
        }
    }
    output::text(&format!(
        "{user} is signed out on every device; devices: {count}. Whoever may sign in can do so again"
    ));
    Ok(Exit::Done)
}
