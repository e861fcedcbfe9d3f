//! Measures the first sync compared with a bare client, then a sync without changes and a dry run.

use anyhow::Context as _;
use equipemed_testbed::Client;

use crate::arguments::Arguments;
use crate::bare::{self, Spread};
use crate::report::{Report, Row, Table, median, progress};
use crate::world::{Plan, World, room_key};

/// Maximum time relative to the best bare client.
const FIRST_RATIO: f64 = 1.15;
/// For 200 people in 5 rooms; 1,405 are necessary, two per account.
const FIRST_REQUESTS: f64 = 1450.0;
/// Requests of a run without changes, besides user-list pages and managed rooms.
const BESIDE: usize = 2;
const REPEATS: usize = 3;

fn hospital(arguments: &Arguments) -> Plan {
    Plan::everywhere(arguments.people(200, 20), arguments.size(5, 2))
}

/// The first sync of everybody, alternating with the bare client, each on a fresh Synapse.
pub(crate) async fn first(arguments: &Arguments, report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let plan = hospital(arguments);
    let search: &[(usize, Spread)] = if arguments.quick {
        &[(1, Spread::Rooms), (5, Spread::Rooms)]
    } else {
        &[
            (1, Spread::Rooms),
            (2, Spread::Rooms),
            (5, Spread::Rooms),
            (8, Spread::Rooms),
            (16, Spread::Rooms),
            (1, Spread::QueuePerRoom),
        ]
    };
    let mut ours: Vec<Row> = Vec::new();
    let mut bare: Vec<(Row, (usize, Spread))> = Vec::new();
    for (turn, (in_flight, spread)) in search.iter().copied().enumerate() {
        // Alternates, so that both run under the same conditions.
        if turn.is_multiple_of(2) {
            ours.push(ours_first(arguments, &plan).await?);
        }
        bare.push((bare_first(arguments, &plan, in_flight, spread).await?, (in_flight, spread)));
    }
    let (_, (in_flight, spread)) =
        bare.iter().min_by(|a, b| seconds(&a.0).total_cmp(&seconds(&b.0))).context("nothing was measured")?;
    let (in_flight, spread) = (*in_flight, *spread);
    for _ in 0..arguments.rounds.unwrap_or(1) {
        ours.push(ours_first(arguments, &plan).await?);
        bare.push((bare_first(arguments, &plan, in_flight, spread).await?, (in_flight, spread)));
    }
    let best = bare.iter().filter(|(_, how)| *how == (in_flight, spread)).map(|(row, _)| row);
    let best_seconds = median(best.clone().map(seconds));
    let best_cpu = median(best.filter_map(|row| row.synapse_cpu_seconds));
    let ratio = median(ours.iter().map(seconds)) / best_seconds;
    let cpu_ratio = median(ours.iter().filter_map(|row| row.synapse_cpu_seconds)) / best_cpu;
    let rows = ours.into_iter().chain(bare.into_iter().map(|(row, _)| row));
    let rows = rows.map(|row| Row { ratio: row.seconds.map(|seconds| seconds / best_seconds), ..row }).collect();
    report.target("first sync, time against the best bare client (medians)", ratio, FIRST_RATIO);
    report.target("first sync, Synapse's processor time against the same", cpu_ratio, FIRST_RATIO);
    let table = Table {
        title: format!(
            "First sync of {} people into {} rooms with levels; ratio: to the median of the best bare client",
            plan.people,
            plan.rooms.len()
        ),
        rows,
        notes: vec![
            "matrix-corporal, 200 people into 5 rooms on a machine like the one this was written on: 3417 requests, 200 s; \
             without changes 2007 requests, 6 s"
                .to_owned(),
        ],
    };
    Ok(vec![table])
}

async fn ours_first(arguments: &Arguments, plan: &Plan) -> anyhow::Result<Row> {
    let world = World::start(&arguments.bot, plan.clone()).await?;
    let (ran, server) = world.run(&["sync"], arguments.within()).await?;
    let row = Row {
        seconds: Some(ran.seconds),
        own_cpu_seconds: Some(ran.cpu_seconds),
        synapse_cpu_seconds: Some(server),
        ..Row::new("equipemed-bot sync")
    };
    check(&world, plan).await?;
    tell(&row);
    Ok(row)
}

async fn bare_first(arguments: &Arguments, plan: &Plan, in_flight: usize, spread: Spread) -> anyhow::Result<Row> {
    let world = World::start(&arguments.bot, plan.clone()).await?;
    let row = tokio::time::timeout(arguments.within(), bare::first(&world, in_flight, spread)).await??;
    check(&world, plan).await?;
    tell(&row);
    Ok(row)
}

