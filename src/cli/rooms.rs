//! `rooms list`, `rooms stats` and `rooms cleanup`: all rooms of the server, managed or not.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use equipemed_domain::deed::Deed;
use equipemed_domain::fault::StoreError;
use equipemed_domain::mode::Mode;
use equipemed_domain::outcome::Outcome;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::output::UsageError;
use super::{Exit, Format, connect, output};
use crate::clock::Clock;
use crate::engine::Engine;
use crate::homeserver::{Patience, RoomListing};
use crate::operations::{Deadline, Inventory, ListedRoom, abandoned, await_deed, list_rooms};
use crate::store::{DeedId, NewDeed, OPERATOR, Store};

/// How often deletions that another process is at are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Prints the list.
pub(super) async fn list(config: &Path, format: Format) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let store = connect::store(&settings).await?;
    let connection = connect::connection(&settings, Patience::NONE, &CancellationToken::new(), None);
    let reader = connect::reader(connection, &settings).await?;
    let rooms = list_rooms(&reader, &connect::scene(&settings, &store, false).await?).await?;
    match format {
        Format::Text => {
            let rows: Vec<_> = rooms
                .iter()
                .map(|ListedRoom { room, key, is_managed }| {
                    let key = match key {
                        Some(key) if *is_managed => key.to_string(),
                        Some(key) => format!("{key}, no longer managed"),
                        None => "–".to_owned(),
                    };
                    vec![
                        key,
                        room.name.clone().unwrap_or_else(|| "–".to_owned()),
                        room.alias.clone().unwrap_or_else(|| "–".to_owned()),
                        room.members.to_string(),
                        room.version.clone().unwrap_or_default(),
                        if room.encryption.is_some() { "encrypted" } else { "" }.to_owned(),
                        room.room_id.to_string(),
                    ]
                })
                .collect();
            output::text(&output::table(&["KEY", "NAME", "ALIAS", "MEMBERS", "VERSION", "", "ROOM ID"], &rows));
        }
        Format::Json => {
            let rows: Vec<_> = rooms
                .iter()
                .map(|one| {
                    let room = &one.room;
                    json!({
                        "room_id": room.room_id,
                        "key": one.managed(),
                        "name": room.name,
                        "alias": room.alias,
                        "members": room.members,
                        "version": room.version,
                        "encrypted": room.encryption.is_some(),
                    })
                })
                .collect();
            output::json(&rows)?;
        }
    }
    Ok(Exit::Done)
}

/// Prints counts, and the members of each managed room.
pub(super) async fn stats(config: &Path, format: Format) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let store = connect::store(&settings).await?;
    let connection = connect::connection(&settings, Patience::NONE, &CancellationToken::new(), None);
    let reader = connect::reader(connection, &settings).await?;
    let scene = connect::scene(&settings, &store, false).await?;
    let counts = Inventory::read(&reader, &scene).await?;
    match format {
        Format::Text => {
            output::text(&format!(
                "rooms: {}, {} of them managed, {} spaces\naccounts: {}, {} of them usable\npeople in EquipeMed: {}, {} of them active\n",
                counts.rooms,
                counts.managed.len(),
                counts.spaces,
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

/// Deletes rooms that nobody is in and that are not managed; with `dry_run` only lists them.
pub(super) async fn cleanup(config: &Path, dry_run: bool, format: Format) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    if settings.mode == Mode::Observe && !dry_run {
        let why = "mode: observe changes nothing; add --dry-run to list what would be deleted";
        return Err(UsageError(why.to_owned()).into());
    }
    let (store, clock, stop) = (connect::store(&settings).await?, Clock::system(), CancellationToken::new());
    let connection = connect::connection(&settings, Patience::NONE, &stop, None);
    let reader = connect::reader(connection, &settings).await?;
    // From the whole list, before anything else: rooms that are bound meanwhile have the bot in them.
    let empty = abandoned(&reader, &store.rooms().await?).await?;
    let failures = if dry_run {
        BTreeMap::new()
    } else {
        if format == Format::Text {
            print_abandoned(&empty, false);
        }
        let engine = connect::engine(&settings, reader, store.clone(), clock.clone(), stop)?;
        delete(&engine, &store, &clock, &empty).await?
    };
    match format {
        Format::Text if dry_run => print_abandoned(&empty, true),
        Format::Text => {
            for (room, why) in &failures {
                output::text(&format!("failed: {room}: {why}"));
            }
            output::text(&format!("{} deleted, {} failed", empty.len() - failures.len(), failures.len()));
        }
        Format::Json => {
            let rows = empty.iter().map(|room| {
                json!({
                    "room_id": room.room_id,
                    "name": room.name,
                    "alias": room.alias,
                    "deleted": !dry_run && !failures.contains_key(room.room_id.as_str()),
                    "error": failures.get(room.room_id.as_str()),
                })
            });
            output::json(&rows.collect::<Vec<_>>())?;
        }
    }
    Ok(if failures.is_empty() { Exit::Done } else { Exit::Failed })
}

fn print_abandoned(rooms: &[RoomListing], dry_run: bool) {
    let verb = if dry_run { "would be deleted" } else { "to be deleted" };
    output::text(&format!("{} rooms that nobody is in and that are not managed {verb}", rooms.len()));
    for room in rooms {
        let name = room.name.as_deref().or(room.alias.as_deref()).unwrap_or("–");
        output::text(&format!("  {}  {name}", room.room_id));
    }
}

/// Stores the deletions as deeds and sees them through, beside a running service or without one. Gives those that failed,
/// by room.
async fn delete(
    engine: &Engine,
    store: &Store,
    clock: &Clock,
    rooms: &[RoomListing],
) -> anyhow::Result<BTreeMap<String, String>> {
    let wish = |room: &RoomListing| NewDeed {
        deed: Deed::DeleteRoom { room_id: room.room_id.clone(), purge: true },
        asker: OPERATOR.to_owned(),
        reason: None,
        due_at: clock.now(),
        source: None,
    };
    let ids = store.add_deeds(&rooms.iter().map(wish).collect::<Vec<_>>(), clock.now()).await?;
    let holder = connect::holder("cleanup");
    let mut failures = BTreeMap::new();
    for (id, room) in ids.into_iter().zip(rooms) {
        if let Some(why) = ended(engine, id, &holder).await? {
            failures.insert(room.room_id.to_string(), why);
        }
    }
    Ok(failures)
}

/// Waits for a deed to end, and helps with it where no service does. Gives why it was not done.
pub(super) async fn ended(engine: &Engine, id: DeedId, holder: &str) -> anyhow::Result<Option<String>> {
    let helping = async {
        loop {
            if engine.help_with_deeds(holder).await? == 0 {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    };
    let outcome = tokio::select! {
        outcome = await_deed(engine, id, Deadline::FirstTry) => outcome?,
        never = helping => { let never: Result<Outcome, StoreError> = never; never? }
    };
    let why = outcome.fault().map(output::fault_text);
    let is_over = engine.store().deed(id).await?.is_none_or(|deed| deed.ended.is_some());
    Ok(why.map(|why| if is_over { why } else { format!("{why}; the service tries it again") }))
}
