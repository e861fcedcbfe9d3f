//! Tests whether people wait longer during heavy traffic elsewhere: ten thousand events in a minute, pushed as Synapse
//! would.
//!
//! The events go directly to the service, because Synapse on a small machine could not process that many.

use std::time::Duration;

use equipemed_testbed::{Client, random_hex};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::arguments::Arguments;
use crate::opened::{Opened, milliseconds};
use crate::report::{Report, Row, Table, median, progress};
use crate::world;

/// Maximum slowdown.
const RATIO: f64 = 2.0;
/// The size of Synapse's largest transactions.
const TOGETHER: usize = 100;
/// One event in this many belongs to an unmanaged room.
const UNKNOWN: usize = 5;
/// People pause between commands.
const PAUSE: Duration = Duration::from_millis(200);

/// Measures commands before, during and after a flood.
pub(crate) async fn flood(arguments: &Arguments, report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let (events, span) = (arguments.size(10_000, 1_000), Duration::from_secs(arguments.size(60, 6) as u64));
    let rounds = arguments.rounds.unwrap_or(arguments.size(60, 6));
    let mut opened = Opened::begin(arguments).await?;
    let said = opened.author.send_text(&opened.ward, "a pattern for the others").await?;
    let pattern = opened.author.event(&opened.ward, &said).await?;
    asked(&mut opened, 2).await?;
    let mut calm = asked(&mut opened, rounds.div_ceil(2)).await?;
    progress("the flood begins");
    let begun = Instant::now();
    let pushing: JoinHandle<anyhow::Result<Vec<f64>>> =
        tokio::spawn(push(opened.world.to_service()?, pattern, opened.world.plan.people, events, span));
    let mut during = Vec::new();
    while !pushing.is_finished() {
        during.extend(asked(&mut opened, 1).await?);
    }
    let pushed = pushing.await??;
    let took = begun.elapsed().as_secs_f64();
    progress("the flood is over");
    calm.extend(asked(&mut opened, rounds.div_ceil(2)).await?);
    let ratio = median(during.iter().copied()) / median(calm.iter().copied());
    report.target("command to answer during a flood, against without (medians)", ratio, RATIO);
    report.target(format!("seconds to take {events} events in"), took, span.as_secs_f64() + 1.0);
    let rows = vec![
        Row::times("!whoami, before and after", &calm),
        Row { ratio: Some(ratio), ..Row::times("!whoami, during the flood", &during) },
        Row::times(format!("a transaction of {TOGETHER} events"), &pushed),
    ];
    let title = format!("{events} events pushed within {} s; ratio: to the first row, of medians", span.as_secs());
    Ok(vec![Table { title, rows, notes: Vec::new() }])
}

async fn asked(opened: &mut Opened, rounds: usize) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..rounds {
        times.push(opened.command_to_answer().await?);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(times)
}

/// Pushes at an even pace; returns the milliseconds of each transaction.
async fn push(
    service: Client,
    pattern: Value,
    people: usize,
    events: usize,
    span: Duration,
) -> anyhow::Result<Vec<f64>> {
    let transactions = events / TOGETHER;
    let every = span / u32::try_from(transactions.max(1))?;
    let begun = Instant::now();
    let mut times = Vec::new();
    let mut due = begun;
    for transaction in 0..transactions {
        tokio::time::sleep_until(due).await;
        due += every;
        let many = (0..TOGETHER).map(|number| event(&pattern, people, transaction * TOGETHER + number));
        let body = json!({"events": many.collect::<anyhow::Result<Vec<_>>>()?});
        let start = Instant::now();
        service.put_ok(&format!("/_matrix/app/v1/transactions/flood-{transaction}"), body).await?;
        times.push(milliseconds(start, Instant::now()));
    }
    Ok(times)
}

/// A realistic message: with its own id, person and text, and sometimes an unknown room.
fn event(pattern: &Value, people: usize, number: usize) -> anyhow::Result<Value> {
    let mut event = pattern.clone();
    let server = pattern.get("sender").and_then(Value::as_str).and_then(|id| id.split_once(':')).map(|(_, name)| name);
    let sender = format!("@{}:{}", world::localpart(number % people), server.unwrap_or_default());
    // Real ids have 43 characters.
    let id = |sigil: &str| random_hex(22).map(|hex| format!("{sigil}{}", &hex[..43]));
    event["event_id"] = json!(id("$")?);
    event["sender"] = json!(sender);
    event["user_id"] = json!(sender);
    event["content"]["body"] = json!(format!("Leito {}: exames colhidos, aguardando laudo ({number}).", number % 20));
    if number.is_multiple_of(UNKNOWN) {
        event["room_id"] = json!(id("!")?);
    }
    Ok(event)
}
