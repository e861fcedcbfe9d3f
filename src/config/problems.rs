//! Problems in a file, worded so that the reader can fix them.
//!
//! Files are checked to the end, and all problems are reported at once. A message names settings, lines and ids, but
//! never a secret or a person's name, because problems are printed and logged.

use std::cell::RefCell;
use std::fmt;

/// One problem in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file's path, as given.
    pub file: String,
    /// Line, from 1; 0 for the whole file.
    pub line: usize,
    /// Column, from 1; 0 for the whole file.
    pub column: usize,
    /// The setting, such as `users.join`; empty for the whole file.
    pub path: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.text)
    }
}

/// All problems, sorted by file and line. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// All problems, sorted by file and line.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Number of problems.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Always false; clippy wants it next to `len`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Collects problems while files are read. Shared by reference, so that checks continue after a problem.
#[derive(Debug, Default)]
pub(crate) struct Sink(RefCell<Vec<Problem>>);

impl Sink {
    pub(crate) fn add(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// Adds a problem of a whole file.
    pub(crate) fn add_file(&self, file: &str, text: impl Into<String>) {
        self.add(Problem { file: file.to_owned(), line: 0, column: 0, path: String::new(), text: text.into() });
    }

    /// As `finish`, but ignores problems outside these sections.
    pub(crate) fn finish_within<T>(self, file: &str, sections: &[&str], read: Option<T>) -> Result<T, Problems> {
        let matters = |problem: &Problem| {
            let section = problem.path.split('.').next().unwrap_or_default();
            section.is_empty() || sections.contains(&section)
        };
        self.0.borrow_mut().retain(matters);
        self.finish(file, read)
    }

    /// The value that was read if there are no problems, else all problems.
    pub(crate) fn finish<T>(self, file: &str, read: Option<T>) -> Result<T, Problems> {
        let mut list = self.0.into_inner();
        match read {
            Some(read) if list.is_empty() => Ok(read),
            // A missing part implies a recorded problem; if not, silence would be worse.
            None if list.is_empty() => {
                list.push(lost(file));
                Err(Problems(list))
            }
            _ => {
                list.sort();
                list.dedup();
                Err(Problems(list))
            }
        }
    }
}

fn lost(file: &str) -> Problem {
    Problem {
        file: file.to_owned(),
        line: 0,
        column: 0,
        path: String::new(),
        text: "cannot be read, and the reason was lost; please report this as a defect".to_owned(),
    }
}

/// The candidate that `word` most likely meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    // Up to a third of the letters may differ (none in a word of two); otherwise it is another word.
    let most = (wanted.chars().count() / 3).min(3);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let begins = wanted.len() >= 3 && (other.starts_with(&wanted) || wanted.starts_with(&other));
            let distance = strsim::damerau_levenshtein(&wanted, &other);
            (distance <= most || begins).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// End of a message about an unknown word: the nearest known one, else all of them.
pub(crate) fn instead<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("did you mean \"{near}\"?");
    }
    let all: Vec<_> = known.into_iter().collect();
    match all.as_slice() {
        [] => "there are none".to_owned(),
        all if all.len() > 30 => "see config.example.yaml".to_owned(),
        all => format!("known are: {}", all.join(", ")),
    }
}
