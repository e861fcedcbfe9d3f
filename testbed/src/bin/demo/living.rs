//! Checks that the running service follows the roster and grants with a minimum of writes.

use std::time::Duration;

use anyhow::Context as _;
use equipemed_testbed::proxy::Recorded;
use equipemed_testbed::{Client, eventually};
use serde_json::Value;

use crate::place::{Place, Traffic};
use crate::rooms::ICU;
use crate::say::{self, Checks};
use crate::views;

/// The service reads the roster every second; generous for a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// The ICU room as its administrator sees it, and the person concerned.
struct Watched<'a> {
    place: &'a Place,
    room: String,
    insider: Client,
}

pub(crate) async fn check(place: &Place, checks: &mut Checks) -> anyhow::Result<()> {
    say::title("equipemed-bot serve, following the roster and the grants");
    let insider = place.sign_in("marcia.silva").await?;
    let rooms = views::joined(&insider).await?;
    let room = rooms.into_iter().find(|(_, (name, _))| name == ICU).map(|(room, _)| room);
    let watched = Watched { place, room: room.context("marcia.silva is not in the ICU's room")?, insider };
    check_suspension(&watched, checks).await?;
    check_promotion(&watched, checks).await
}

async fn check_suspension(watched: &Watched<'_>, checks: &mut Checks) -> anyhow::Result<()> {
    let place = watched.place;
    let person = place.synapse.user_id("carlos.lima");
    let own = place.sign_in("carlos.lima").await?;
    place.roster.set_status("carlos.lima", "suspended")?;
    checks.came("carlos.lima is suspended in the roster: the account is locked", watched.locked(&person, true).await);
    let (status, _) = own.get("/_matrix/client/v3/account/whoami").await?;
    checks.same("his own client is shut out", &status, &401);
    checks.came("his level in the ICU's room is gone", watched.level(&person, 0).await);
    let membership = watched.insider.membership(&watched.room, &person).await?;
    checks.same("he is still a member", &membership.as_deref(), &Some("join"));
    place.roster.restore()?;
    checks.came("the roster is as before: unlocked", watched.locked(&person, false).await);
    checks.came("his level is back", watched.level(&person, 50).await);
    // By `users.sign_out`, or a lost phone would go on after the lock.
    let (status, answer) = own.get("/_matrix/client/v3/account/whoami").await?;
    let told = answer.get("errcode").and_then(Value::as_str).unwrap_or_default();
    checks.same("the session that he had is over", &(status, told), &(401, "M_UNKNOWN_TOKEN"));
    let (status, _) = place.sign_in("carlos.lima").await?.get("/_matrix/client/v3/account/whoami").await?;
    checks.same("he signs in again", &status, &200);
    Ok(())
}

async fn check_promotion(watched: &Watched<'_>, checks: &mut Checks) -> anyhow::Result<()> {
    let place = watched.place;
    let person = place.synapse.user_id("fernanda.dias");
    // The running service does this sync, which completes everything before it.
    place.service.run(&["sync"]).await?;
    place.proxy.take_recorded();
    let wish = ["grants", "add", "fernanda.dias", "moderator", "--in", "icu", "--because", "demo"];
    let added = place.service.show(&wish, &[]).await?;
    checks.same("the grant is stored", &added.code, &0);
    checks.came("fernanda.dias is a moderator of the ICU's room", watched.level(&person, 50).await);
    let (sender, level) = watched.last_levels(&person).await?;
    checks.same("by an event of the bot's own", &(sender, level), &(place.synapse.user_id("equipemed_bot"), 50));
    let sync = place.service.run(&["sync"]).await?;
    checks.same("a sync beside serve is handed over to it", &sync.code, &0);
    let recorded = place.proxy.take_recorded();
    let here: Vec<&Recorded> =
        recorded.iter().filter(|request| request.writes() && request.decoded_path().contains(&watched.room)).collect();
    let written: Vec<String> = here.iter().map(|request| request.decoded_path()).collect();
    let one = matches!(written.as_slice(), [path] if path.contains("m.room.power_levels"));
    checks.that("the promotion was one state event in that room", one, &format!("{written:#?}"));
    say::line(&format!("    in all: {}", Traffic::of(&recorded)));
    Ok(())
}

impl Watched<'_> {
    async fn locked(&self, user_id: &str, wanted: bool) -> anyhow::Result<()> {
        let what = if wanted { "a locked account" } else { "an unlocked account" };
        eventually(what, SOON, async || {
            let account = self.place.administrator.account(user_id).await?;
            Ok((account.get("locked").and_then(Value::as_bool) == Some(wanted)).then_some(()))
        })
        .await
    }

    async fn level(&self, user_id: &str, wanted: i64) -> anyhow::Result<()> {
        eventually(&format!("level {wanted}"), SOON, async || {
            let levels = self.insider.power_levels(&self.room).await?;
            Ok((views::level(&levels, user_id) == wanted).then_some(()))
        })
        .await
    }

    /// The sender of the latest power levels and a person's level in it.
    async fn last_levels(&self, user_id: &str) -> anyhow::Result<(String, i64)> {
        let state = self.insider.state(&self.room).await?;
        let event = state.iter().find(|event| event.get("type").is_some_and(|kind| kind == "m.room.power_levels"));
        let event = event.context("the room has no power levels")?;
        let sender = event.get("sender").and_then(Value::as_str).unwrap_or_default();
        let level = event.get("content").map_or(0, |levels| views::level(levels, user_id));
        Ok((sender.to_owned(), level))
    }
}
