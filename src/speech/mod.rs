//! The bot's messages in the reader's language: from a text id and arguments to plain text and HTML.
//!
//! Texts are Fluent files below `locales/`, and HTML is made only from them. User text and names are passed as an
//! [`Arg`] and can never become markup (see `markup`). A missing text falls back to English, then to its id, so that a
//! mistake here never hides a message.

mod answer;
mod arg;
mod faults;
mod findings;
mod markup;
mod misunderstood;
mod places;
mod refusals;
mod sources;
mod store_faults;
mod typed;
mod why;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use equipemed_domain::directory::{Directory, PersonId};
use equipemed_domain::key::{RoleKey, RoomKey};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::config::settings::Language;
use crate::homeserver::Said;

pub use answer::Answer;
pub use arg::{ARG_CHARS, Arg};
pub use findings::number;
pub use places::NamedRoom;
pub use refusals::Shown;

type Bundle = FluentBundle<FluentResource>;

/// The default prefix of commands.
const PREFIX: &str = "!";

/// The texts of one language. Clones share them.
#[derive(Clone)]
pub struct Texts {
    language: Language,
    prefix: Arc<str>,
    /// Whom findings name; nobody in what must hold no names.
    people: Arc<Directory>,
    /// The rooms that have names; the others are shown by their keys.
    rooms: Arc<BTreeMap<RoomKey, NamedRoom>>,
    /// The roles that have names.
    roles: Arc<BTreeMap<RoleKey, String>>,
    /// The wanted language and, if different, English.
    bundles: Arc<Vec<Bundle>>,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").field("language", &self.language).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Texts {
    /// The texts of a language.
    #[must_use]
    pub fn new(language: Language) -> Self {
        let languages = if language == Language::En { vec![language] } else { vec![language, Language::En] };
        let bundles: Vec<Bundle> = languages.into_iter().map(bundle).collect();
        Self {
            language,
            prefix: PREFIX.into(),
            people: Arc::default(),
            rooms: Arc::default(),
            roles: Arc::default(),
            bundles: Arc::new(bundles),
        }
    }

    /// The same texts with another command prefix, which every text can use as `{ $prefix }`.
    #[must_use]
    pub fn with_prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// The same texts, which name people of this read by username, full name and number instead of the number alone.
    #[must_use]
    pub fn with_people(self, people: &Arc<Directory>) -> Self {
        Self { people: people.clone(), ..self }
    }

    /// The same texts, which name these rooms and roles instead of giving their keys.
    #[must_use]
    pub fn with_names(self, rooms: BTreeMap<RoomKey, NamedRoom>, roles: BTreeMap<RoleKey, String>) -> Self {
        Self { rooms: Arc::new(rooms), roles: Arc::new(roles), ..self }
    }

    /// A role by its name, or by its key if it has none.
    #[must_use]
    pub fn role(&self, key: &RoleKey) -> Arg {
        self.roles.get(key).map_or_else(|| Arg::Code(key.to_string()), |name| Arg::Text(name.clone()))
    }

    /// A person as an argument.
    fn who(&self, id: PersonId) -> Arg {
        Arg::Text(self.people.named(id).unwrap_or_else(|| id.to_string()))
    }

    /// The language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// What commands begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A text. An empty line in the file starts a new line; other line ends are spaces.
    #[must_use]
    pub fn say(&self, id: &'static str, args: &[(&'static str, Arg)]) -> Said {
        self.text(id, args, true)
    }

    /// A text as one line, for composing.
    #[must_use]
    pub fn line(&self, id: &'static str, args: &[(&'static str, Arg)]) -> Said {
        self.text(id, args, false)
    }

    /// A single word from a list, such as a right or an outcome, by its name in the code; the name itself if it is
    /// missing.
    #[must_use]
    pub fn word(&self, list: &'static str, name: &str) -> Said {
        self.listed(list, name, false).unwrap_or_else(|| markup::argument(&Arg::Text(name.to_owned())))
    }

    /// A passage from a list, with its line breaks; None if the list has none of this name.
    #[must_use]
    pub fn passage(&self, list: &'static str, name: &str) -> Option<Said> {
        self.listed(list, name, true)
    }

    fn listed(&self, list: &'static str, name: &str, breaks: bool) -> Option<Said> {
        self.bundles.iter().find_map(|bundle| self.format(bundle, list, Some(name), &[], breaks))
    }

    /// One argument alone, as it would look in a text.
    #[must_use]
    pub fn shown(&self, arg: &Arg) -> Said {
        markup::argument(arg)
    }

    /// Joins texts: `a, b and c`.
    #[must_use]
    pub fn list(&self, items: Vec<Said>) -> Said {
        self.joined(items, "list-last")
    }

    /// Joins alternatives: `a, b or c`.
    #[must_use]
    pub fn choice(&self, items: Vec<Said>) -> Said {
        self.joined(items, "list-or")
    }

    /// Joins phrases that may hold an "and" themselves: `a; b and c; d`.
    #[must_use]
    pub fn phrases(&self, items: Vec<Said>) -> Said {
        self.joined(items, "list-phrase")
    }

    fn joined(&self, items: Vec<Said>, last: &'static str) -> Said {
        let count = items.len();
        let joined = items.into_iter().enumerate().reduce(|(_, before), (index, item)| {
            let id = if index + 1 == count || last == "list-phrase" { last } else { "list-next" };
            (index, self.line(id, &[("before", Arg::Said(before)), ("item", Arg::Said(item))]))
        });
        joined.map(|(_, said)| said).unwrap_or_default()
    }

    fn text(&self, id: &str, args: &[(&'static str, Arg)], breaks: bool) -> Said {
        let said = self.bundles.iter().find_map(|bundle| self.format(bundle, id, None, args, breaks));
        said.unwrap_or_else(|| {
            tracing::error!(text = id, "a text is missing, or something that it names");
            Said { plain: id.to_owned(), html: id.to_owned() }
        })
    }

    /// Fluent formats numbers, because it knows plurals; other arguments stay placeholders until the markup is parsed.
    fn format(
        &self,
        bundle: &Bundle,
        id: &str,
        attribute: Option<&str>,
        args: &[(&'static str, Arg)],
        breaks: bool,
    ) -> Option<Said> {
        let message = bundle.get_message(id)?;
        let pattern = match attribute {
            Some(name) => message.get_attribute(name)?.value(),
            None => message.value()?,
        };
        let prefix = ("prefix", Arg::Text(self.prefix.as_ref().to_owned()));
        let mut values = FluentArgs::with_capacity(args.len() + 1);
        let mut inserts = Vec::with_capacity(args.len() + 1);
        for (name, arg) in args.iter().chain([&prefix]) {
            let value = match arg {
                Arg::Number(number) => FluentValue::from(*number),
                other => {
                    let place = markup::place(inserts.len())?;
                    inserts.push(markup::argument(other));
                    FluentValue::from(place.to_string())
                }
            };
            values.set(*name, value);
        }
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&values), &mut errors);
        errors.is_empty().then(|| markup::render(&text, &inserts, breaks))
    }
}

/// Parses the language's files, keeping what is valid; tests ensure that everything is.
fn bundle(language: Language) -> Bundle {
    let tag: LanguageIdentifier = language.as_str().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Some clients show the isolation marks around arguments as boxes.
    bundle.set_use_isolating(false);
    for source in sources::of(language) {
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(resource, _errors)| resource);
        if bundle.add_resource(resource).is_err() {
            tracing::error!(language = language.as_str(), "a text stands twice in the files");
        }
    }
    bundle
}
