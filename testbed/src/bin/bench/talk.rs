//! Measures how long people wait for a command's answer and effect, compared with bare clients doing the same.
//!
//! Timing starts right before the command is sent and ends when a person's app sees the result. Rounds alternate, so
//! that both run under the same conditions.

use std::collections::BTreeMap;

use equipemed_testbed::rooms::room_path;
use equipemed_testbed::{Client, Seen};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::arguments::Arguments;
use crate::opened::{Opened, milliseconds};
use crate::report::{Report, Row, Table, median, progress};
use crate::world;

/// Maximum time relative to a bare client.
const RATIO: f64 = 2.0;

/// Something measured once per round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Answer,
    BareAnswer,
    Level,
    BareLevel,
    Redaction,
    BareRedaction,
    BareRedactionAlone,
}

const WAYS: [Way; 7] = [
    Way::Answer,
    Way::BareAnswer,
    Way::Level,
    Way::BareLevel,
    Way::Redaction,
    Way::BareRedaction,
    Way::BareRedactionAlone,
];

/// The comparisons.
const PAIRS: [(Way, Way); 4] = [
    (Way::Answer, Way::BareAnswer),
    (Way::Level, Way::BareLevel),
    (Way::Redaction, Way::BareRedaction),
    (Way::Redaction, Way::BareRedactionAlone),
];

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Answer => "!whoami in the control room, to its answer",
            Self::BareAnswer => "two bare clients: a message, to the other's answer",
            Self::Level => "!promote and !demote, to the new levels",
            Self::BareLevel => "a bare client: the same message, GET levels, PUT levels",
            Self::Redaction => "!redact in reply, to the redaction",
            Self::BareRedaction => "a bare client: the same reply, PUT redact",
            Self::BareRedactionAlone => "a bare client: PUT redact alone",
        }
    }
}

/// Measures all of them, alternating.
pub(crate) async fn talk(arguments: &Arguments, report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let rounds = arguments.rounds.unwrap_or(arguments.size(40, 5));
    let mut opened = Opened::begin(arguments).await?;
    let mut times: Vec<(Way, Vec<f64>)> = WAYS.map(|way| (way, Vec::new())).to_vec();
    // The first round warms up connections and caches and does not count.
    for round in 0..=rounds {
        // The order alternates, too.
        if round.is_multiple_of(2) {
            times.reverse();
        }
        for (way, taken) in &mut times {
            let time = opened.one(*way, round).await?;
            if round > 0 {
                taken.push(time);
            }
        }
        if round.is_multiple_of(10) {
            progress(&format!("{round} of {rounds} rounds"));
        }
    }
    let of = |wanted: Way| {
        let found = times.iter().find(|(way, _)| *way == wanted);
        found.map(|(_, taken)| taken.clone()).unwrap_or_default()
    };
    let ratio = |ours: Way, bare: Way| median(of(ours).into_iter()) / median(of(bare).into_iter());
    for (ours, bare) in PAIRS {
        report.target(format!("{}, against {} (medians)", ours.name(), bare.name()), ratio(ours, bare), RATIO);
    }
    let rows = WAYS.map(|way| {
        let against = PAIRS.iter().find(|(ours, _)| *ours == way).map(|(_, bare)| *bare);
        Row { ratio: against.map(|bare| ratio(way, bare)), ..Row::times(way.name(), &of(way)) }
    });
    let title = format!("What people wait for, {rounds} rounds in turns; ratio: to the row below, of medians");
    Ok(vec![Table { title, rows: rows.to_vec(), notes: Vec::new() }])
}

impl Opened {
    /// Milliseconds of one measurement. Waits for later effects, too.
    async fn one(&mut self, way: Way, round: usize) -> anyhow::Result<f64> {
        match way {
            Way::Answer => self.command_to_answer().await,
            Way::BareAnswer => self.message_to_answer().await,
            Way::Level => self.level(round).await,
            Way::BareLevel => self.bare_level(round).await,
            Way::Redaction => self.redaction().await,
            Way::BareRedaction => self.bare_redaction(true).await,
            Way::BareRedactionAlone => self.bare_redaction(false).await,
        }
    }

