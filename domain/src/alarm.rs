//! When an outage is told outside Matrix: once when it begins, once a day while it lasts, and once when it ends.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::words::words;

/// How often a lasting outage is told again.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// What is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// Synapse does not serve the bot.
    Synapse,
    /// EquipeMed cannot be read.
    Equipemed,
    /// Nothing: a trial.
    Test,
}

/// What is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// It began.
    Began,
    /// It still lasts.
    Lasts,
    /// It is over.
    Ended,
}

words!(AlarmKind: Synapse = "synapse", Equipemed = "equipemed", Test = "test");
words!(AlarmState: Began = "began", Lasts = "lasts", Ended = "ended");

/// An alarm to tell. It names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What is away.
    pub kind: AlarmKind,
    /// What is told of it.
    pub state: AlarmState,
    /// Since when it is away.
    pub since: Timestamp,
}

/// An outage, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Since when.
    pub since: Timestamp,
    /// When it was last told.
    pub told_at: Option<Timestamp>,
}

impl Outage {
    /// The outage after a look: what is away since when, if at all.
    #[must_use]
    pub fn after(before: Option<Self>, away_since: Option<Timestamp>) -> Option<Self> {
        match (before, away_since) {
            // One that was told and is over stays until its end is told.
            (Some(before), _) if before.told_at.is_some() || away_since.is_some() => Some(before),
            (_, since) => since.map(|since| Self { since, told_at: None }),
        }
    }

    /// What is to be told now, if anything. `after` is how long an outage lasts before it is told.
    #[must_use]
    pub fn due(&self, is_away: bool, after: SignedDuration, now: Timestamp) -> Option<AlarmState> {
        match self.told_at {
            None if is_away && now.duration_since(self.since) >= after => Some(AlarmState::Began),
            Some(told) if is_away && now.duration_since(told) >= AGAIN => Some(AlarmState::Lasts),
            Some(_) if !is_away => Some(AlarmState::Ended),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{AlarmState, Outage};

    /// What is told in these hours, the outage lasting from the second to the sixtieth.
    fn told(away: std::ops::Range<i64>, hours: std::ops::Range<i64>) -> Vec<(i64, AlarmState)> {
        let at = |hour: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour);
        let (mut outage, mut told) = (None, Vec::new());
        for hour in hours {
            let is_away = away.contains(&hour);
            outage = Outage::after(outage, is_away.then(|| at(hour)));
            let Some(kept) = &mut outage else { continue };
            let due = kept.due(is_away, SignedDuration::from_hours(2), at(hour));
            if let Some(state) = due {
                told.push((hour, state));
                kept.told_at = Some(at(hour));
            }
            if due == Some(AlarmState::Ended) {
                outage = None;
            }
        }
        told
    }

    #[test]
    fn an_outage_is_told_at_its_beginning_once_a_day_and_at_its_end() {
        let all = [(4, AlarmState::Began), (28, AlarmState::Lasts), (52, AlarmState::Lasts), (60, AlarmState::Ended)];
        assert_eq!(told(2..60, 0..100), all);
    }

    #[test]
    fn a_short_outage_is_not_told() {
        assert_eq!(told(2..4, 0..100), []);
    }
}
