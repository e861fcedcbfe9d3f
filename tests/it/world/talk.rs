//! Talks to the bot as people do: sends a message with one's own client and waits for the answer.

use anyhow::Context as _;
use equipemed_testbed::Client;
use serde_json::{Value, json};

use super::process::{PATIENCE, Running};
use super::{Hospital, Person, until};

/// How many events to search for an answer.
const BACK: u32 = 100;

/// The bot's answer to a message.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The notice's event.
    pub(crate) event: Value,
    /// Its text with edits applied.
    pub(crate) text: String,
}

impl Answer {
    /// Fails unless the text contains all of these.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.text.contains(part), "{part:?} is not in {}", self.text);
        }
    }

    /// The confirmation code in a preview.
    pub(crate) fn code(&self) -> anyhow::Result<String> {
        let after = self.text.split_once("!confirm ").with_context(|| format!("no code in {}", self.text))?.1;
        Ok(after.chars().take_while(char::is_ascii_alphanumeric).collect())
    }

    /// The id of the notice.
    pub(crate) fn id(&self) -> &str {
        self.event["event_id"].as_str().unwrap_or_default()
    }
}

/// A hospital after its first pass, in English; `change` modifies its configuration first.
pub(crate) async fn opened(
    people: Vec<Person>,
    rooms: Value,
    change: impl FnOnce(&mut Hospital),
) -> anyhow::Result<(Hospital, Running)> {
    let mut hospital = Hospital::new(people, rooms).await?;
    change(&mut hospital);
    begun(hospital).await
}

/// The same for an existing hospital.
pub(crate) async fn begun(mut hospital: Hospital) -> anyhow::Result<(Hospital, Running)> {
    if hospital.config["bot"]["language"].is_null() {
        hospital.config["bot"]["language"] = json!("en");
    }
    hospital.write_config()?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    Ok((hospital, serving))
}

