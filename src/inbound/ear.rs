//! Which messages are meant for the bot. Everything else that people write is neither stored nor logged.

use equipemed_domain::command::{Message, Place, Setting, sounds_like_command};
use ruma_common::OwnedUserId;

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

impl Ear {
    /// Whether it sounds like a command to the bot.
    pub(super) fn hears(&self, message: &Message<'_>, in_control: bool) -> bool {
        let place = if in_control { Place::Control } else { Place::Managed };
        let setting = Setting { prefix: &self.prefix, bot: &self.bot, bot_name: &self.bot_name, place };
        sounds_like_command(message, &setting)
    }
}
