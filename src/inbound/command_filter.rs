//! Which messages are meant for the bot. Everything else that people write is neither stored nor logged.

use equipemed_domain::command::{Message, Place, Setting, sounds_like_command};
use ruma_common::OwnedUserId;

/// Knows what the bot is called.
#[derive(Clone, Debug)]
pub struct CommandFilter {
    /// What commands begin with.
    pub prefix: String,
    /// The bot.
    pub bot: OwnedUserId,
    /// Its display name, which a mention shows.
    pub bot_name: String,
}

impl CommandFilter {
    /// Whether a message may be a command to the bot.
    pub(super) fn lets_through(&self, message: &Message<'_>, place: Place) -> bool {
        let setting = Setting { prefix: &self.prefix, bot: &self.bot, bot_name: &self.bot_name, place };
        sounds_like_command(message, &setting)
    }
}
