//! Commands with many effects are previewed and then confirmed: by the same person, in time, once, and only if the
//! effects are still those shown.

use equipemed_domain::command::{CommandPlace, Preview};
use equipemed_domain::fault::Fault;
use equipemed_domain::sums::Beyond;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::ask::Ask;
use super::commands::carry_out;
use super::reply::{Reply, Stop, Turn};
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};
use crate::store::Confirmation;

/// How long a preview waits for confirmation.
const WAITS: SignedDuration = SignedDuration::from_mins(5);
/// How long it waits for somebody else's confirmation, as that person must be found first.
const WAITS_FOR_ANOTHER: SignedDuration = SignedDuration::from_mins(60);
/// Letters of codes, without look-alikes.
const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// Letters per code. A code is no secret: whoever uses it is checked.
const LENGTH: usize = 5;

impl Ask {
    /// Shows a preview. None if this call is the confirmed one and may go on. `digest` must be the same both times.
    pub(super) async fn agreed(&self, lines: Vec<Said>, count: usize, digest: &[String]) -> Result<Option<Turn>, Stop> {
        self.agreed_beyond(lines, count, digest, None).await
    }

    /// The same; what exceeds the asker's limits waits for somebody else's confirmation.
    pub(super) async fn agreed_beyond(
        &self,
        lines: Vec<Said>,
        count: usize,
        digest: &[String],
        beyond: Option<Beyond>,
    ) -> Result<Option<Turn>, Stop> {
        let (words, store) = (&self.words, self.store());
        let digest: String =
            Sha256::digest(digest.join("\n")).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        if let Some(code) = &self.confirmed {
            let shown = store.confirmation(code).await?.map(|(confirmation, _)| confirmation.digest);
            // It may have been within the limits when shown and exceed them now.
            let is_enough = beyond.is_none() || self.agreed_by.is_some();
            return if is_enough && shown.as_ref() == Some(&digest) {
                Ok(None)
            } else {
                Err(Stop::Unclear(words.say("confirm-changed", &[])))
            };
        }
        let code = code_for(self);
        let waits = if beyond.is_some() { WAITS_FOR_ANOTHER } else { WAITS };
        if store.confirmation(&code).await?.is_none() {
            let confirmation = Confirmation {
                code: code.clone(),
                asker: self.user.clone(),
                room_id: self.room_id.clone(),
                command: self.command.clone(),
                digest,
                beyond: beyond.clone(),
                source: self.source.clone(),
                created_at: self.scene.now,
                expires_at: self.scene.now.checked_add(waits).map_err(|_| Fault::Clock)?,
            };
            store.add_confirmation(&confirmation).await?;
        }
        let how = [("code", Arg::Text(code.clone())), ("minutes", Arg::Number(waits.as_mins()))];
        let mut answer = Answer::new().line(words.say("preview-intro", &[("count", number(count))])).items(lines);
        answer = match &beyond {
            None => answer.paragraph(words.say("confirm-how", &how)),
            Some(beyond) => {
                let lines = words.beyond(beyond, &self.user);
                lines.into_iter().fold(answer, Answer::paragraph).paragraph(words.say("sums-how", &how))
            }
        };
        Ok(Some(Turn::Over(Reply { prompt: Some(code), ..Reply::told(answer) })))
    }
}

impl Ask {
    /// The preview that is answered, and when it was used.
    async fn previewed(&self, preview: &Preview) -> Result<(Confirmation, Option<Timestamp>), Stop> {
        let (words, store) = (&self.words, self.store());
        let code = match preview {
            Preview::Code(code) => code.clone(),
            Preview::Replied(event) => match store.code_of_prompt(event.as_str()).await? {
                Some(code) => code,
                None => return Err(Stop::Unclear(words.say("confirm-nothing", &[]))),
            },
        };
        let found = store.confirmation(&code).await?;
        found.ok_or_else(|| Stop::Unclear(words.say("confirm-wrong", &[("said", Arg::Text(code))])))
    }

    /// Whether a preview is no longer there to be read, so that nobody can know to what they say yes.
    async fn is_removed(&self, shown: &Confirmation) -> Result<bool, Stop> {
        let Some(prompt) = self.store().prompt_of(&shown.code).await? else { return Ok(false) };
        let seen = self.engine.reader().event(&shown.room_id, &prompt).await?;
        Ok(seen.is_none_or(|seen| seen.content.redacted))
    }
}

/// Says no to a preview: whoever asked for it, or could say yes in their place.
pub(super) async fn cancel(ask: &Ask, preview: &Preview) -> Result<Turn, Stop> {
    let words = &ask.words;
    let (confirmation, _) = ask.previewed(preview).await?;
    if confirmation.asker != ask.user {
        if confirmation.beyond.is_none() {
            let user = words.user(&confirmation.asker);
            return Err(Stop::Unclear(words.say("confirm-not-yours", &[("user", user)])));
        }
        ask.asked.clone().on_behalf(&confirmation.asker)?;
    }
    if !ask.store().cancel_confirmation(&confirmation.code, ask.scene.now).await? {
        return Err(Stop::Unclear(words.say("confirm-used", &[])));
    }
    Ok(Turn::told(Answer::new().line(words.say("cancelled", &[]))))
}

/// Carries out a previewed command.
pub(super) async fn confirm(ask: &Ask, preview: &Preview) -> Result<Turn, Stop> {
    let (words, store) = (&ask.words, ask.store());
    let unclear = |id, args: &[_]| Stop::Unclear(words.say(id, args));
    let (confirmation, used_at) = ask.previewed(preview).await?;
    let (mut asked, user) = (ask.asked.clone(), confirmation.asker.clone());
    match (user == ask.user, &confirmation.beyond) {
        (true, None) => {}
        (true, Some(_)) => return Err(unclear("sums-not-alone", &[])),
        (false, Some(_)) => asked = asked.on_behalf(&user)?,
        (false, None) => return Err(unclear("confirm-not-yours", &[("user", words.user(&user))])),
    }
    let code = &confirmation.code;
    if used_at.is_none() && ask.is_removed(&confirmation).await? {
        return Err(unclear("confirm-removed", &[]));
    }
    if !store.use_confirmation(code, &ask.source, ask.scene.now).await? {
        let id = if confirmation.expires_at <= ask.scene.now { "confirm-expired" } else { "confirm-used" };
        return Err(unclear(id, &[]));
    }
    // In the room of the command, which decides what "here" means.
    let room = ask.scene.key_of(&confirmation.room_id).cloned();
    let room = room.ok_or_else(|| unclear("confirm-changed", &[]))?;
    // Durations count from the command, not from the confirmation.
    asked.sent_at = store.event_sent_at(&confirmation.source).await?.unwrap_or(confirmation.created_at);
    asked.confirmed = Some(code.clone());
    let (place, room_id, command) = (CommandPlace::of(&room), confirmation.room_id, confirmation.command);
    carry_out(&Ask { asked, room_id, room, place, user, command, ..ask.clone() }).await
}

/// A command's code; the same when the command is handled again.
fn code_for(ask: &Ask) -> String {
    let digest = Sha256::digest(ask.event.as_str());
    let letter = |byte: &u8| char::from(*LETTERS.get(usize::from(*byte) % LETTERS.len()).unwrap_or(&b'A'));
    digest.iter().take(LENGTH).map(letter).collect()
}
