//! How far a pass has come, as a small value that others may watch.

/// What a pass is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing yet.
    #[default]
    Waiting,
    /// Reading EquipeMed and Synapse.
    Reading,
    /// Changing accounts.
    Accounts,
    /// Changing rooms.
    Rooms,
    /// Finished.
    Done,
}

impl Phase {
    /// One word for it, by which texts are found.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Reading => "reading",
            Self::Accounts => "accounts",
            Self::Rooms => "rooms",
            Self::Done => "done",
        }
    }

    /// The words a person reads.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        if self == Self::Reading { "reading EquipeMed and Synapse" } else { self.word() }
    }
}

/// How far a pass has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Steps ended, well or not.
    pub done: usize,
    /// Steps in all.
    pub total: usize,
}
