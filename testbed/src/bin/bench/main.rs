//! The benchmark: what the service costs Synapse, the machine and waiting people. Each number is compared with another
//! from the same run, because machines differ in speed.
//!
//! Starts its own Synapse servers and stops by itself. It is no part of the service and shares no code with it: it runs
//! the release binary as an operator would.

mod arguments;
mod bare;
mod bot;
mod flood;
mod hospital;
mod live;
mod many;
mod memory;
mod opened;
mod passes;
mod pure;
mod report;
mod talk;
mod ways;
mod wide;
mod world;

use std::process::ExitCode;

use anyhow::Context as _;
use arguments::{Arguments, Scenario};
use report::Report;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            report::say(arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            report::progress(&format!("{error}\n\n{}", arguments::HELP));
            return ExitCode::from(2);
        }
    };
    match bench(&arguments).await {
        Ok(report) if arguments.strict && report.missed() => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            report::progress(&format!("the benchmark broke: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn bench(arguments: &Arguments) -> anyhow::Result<Report> {
    let mut report = Report::begin();
    for scenario in &arguments.scenarios {
        report::progress(&format!("== {}", scenario.name()));
        let tables = match scenario {
            Scenario::First => passes::first(arguments, &mut report).await,
            Scenario::Again => passes::again(arguments, &mut report).await,
            Scenario::Wide => wide::wide(arguments, &mut report).await,
            Scenario::Memory => memory::memory(arguments, &mut report).await,
            Scenario::Talk => talk::talk(arguments, &mut report).await,
            Scenario::Many => many::many(arguments, &mut report).await,
            Scenario::Flood => flood::flood(arguments, &mut report).await,
            Scenario::Live => live::live(arguments, &mut report).await,
            Scenario::Ways => ways::ways(arguments).await,
            Scenario::Pure => pure::pure(arguments, &mut report),
        };
        for table in tables.with_context(|| scenario.name())? {
            report.add(table);
        }
        // Written after each scenario, so that a run which fails later is not lost.
        if let Some(file) = &arguments.json {
            report.write(file)?;
        }
    }
    report.print_targets();
    Ok(report)
}
