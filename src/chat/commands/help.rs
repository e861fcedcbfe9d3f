//! `help`, generated from the table of commands.

use equipemed_domain::authority::Asker;
use equipemed_domain::command::word::{Needs, WORDS};
use equipemed_domain::command::{CommandPlace, Word};
use equipemed_domain::rights::Right;

use crate::chat::ask::Ask;
use crate::chat::words::Wording;
use crate::speech::{Answer, Arg};

/// Commands that undo each other, or belong together.
const PAIRS: &[(Word, Word)] = &[
    (Word::Confirm, Word::Cancel),
    (Word::Pause, Word::Resume),
    (Word::User, Word::Users),
    (Word::Promote, Word::Demote),
    (Word::Mute, Word::Unmute),
    (Word::Ban, Word::Unban),
    (Word::Lock, Word::Unlock),
    (Word::Deactivate, Word::Reactivate),
];

/// The commands available here to this person, or everything about one.
pub(super) fn help(ask: &Ask, about: Option<Word>) -> Answer {
    let words = &ask.words;
    if let Some(word) = about {
        return words.help_about(word);
    }
    let in_room = ask.place == CommandPlace::Managed;
    let rights = match ask.by.asker {
        Asker::Person(person) => {
            let access = ask.scene.world().access;
            ask.scene.directory.get(person).map(|person| access.rights_anywhere(person)).unwrap_or_default()
        }
        Asker::BreakGlass | Asker::Operator => [Right::Approve].into(),
    };
    let open = WORDS.iter().filter(|entry| !in_room || entry.in_managed_rooms);
    let open: Vec<Word> = open.filter(|entry| entry.needs.are_met_by(&rights)).map(|entry| entry.word).collect();
    words.help_overview(&open, in_room)
}

impl Wording {
    /// One short line for each command, and one for each two that undo each other: it is read on phones.
    fn help_overview(&self, open: &[Word], in_room: bool) -> Answer {
        let mut answer = Answer::new().line(self.say(if in_room { "help-intro-room" } else { "help-intro" }, &[]));
        for word in open.iter().filter(|word| !PAIRS.iter().any(|(one, other)| other == *word && open.contains(one))) {
            let pair = PAIRS.iter().find(|(one, other)| one == word && open.contains(other)).map(|(_, other)| other);
            let both = || std::iter::once(word).chain(pair);
            let commands = both().map(|word| self.shown(&Arg::Code(self.spelled(*word)))).collect();
            let brief = both().map(|word| self.word("brief", word.entry().name)).collect();
            let args = [("command", Arg::Said(self.list(commands))), ("effect", Arg::Said(self.choice(brief)))];
            answer = answer.item(self.line("help-item", &args));
        }
        if !in_room {
            answer = answer.paragraph(self.say("help-more", &[])).line(self.say("help-reactions", &[]));
        }
        answer
    }

    fn help_about(&self, word: Word) -> Answer {
        let entry = word.entry();
        let word_of = |right: Right| self.word("right", right.as_str());
        let right = match entry.needs {
            Needs::Nothing => None,
            Needs::Right(right) => Some(word_of(right)),
            Needs::Either(one, other) => Some(self.choice(vec![word_of(one), word_of(other)])),
        };
        let right = match right {
            None => self.line("help-right-none", &[]),
            Some(right) => self.line("help-right", &[("right", Arg::Said(right))]),
        };
        let others = entry.names().filter(|name| self.spelled(word) != format!("{}{name}", self.prefix()));
        let others = others.map(|name| self.shown(&Arg::Code(name.to_owned()))).collect();
        let place = if entry.in_managed_rooms { "help-where-rooms" } else { "help-where" };
        let effect = Arg::Said(self.word("effect", entry.name));
        let mut answer = Answer::new()
            .line(self.line("help-effect", &[("command", Arg::Code(self.spelled(word))), ("effect", effect)]))
            .line(self.how(word));
        if entry.usage.iter().any(|part| part.starts_with("[for ")) {
            answer = answer.line(self.line("help-time", &[]));
        }
        answer
            .line(right)
            .line(self.line("help-undo", &[("undo", Arg::Said(self.word("undo", entry.name)))]))
            .line(self.line(place, &[]))
            .line(self.line("help-also", &[("list", Arg::Said(self.list(others)))]))
    }
}
