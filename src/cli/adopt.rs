//! `rooms adopt`: adopts an existing room.

use std::collections::BTreeSet;

use anyhow::Context;
use equipemed_domain::fault::{Fault, NotAdopted};
use equipemed_domain::key::RoomKey;
use equipemed_domain::levels::CREATOR;
use equipemed_domain::mode::Mode;
use equipemed_domain::render::Length;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, ServerName, UserId};
use serde_json::json;

use super::connect::Local;
use super::given::Given;
use super::output::UsageError;
use super::{Exit, Format, connect, output, rooms, sync};
use crate::engine::Engine;
use crate::engine::adopt::{Adoptable, Adoption, Entry};
use crate::homeserver::Reader;
use crate::operations::{by_operator, deed_of, preview_adoption, see_through};

/// The command's arguments.
#[derive(Debug)]
pub(super) struct AdoptWish {
    pub(super) room: String,
    pub(super) key: String,
    pub(super) instead: bool,
    pub(super) accept_creators: Vec<String>,
    pub(super) dry_run: bool,
    pub(super) format: Format,
}

/// Adopts the room, or tells what that would change.
pub(super) async fn adopt(given: &Given, typed: AdoptWish) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let reader = local.reader().await?;
    let room_id = room_of(&typed.room, &reader, &local.settings.policy.server_name).await?;
    let key = RoomKey::new(typed.key.clone());
    let mut wish = Adoption { key, room_id, instead: typed.instead, accept: BTreeSet::new() };
    let engine = local.engine(reader)?;
    wish.accept = accepted(&typed.accept_creators, &wish, &engine, &local).await?;
    let found = engine.adoptable(&wish).await.with_context(|| format!("{} cannot be adopted", wish.room_id))?;
    let Some(room) = &found.room else {
        tell(&typed, &wish, &found, Told::Already)?;
        return Ok(Exit::Done);
    };
    if typed.dry_run {
        tell(&typed, &wish, &found, Told::Would)?;
        let report = preview_adoption(&engine, &wish, room).await?;
        sync::print_plan(&report, typed.format, &output::English::naming(&report.people), Length::Full)?;
        return Ok(Exit::Done);
    }
    let is_enforced = local.settings.mode == Mode::Enforce;
    if !is_enforced {
        // Noted only; nothing is changed on Synapse. The deed, which writes the key into the room, waits for mode
        // enforce. It goes without `instead`, because the key may have got another room by then.
        engine.adopt(&wish).await.with_context(|| format!("{} was not adopted", wish.room_id))?;
    }
    let deed = deed_of(&Adoption { instead: wish.instead && is_enforced, ..wish.clone() });
    for id in by_operator(&engine, vec![deed]).await? {
        if is_enforced && let Some(why) = see_through(&engine, id, &connect::holder("adopt")).await? {
            anyhow::bail!("{} was not adopted: {}", wish.room_id, rooms::not_done(&why));
        }
    }
    tell(&typed, &wish, &found, if is_enforced { Told::Done } else { Told::Noted })?;
    Ok(Exit::Done)
}

/// The accounts named as accepted: by Matrix id, localpart or EquipeMed username. An account not known to outrank the
/// bot may turn out to do so once the bot is in the room.
async fn accepted(
    names: &[String],
    wish: &Adoption,
    engine: &Engine,
    local: &Local,
) -> anyhow::Result<BTreeSet<OwnedUserId>> {
    if names.is_empty() {
        return Ok(BTreeSet::new());
    }
    let beyond: BTreeSet<OwnedUserId> = match engine.adoptable(wish).await {
        Err(Fault::Adoption(NotAdopted::BeyondReach { people })) => people.into_keys().collect(),
        _ => BTreeSet::new(),
    };
    let server = &local.settings.policy.server_name;
    let mut accepted = BTreeSet::new();
    for name in names {
        let whole =
            if name.contains(':') { name.clone() } else { format!("@{}:{server}", name.trim_start_matches('@')) };
        let account = UserId::parse(&whole).ok();
        if let Some(account) = account.clone().filter(|account| beyond.contains(account)) {
            accepted.insert(account);
            continue;
        }
        // Only now read EquipeMed, which may be away.
        let directory = engine.people().await?;
        let bound = match local.person(name, &directory).await {
            Ok(person) => local.store.bindings().await?.get(&person.id).map(|binding| binding.user.clone()),
            // An account of nobody in EquipeMed may be named as well.
            Err(error) if account.is_none() => return Err(error.context("--accept-creators")),
            Err(_) => None,
        };
        let wrong = || UsageError(format!("--accept-creators {name:?} has no account yet"));
        accepted.insert(bound.or(account).ok_or_else(wrong)?);
    }
    Ok(accepted)
}

/// The outcome to print.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Already,
    Would,
    Noted,
    Done,
}

fn tell(typed: &AdoptWish, wish: &Adoption, found: &Adoptable, told: Told) -> anyhow::Result<()> {
    let Adoption { key, room_id, .. } = wish;
    if typed.format == Format::Json {
        // A dry run prints its plan, and standard output takes only one JSON value.
        if told != Told::Would {
            output::json(&json!({
                "key": key,
                "room_id": room_id,
                "adopted": true,
                "instead_of": found.before,
                "no_longer_of_that_key": found.others,
                "beyond_reach": found.beyond_reach.keys().collect::<Vec<_>>(),
            }))?;
        }
        return Ok(());
    }
    output::text(&match told {
        Told::Already => format!("{room_id} is the room {key} already"),
        Told::Would => format!("{room_id} would become the room {key}"),
        Told::Noted => format!(
            "{room_id} is noted as the room {key}; mode observe changes nothing there. In mode enforce the service brings it in line"
        ),
        Told::Done => {
            format!(
                "{room_id} is the room {key} now; a running service brings it in line at once, otherwise the next sync"
            )
        }
    });
    if told == Told::Would {
        match found.entry {
            Entry::In => {}
            Entry::Invited => {
                output::text("the bot is invited there, and takes the invitation when the room is adopted")
            }
            Entry::Open => output::text("everybody may join there: the bot does when the room is adopted"),
        }
    }
    let is_taken = told != Told::Would;
    for before in found.before.iter().chain(&found.others) {
        let verb = if is_taken { "is managed no longer" } else { "would be managed no longer" };
        output::text(&format!(
            "{before} had that key; it {verb}. The alias goes to the other one; its name and members stay: rename or close it in a client"
        ));
    }
    for (user, level) in &found.beyond_reach {
        let stands = if *level == CREATOR { "made it".to_owned() } else { format!("stands at {level} there") };
        let verb = if is_taken { "can" } else { "could" };
        output::text(&format!("{user} {stands}: the bot {verb} neither lower nor remove them in it"));
    }
    Ok(())
}

async fn room_of(typed: &str, reader: &Reader, server: &ServerName) -> anyhow::Result<OwnedRoomId> {
    if typed.starts_with('#') {
        let alias = RoomAliasId::parse(typed)
            .map_err(|_| UsageError(format!("{typed:?} is no alias such as #icu:{server}")))?;
        if alias.server_name() != server {
            return Err(UsageError(format!("{alias} is an alias of another server than {server}")).into());
        }
        let found = reader.resolve_alias(&alias).await?;
        return found.ok_or_else(|| UsageError(format!("no room has the alias {alias}")).into());
    }
    let why = format!("{typed:?} is no room; give its id, as `rooms list` shows it in quotes, or its alias");
    RoomId::parse(typed).map_err(|_| UsageError(why).into())
}
