//! The interactive demo: runs the service, tells people where to look, and shows every write.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::arguments::ADMINISTRATOR;
use crate::place::Place;
use crate::say;
use crate::state::State;
use crate::views;

/// People with the most different views, and what each shows.
const PEOPLE: [(&str, &str); 6] = [
    (ADMINISTRATOR, "EquipeMed superuser: all rights, in the control room"),
    ("marcia.silva", "administrator of the ICU's room, in the control room for it"),
    ("carlos.lima", "moderator of the ICU's room: may !redact there"),
    ("fernanda.dias", "nurse of the ICU, a moderator once promoted"),
    ("gustavo.melo", "nurse of the ward: does not see the ICU's room"),
    ("olivia.moura", "student: invited to Internato"),
];

/// Commands for the control room in both languages, which do the same.
const COMMANDS: [(&str, &str); 6] = [
    ("!ajuda", "!help"),
    ("!sincronizar --simular", "!sync --dry-run"),
    ("!explicar carlos.lima icu", "!why carlos.lima icu"),
    ("!promover fernanda.dias moderador em icu por 2h", "!promote fernanda.dias moderator in icu for 2h"),
    ("!rebaixar fernanda.dias em icu", "!demote fernanda.dias in icu"),
    ("!auditoria icu", "!audit icu"),
];

/// For another terminal. Single quotes, because many shells expand an exclamation mark in double quotes.
const SAID: [&str; 5] = [
    "'!sync --dry-run'",
    "'!promote fernanda.dias moderator in icu'",
    "'mensagem errada' --as beatriz.rocha --in icu",
    "'!redact because wrong room' --as fernanda.dias --in icu --reply last",
    "'!demote fernanda.dias in icu'",
];

/// Interval of showing new writes.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs `serve` until `stopped` ends, then stops everything in order.
pub(crate) async fn until_stopped(
    place: Place,
    folder: &Path,
    stopped: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut serving = place.service.serve().await?;
    place.proxy.take_recorded();
    let mark = state(&place).await?.leave(folder)?;
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
    drop(mark);
    say::line("\nStopping …");
    serving.stop().await?;
    place.close().await
}

async fn state(place: &Place) -> anyhow::Result<State> {
    let bot = place.bot()?;
    let control = views::by_key(&bot).await?.remove("control");
    let with_account = place.people.iter().filter(|person| person.has_account);
    Ok(State {
        url: place.synapse.url(),
        password: place.password.clone(),
        people: with_account.map(|person| person.localpart.clone()).collect(),
        bot: bot.user_id().to_owned(),
        control_room: control.context("the bot is in no control room")?,
    })
}

fn tell(place: &Place) {
    let service = &place.service;
    let folder = service.config().parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    say::title("equipemed-bot serve is running. On the command line");
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
    say::line(&format!("  # look at what else is there: config.yaml, serve.log, the database\n  ls {folder}"));
    tell_control_room(place);
    say::title("Every write to Synapse is shown below. Ctrl-C ends everything.");
}

fn tell_control_room(place: &Place) {
    say::title(
        "The control room: sign in with any Matrix client on this machine, such as Element, and talk to the bot",
    );
    say::line(&format!("  homeserver   {} (server name {})", place.synapse.url(), place.synapse.server_name()));
    say::line(&format!("  password     {} for everybody, on this throw-away Synapse", place.password));
    for (number, (localpart, what)) in PEOPLE.into_iter().enumerate() {
        say::line(&format!("  {:<12} {localpart:<14} {what}", if number == 0 { "sign in as" } else { "" }));
    }
    say::line(&format!("  room         EquipeMed: controle, #equipemed_control:{}", place.synapse.server_name()));
    say::line("  say there    (the two columns mean the same)");
    for (portuguese, english) in COMMANDS {
        say::line(&format!("    {portuguese:<49} {english}"));
    }
    say::line("  or from another terminal, without a client");
    for said in SAID {
        say::line(&format!("    cargo xtask demo say {said}"));
    }
}
