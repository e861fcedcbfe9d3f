//! Translates commands into the reader's language; the bot understands both.

use equipemed_domain::command::Word;
use equipemed_domain::command::word::{Entry, WORDS};

use super::Texts;
use crate::config::settings::Language;

impl Texts {
    /// A command's word as it is typed.
    #[must_use]
    pub fn spelled(&self, word: Word) -> String {
        format!("{}{}", self.prefix, self.name(word.entry()))
    }

    fn name(&self, entry: &Entry) -> &'static str {
        match self.language {
            Language::En => entry.name,
            Language::PtBr => entry.portuguese(),
        }
    }

    /// How a command is said.
    #[must_use]
    pub fn usage(&self, word: Word) -> String {
        let parts: String = word.entry().usage.iter().map(|part| format!(" {}", self.typed(part))).collect();
        format!("{}{parts}", self.spelled(word))
    }

    /// An example of a command.
    #[must_use]
    pub fn example(&self, word: Word) -> String {
        let entry = word.entry();
        let behind = entry.example.strip_prefix(entry.name).unwrap_or_default();
        format!("{}{}", self.spelled(word), self.typed(behind))
    }

    /// Translates part of a usage line or example word by word; other words stay.
    #[must_use]
    pub fn typed(&self, part: &str) -> String {
        let mut typed = String::with_capacity(part.len());
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_word = first.is_alphanumeric();
            let end = rest.find(|c: char| (c.is_alphanumeric() || is_word && "-._".contains(c)) != is_word);
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            if is_word {
                typed.push_str(&self.typed_word(word, after))
            } else {
                typed.push_str(word)
            }
            rest = after;
        }
        typed
    }

    fn typed_word(&self, word: &str, after: &str) -> String {
        // `for 2h`, and `for group: …` when making a room, are two words in Portuguese.
        let is_time = word == "for" && after.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let name = if is_time { "during" } else { word };
        if let Some(entry) = WORDS.iter().find(|entry| entry.name == word) {
            return self.name(entry).to_owned();
        }
        let plain = self.word("typed", name).plain;
        if plain == name { word.to_owned() } else { plain }
    }
}
