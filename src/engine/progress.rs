//! Progress of a pass, as a small value for others to watch.

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
    /// One word for it, used to look up texts.
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

    /// Text for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        if self == Self::Reading { "reading EquipeMed and Synapse" } else { self.word() }
    }
}

/// Progress of a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Finished steps, successful or not.
    pub done: usize,
    /// All steps.
    pub total: usize,
}
