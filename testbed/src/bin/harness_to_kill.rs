//! A harness that starts a server and waits to be killed: the testbed's own test checks that the server ends with it.

use std::io::Write as _;

use anyhow::Context as _;
use equipemed_testbed::Postgres;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cluster = Postgres::start().await?;
    let pid = cluster.pid().context("it runs")?;
    writeln!(std::io::stdout(), "RUNNING {pid} {}", cluster.folder().display())?;
    std::future::pending().await
}
