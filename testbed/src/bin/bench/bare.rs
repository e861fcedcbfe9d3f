//! A bare client: only the requests that a first sync cannot do without.
//!
//! The service is compared with it. It knows in advance what to send, keeps no audit and survives no fault.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use equipemed_testbed::Client;
use equipemed_testbed::client::encode;
use equipemed_testbed::synapse::cpu_seconds;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::report::Row;
use crate::world::{self, PROVIDER, Plan, World};

/// One request.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// Requests that share a concurrency limit.
pub(crate) struct Lane {
    pub(crate) calls: Vec<Call>,
    pub(crate) in_flight: usize,
}

/// How concurrent memberships are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// One person after the other into all rooms, so that concurrent requests go to different rooms.
    Rooms,
    /// One room after the other.
    RoomAfterRoom,
    /// A queue per room, with this concurrency in each.
    QueuePerRoom,
}

/// Sends everything; fails at the first unsuccessful request. Returns responses in arbitrary order.
pub(crate) async fn send(client: &Client, lanes: Vec<Lane>) -> anyhow::Result<Vec<Value>> {
    let mut workers = JoinSet::new();
    for lane in lanes {
        let calls = Arc::new(Mutex::new(VecDeque::from(lane.calls)));
        for _ in 0..lane.in_flight.max(1) {
            let (client, calls) = (client.clone(), Arc::clone(&calls));
            workers.spawn(async move {
                let mut answers = Vec::new();
                loop {
                    let next = calls.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(Call { method, path, body }) = next else { return anyhow::Ok(answers) };
                    let (status, answer) = client.request(method, &path, Some(body)).await?;
                    anyhow::ensure!((200..300).contains(&status), "{path} was answered {status} {answer}");
                    answers.push(answer);
                }
            });
        }
    }
    let mut all = Vec::new();
    while let Some(answers) = workers.join_next().await {
        all.extend(answers.context("a worker broke")??);
    }
    Ok(all)
}

/// The requests of a first sync with this concurrency.
pub(crate) async fn first(world: &World, in_flight: usize, spread: Spread) -> anyhow::Result<Row> {
    let client = world.client()?;
    let (server_before, own_before) = (world.synapse.cpu_seconds()?, cpu_seconds(std::process::id())?);
    let start = Instant::now();
    send(&client, vec![Lane { calls: accounts(world, &world.plan), in_flight }]).await?;
    let bodies = (0..world.plan.rooms.len()).map(|room| room_body(world, room)).collect();
    let rooms = make_rooms(&client, bodies, in_flight).await?;
    send(&client, joins(world, &rooms, in_flight, spread)).await?;
    Ok(Row {
        seconds: Some(start.elapsed().as_secs_f64()),
        synapse_cpu_seconds: Some(world.synapse.cpu_seconds()? - server_before),
        own_cpu_seconds: Some(cpu_seconds(std::process::id())? - own_before),
        requests: Some(world.plan.people + rooms.len() + world.plan.memberships()),
        ..Row::new(match spread {
            Spread::QueuePerRoom => format!("bare client, {in_flight} in flight in each room"),
            Spread::Rooms | Spread::RoomAfterRoom => format!("bare client, {in_flight} in flight"),
        })
    })
}

/// A PUT for each person, as a first sync and the loop send it.
pub(crate) fn accounts(world: &World, plan: &Plan) -> Vec<Call> {
    (0..plan.people)
        .map(|person| Call {
            method: Method::PUT,
            path: format!("/_synapse/admin/v2/users/{}", encode(&user_id(world, person))),
            body: json!({
                "displayname": world::full_name(person),
                "external_ids": [{"auth_provider": PROVIDER, "external_id": world::public_id(person)}],
            }),
        })
        .collect()
}

/// Creates rooms and returns their ids in order.
pub(crate) async fn make_rooms(client: &Client, bodies: Vec<Value>, in_flight: usize) -> anyhow::Result<Vec<String>> {
    let mut made: Vec<String> = Vec::new();
    let mut rest = bodies.into_iter().peekable();
    while rest.peek().is_some() {
        let mut workers = JoinSet::new();
        for (place, body) in rest.by_ref().take(in_flight.max(1)).enumerate() {
            let client = client.clone();
            workers.spawn(async move { client.create_room(body).await.map(|room| (place, room)) });
        }
        let mut some = workers.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        some.sort();
        made.extend(some.into_iter().map(|(_, room)| room));
    }
    Ok(made)
}