/// Stops the service and runs the common checks.
pub(crate) async fn close(hospital: Hospital, serving: Running) -> anyhow::Result<()> {
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

impl Hospital {
    /// Sends a message to a room.
    pub(crate) async fn say(&self, who: &Client, room: &str, text: &str) -> anyhow::Result<String> {
        who.send_text(&self.room(room).await?, text).await
    }

    /// Sends a command to the control room and waits for the answer.
    pub(crate) async fn ask(&self, who: &Client, text: &str) -> anyhow::Result<Answer> {
        let said = self.say(who, "control", text).await?;
        self.answer(who, "control", &said).await
    }

    /// Waits until a command is handled and returns its answer.
    ///
    /// Synapse shows an event in `/messages` only once all that was begun before it, in whatever room, is stored: the
    /// answer may come a moment after the command counts as handled.
    pub(crate) async fn answer(&self, reader: &Client, room: &str, said: &str) -> anyhow::Result<Answer> {
        self.handled(said).await?;
        equipemed_testbed::eventually(&format!("an answer to {said}"), PATIENCE, || async {
            Ok(self.answers(reader, room, said).await?.into_iter().next())
        })
        .await
    }

    /// Waits until an event is handled.
    pub(crate) async fn handled(&self, event: &str) -> anyhow::Result<()> {
        equipemed_testbed::eventually("the event is handled", PATIENCE, || async {
            let rows = self.inbox().await?;
            Ok(rows.iter().any(|row| row.event_id == event && row.is_handled).then_some(()))
        })
        .await
    }

    /// All answers of the bot to a message, oldest first.
    pub(crate) async fn answers(&self, reader: &Client, room: &str, said: &str) -> anyhow::Result<Vec<Answer>> {
        let room = self.room(room).await?;
        let bot = self.bot()?;
        let mut messages = reader.messages(&room, BACK).await?;
        messages.reverse();
        let own: Vec<&Value> = messages.iter().filter(|event| event["sender"] == bot.user_id()).collect();
        let answers = own.iter().filter(|event| event["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == said);
        Ok(answers
            .map(|event| {
                // The bundled edit is the newest one; as an event of its own it may not be listed yet.
                let edit = &event["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"];
                let content = if edit.is_null() { &event["content"] } else { edit };
                Answer { event: (*event).clone(), text: content["body"].as_str().unwrap_or_default().to_owned() }
            })
            .collect())
    }

    /// The bot's reactions to an event that were not redacted.
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

    /// Sends what a client sends when somebody is mentioned by name.
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

    /// Waits for a message of the bot in the control room with these parts; returns all such messages.
    pub(crate) async fn told(&self, reader: &Client, parts: &[&str]) -> anyhow::Result<Vec<String>> {
        until(&format!("{parts:?} in the control room"), || async {
            let found = self.heard(reader, parts).await?;
            Ok((!found.is_empty()).then_some(()))
        })
        .await?;
        self.heard(reader, parts).await
    }

    /// Messages of the bot in the control room with these parts, newest first.
    pub(crate) async fn heard(&self, reader: &Client, parts: &[&str]) -> anyhow::Result<Vec<String>> {
        let bot = self.bot()?;
        let messages = reader.messages(&self.room("control").await?, BACK).await?;
        let own = messages.iter().filter(|event| event["sender"] == bot.user_id());
        let bodies = own.filter_map(|event| event["content"]["body"].as_str());
        Ok(bodies.filter(|body| parts.iter().all(|part| body.contains(part))).map(str::to_owned).collect())
    }

    /// Waits until the bot has redacted an event.
    pub(crate) async fn redacted(&self, reader: &Client, room: &str, event: &str) -> anyhow::Result<()> {
        let (room, bot) = (self.room(room).await?, self.bot()?);
        until("the redaction", || async {
            let seen = reader.event(&room, event).await?;
            Ok((seen["unsigned"]["redacted_because"]["sender"] == bot.user_id()).then_some(()))
        })
        .await
    }

    /// Whether an event was not redacted.
    pub(crate) async fn stands(&self, reader: &Client, room: &str, event: &str) -> anyhow::Result<bool> {
        Ok(reader.event(&self.room(room).await?, event).await?["unsigned"]["redacted_because"].is_null())
    }

    /// Outcomes of commands with this word in the audit, oldest first.
    pub(crate) async fn outcomes(&self, word: &str) -> anyhow::Result<Vec<String>> {
        let subject = format!("command {word}");
        let mut entries = self.audit().await?;
        entries.retain(|entry| entry.intent.kind == "command" && entry.intent.subject == subject);
        entries.sort_by_key(|entry| entry.id);
        Ok(entries.into_iter().map(|entry| format!("{:?}", entry.settled.map(|settled| settled.outcome))).collect())
    }

    /// Sends the service a transaction as Synapse would; returns the status.
    pub(crate) async fn push(&self, id: &str, events: &[Value]) -> anyhow::Result<u16> {
        self.push_text(id, json!({"events": events}).to_string()).await
    }

    /// The same with any body.
    pub(crate) async fn push_text(&self, id: &str, body: String) -> anyhow::Result<u16> {
        let url = format!("http://127.0.0.1:{}/_matrix/app/v1/transactions/{id}", self.port());
        let http = reqwest::Client::builder().no_proxy().build()?;
        let request = http.put(url).bearer_auth(&self.seat.registration.hs_token);
        Ok(request.body(body).send().await?.status().as_u16())
    }

    /// Changes the service's database directly; returns the number of rows.
    pub(crate) async fn sql(&self, statement: &'static str) -> anyhow::Result<u64> {
        use sqlx::Connection as _;
        let url = format!("sqlite://{}", self.path("equipemed-bot.db").display());
        let mut database = sqlx::SqliteConnection::connect(&url).await?;
        let done = sqlx::query(statement).execute(&mut database).await?;
        database.close().await?;
        Ok(done.rows_affected())
    }

    /// A number from the service's database.
    pub(crate) async fn number(&self, query: &'static str) -> anyhow::Result<i64> {
        use sqlx::Connection as _;
        let url = format!("sqlite://{}", self.path("equipemed-bot.db").display());
        let mut database = sqlx::SqliteConnection::connect(&url).await?;
        let number = sqlx::query_scalar(query).fetch_one(&mut database).await?;
        database.close().await?;
        Ok(number)
    }
}
