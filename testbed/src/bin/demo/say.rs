//! Prints the demo's output and counts failed checks.

use std::io::Write as _;

/// Prints a line, ignoring a closed pipe.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a title after an empty line.
pub(crate) fn title(text: &str) {
    line(&format!("\n── {text}"));
}

/// Prints a program's output, indented.
pub(crate) fn quoted(text: &str) {
    for said in text.lines() {
        line(format!("    {said}").trim_end());
    }
}

/// All checks. They continue after a failure, since each is informative.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    passed: usize,
    failed: Vec<String>,
}

impl Checks {
    /// Records a check; prints what was seen if it failed.
    pub(crate) fn that(&mut self, what: &str, is_so: bool, seen: &str) {
        if is_so {
            self.passed += 1;
            line(&format!("  ✓ {what}"));
        } else {
            self.failed.push(what.to_owned());
            line(&format!("  ✗ {what}\n    seen: {seen}"));
        }
    }

    /// Checks that two values are equal.
    pub(crate) fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, seen: &T, wanted: &T) {
        self.that(what, seen == wanted, &format!("{seen:?}\n    wanted: {wanted:?}"));
    }

    /// Checks that something happened in time and without an error.
    pub(crate) fn came(&mut self, what: &str, end: anyhow::Result<()>) {
        let seen = end.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
        self.that(what, end.is_ok(), &seen);
    }

    /// Prints the summary; returns whether all checks passed.
    pub(crate) fn close(&self) -> bool {
        if self.failed.is_empty() {
            line(&format!("\ndemo: all {} checks passed", self.passed));
            return true;
        }
        line(&format!("\ndemo: {} of {} checks failed:", self.failed.len(), self.failed.len() + self.passed));
        for failed in &self.failed {
            line(&format!("  ✗ {failed}"));
        }
        false
    }
}
