//! What the demo prints, and the count of what it found wrong.

use std::io::Write as _;

/// Prints a line. A closed pipe is no reason to fail.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a title with an empty line before it.
pub(crate) fn title(text: &str) {
    line(&format!("\n── {text}"));
}

/// Prints what a program said, set off from the demo's own words.
pub(crate) fn quoted(text: &str) {
    for said in text.lines() {
        line(format!("    {said}").trim_end());
    }
}

/// Everything that was checked. A failed check does not stop the others: each of them says something.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    passed: usize,
    failed: Vec<String>,
}

impl Checks {
    /// Notes a check with what was seen, which is printed when it is not as it should be.
    pub(crate) fn that(&mut self, what: &str, is_so: bool, seen: &str) {
        if is_so {
            self.passed += 1;
            line(&format!("  ✓ {what}"));
        } else {
            self.failed.push(what.to_owned());
            line(&format!("  ✗ {what}\n    seen: {seen}"));
        }
    }

    /// Notes whether two values agree.
    pub(crate) fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, seen: &T, wanted: &T) {
        self.that(what, seen == wanted, &format!("{seen:?}\n    wanted: {wanted:?}"));
    }

    /// Notes the end of something that had to come about, in time and without an error.
    pub(crate) fn came(&mut self, what: &str, end: anyhow::Result<()>) {
        let seen = end.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
        self.that(what, end.is_ok(), &seen);
    }

    /// Prints the last line; whether everything was as it should be.
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
