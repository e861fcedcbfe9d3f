//! Talking to the bot as people do: say something with one's own client, wait for the answer.

use std::time::Duration;

use anyhow::Context as _;
use equipemed_testbed::Client;
use serde_json::{Value, json};

use super::Hospital;

/// How far back an answer is looked for.
const BACK: u32 = 100;

/// What the bot answered to one message.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The notice's event.
    pub(crate) event: Value,
    /// Its text as it stands now, after edits.
    pub(crate) text: String,
}

impl Hospital {
    /// Says something in a room.
    pub(crate) async fn say(&self, who: &Client, room: &str, text: &str) -> anyhow::Result<String> {
        who.send_text(&self.room(room).await?, text).await
    }

    /// Says something in the control room and waits for the answer.
    pub(crate) async fn ask(&self, who: &Client, text: &str) -> anyhow::Result<Answer> {
        let said = self.say(who, "control", text).await?;
        self.answer(who, "control", &said).await
    }

    /// Waits until a command is handled, and gives the answer to it.
    pub(crate) async fn answer(&self, reader: &Client, room: &str, said: &str) -> anyhow::Result<Answer> {
        self.handled(said).await?;
        let answers = self.answers(reader, room, said).await?;
        answers.into_iter().next().with_context(|| format!("no answer to {said}"))
    }

    /// Waits until an event is handled.
    pub(crate) async fn handled(&self, event: &str) -> anyhow::Result<()> {
        equipemed_testbed::eventually("the event is handled", Duration::from_secs(60), || async {
            let rows = self.inbox().await?;
            Ok(rows.iter().any(|row| row.event_id == event && row.is_handled).then_some(()))
        })
        .await
    }

    /// All of the bot's answers to a message, the oldest first.
    pub(crate) async fn answers(&self, reader: &Client, room: &str, said: &str) -> anyhow::Result<Vec<Answer>> {
        let room = self.room(room).await?;
        let bot = self.bot()?;
        let mut messages = reader.messages(&room, BACK).await?;
        messages.reverse();
        let own: Vec<&Value> = messages.iter().filter(|event| event["sender"] == bot.user_id()).collect();
        let answers = own.iter().filter(|event| event["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == said);
        Ok(answers
            .map(|event| {
                let mut edits = own.iter().filter(|edit| {
                    let relation = &edit["content"]["m.relates_to"];
                    relation["rel_type"] == "m.replace" && relation["event_id"] == event["event_id"]
                });
                let content = edits.next_back().map_or(&event["content"], |edit| &edit["content"]["m.new_content"]);
                Answer { event: (*event).clone(), text: content["body"].as_str().unwrap_or_default().to_owned() }
            })
            .collect())
    }

    /// Keys of the bot's reactions to an event that are still there.
    pub(crate) async fn marks(&self, reader: &Client, room: &str, event: &str) -> anyhow::Result<Vec<String>> {
        let bot = self.bot()?;
        let messages = reader.messages(&self.room(room).await?, BACK).await?;
        let mut marks: Vec<String> = messages
            .iter()
            .filter(|other| other["sender"] == bot.user_id())
            .filter(|other| other["content"]["m.relates_to"]["event_id"] == event)
            .filter_map(|other| other["content"]["m.relates_to"]["key"].as_str().map(str::to_owned))
            .collect();
        marks.sort();
        Ok(marks)
    }

    /// Sends what an administrator's client sends when somebody is mentioned by name.
    pub(crate) async fn say_with_pill(
        &self,
        who: &Client,
        text: (&str, &str, &str),
        target: &str,
    ) -> anyhow::Result<String> {
        let (before, name, after) = text;
        let content = json!({
            "msgtype": "m.text",
            "body": format!("{before}{name}{after}"),
            "format": "org.matrix.custom.html",
            "formatted_body": format!("{before}<a href=\"https://matrix.to/#/{target}\">{name}</a>{after}"),
        });
        who.send(&self.room("control").await?, "m.room.message", content).await
    }
}
