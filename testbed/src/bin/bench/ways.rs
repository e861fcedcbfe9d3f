//! Measures what a membership costs Synapse with different methods.
//!
//! Helps to decide how the service adds members. Accounts exist before measuring.

use std::time::{Duration, Instant};

use equipemed_testbed::Client;
use equipemed_testbed::client::encode;
use equipemed_testbed::synapse::Options;
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::bare::{self, Lane, Spread};
use crate::passes::rooms_by_key;
use crate::report::{Row, Table, median, progress};
use crate::world::{Plan, World};

/// A way to create memberships.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Admin joins with this concurrency.
    Join(Spread, usize),
    /// `createRoom` with invitations that the server accepts, for this many rooms at once.
    InvitesAccepted(usize),
    /// `createRoom` with invitations, then admin joins.
    InvitesThenJoin,
    /// Admin joins with another join rule.
    Rule(&'static str),
    /// Admin joins with a Synapse feature switched off.
    Without(&'static str, &'static str),
}

const WAYS: [Way; 13] = [
    Way::Join(Spread::Rooms, 1),
    Way::Join(Spread::RoomAfterRoom, 1),
    Way::Join(Spread::Rooms, 5),
    Way::Join(Spread::RoomAfterRoom, 5),
    Way::Join(Spread::QueuePerRoom, 1),
    Way::Join(Spread::QueuePerRoom, 2),
    Way::Join(Spread::Rooms, 16),
    Way::InvitesAccepted(1),
    Way::InvitesAccepted(5),
    Way::InvitesThenJoin,
    Way::Rule("public"),
    Way::Without("presence", "presence: {enabled: false}"),
    Way::Without("push", "push: {enabled: false}"),
];

impl Way {
    fn name(self) -> String {
        match self {
            Self::Join(Spread::Rooms, count) => format!("admin join, {count} in flight over the rooms"),
            Self::Join(Spread::RoomAfterRoom, count) => format!("admin join, {count} in flight, room after room"),
            Self::Join(Spread::QueuePerRoom, count) => format!("admin join, {count} in flight in each room"),
            Self::InvitesAccepted(count) => {
                format!("createRoom with invites, accepted by the server, {count} rooms at a time")
            }
            Self::InvitesThenJoin => "createRoom with invites, then admin join, 5 in flight".to_owned(),
            Self::Rule(rule) => {
                format!("admin join, join rule {rule}, 1 in flight in each room (not for use: it lets anybody in)")
            }
            Self::Without(what, _) => format!("admin join, 1 in flight in each room, Synapse without {what}"),
        }
    }
}

/// Measures each on its own Synapse.
pub(crate) async fn ways(arguments: &Arguments) -> anyhow::Result<Vec<Table>> {
    let plan = Plan::everywhere(arguments.people(100, 10), arguments.size(5, 2));
    let mut rows = Vec::new();
    for way in WAYS {
        let row = tokio::time::timeout(arguments.within(), one(arguments, &plan, way)).await??;
        let (time, cpu) = (row.membership_ms.unwrap_or_default(), row.membership_cpu_ms.unwrap_or_default());
        progress(&format!("{}: {time:.1} ms, {cpu:.1} ms of Synapse's processor time for each", row.what));
        rows.push(row);
    }
    let best = rows.iter().filter_map(|row| row.membership_cpu_ms).fold(f64::INFINITY, f64::min);
    let middle = median(rows.iter().filter_map(|row| row.membership_cpu_ms));
    let title = format!("What one of {} memberships in {} rooms costs", plan.memberships(), plan.rooms.len());
    let notes =
        vec![format!("Synapse's processor time for each: {best:.1} ms at the least, {middle:.1} ms in the middle")];
    Ok(vec![Table { title, rows, notes }])
}

async fn one(arguments: &Arguments, plan: &Plan, way: Way) -> anyhow::Result<Row> {
    let mut options = Options { auto_accept_invites: matches!(way, Way::InvitesAccepted(_)), ..Options::default() };
    if let Way::Without(_, setting) = way {
        options.extra_yaml = setting.to_owned();
    }
    let world = World::start_with(&arguments.bot, plan.clone(), options).await?;
    let client = world.client()?;
    bare::send(&client, vec![Lane { calls: bare::accounts(&world, plan), in_flight: 4 }]).await?;
    let with_invites = matches!(way, Way::InvitesAccepted(_) | Way::InvitesThenJoin);
    let mut bodies: Vec<Value> = (0..plan.rooms.len()).map(|room| bare::room_body(&world, room)).collect();
    for (room, body) in bodies.iter_mut().enumerate() {
        if with_invites {
            body["invite"] = json!(bare::members(&world, room));
        }
        if let Way::Rule(rule) = way {
            body["initial_state"][1]["content"] = json!({"join_rule": rule});
        }
    }
    let mut rooms = Vec::new();
    if !with_invites {
        rooms = bare::make_rooms(&client, std::mem::take(&mut bodies), 1).await?;
    }
    let before = world.synapse.cpu_seconds()?;
    let start = Instant::now();
    match way {
        Way::Join(spread, in_flight) => {
            drop(bare::send(&client, bare::joins(&world, &rooms, in_flight, spread)).await?)
        }
        Way::InvitesAccepted(in_flight) => {
            let rooms = bare::make_rooms(&client, bodies, in_flight).await?;
            until_joined(&client, &rooms, plan.people).await?;
        }
        Way::InvitesThenJoin => {
            let rooms = bare::make_rooms(&client, bodies, 5).await?;
            bare::send(&client, bare::joins(&world, &rooms, 1, Spread::QueuePerRoom)).await?;
        }
        Way::Rule(_) | Way::Without(..) => {
            drop(bare::send(&client, bare::joins(&world, &rooms, 1, Spread::QueuePerRoom)).await?);
        }
    }
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), world.synapse.cpu_seconds()? - before);
    let rooms = rooms_by_key(&world, &client).await?;
    until_joined(&client, &rooms, plan.people).await?;
    let memberships = plan.memberships() as f64;
    Ok(Row {
        seconds: Some(seconds),
        synapse_cpu_seconds: Some(cpu),
        membership_ms: Some(seconds * 1000.0 / memberships),
        membership_cpu_ms: Some(cpu * 1000.0 / memberships),
        ..Row::new(way.name())
    })
}

/// Polls only twice per second, because polling uses Synapse's time.
async fn until_joined(client: &Client, rooms: &[String], people: usize) -> anyhow::Result<()> {
    for room in rooms {
        let path = format!("/_synapse/admin/v1/rooms/{}", encode(room));
        loop {
            let joined = client.get_ok(&path).await?.get("joined_members").and_then(Value::as_u64).unwrap_or_default();
            // Includes the bot.
            if joined == people as u64 + 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    Ok(())
}
