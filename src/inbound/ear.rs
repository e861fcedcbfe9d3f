//! Which messages are meant for the bot. Everything else that people write is neither stored nor logged.

use equipemed_domain::command::{Place, Setting, Spoken, sounds_like_command};
use ruma_common::{OwnedEventId, OwnedUserId};

/// Knows what the bot is called.
#[derive(Clone, Debug)]
pub struct Ear {
    /// What commands begin with.
    pub prefix: String,
    /// The bot.
    pub bot: OwnedUserId,
    /// Its display name, which a mention shows.
    pub bot_name: String,
}

/// What somebody wrote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    /// The event's `body`.
    pub(super) body: &'a str,
    /// Its `formatted_body`, when its format is HTML.
    pub(super) formatted: Option<&'a str>,
    /// The event it answers.
    pub(super) reply_to: Option<&'a OwnedEventId>,
    /// Whether it was said in the control room.
    pub(super) in_control: bool,
}

impl Ear {
    /// Whether it sounds like a command to the bot.
    pub(super) fn hears(&self, said: &Said<'_>) -> bool {
        let place = if said.in_control { Place::Control } else { Place::Managed };
        let setting = Setting { prefix: &self.prefix, bot: &self.bot, bot_name: &self.bot_name, place };
        sounds_like_command(&Spoken { body: said.body, formatted: said.formatted, reply_to: said.reply_to }, &setting)
    }
}
