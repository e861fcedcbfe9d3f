//! Which messages concern the bot: those meant for it, and those with files that are not accepted. All others are neither
//! stored nor logged.

use equipemed_domain::command::{CommandPlace, Message, Setting, sounds_like_command};
use equipemed_domain::media::Accepted;
use ruma_common::OwnedUserId;

/// The names that address the bot, and what it does not accept.
#[derive(Clone, Debug)]
pub struct CommandFilter {
    /// Prefix of commands.
    pub prefix: String,
    /// The bot's account.
    pub bot: OwnedUserId,
    /// Its display name, as shown in mentions.
    pub bot_name: String,
    /// The files that are accepted.
    pub accepted: Accepted,
}

impl CommandFilter {
    /// Whether a message may be a command to the bot.
    pub(super) fn lets_through(&self, message: &Message<'_>, place: CommandPlace) -> bool {
        let setting = Setting { prefix: &self.prefix, bot: &self.bot, bot_name: &self.bot_name, place };
        sounds_like_command(message, &setting)
    }
}
