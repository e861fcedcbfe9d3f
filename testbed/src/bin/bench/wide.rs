//! Shows that requests of a run without changes grow with pages and rooms, not with memberships.
//!
//! Each person is in only one room, because creating memberships is slow and not measured here.

use crate::arguments::Arguments;
use crate::passes::{expect_few, measured};
use crate::report::{Report, Row, Table, progress};
use crate::world::{Members, Plan, World};

/// A hospital of 2,000, and smaller ones with more and fewer memberships.
pub(crate) async fn wide(arguments: &Arguments, report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let wards = |people: usize, rooms: usize, nth: usize| Plan {
        people,
        rooms: (0..rooms).map(|from| Members::Each { nth, from }).collect(),
        has_chief: false,
    };
    let plans = if arguments.quick {
        vec![wards(20, 2, 2)]
    } else {
        vec![Plan::everywhere(20, 5), Plan::everywhere(100, 5), wards(2000, 50, 100)]
    };
    let mut rows = Vec::new();
    for plan in plans {
        let world = World::start(&arguments.bot, plan.clone()).await?;
        let (ran, _) = world.run(&["sync"], arguments.within()).await?;
        progress(&format!(
            "{} people and {} memberships were made in {:.0} s",
            plan.people,
            plan.memberships(),
            ran.seconds
        ));
        let what = format!("{} people, {} rooms, {} memberships", plan.people, plan.rooms.len(), plan.memberships());
        let row = measured(&world, arguments, &what, &["sync"]).await?;
        expect_few(report, &row, &plan);
        rows.push(row);
    }
    let base = rows.first().and_then(|row| row.seconds);
    let rows = rows
        .into_iter()
        .map(|row| Row { ratio: row.seconds.zip(base).map(|(seconds, base)| seconds / base), ..row })
        .collect();
    let title = "Sync without changes, by size; ratio: to the first row; medians of 3".to_owned();
    Ok(vec![Table { title, rows, notes: Vec::new() }])
}
