//! Reports results as tables for people and as JSON for programs.
//!
//! All rows have the same columns, so that any two can be compared; a table shows only the columns with values.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

/// One measurement.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) what: String,
    /// Wall-clock time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<f64>,
    /// Synapse's processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) synapse_cpu_seconds: Option<f64>,
    /// Processor time of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) own_cpu_seconds: Option<f64>,
    /// Requests received by Synapse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requests: Option<usize>,
    /// Requests that change something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) writes: Option<usize>,
    /// Wall-clock milliseconds per membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) membership_ms: Option<f64>,
    /// Milliseconds of Synapse's processor time per membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) membership_cpu_ms: Option<f64>,
    /// Current resident memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rss_mb: Option<f64>,
    /// Resident memory not backed by a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) anonymous_mb: Option<f64>,
    /// Highest resident memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peak_mb: Option<f64>,
    /// Number of rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rounds: Option<usize>,
    /// Shortest wall-clock time of all rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_ms: Option<f64>,
    /// Median of all rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) median_ms: Option<f64>,
    /// 99th percentile of all rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p99_ms: Option<f64>,
    /// Time relative to the row named in the table's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<f64>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }

    /// Statistics of repeated times in milliseconds.
    pub(crate) fn times(what: impl Into<String>, times: &[f64]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self {
            rounds: Some(sorted.len()),
            min_ms: sorted.first().copied(),
            median_ms: Some(median(sorted.iter().copied())),
            p99_ms: sorted.get((sorted.len() * 99).div_ceil(100).saturating_sub(1)).copied(),
            ..Self::new(what)
        }
    }

    /// Values as text, in the order of [`COLUMNS`].
    fn cells(&self) -> [Option<String>; 15] {
        let seconds = |value: f64| format!("{value:.2}");
        let milliseconds = |value: f64| format!("{value:.1}");
        [
            self.seconds.map(seconds),
            self.ratio.map(seconds),
            self.requests.map(|count| count.to_string()),
            self.writes.map(|count| count.to_string()),
            self.synapse_cpu_seconds.map(seconds),
            self.own_cpu_seconds.map(seconds),
            self.membership_ms.map(|value| format!("{value:.1}")),
            self.membership_cpu_ms.map(|value| format!("{value:.1}")),
            self.rss_mb.map(|value| format!("{value:.1}")),
            self.anonymous_mb.map(|value| format!("{value:.1}")),
            self.peak_mb.map(|value| format!("{value:.1}")),
            self.rounds.map(|count| count.to_string()),
            self.min_ms.map(milliseconds),
            self.median_ms.map(milliseconds),
            self.p99_ms.map(milliseconds),
        ]
    }
}

const COLUMNS: [&str; 15] = [
    "seconds",
    "ratio",
    "requests",
    "writes",
    "Synapse CPU s",
    "own CPU s",
    "ms/membership",
    "CPU ms/membership",
    "RSS MB",
    "anonymous MB",
    "peak MB",
    "rounds",
    "min ms",
    "median ms",
    "p99 ms",
];

/// Related rows.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
    /// Lines below the table.
    pub(crate) notes: Vec<String>,
}

/// A promised limit.
#[derive(Debug, Serialize)]
struct Target {
    what: String,
    value: f64,
    limit: f64,
    met: bool,
}

/// All results.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    processors: usize,
    /// The machine's load before the run, from other programs.
    load: String,
    tables: Vec<Table>,
    targets: Vec<Target>,
}

impl Report {
    pub(crate) fn begin() -> Self {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let processors = std::thread::available_parallelism().map_or(0, usize::from);
        let report = Self { processors, load: load.trim().to_owned(), tables: Vec::new(), targets: Vec::new() };
        say(&format!("{processors} processors, load {}", report.load));
        report
    }

    /// Prints and stores a table.
    pub(crate) fn add(&mut self, table: Table) {
        print(&table);
        self.tables.push(table);
    }

    /// Stores a target: `value` may be at most `limit`.
    pub(crate) fn target(&mut self, what: impl Into<String>, value: f64, limit: f64) {
        self.targets.push(Target { what: what.into(), value, limit, met: value <= limit });
    }

    /// Whether any target was missed.
    pub(crate) fn missed(&self) -> bool {
        self.targets.iter().any(|target| !target.met)
    }

    pub(crate) fn print_targets(&self) {
        say("\nTargets");
        for Target { what, value, limit, met } in &self.targets {
            let word = if *met { "met   " } else { "MISSED" };
            say(&format!("  {word}  {what}: {value:.2}, at most {limit:.2}"));
        }
    }

    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
    }
}

fn print(table: &Table) {
    let cells: Vec<_> = table.rows.iter().map(Row::cells).collect();
    let shown: Vec<usize> = (0..COLUMNS.len())
        .filter(|column| cells.iter().any(|row| row.get(*column).is_some_and(Option::is_some)))
        .collect();
    let name_width = table.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> =
        shown.iter().filter_map(|column| COLUMNS.get(*column)).map(|name| name.len().max(7)).collect();
    say(&format!("\n{}", table.title));
    let mut head = " ".repeat(name_width);
    for (column, width) in shown.iter().zip(&widths) {
        head += &format!("  {:>width$}", COLUMNS.get(*column).copied().unwrap_or_default());
    }
    say(&head);
    for (row, cells) in table.rows.iter().zip(&cells) {
        let mut line = format!("{:name_width$}", row.what);
        for (column, width) in shown.iter().zip(&widths) {
            let cell = cells.get(*column).and_then(Option::as_deref).unwrap_or("");
            line += &format!("  {cell:>width$}");
        }
        say(line.trim_end());
    }
    for note in &table.notes {
        say(&format!("  {note}"));
    }
}

/// The median; for an even number, the mean of the middle two.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len().is_multiple_of(2)) {
        (Some(upper), true) => values.get(middle - 1).map_or(*upper, |lower| (lower + upper) / 2.0),
        (Some(middle), false) => *middle,
        (None, _) => f64::NAN,
    }
}

/// Prints a line of the result.
pub(crate) fn say(line: &str) {
    // A closed pipe does not matter: the numbers still go to the file.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints a progress line.
pub(crate) fn progress(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