    async fn level(&mut self, round: usize) -> anyhow::Result<f64> {
        let (member, (command, level)) = (self.member.client.user_id().to_owned(), self.step(round));
        let start = Instant::now();
        let seen = self.member.sees("new levels", |seen| {
            seen.is(&self.ward, "m.room.power_levels") && level_of(seen.event.get("content"), &member) == level
        });
        let (said, at) = tokio::join!(self.chief.client.send_text(&self.control, &command), seen);
        let (said, at) = (said?, at?.at);
        let mark = |seen: &Seen| {
            seen.is(&self.control, "m.reaction")
                && seen.text("/content/m.relates_to/event_id") == said
                && seen.text("/content/m.relates_to/key") == "✅"
        };
        self.chief.sees("the mark of success", mark).await?;
        Ok(milliseconds(start, at))
    }

    async fn bare_level(&mut self, round: usize) -> anyhow::Result<f64> {
        let (member, (command, level)) = (self.member.client.user_id().to_owned(), self.step(round));
        let by_hand = async |client: &Client| {
            let said = client.send_text(&self.bare_control, &command).await?;
            let mut levels = client.power_levels(&self.bare_ward).await?;
            let users = levels.get_mut("users").and_then(Value::as_object_mut);
            let users = users.ok_or_else(|| anyhow::anyhow!("the bare room has no levels"))?;
            match level {
                Some(level) => users.insert(member.clone(), json!(level)),
                None => users.remove(&member),
            };
            client.put_ok(&room_path(&self.bare_ward, "state/m.room.power_levels/"), levels).await?;
            anyhow::Ok(said)
        };
        let start = Instant::now();
        let seen = self.member.sees("new levels by hand", |seen| {
            seen.is(&self.bare_ward, "m.room.power_levels") && level_of(seen.event.get("content"), &member) == level
        });
        let (said, at) = tokio::join!(by_hand(&self.bare.client), seen);
        let (said, at) = (said?, at?.at);
        let answer = |seen: &Seen| seen.text("/content/m.relates_to/m.in_reply_to/event_id") == said;
        self.bare.sees("the other bare client's answer", answer).await?;
        Ok(milliseconds(start, at))
    }

    /// Raises a level in one round and lowers it in the next.
    fn step(&self, round: usize) -> (String, Option<i64>) {
        let (name, room) = (self.member.client.user_id(), world::room_key(0));
        if round.is_multiple_of(2) {
            (format!("!promote {name} moderator in {room}"), Some(50))
        } else {
            (format!("!demote {name} in {room}"), None)
        }
    }

    /// The command itself is also redacted, before the message or after it.
    async fn redaction(&mut self) -> anyhow::Result<f64> {
        let message = self.author.send_text(&self.ward, "mensagem na sala errada").await?;
        let start = Instant::now();
        let mut removed = BTreeMap::new();
        let both = async {
            while removed.len() < 2 {
                let what = "the redactions of a message and of the command";
                let event = self.member.sees(what, |seen| seen.is(&self.ward, "m.room.redaction")).await?;
                removed.insert(event.seen.text("/content/redacts").to_owned(), event.at);
            }
            anyhow::Ok(())
        };
        let (said, seen) = tokio::join!(self.chief.client.reply(&self.ward, &message, "!redact"), both);
        seen?;
        anyhow::ensure!(removed.contains_key(&said?), "the command was not removed");
        let at = removed.get(&message).ok_or_else(|| anyhow::anyhow!("the message was not removed"))?;
        Ok(milliseconds(start, *at))
    }

    async fn bare_redaction(&mut self, with_command: bool) -> anyhow::Result<f64> {
        let message = self.author.send_text(&self.bare_ward, "mensagem na sala errada").await?;
        let by_hand = async |client: &Client| {
            if with_command {
                client.reply(&self.bare_ward, &message, "!redact").await?;
            }
            client.redact(&self.bare_ward, &message, "asked for").await
        };
        let start = Instant::now();
        let seen = self.member.sees("the redaction by hand", |seen| redacts(seen, &self.bare_ward, &message));
        let (done, at) = tokio::join!(by_hand(&self.bare.client), seen);
        done?;
        Ok(milliseconds(start, at?.at))
    }
}

fn redacts(seen: &Seen, room: &str, event: &str) -> bool {
    seen.is(room, "m.room.redaction") && seen.text("/content/redacts") == event
}

fn level_of(levels: Option<&Value>, user: &str) -> Option<i64> {
    levels?.get("users")?.get(user)?.as_i64()
}
