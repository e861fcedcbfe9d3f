//! Talking to the bot as a person: say something with one's own client, wait until it has answered.

use std::time::Duration;

use equipemed_testbed::{Client, Seen, Stream};

/// How the bot marks a command that is over.
const MARKS: [&str; 3] = ["✅", "⚠️", "❌"];
/// How the bot marks one that goes on.
const WORKING: &str = "⏳";
/// A question is answered without a mark: so long after the last word nothing more is to come.
const QUIET: Duration = Duration::from_secs(1);
/// So long after the last sign of life no more is expected, where every command is answered.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody's open app.
pub(crate) struct Talk {
    pub(crate) client: Client,
    /// How long an answer is waited for.
    pub(crate) patience: Duration,
    stream: Stream,
    bot: String,
}

/// What became of something said.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The event it became.
    pub(crate) said: String,
    /// The bot's answers as they stand now, in order.
    pub(crate) answers: Vec<Answer>,
    /// The mark on it.
    pub(crate) mark: Option<String>,
    /// Whether the bot removed it.
    pub(crate) removed: bool,
    working: Option<String>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    event: String,
    pub(crate) text: String,
}

impl Talk {
    pub(crate) async fn begin(client: Client, bot: &str) -> anyhow::Result<Self> {
        let stream = Stream::begin(&client).await?;
        Ok(Self { client, patience: PATIENCE, stream, bot: bot.to_owned() })
    }

    /// Says something, in reply to an event if there is one, and follows what the bot makes of it to its end. Without any
    /// answer in time the result is empty.
    pub(crate) async fn ask(&mut self, room: &str, text: &str, reply: Option<&str>) -> anyhow::Result<Heard> {
        let said = match reply {
            Some(event) => self.client.reply(room, event, text).await?,
            None => self.client.send_text(room, text).await?,
        };
        let mut heard = Heard { said, ..Heard::default() };
        while !heard.is_over() {
            let seems_over = !heard.answers.is_empty() && heard.working.is_none();
            match self.stream.next(if seems_over { QUIET } else { self.patience }).await? {
                Some(seen) if seen.room == room && seen.text("/sender") == self.bot => heard.note(&seen),
                Some(_) => {}
                None => break,
            }
        }
        Ok(heard)
    }
}

impl Heard {
    /// All answers in one.
    pub(crate) fn text(&self) -> String {
        self.answers.iter().map(|answer| answer.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    fn is_over(&self) -> bool {
        self.mark.is_some() || self.removed
    }

    fn note(&mut self, seen: &Seen) {
        let target = seen.text("/content/m.relates_to/event_id");
        match seen.text("/type") {
            "m.room.message" if seen.text("/content/m.relates_to/rel_type") == "m.replace" => {
                if let Some(answer) = self.answers.iter_mut().find(|answer| answer.event == target) {
                    seen.text("/content/m.new_content/body").clone_into(&mut answer.text);
                }
            }
            "m.room.message" if seen.text("/content/m.relates_to/m.in_reply_to/event_id") == self.said => {
                let text = seen.text("/content/body").to_owned();
                self.answers.push(Answer { event: seen.id().to_owned(), text });
            }
            "m.reaction" if target == self.said => match seen.text("/content/m.relates_to/key") {
                WORKING => self.working = Some(seen.id().to_owned()),
                key if MARKS.contains(&key) => self.mark = Some(key.to_owned()),
                _ => {}
            },
            "m.room.redaction" => {
                let redacted = seen.text("/content/redacts");
                self.removed |= redacted == self.said;
                self.working.take_if(|event| event == redacted);
            }
            _ => {}
        }
    }
}
