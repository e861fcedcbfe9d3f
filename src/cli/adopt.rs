//! `rooms adopt`: takes a room over that is there already.

use std::path::Path;

use anyhow::Context;
use equipemed_domain::deed::Deed;
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::Outcome;
use ruma_common::{OwnedRoomId, RoomAliasId, RoomId, ServerName};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::output::UsageError;
use super::{Exit, Format, connect, output, rooms, sync};
use crate::clock::Clock;
use crate::config::settings::Mode;
use crate::engine::adopt::{Adoptable, Adoption};
use crate::homeserver::{Patience, Reader};
use crate::store::{NewDeed, OPERATOR};

/// What was typed.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) room: String,
    pub(super) key: String,
    pub(super) instead: bool,
    pub(super) dry_run: bool,
    pub(super) format: Format,
}

/// Takes the room over, or tells what that would change.
pub(super) async fn adopt(config: &Path, typed: Wish) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let (store, clock, stop) = (connect::store(&settings).await?, Clock::system(), CancellationToken::new());
    let connection = connect::connection(&settings, Patience::NONE, &stop, None);
    let reader = connect::reader(connection, &settings).await?;
    let room_id = room_of(&typed.room, &reader, &settings.policy.server_name).await?;
    let wish = Adoption { key: RoomKey::new(typed.key.clone()), room_id, instead: typed.instead };
    let engine = connect::engine(&settings, reader, store.clone(), clock.clone(), stop)?;
    let found = engine.adoptable(&wish).await.with_context(|| format!("{} cannot be adopted", wish.room_id))?;
    if found.is_done {
        tell(&typed, &wish, &found, false)?;
        return Ok(Exit::Done);
    }
    if typed.dry_run {
        tell(&typed, &wish, &found, false)?;
        if !found.is_in {
            output::note("the bot is not in it yet, so what would change there cannot be seen");
            return Ok(Exit::Done);
        }
        let report = engine.dry_adopt(&wish.key, &wish.room_id).await?;
        sync::print_plan(&report, typed.format)?;
        return Ok(Exit::Done);
    }
    let is_enforced = settings.mode == Mode::Enforce;
    if !is_enforced {
        // Noted, and nothing is changed on Synapse. That the room itself says it waits for mode enforce: without `instead`,
        // for by then another room may have been put in its place.
        engine.adopt(&wish, None).await.with_context(|| format!("{} was not adopted", wish.room_id))?;
    }
    let instead = wish.instead && is_enforced;
    let deed = Deed::AdoptRoom { room_id: wish.room_id.clone(), room: wish.key.clone(), instead };
    let new = NewDeed { deed, asker: OPERATOR.to_owned(), reason: None, due_at: clock.now(), source: None };
    let id = store.add_deed(&new, clock.now()).await?;
    if is_enforced
        && let Outcome::Failed(why) | Outcome::Skipped(why) =
            rooms::ended(&engine, &store, id, &connect::holder("adopt")).await?
    {
        anyhow::bail!("{} was not adopted: {why}", wish.room_id);
    }
    tell(&typed, &wish, &found, true)?;
    Ok(Exit::Done)
}

fn tell(typed: &Wish, wish: &Adoption, found: &Adoptable, is_taken: bool) -> anyhow::Result<()> {
    let Adoption { key, room_id, .. } = wish;
    if typed.format == Format::Json {
        // A dry run prints its plan, and standard output holds one value.
        if !typed.dry_run || found.is_done || !found.is_in {
            output::json(&json!({
                "key": key,
                "room_id": room_id,
                "adopted": is_taken || found.is_done,
                "instead_of": found.before,
            }))?;
        }
        return Ok(());
    }
    output::text(&match (found.is_done, is_taken) {
        (true, _) => format!("{room_id} is the room {key} already"),
        (false, true) => {
            format!(
                "{room_id} is the room {key} now; a running service brings it in line at once, otherwise the next sync"
            )
        }
        (false, false) => format!("{room_id} would become the room {key}"),
    });
    if let Some(before) = &found.before {
        let verb = if is_taken { "is managed no longer" } else { "would be managed no longer" };
        output::text(&format!("{before} had that key; it {verb}, and stays as it is"));
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
