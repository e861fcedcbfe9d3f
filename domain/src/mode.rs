//! Whether the service writes, and what it does about changes by hand.

/// Whether the service, or one run of it, writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It plans and reports. A dry run is one of these.
    Observe,
    /// It plans and does it.
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

    /// By its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Observe, Self::Enforce].into_iter().find(|mode| mode.as_str() == word)
    }
}

/// What is done about a change by hand of somebody without the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// It is put back, and told.
    Enforce,
    /// It is told.
    Report,
}