/// The body that creates a complete room.
pub(crate) fn room_body(world: &World, room: usize) -> Value {
    json!({
        "preset": "private_chat",
        "visibility": "private",
        "room_version": "12",
        "name": world::room_name(room),
        "creation_content": {"br.equipemed.room": world::room_key(room), "m.federate": false},
        "initial_state": [
            {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "shared"}},
            {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "invite"}},
            {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "forbidden"}},
        ],
        "power_level_content_override": levels(world, room),
    })
}

/// User ids of a room's members.
pub(crate) fn members(world: &World, room: usize) -> Vec<String> {
    let has = |person: &usize| world.plan.rooms.get(room).is_some_and(|members| members.has(*person));
    (0..world.plan.people).filter(has).map(|person| user_id(world, person)).collect()
}

fn levels(world: &World, room: usize) -> Value {
    let users: serde_json::Map<String, Value> = (0..world.plan.people)
        .filter(|person| world.plan.rooms.get(room).is_some_and(|members| members.has(*person)))
        .filter(|person| world::level(*person) != 0)
        .map(|person| (user_id(world, person), json!(world::level(person))))
        .collect();
    json!({
        "users": users,
        "users_default": 0, "events_default": 0, "state_default": 50,
        "ban": 50, "kick": 50, "redact": 50, "invite": 50,
        "notifications": {"room": 50},
        "events": {
            "m.room.encryption": 150, "m.room.history_visibility": 150, "m.room.join_rules": 150,
            "m.room.power_levels": 150, "m.room.retention": 150, "m.room.server_acl": 150, "m.room.tombstone": 150,
            "m.space.child": 150, "m.room.canonical_alias": 150, "br.equipemed.room": 150,
            "m.room.name": 50, "m.room.topic": 50, "m.room.avatar": 50, "m.room.pinned_events": 50,
        },
    })
}

/// An admin join for each membership.
pub(crate) fn joins(world: &World, rooms: &[String], in_flight: usize, spread: Spread) -> Vec<Lane> {
    let call = |room: &String, person: usize| Call {
        method: Method::POST,
        path: format!("/_synapse/admin/v1/join/{}", encode(room)),
        body: json!({"user_id": user_id(world, person)}),
    };
    let places: Vec<_> = rooms.iter().zip(&world.plan.rooms).collect();
    let of_room = |(room, members): &(&String, &world::Members)| -> Vec<Call> {
        (0..world.plan.people).filter(|person| members.has(*person)).map(|person| call(room, person)).collect()
    };
    match spread {
        Spread::QueuePerRoom => places.iter().map(|place| Lane { calls: of_room(place), in_flight }).collect(),
        Spread::RoomAfterRoom => vec![Lane { calls: places.iter().flat_map(of_room).collect(), in_flight }],
        Spread::Rooms => {
            let by_person = |person: usize| {
                let here = places.iter().filter(move |(_, members)| members.has(person));
                here.map(move |(room, _)| call(room, person)).collect::<Vec<_>>()
            };
            vec![Lane { calls: (0..world.plan.people).flat_map(by_person).collect(), in_flight }]
        }
    }
}

/// What the Python plan does: one request after the other, changed or not, for every person and then every room's
/// levels. Omits its joins, in its favour.
pub(crate) async fn sequential_loop(world: &World, rooms: &[String]) -> anyhow::Result<Row> {
    let client = world.client()?;
    let mut calls = accounts(world, &world.plan);
    calls.extend(rooms.iter().enumerate().map(|(room, id)| Call {
        method: Method::PUT,
        path: equipemed_testbed::rooms::room_path(id, "state/m.room.power_levels/"),
        body: levels(world, room),
    }));
    let requests = calls.len();
    let before = world.synapse.cpu_seconds()?;
    let start = Instant::now();
    send(&client, vec![Lane { calls, in_flight: 1 }]).await?;
    Ok(Row {
        seconds: Some(start.elapsed().as_secs_f64()),
        synapse_cpu_seconds: Some(world.synapse.cpu_seconds()? - before),
        requests: Some(requests),
        writes: Some(requests),
        ..Row::new("a loop that PUTs every person and every room's levels")
    })
}

fn user_id(world: &World, person: usize) -> String {
    world.synapse.user_id(&world::localpart(person))
}
