//! What touches many is shown first and done after a yes: of the same person, in time, once, and only if it is still what
//! was shown.

use equipemed_domain::command::{Command, Place};
use equipemed_domain::event::Content;
use equipemed_domain::fault::Fault;
use equipemed_domain::sums::Beyond;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use super::Chat;
use super::ask::Ask;
use super::reply::{Reply, Stop, Turn};
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};
use crate::store::{Confirmation, InboxEvent};

/// How long a preview waits for its yes.
const WAITS: SignedDuration = SignedDuration::from_mins(5);
/// How long one waits for the yes of somebody else, who has to be found first.
const WAITS_FOR_ANOTHER: SignedDuration = SignedDuration::from_mins(60);
/// Letters of codes: none that looks like another.
const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// How many letters a code has. It is no secret: who may use it is asked.
const LENGTH: usize = 5;

impl Chat {
    /// Shows a preview, unless this is what it was confirmed for: then None, and it goes on. `digest` is what must be the
    /// same then.
    pub(super) async fn agreed(
        &self,
        ask: &Ask,
        lines: Vec<Said>,
        count: usize,
        digest: &[String],
    ) -> Result<Option<Turn>, Stop> {
        self.agreed_by(ask, lines, count, digest, None).await
    }

    /// The same; what goes beyond the asker's sums waits for somebody else's yes.
    pub(super) async fn agreed_by(
        &self,
        ask: &Ask,
        lines: Vec<Said>,
        count: usize,
        digest: &[String],
        beyond: Option<Beyond>,
    ) -> Result<Option<Turn>, Stop> {
        let texts = self.texts();
        let store = self.engine().store();
        let digest: String =
            Sha256::digest(digest.join("\n")).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        if let Some(code) = &ask.confirmed {
            let shown = store.confirmation(code).await?.map(|(confirmation, _)| confirmation.digest);
            // What was within the sums when it was shown may be beyond them now.
            let is_enough = beyond.is_none() || ask.agreed_by.is_some();
            return if is_enough && shown.as_ref() == Some(&digest) {
                Ok(None)
            } else {
                Err(Stop::Unclear(texts.say("confirm-changed", &[])))
            };
        }
        let code = code_for(ask);
        let waits = if beyond.is_some() { WAITS_FOR_ANOTHER } else { WAITS };
        if store.confirmation(&code).await?.is_none() {
            let confirmation = Confirmation {
                code: code.clone(),
                asker: ask.user.clone(),
                room_id: ask.room_id.clone(),
                command: ask.command.clone(),
                digest,
                beyond: beyond.clone(),
                source: ask.event.to_string(),
                created_at: ask.scene.now,
                expires_at: ask.scene.now.checked_add(waits).map_err(|_| Fault::Clock)?,
            };
            store.add_confirmation(&confirmation).await?;
        }
        let how = [("code", Arg::Text(code.clone())), ("minutes", Arg::Number(waits.as_mins()))];
        let mut answer = Answer::new().line(texts.say("preview-intro", &[("count", number(count))])).items(lines);
        answer = match &beyond {
            None => answer.paragraph(texts.say("confirm-how", &how)),
            Some(beyond) => {
                let lines = self.beyond_lines(ask, beyond);
                lines.into_iter().fold(answer, Answer::paragraph).paragraph(texts.say("sums-how", &how))
            }
        };
        Ok(Some(Turn::Over(Reply { prompt: Some(code), ..Reply::told(answer) })))
    }

    /// Carries out what was shown under a code.
    pub(super) async fn confirm(&self, ask: &Ask, code: &str) -> Result<Turn, Stop> {
        let (texts, store) = (self.texts(), self.engine().store());
        let code = code.trim().to_uppercase();
        let Some((confirmation, _)) = store.confirmation(&code).await? else {
            let said = ("said", Arg::Text(code));
            return Err(Stop::Unclear(texts.say("confirm-wrong", &[said])));
        };
        let asked = match (confirmation.asker == ask.user, &confirmation.beyond) {
            (true, None) => ask.clone(),
            (true, Some(_)) => return Err(Stop::Unclear(texts.say("sums-not-alone", &[]))),
            (false, Some(_)) => self.on_behalf(ask, &confirmation)?,
            (false, None) => {
                let user = ("user", ask.scene.user(&confirmation.asker));
                return Err(Stop::Unclear(texts.say("confirm-not-yours", &[user])));
            }
        };
        if !store.use_confirmation(&code, ask.event.as_str(), ask.scene.now).await? {
            let id = if confirmation.expires_at <= ask.scene.now { "confirm-expired" } else { "confirm-used" };
            return Err(Stop::Unclear(texts.say(id, &[])));
        }
        // Back to where it was asked: the room decides what "here" means.
        let room = ask.scene.key_of(&confirmation.room_id).cloned();
        let room = room.ok_or_else(|| Stop::Unclear(texts.say("confirm-changed", &[])))?;
        let place = Place::of(&room);
        // How long something lasts counts from the command, not from the yes.
        let sent_at = store.event_sent_at(&confirmation.source).await?.unwrap_or(confirmation.created_at);
        let (room_id, command, confirmed) = (confirmation.room_id, confirmation.command, Some(code));
        let inner = Ask { room_id, room, place, command, sent_at, confirmed, ..asked };
        self.carry_out(&inner).await
    }

    /// A reaction to a preview is a yes, too, of whoever can give one.
    pub(super) async fn reaction(&self, event: InboxEvent) -> anyhow::Result<()> {
        let Content::Reaction { event_id: prompt, .. } = event.event.content.clone() else {
            return self.done(event.seq).await;
        };
        let store = self.engine().store();
        let code = store.code_of_prompt(prompt.as_str()).await?;
        let confirmation = match &code {
            Some(code) => store.confirmation(code).await?.map(|(confirmation, _)| confirmation),
            None => None,
        };
        // Somebody else's thumb is an opinion and no yes.
        let (Some(code), Some(confirmation)) = (code, confirmation) else { return self.done(event.seq).await };
        if confirmation.asker != event.event.sender && confirmation.beyond.is_none() {
            return self.done(event.seq).await;
        }
        let Some(room) = store.key_of_room(&event.event.room_id).await? else { return self.done(event.seq).await };
        let place = Place::of(&room);
        // The preview is what is answered: clients show no answers to reactions.
        let mut event = event;
        event.event.event_id = prompt;
        self.understood(event, room, place, Command::Confirm { code }).await
    }
}

/// A command's code: the same when it is handled again.
fn code_for(ask: &Ask) -> String {
    let digest = Sha256::digest(ask.event.as_str());
    let letter = |byte: &u8| char::from(*LETTERS.get(usize::from(*byte) % LETTERS.len()).unwrap_or(&b'A'));
    digest.iter().take(LENGTH).map(letter).collect()
}
