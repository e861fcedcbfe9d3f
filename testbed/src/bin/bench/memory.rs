//! Measures the service's memory after it has added a thousand people and run several full passes.

use anyhow::Context as _;

use crate::arguments::Arguments;
use crate::bot::{Memory, Service};
use crate::report::{Report, Row, Table, progress};
use crate::world::{Members, Plan, World};

const LIMIT_MB: f64 = 25.0;
const FURTHER: usize = 3;

/// Everybody is in one room and in one of four wards.
pub(crate) async fn memory(arguments: &Arguments, report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let people = arguments.size(1000, 20);
    let mut rooms = vec![Members::All];
    // Every twentieth person only: more memberships would take minutes but little memory.
    rooms.extend((0..4).map(|from| Members::Each { nth: 20, from }));
    let plan = Plan { people, rooms, has_chief: false };
    let world = World::start(&arguments.bot, plan.clone()).await?;
    let mut service = Service::start(&arguments.bot, &world.direct(), world.path("serve.log"))?;
    let pid = service.pid()?;
    let mut rows = Vec::new();
    service.passes(1, arguments.within()).await.context("the first pass")?;
    rows.push(row(format!("after the first pass: {people} accounts, {} memberships made", plan.memberships()), pid)?);
    progress("the first pass is over");
    for further in 1..=FURTHER {
        // The running service takes the sync over.
        world.run(&["sync"], arguments.within()).await?;
        service.passes(1 + further, arguments.within()).await?;
        rows.push(row(format!("after {further} further"), pid)?);
    }
    drop(service);
    let mut service = Service::start(&arguments.bot, &world.direct(), world.path("serve-again.log"))?;
    let pid = service.pid()?;
    service.passes(1, arguments.within()).await.context("the first pass after a restart")?;
    rows.push(row("restarted, after its first pass".to_owned(), pid)?);
    for row in &rows {
        report.target(format!("memory of serve, MB, {}", row.what), row.rss_mb.unwrap_or(f64::NAN), LIMIT_MB);
    }
    let title = format!("Memory of `serve`, {people} people in {} rooms", plan.rooms.len());
    let notes = vec!["others at rest on a machine like the one this was written on: matrix-corporal 14 MB, Mjolnir 101 MB, Draupnir 208 MB".to_owned()];
    Ok(vec![Table { title, rows, notes }])
}

fn row(what: String, pid: u32) -> anyhow::Result<Row> {
    let megabytes = |bytes: u64| Some(bytes as f64 / 1_000_000.0);
    let memory = Memory::of(pid)?;
    Ok(Row {
        rss_mb: megabytes(memory.resident),
        anonymous_mb: megabytes(memory.anonymous),
        peak_mb: megabytes(memory.peak),
        ..Row::new(what)
    })
}
