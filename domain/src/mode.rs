//! Whether the service writes, and what it does about changes by hand and files that are not accepted.

/// Whether the service, or one run of it, writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Plans and reports, as in a dry run.
    Observe,
    /// Plans and applies.
    Enforce,
}

impl Mode {
    /// The word in the configuration and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }

    /// Parses the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Observe, Self::Enforce].into_iter().find(|mode| mode.as_str() == word)
    }
}

/// What happens after a change by hand by somebody without the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDrift {
    /// It is reverted and reported.
    Enforce,
    /// It is only reported.
    Report,
}

/// What happens to a file that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFile {
    /// It is redacted, explained to its sender and recorded.
    Redact,
    /// It is only reported.
    Report,
}
