//! The demo that stays up: the service runs, people are told where to look, and every write is shown as it happens.

use std::time::Duration;

use anyhow::bail;

use crate::place::Place;
use crate::say;

/// Those whose views differ most, with what they are good for.
const PEOPLE: [(&str, &str); 5] = [
    ("joao.pereira", "EquipeMed superuser: level 100, in the control room"),
    ("marcia.silva", "administrator of the ICU's room"),
    ("carlos.lima", "moderator of the ICU's room"),
    ("gustavo.melo", "nurse of the ward: does not see the ICU's room"),
    ("olivia.moura", "student: invited to Internato"),
];

/// How often new writes are shown.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs `serve` until `stopped` is, then ends everything in order.
pub(crate) async fn until_stopped(place: Place, stopped: impl Future<Output = ()>) -> anyhow::Result<()> {
    let mut serving = place.service.serve().await?;
    place.proxy.take_recorded();
    tell(&place);
    let mut stopped = std::pin::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        for request in place.proxy.take_recorded().iter().filter(|request| request.writes()) {
            say::line(&format!("  wrote: {} {} → {}", request.method, request.decoded_path(), request.status));
        }
        if let Some(status) = serving.ended() {
            bail!("serve ended by itself ({status}): {}", serving.output_tail());
        }
    }
    say::line("\nStopping …");
    serving.stop().await?;
    place.close().await
}

fn tell(place: &Place) {
    let service = &place.service;
    let folder = service.config().parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    say::title("equipemed-bot serve is running. Where to look");
    say::line(&format!("  homeserver     {} (give it to Element as the homeserver)", place.synapse.url()));
    say::line(&format!("  server name    {}", place.synapse.server_name()));
    say::line(&format!("  control room   #equipemed_control:{}", place.synapse.server_name()));
    say::line(&format!("  folder         {folder} (config.yaml, roster.yaml, serve.log, the database)"));
    say::line(&format!(
        "  password       {} for everybody, given by the throw-away Synapse's administrator",
        place.password
    ));
    for (localpart, what) in PEOPLE {
        say::line(&format!("    {localpart:<14} {what}"));
    }
    say::title("What to try");
    for (what, arguments) in [
        ("who has an account", "users list"),
        ("all rooms", "rooms list"),
        ("why somebody is where", "explain carlos.lima icu"),
        ("promote for two hours: one state event", "grants add fernanda.dias moderator --in icu --for 2h"),
        ("undo it", "grants end 1"),
        ("compare everything", "sync"),
        ("is all in place", "doctor"),
    ] {
        say::line(&format!("  # {what}\n  {}", service.command_line(arguments)));
    }
    say::line(&format!("  # edit {folder}/roster.yaml, such as `account_status: suspended` for somebody"));
    say::title("Every write to Synapse is shown below. Ctrl-C ends everything.");
}
