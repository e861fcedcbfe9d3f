//! Talks to the bot as a person: sends a message and waits for the answer.

use std::time::Duration;

use equipemed_testbed::{Client, Seen, Stream};

/// The bot's marks on finished commands.
const MARKS: [&str; 3] = ["✅", "⚠️", "❌"];
/// The bot's mark on running commands.
const WORKING: &str = "⏳";
/// A question gets no mark: after this silence nothing more will come.
const QUIET: Duration = Duration::from_secs(1);
/// Maximum silence where every command is answered.
const PATIENCE: Duration = Duration::from_secs(60);

/// A person's open app.
pub(crate) struct Talk {
    pub(crate) client: Client,
    /// How long to wait for an answer.
    pub(crate) patience: Duration,
    stream: Stream,
    bot: String,
}

/// The reaction to a message.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Its event id.
    pub(crate) said: String,
    /// The bot's answers in order, with edits applied.
    pub(crate) answers: Vec<Answer>,
    /// Its mark.
    pub(crate) mark: Option<String>,
    /// Whether the bot redacted it.
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

    /// Sends a message, optionally as a reply, and follows the bot's reaction to its end. Empty if no answer comes in
    /// time.
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
    /// All answers joined.
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
