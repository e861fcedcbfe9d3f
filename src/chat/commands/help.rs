//! `help`, generated from the table of commands.

use equipemed_domain::authority::Asker;
use equipemed_domain::command::word::{Needs, WORDS};
use equipemed_domain::command::{CommandPlace, Word};
use equipemed_domain::rights::Right;

use crate::chat::ask::Ask;
use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::speech::{Answer, Arg};

/// The commands available here to this person, or everything about one.
pub(super) fn help(ask: &Ask, about: Option<Word>) -> Answer {
    let words = &ask.words;
    if let Some(word) = about {
        return words.help_about(word);
    }
    let in_room = ask.place == CommandPlace::Managed;
    let mut answer = Answer::new().line(words.say(if in_room { "help-intro-room" } else { "help-intro" }, &[]));
    let rights = match ask.by.asker {
        Asker::Person(person) => {
            let access = ask.scene.world().access;
            ask.scene.directory.get(person).map(|person| access.rights_anywhere(person)).unwrap_or_default()
        }
        Asker::BreakGlass | Asker::Operator => [Right::Approve].into(),
    };
    for entry in WORDS.iter().filter(|entry| !in_room || entry.in_managed_rooms) {
        if entry.needs.are_met_by(&rights) {
            let effect = words.effect(entry.word);
            let usage = ("usage", Arg::Code(words.usage(entry.word)));
            answer = answer.item(words.line("help-item", &[usage, ("effect", Arg::Said(effect))]));
        }
    }
    if !in_room {
        answer = answer.paragraph(words.say("help-more", &[])).line(words.say("help-reactions", &[]));
    }
    answer
}

impl Wording {
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
        let others = entry.aliases.iter().map(|alias| self.shown(&Arg::Code((*alias).to_owned()))).collect();
        let place = if entry.in_managed_rooms { "help-where-rooms" } else { "help-where" };
        Answer::new()
            .line(self.line("help-usage", &[("usage", Arg::Code(self.usage(word)))]))
            .line(self.line("help-effect", &[("effect", Arg::Said(self.effect(word)))]))
            .line(self.line("help-example", &[("example", Arg::Code(self.example(word)))]))
            .line(right)
            .line(self.line("help-undo", &[("undo", Arg::Said(self.word("undo", entry.name)))]))
            .line(self.line(place, &[]))
            .line(self.line("help-also", &[("list", Arg::Said(self.list(others)))]))
    }

    /// What a command does, in one line.
    fn effect(&self, word: Word) -> Said {
        let id = match word {
            Word::Help => "help-help",
            Word::Status => "help-status",
            Word::WhoAmI => "help-whoami",
            Word::Confirm => "help-confirm",
            Word::Cancel => "help-cancel",
            Word::Stop => "help-stop",
            Word::Pause => "help-pause",
            Word::Resume => "help-resume",
            Word::Sync => "help-sync",
            Word::Approve => "help-approve",
            Word::User => "help-user",
            Word::Users => "help-users",
            Word::Why => "help-why",
            Word::Grants => "help-grants",
            Word::Audit => "help-audit",
            Word::Promote => "help-promote",
            Word::Demote => "help-demote",
            Word::Redact => "help-redact",
            Word::Kick => "help-kick",
            Word::Mute => "help-mute",
            Word::Unmute => "help-unmute",
            Word::Ban => "help-ban",
            Word::Unban => "help-unban",
            Word::Lock => "help-lock",
            Word::Unlock => "help-unlock",
            Word::SignOut => "help-signout",
            Word::Deactivate => "help-deactivate",
            Word::Reactivate => "help-reactivate",
            Word::Rooms => "help-rooms",
        };
        self.line(id, &[])
    }
}
