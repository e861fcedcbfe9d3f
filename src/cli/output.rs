//! Terminal output: results to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use equipemed_domain::directory::Directory;
use equipemed_domain::fault::{DirectoryError, Fault, HomeserverError, StoreError};
use equipemed_domain::finding::Finding;
use equipemed_domain::render::Words;
use equipemed_domain::review::HeldReason;
use equipemed_domain::summary::Topic;
use equipemed_domain::visible::is_visible;
use serde_json::Value;

use super::{Exit, Format};
use crate::config::Problems;
use crate::config::settings::Language;
use crate::speech::{Arg, Texts};

/// Prints a result without control characters, which names from outside could contain.
pub(super) fn text(text: &str) {
    raw(&harmless(text));
}

/// Keeps visible characters, line breaks and tabs.
fn harmless(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || is_visible(*c)).collect()
}

/// Prints a result unchanged, for scripts. A closed pipe (`| head`) is not an error.
pub(super) fn raw(text: &str) {
    let mut out = std::io::stdout().lock();
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(out, "{text}{newline}").and_then(|()| out.flush());
}

/// Prints a message that is not part of the result.
pub(super) fn note(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "{}", harmless(text));
}

/// Prints a value as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    raw(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a list: as a table for people, as JSON objects for scripts.
pub(super) fn list<T>(
    format: Format,
    all: &[T],
    heads: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
    object: impl Fn(&T) -> Value,
) -> anyhow::Result<()> {
    match format {
        Format::Json => json(&all.iter().map(object).collect::<Vec<_>>()),
        Format::Text => {
            text(&table(heads, &all.iter().map(cells).collect::<Vec<_>>()));
            Ok(())
        }
    }
}

/// A number with its noun, singular for one.
pub(super) fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// A cell whose value may be missing.
pub(super) fn or_dash(cell: Option<impl ToString>) -> String {
    cell.map_or_else(|| "–".to_owned(), |cell| cell.to_string())
}

/// Prints why a command failed; returns the exit code.
pub(super) fn failure(error: &anyhow::Error) -> Exit {
    if let Some(problems) = error.downcast_ref::<Problems>() {
        note(problems.to_string().trim_end());
        note(&format!("error: {} in the configuration", counted(problems.len(), "problem")));
        return Exit::Usage;
    }
    note(&format!("error: {}", worded(error)));
    if error.is::<UsageError>() { Exit::Usage } else { Exit::Failed }
}

/// An error with its causes. Faults are worded as in chat.
pub(super) fn worded(error: &anyhow::Error) -> String {
    let mut parts = Vec::new();
    for cause in error.chain() {
        if let Some(fault) = fault_of(cause) {
            parts.push(fault_text(&fault));
            break;
        }
        parts.push(cause.to_string());
    }
    parts.join(": ")
}

/// The same for an error of any kind.
pub(super) fn said(error: impl Into<anyhow::Error>) -> String {
    worded(&error.into())
}

/// A fault in words for a terminal.
pub(super) fn fault_text(fault: &Fault) -> String {
    English::new().fault(fault)
}

fn fault_of(cause: &(dyn std::error::Error + 'static)) -> Option<Fault> {
    let fault = cause.downcast_ref::<Fault>().cloned();
    let fault = fault.or_else(|| cause.downcast_ref::<HomeserverError>().cloned().map(Fault::from));
    let fault = fault.or_else(|| cause.downcast_ref::<StoreError>().cloned().map(Fault::from));
    fault.or_else(|| cause.downcast_ref::<DirectoryError>().cloned().map(Fault::from))
}

/// An error in the command itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);

/// Whether standard error is a terminal.
pub(super) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Rows with aligned columns; the last column is not padded.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heads.iter().map(|head| head.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(heads.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

/// English texts for plans and faults on a terminal.
pub(super) struct English(Texts);

impl English {
    /// The English texts.
    pub(super) fn new() -> Self {
        Self(Texts::new(Language::En))
    }

    /// The English texts with these people's names.
    pub(super) fn naming(people: &Arc<Directory>) -> Self {
        Self(Texts::new(Language::En).with_people(people))
    }
}

impl English {
    /// Why something did not happen.
    pub(super) fn fault(&self, fault: &Fault) -> String {
        match fault {
            // Has several lines; a terminal has room for all of them.
            Fault::Directory(DirectoryError::Problems { text }) | Fault::Worded(text) => text.clone(),
            Fault::During { stage, why } => format!("{}: {}", self.0.stage(*stage).plain, self.fault(why)),
            fault => self.0.fault(fault).plain,
        }
    }

    /// The subject of a trouble.
    pub(super) fn topic(&self, topic: &Topic) -> String {
        self.0.topic(topic).plain
    }
}

impl Words for English {
    fn finding(&self, finding: &Finding) -> String {
        self.0.finding(finding).plain
    }

    fn held(&self, reason: &HeldReason) -> String {
        self.0.held_reason(reason, |room| Arg::Text(room.to_string())).plain
    }
}
