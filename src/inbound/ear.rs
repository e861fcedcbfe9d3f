//! Which messages are meant for the bot. Everything else that people write is neither stored nor logged.

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
    /// Whether it sounds like a command; a false alarm costs a row, a miss costs the command.
    pub(super) fn hears(&self, said: &Said<'_>) -> bool {
        // A reply may begin with what it answers, for clients that do not know replies.
        let quoted = |line: &&str| said.reply_to.is_some() && line.starts_with('>') || line.trim().is_empty();
        let body = said.body.lines().find(|line| !quoted(line)).unwrap_or_default().trim_start();
        let is_word = |rest: &str| rest.starts_with(char::is_alphabetic);
        let mentioned = [self.bot.as_str(), self.bot.localpart(), &self.bot_name];
        body.strip_prefix(self.prefix.as_str()).is_some_and(is_word)
            || mentioned
                .iter()
                .any(|name| !name.is_empty() && body.trim_start_matches('@').starts_with(name.trim_start_matches('@')))
            || said.in_control && said.formatted.is_some_and(|html| html.contains(self.bot.as_str()))
    }
}
