//! `rooms replace`: replaces a room that cannot be kept with a new one.

use anyhow::Context;
use equipemed_domain::deed::Deed;
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::Mode;
use ruma_common::OwnedRoomId;
use serde_json::json;

use super::connect::Local;
use super::given::Given;
use super::output::UsageError;
use super::{Exit, Format, connect, output, rooms};
use crate::engine::replace::{Condition, Replaceable};
use crate::operations::{by_operator, see_through};

/// Replaces the room, or tells what that would do.
pub(super) async fn replace(given: &Given, room: &str, dry_run: bool, format: Format) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    if local.settings.mode == Mode::Observe && !dry_run {
        let why = "mode: observe changes nothing; add --dry-run to see what would be done";
        return Err(UsageError(why.to_owned()).into());
    }
    let key = connect::room(room, &local.scene(false).await?)?;
    let engine = local.engine(local.reader().await?)?;
    let found = engine.replaceable(&key).await.with_context(|| format!("{key} cannot be replaced"))?;
    if dry_run {
        tell(&key, &found, None, format)?;
        return Ok(Exit::Done);
    }
    let deed = Deed::ReplaceRoom { room_id: found.room_id.clone(), room: key.clone() };
    for id in by_operator(&engine, vec![deed]).await? {
        if let Some(why) = see_through(&engine, id, &connect::holder("replace")).await? {
            anyhow::bail!("{key} was not replaced: {}", rooms::not_done(&why));
        }
    }
    tell(&key, &found, local.store.rooms().await?.remove(&key), format)?;
    Ok(Exit::Done)
}

fn tell(key: &RoomKey, found: &Replaceable, new: Option<OwnedRoomId>, format: Format) -> anyhow::Result<()> {
    let Replaceable { room_id, condition, closes } = found;
    let condition = told(condition);
    if format == Format::Json {
        return output::json(&json!({
            "key": key,
            "room_id": new,
            "instead_of": room_id,
            "condition": condition,
            "closes": closes,
        }));
    }
    let is_dry = new.is_none();
    output::text(&match new {
        None => format!("a new room would take the place of {room_id} as {key}; {condition}"),
        Some(new) => {
            format!("{new} is the room {key} now; a running service brings it in line at once, otherwise the next sync")
        }
    });
    let verb = if is_dry { "would be" } else { "is" };
    output::text(&match closes {
        true => format!("{room_id} {verb} closed, and names the new one; what was said stays there"),
        false => format!("{room_id} cannot be closed by the bot, and stays as it is"),
    });
    Ok(())
}

/// What is wrong with a room.
pub(super) fn told(condition: &Condition) -> String {
    match condition {
        Condition::Sound => "nothing is wrong with it".to_owned(),
        Condition::Encrypted => "it is encrypted".to_owned(),
        Condition::Replaced { by: None } => "it was replaced by hand".to_owned(),
        Condition::Replaced { by: Some(by) } => format!("it was replaced by hand, by {by}"),
        Condition::BotOut => "the bot is not in it".to_owned(),
        Condition::Unreadable { why } => format!("it cannot be read: {}", output::fault_text(&why.clone().into())),
    }
}
