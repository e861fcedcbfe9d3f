//! `help`, made from the table of words; `whoami`.

use equipemed_domain::authority::Asker;
use equipemed_domain::command::word::{Needs, WORDS};
use equipemed_domain::command::{Place, Word};
use equipemed_domain::rights::Right;

use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Reply, Stop};
use crate::speech::{Answer, Arg};

impl Chat {
    /// What can be said here by this person, or everything about one word.
    pub(super) fn help(&self, ask: &Ask, about: Option<Word>) -> Reply {
        let texts = self.texts();
        if let Some(word) = about {
            return Reply::told(self.help_about(word));
        }
        let in_room = ask.place == Place::Managed;
        let mut answer = Answer::new().line(texts.say(if in_room { "help-intro-room" } else { "help-intro" }, &[]));
        let rights = match ask.asker {
            Asker::Person(person) => {
                let access = ask.scene.world().access;
                ask.scene.directory.get(person).map(|person| access.rights_anywhere(person)).unwrap_or_default()
            }
            Asker::BreakGlass | Asker::Operator => [Right::Approve].into(),
        };
        for entry in WORDS.iter().filter(|entry| entry.available && (!in_room || entry.in_managed_rooms)) {
            if entry.needs.are_met_by(&rights) {
                let effect = self.effect(entry.word);
                let usage = ("usage", Arg::Code(self.usage(entry.word)));
                answer = answer.item(texts.line("help-item", &[usage, ("effect", Arg::Said(effect))]));
            }
        }
        if !in_room {
            answer = answer.paragraph(texts.say("help-more", &[])).line(texts.say("help-reactions", &[]));
        }
        Reply::told(answer)
    }

    fn help_about(&self, word: Word) -> Answer {
        let (texts, entry) = (self.texts(), word.entry());
        let word_of = |right: Right| texts.word("right", right.as_str());
        let right = match entry.needs {
            Needs::Nothing => None,
            Needs::Right(right) => Some(word_of(right)),
            Needs::Either(one, other) => Some(texts.choice(vec![word_of(one), word_of(other)])),
        };
        let right = match right {
            None => texts.line("help-right-none", &[]),
            Some(right) => texts.line("help-right", &[("right", Arg::Said(right))]),
        };
        let others = entry.aliases.iter().map(|alias| texts.shown(&Arg::Code((*alias).to_owned()))).collect();
        let place = if entry.in_managed_rooms { "help-where-rooms" } else { "help-where" };
        let mut answer = Answer::new()
            .line(texts.line("help-usage", &[("usage", Arg::Code(self.usage(word)))]))
            .line(texts.line("help-effect", &[("effect", Arg::Said(self.effect(word)))]))
            .line(texts.line("help-example", &[("example", Arg::Code(self.example(word)))]))
            .line(right)
            .line(texts.line("help-undo", &[("undo", Arg::Said(texts.word("undo", entry.name)))]))
            .line(texts.line(place, &[]))
            .line(texts.line("help-also", &[("list", Arg::Said(texts.list(others)))]));
        if !entry.available {
            answer = answer.line(texts.line("help-not-available", &[]));
        }
        answer
    }

    /// What a command does, in a line.
    fn effect(&self, word: Word) -> crate::homeserver::Said {
        let id = match word {
            Word::Help => "help-help",
            Word::Status => "help-status",
            Word::WhoAmI => "help-whoami",
            Word::Confirm => "help-confirm",
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
            Word::Deactivate => "help-deactivate",
            Word::Reactivate => "help-reactivate",
            Word::Rooms => "help-rooms",
        };
        self.texts().line(id, &[])
    }

    /// Who the asker is to the bot, and may do.
    pub(super) fn whoami(&self, ask: &Ask) -> Result<Reply, Stop> {
        let texts = self.texts();
        let mut answer = Answer::new().line(texts.say("whoami-intro", &[("user", ask.scene.user(&ask.user))]));
        if let Asker::Person(person) = ask.asker {
            answer = self.about_person(answer, ask, person);
        }
        Ok(Reply::told(answer.line(texts.say("whoami-hint", &[]))))
    }
}
