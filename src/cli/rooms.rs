//! `rooms list`, `rooms stats` and `rooms cleanup`: all rooms of the server, managed or not.

use std::collections::BTreeMap;

use equipemed_domain::mode::Mode;
use serde_json::json;

use super::connect::Local;
use super::given::Given;
use super::output::UsageError;
use super::{Exit, Format, connect, output};
use crate::engine::Engine;
use crate::operations::{
    Abandoned, Inventory, ListedRoom, NotDone, abandoned, by_operator, deletions, list_rooms, see_through,
};

/// Prints the list.
pub(super) async fn list(given: &Given, format: Format) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let rooms = list_rooms(&local.reader().await?, &local.scene(false).await?).await?;
    let cells = |ListedRoom { room, key, is_managed, is_gone }: &ListedRoom| {
        let key = match key {
            Some(key) if !is_managed => format!("{key}, no longer managed"),
            key => output::or_dash(key.as_ref()),
        };
        vec![
            key,
            output::or_dash(room.name.as_ref()),
            output::or_dash(room.alias.as_ref()),
            room.members.to_string(),
            room.version.clone().unwrap_or_default(),
            match (is_gone, &room.encryption) {
                (true, _) => "deleted",
                (false, Some(_)) => "encrypted",
                (false, None) => "",
            }
            .to_owned(),
            room.room_id.to_string(),
        ]
    };
    let object = |one: &ListedRoom| {
        json!({
            "room_id": one.room.room_id,
            "key": one.managed(),
            "name": one.room.name,
            "alias": one.room.alias,
            "members": one.room.members,
            "version": one.room.version,
            "encrypted": one.room.encryption.is_some(),
            "deleted": one.is_gone,
        })
    };
    output::list(format, &rooms, &["KEY", "NAME", "ALIAS", "MEMBERS", "VERSION", "", "ROOM ID"], cells, object)?;
    Ok(Exit::Done)
}

/// Prints counts and the number of members of each managed room.
pub(super) async fn stats(given: &Given, format: Format) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let counts = Inventory::read(&local.reader().await?, &local.scene(false).await?).await?;
    match format {
        Format::Text => {
            output::text(&format!(
                "rooms: {}, {} of them managed, {}\naccounts: {}, {} of them usable\npeople in EquipeMed: {}, {} of them active\n",
                counts.rooms,
                counts.managed.len(),
                output::counted(counts.spaces, "space"),
                counts.accounts,
                counts.usable,
                counts.people,
                counts.active,
            ));
            let rows: Vec<_> =
                counts.managed.iter().map(|(key, members)| vec![key.to_string(), members.to_string()]).collect();
            output::text(&output::table(&["ROOM", "MEMBERS"], &rows));
        }
        Format::Json => output::json(&json!({
            "rooms": counts.rooms,
            "managed_rooms": counts.managed.len(),
            "spaces": counts.spaces,
            "accounts": counts.accounts,
            "usable_accounts": counts.usable,
            "people": counts.people,
            "active_people": counts.active,
            "members": counts.managed,
        }))?,
    }
    Ok(Exit::Done)
}

/// Deletes rooms that are unmanaged and have no members; with `dry_run` only lists them.
pub(super) async fn cleanup(
    given: &Given,
    dry_run: bool,
    with_invitations: bool,
    format: Format,
) -> anyhow::Result<Exit> {
    let settings = connect::settings(&given.config)?;
    if settings.mode == Mode::Observe && !dry_run {
        let why = "mode: observe changes nothing; add --dry-run to list what would be deleted";
        return Err(UsageError(why.to_owned()).into());
    }
    let local = Local::of(given, settings).await?;
    let reader = local.reader().await?;
    // Uses the complete list, before anything else: a room bound meanwhile has the bot in it.
    let all = abandoned(&reader, &local.store.rooms().await?).await?;
    let (empty, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| with_invitations || one.invited.is_empty());
    let failures = if dry_run {
        BTreeMap::new()
    } else {
        if format == Format::Text {
            print_abandoned(&empty, &left, false);
        }
        delete(&local.engine(reader)?, &empty).await?
    };
    match format {
        Format::Text if dry_run => print_abandoned(&empty, &left, true),
        Format::Text => {
            for (room, why) in &failures {
                output::text(&format!("failed: {room}: {why}"));
            }
            output::text(&format!("{} deleted, {} failed", empty.len() - failures.len(), failures.len()));
        }
        Format::Json => {
            let row = |Abandoned { room, invited }: &Abandoned, is_meant: bool| {
                json!({
                    "room_id": room.room_id,
                    "name": room.name,
                    "alias": room.alias,
                    "invited": invited,
                    "deleted": is_meant && !dry_run && !failures.contains_key(room.room_id.as_str()),
                    "error": failures.get(room.room_id.as_str()),
                })
            };
            let rows = empty.iter().map(|one| row(one, true)).chain(left.iter().map(|one| row(one, false)));
            output::json(&rows.collect::<Vec<_>>())?;
        }
    }
    Ok(if failures.is_empty() { Exit::Done } else { Exit::Failed })
}

fn print_abandoned(rooms: &[Abandoned], left: &[Abandoned], dry_run: bool) {
    let verb = if dry_run { "would be deleted" } else { "to be deleted" };
    let print = |Abandoned { room, invited }: &Abandoned| {
        let name = room.name.as_deref().or(room.alias.as_deref()).unwrap_or("–");
        let invited: Vec<&str> = invited.iter().map(|user| user.as_str()).collect();
        let invited = if invited.is_empty() { String::new() } else { format!("  invited: {}", invited.join(", ")) };
        output::text(&format!("  {}  {name}{invited}", room.room_id));
    };
    output::text(&format!(
        "{} that nobody is in and that are not managed {verb}",
        output::counted(rooms.len(), "room")
    ));
    rooms.iter().for_each(print);
    if !left.is_empty() {
        output::text(&format!(
            "{} left alone, because somebody is invited there:",
            output::counted(left.len(), "room")
        ));
        left.iter().for_each(print);
        output::text("to delete these as well: equipemed-bot rooms cleanup --with-invitations");
    }
}

/// Stores the deletions as deeds and waits for them. Returns failures by room.
async fn delete(engine: &Engine, rooms: &[Abandoned]) -> anyhow::Result<BTreeMap<String, String>> {
    let ids = by_operator(engine, deletions(rooms)).await?;
    let holder = connect::holder("cleanup");
    let mut failures = BTreeMap::new();
    for (id, Abandoned { room, .. }) in ids.into_iter().zip(rooms) {
        if let Some(why) = see_through(engine, id, &holder).await? {
            failures.insert(room.room_id.to_string(), not_done(&why));
        }
    }
    Ok(failures)
}

/// Why a deed was not done, and whether it will be retried.
pub(super) fn not_done(NotDone { why, is_over }: &NotDone) -> String {
    let why = output::fault_text(why);
    if *is_over { why } else { format!("{why}; the service tries it again") }
}