fn tell(row: &Row) {
    let cpu = row.synapse_cpu_seconds.unwrap_or_default();
    progress(&format!("{}: {:.1} s, {cpu:.1} s of Synapse's processor time", row.what, seconds(row)));
}

/// A fast run that left something out does not count.
async fn check(world: &World, plan: &Plan) -> anyhow::Result<()> {
    let client = world.client()?;
    for room in rooms_by_key(world, &client).await? {
        let path = equipemed_testbed::rooms::room_path(&room, "joined_members");
        let answer = client.get_ok(&path).await?;
        let joined = answer.get("joined").and_then(serde_json::Value::as_object).map_or(0, serde_json::Map::len);
        // Includes the bot.
        anyhow::ensure!(joined == plan.people + 1, "{joined} are in a room that {} belong in", plan.people);
    }
    Ok(())
}

/// Room ids in the plan's order.
pub(crate) async fn rooms_by_key(world: &World, client: &Client) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for id in client.joined_rooms().await? {
        let create = client.state_event(&id, "m.room.create", "").await?.unwrap_or_default();
        let key = create.get("br.equipemed.room").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        found.push((key, id));
    }
    (0..world.plan.rooms.len())
        .map(|room| {
            let key = room_key(room);
            let place = found.iter().find(|(found, _)| *found == key).map(|(_, id)| id.clone());
            place.with_context(|| format!("the room {key} was not made"))
        })
        .collect()
}

/// A sync without changes, compared with writing everything every time.
pub(crate) async fn again(arguments: &Arguments, report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let plan = hospital(arguments);
    let world = World::start(&arguments.bot, plan.clone()).await?;
    let (requests, writes) = world.count(&["sync"], arguments.within()).await?;
    let first =
        Row { requests: Some(requests), writes: Some(writes), ..Row::new("sync, the first (counted, not timed)") };
    check(&world, &plan).await?;
    progress(&format!("the first sync took {requests} requests"));
    if !arguments.quick {
        report.target("first sync, requests", requests as f64, FIRST_REQUESTS);
    }
    let unchanged = measured(&world, arguments, "sync without changes", &["sync"]).await?;
    let dry = measured(&world, arguments, "sync --dry-run", &["sync", "--dry-run"]).await?;
    let rooms = rooms_by_key(&world, &world.client()?).await?;
    let every = bare::sequential_loop(&world, &rooms).await?;
    expect_few(report, &unchanged, &plan);
    let loop_seconds = seconds(&every);
    report.target(
        "sync without changes, time against a loop that PUTs everybody",
        seconds(&unchanged) / loop_seconds,
        0.2,
    );
    let rows = [first, unchanged, dry, every];
    let rows = rows.map(|row| Row { ratio: row.seconds.map(|seconds| seconds / loop_seconds), ..row }).to_vec();
    let title = format!(
        "Nothing changed, {} people in {} rooms; ratio: to the loop; medians of {REPEATS}",
        plan.people,
        plan.rooms.len()
    );
    Ok(vec![Table { title, rows, notes: Vec::new() }])
}

/// Times a command repeatedly, then counts its requests.
pub(crate) async fn measured(world: &World, arguments: &Arguments, what: &str, words: &[&str]) -> anyhow::Result<Row> {
    let mut runs = Vec::new();
    for _ in 0..REPEATS {
        runs.push(world.run(words, arguments.within()).await?);
    }
    let (requests, writes) = world.count(words, arguments.within()).await?;
    Ok(Row {
        seconds: Some(median(runs.iter().map(|(ran, _)| ran.seconds))),
        own_cpu_seconds: Some(median(runs.iter().map(|(ran, _)| ran.cpu_seconds))),
        synapse_cpu_seconds: Some(median(runs.iter().map(|(_, server)| *server))),
        requests: Some(requests),
        writes: Some(writes),
        ..Row::new(what)
    })
}

/// Compares a run without changes with the user-list pages and rooms it must read.
pub(crate) fn expect_few(report: &mut Report, row: &Row, plan: &Plan) {
    // One page holds 5,000 accounts; the control room is managed, too.
    let pages = plan.people.div_ceil(5000);
    let limit = pages + plan.rooms.len() + 1 + BESIDE;
    let what = format!("sync without changes of {} people and {} rooms", plan.people, plan.rooms.len());
    report.target(format!("{what}, requests"), row.requests.unwrap_or(usize::MAX) as f64, limit as f64);
    report.target(format!("{what}, writes"), row.writes.unwrap_or(usize::MAX) as f64, 0.0);
}

fn seconds(row: &Row) -> f64 {
    row.seconds.unwrap_or(f64::NAN)
}
