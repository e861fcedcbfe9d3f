//! Why what was said is no command, in the reader's language.

use equipemed_domain::command::{Misunderstood, Word};

use super::{Answer, Arg, Texts, number};
use crate::homeserver::Said;

impl Texts {
    /// Why what was said is no command.
    #[must_use]
    pub fn misunderstood(&self, why: &Misunderstood) -> Answer {
        let said = |said: &String| ("said", Arg::Text(said.clone()));
        let command = |word: Word| ("word", Arg::Code(self.spelled(word)));
        let mut answer = Answer::new();
        let text: Said = match why {
            Misunderstood::NoSuchWord { said: what, nearest } if nearest.is_empty() => {
                self.say("no-such-word", &[said(what)])
            }
            Misunderstood::NoSuchWord { said: what, nearest } => {
                let nearest = nearest.iter().map(|word| self.shown(&Arg::Code(self.spelled(*word)))).collect();
                self.say("no-such-word-near", &[said(what), ("nearest", Arg::Said(self.choice(nearest)))])
            }
            // What most people in a ward see: they need the way, not the rules.
            Misunderstood::Missing { word, what: "REPLY" } => self.say("missing-reply", &[command(*word)]),
            Misunderstood::Missing { word, what } => {
                let what = Arg::Said(self.word("placeholder", placeholder(what)));
                answer = answer.line(self.say("missing", &[("what", what)]));
                self.how(*word)
            }
            Misunderstood::Unexpected { word, said: what, nearest } => {
                answer = answer.line(match nearest {
                    None => self.say("unexpected", &[said(what)]),
                    Some(nearest) => {
                        self.say("unexpected-near", &[said(what), ("nearest", Arg::Code(nearest.clone()))])
                    }
                });
                if nearest.is_none() && word.entry().usage.iter().any(|part| part.contains("in ROOM")) {
                    answer = answer.line(self.say("room-in-quotes", &[]));
                }
                self.how(*word)
            }
            Misunderstood::Wrong { word, what, said: text } => {
                let what = ("what", Arg::Said(self.word("placeholder", placeholder(what))));
                answer = answer.line(self.say("wrong", &[said(text), what]));
                self.how(*word)
            }
            Misunderstood::Ambiguous { said: what } => self.say("ambiguous", &[said(what)]),
            Misunderstood::Unquoted { word, said: what } => {
                answer = answer.line(self.say("unquoted", &[said(what)]));
                self.say("usage", &[("usage", Arg::Code(self.usage(*word)))])
            }
            Misunderstood::Unclosed => self.say("unclosed", &[]),
            Misunderstood::TooMany { word, most } => self.say("too-many", &[command(*word), ("most", number(*most))]),
        };
        answer.line(text)
    }

    /// How a command is said: by examples, or by its words if those say everything.
    #[must_use]
    pub fn how(&self, word: Word) -> Said {
        let name = word.entry().name;
        match self.passage("examples", name) {
            Some(examples) => self.say("for-example", &[("examples", Arg::Said(examples))]),
            None => self.say("usage", &[("usage", Arg::Code(self.usage(word)))]),
        }
    }
}

/// The name under which the texts explain what is missing or wrong.
fn placeholder(what: &str) -> &str {
    match what {
        "last N|since 1h" => "EXTENT",
        "for" | "since" => "DURATION",
        "until" => "MOMENT",
        "because" => "REASON",
        what => what,
    }
}
