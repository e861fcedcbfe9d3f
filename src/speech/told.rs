//! Sentences of ours that come as text: what a report or the audit keeps in English, said in the reader's language.
//!
//! An error ends in the store as its English sentence, which the program's own output shows. Here it is recognised by the
//! English Fluent text, which is that sentence with places for what differs; what Synapse or a database wrote stands in
//! such a place and stays as it is. Whatever is not recognised is shown as it came.

use super::{Arg, Bundle, Said, Texts, markup};

/// What stands in a place of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A name, a number, a key.
    Name(&'static str),
    /// Perhaps a sentence of ours again.
    Sentence(&'static str),
    /// A word of a list.
    Word(&'static str, &'static str),
}

use Place::{Name, Sentence, Word};

/// The English form of one sentence: what stands around its places.
#[derive(Debug)]
pub(super) struct Frame {
    id: &'static str,
    places: &'static [Place],
    /// One more than places.
    around: Vec<String>,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Name(name) | Sentence(name) | Word(name, _) => name,
        }
    }
}

/// All sentences, with their places in the order of the English text; the more particular ones first.
const SENTENCES: &[(&str, &[Place])] = &[
    // `HomeserverError`.
    ("told-not-found", &[Sentence("why")]),
    ("told-refused", &[Name("status"), Name("errcode"), Name("why")]),
    ("told-taken", &[Sentence("user")]),
    ("told-another-account", &[]),
    ("told-limited", &[]),
    ("told-unreachable", &[Sentence("why")]),
    ("told-maybe-done", &[Sentence("why")]),
    ("told-not-matrix", &[Sentence("why")]),
    ("told-unknown-token", &[]),
    ("told-not-admin", &[]),
    ("told-not-ours", &[]),
    ("told-cancelled", &[]),
    ("told-overtaken", &[]),
    ("told-nonsense", &[Sentence("why")]),
    // What a step depends on.
    ("told-not-locked", &[]),
    // What is said within those.
    ("told-like-proxy", &[Name("status")]),
    ("told-no-matrix-error", &[Name("status")]),
    ("told-no-json", &[]),
    ("told-no-versions", &[]),
    ("told-odd-json", &[Name("line"), Name("column")]),
    ("told-no-answer", &[]),
    ("told-no-connection-in-time", &[]),
    ("told-no-connection", &[Name("why")]),
    ("told-log-unreachable", &[Sentence("why")]),
    ("told-no-account", &[Name("user")]),
    ("told-levels-full", &[]),
    ("told-no-event", &[]),
    ("told-people-inside", &[Name("count")]),
    ("told-deletion-endless", &[]),
    ("told-log-refused", &[Name("status"), Name("errcode")]),
    ("told-log-limited", &[]),
    ("told-no-create", &[]),
    ("told-odd-creator", &[]),
    ("told-wants-interaction", &[]),
    ("told-not-put-together", &[]),
    ("told-no-room-version", &[Name("version")]),
    ("told-account-appeared", &[Name("user")]),
    ("told-foreign-list", &[Name("user")]),
    ("told-list-without-bot", &[]),
    ("told-odd-form", &[]),
    // `DirectoryError`.
    ("told-roster-unreadable", &[Name("file"), Name("why")]),
    ("told-database-away", &[Sentence("why")]),
    ("told-database-refuses", &[Sentence("why")]),
    ("told-data-forbidden", &[Sentence("why")]),
    ("told-database-odd", &[Name("why")]),
    ("told-column", &[Name("column"), Sentence("why")]),
    ("told-column-null-id", &[]),
    ("told-column-null", &[Name("column")]),
    ("told-column-missing", &[]),
    ("told-column-type", &[Name("type"), Sentence("why")]),
    ("told-column-unread", &[]),
    ("told-column-text", &[Name("column")]),
    ("told-column-list", &[Name("column")]),
    ("told-nobody", &[]),
    ("told-database-failed", &[Name("why")]),
    ("told-no-answer-within", &[Name("seconds")]),
    ("told-no-connection-within", &[Name("seconds")]),
    ("told-slow-read", &[Name("seconds")]),
    ("told-busy", &[]),
    ("told-no-select", &[Name("tables")]),
    ("told-hear-no-answer", &[]),
    ("told-hear-lost", &[]),
    ("told-hear-silent", &[]),
    ("told-roster-half", &[Name("file"), Name("why")]),
    // `StoreError`.
    ("told-store-bad-url", &[Name("url"), Sentence("why")]),
    ("told-store-unreachable", &[Name("database"), Sentence("why")]),
    ("told-store-refused", &[Name("database"), Name("why")]),
    ("told-store-not-writable", &[Name("path"), Name("why"), Sentence("fix")]),
    ("told-store-busy", &[Name("database"), Name("why")]),
    ("told-store-nonsense", &[Name("column"), Name("row"), Sentence("why")]),
    ("told-store-migration", &[Name("database"), Name("why"), Sentence("fix")]),
    ("told-store-unstorable", &[Name("why")]),
    ("told-store-failed", &[Name("database"), Sentence("why")]),
    ("told-store-no-connection", &[]),
    ("told-store-closed", &[]),
    ("told-fix-standby", &[]),
    ("told-fix-owner", &[]),
    ("told-fix-space", &[]),
    ("told-fix-disk", &[]),
    ("told-fix-folder", &[]),
    ("told-store-damaged", &[Name("why")]),
    // A pass and its steps.
    ("told-account-existed", &[Name("user")]),
    ("told-account-not-made", &[Name("user")]),
    ("told-room-not-made", &[Name("room")]),
    ("told-key-twice", &[Name("room")]),
    ("told-alias-of-other", &[Name("alias"), Name("id"), Name("room")]),
    ("told-stays-yet", &[]),
    ("told-stays-managed", &[]),
    ("told-stays-gone", &[]),
    ("told-stays-ours", &[]),
    ("told-stays-follows", &[Name("room")]),
    ("told-synapse-away", &[]),
    ("told-no-address", &[]),
    ("told-step-database", &[]),
    ("told-step-stopped", &[]),
    ("told-others-change", &[]),
    ("told-process-ended", &[]),
    ("told-interrupted-synapse", &[]),
    ("told-interrupted-database", &[]),
    ("told-interrupted-stop", &[]),
    ("told-other-took-over", &[]),
    ("told-stopped", &[]),
    // What could not be read or written, before the reason.
    ("told-people-unread", &[Sentence("why")]),
    ("told-accounts-unread", &[Sentence("why")]),
    ("told-audit-unwritten", &[Sentence("why")]),
    ("told-outcomes-unwritten", &[Sentence("why")]),
    ("told-unfinished-unread", &[Sentence("why")]),
    ("told-claims-unread", &[Sentence("why")]),
    ("told-unsettled", &[Sentence("why")]),
    ("told-presence-unnoted", &[Sentence("why")]),
    ("told-agreement-unnoted", &[Sentence("why")]),
    ("told-names-unnoted", &[Sentence("why")]),
    ("told-run-gone", &[]),
    ("told-deed-gone", &[]),
    // What became of a command.
    ("told-not-done", &[]),
    ("told-partly", &[]),
    ("told-unclear", &[]),
    ("told-not-identified", &[]),
    ("told-late", &[]),
    ("told-directory-away", &[]),
    ("told-service-stopped", &[]),
    ("told-something-added", &[]),
    ("told-refusal", &[Sentence("why")]),
    ("told-refusal-unknown", &[]),
    ("told-refusal-not-active", &[]),
    ("told-refusal-right-room", &[Word("right", "right"), Name("room")]),
    ("told-refusal-right", &[Word("right", "right")]),
    ("told-refusal-own", &[]),
    ("told-refusal-protected", &[]),
    ("told-refusal-higher-room", &[Name("room")]),
    ("told-refusal-higher", &[]),
    ("told-refusal-above-room", &[Name("level"), Name("own"), Name("room")]),
    ("told-refusal-above", &[Name("level"), Name("own")]),
    ("told-refusal-observe", &[]),
    // What a step or a trouble is about.
    ("told-subject-account", &[Name("user")]),
    ("told-subject-room", &[Name("room")]),
    ("told-subject-command", &[Name("word")]),
    ("told-subject-steps", &[Name("count")]),
];

/// The sentences as the English texts say them. One that cannot be said is no sentence; a test says all.
pub(super) fn frames(english: &Bundle) -> Vec<Frame> {
    let frame = |(id, places): &(&'static str, &'static [Place])| {
        let marks: Vec<char> = (0..places.len()).map_while(markup::place).collect();
        let args = places.iter().zip(&marks).map(|(place, mark)| (place.name(), mark.to_string()));
        let text = super::formatted(english, id, args)?.replace('\n', " ");
        let mut around = vec![String::new()];
        for c in text.chars() {
            match around.last_mut() {
                _ if marks.contains(&c) => around.push(String::new()),
                Some(last) => last.push(c),
                None => {}
            }
        }
        Some(Frame { id, places, around })
    };
    SENTENCES.iter().filter_map(frame).collect()
}

impl Frame {
    /// What stands in the places of a text that is this sentence.
    fn values<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, others) = self.around.split_first()?;
        let mut rest = text.strip_prefix(first.as_str())?;
        let mut values = Vec::with_capacity(others.len());
        for (index, piece) in others.iter().enumerate() {
            let is_last = index + 1 == others.len();
            let (value, after) = match is_last {
                true => (rest.strip_suffix(piece.as_str())?, ""),
                false => rest.split_once(piece.as_str())?,
            };
            if value.is_empty() {
                return None;
            }
            values.push(value);
            rest = after;
        }
        rest.is_empty().then_some(values)
    }
}

impl Texts {
    /// A text of ours that came as English, in the reader's language; any other as it is.
    #[must_use]
    pub fn told(&self, text: &str) -> Arg {
        self.recognised(text).map_or_else(|| Arg::Text(text.to_owned()), Arg::Said)
    }

    fn recognised(&self, text: &str) -> Option<Said> {
        let found = self.frames.iter().find_map(|frame| Some((frame, frame.values(text)?)));
        let (frame, values) = found?;
        let arg = |(place, value): (&Place, &str)| match place {
            Name(name) => (*name, Arg::Text(value.to_owned())),
            Sentence(name) => (*name, self.told(value)),
            Word(name, list) => (*name, Arg::Said(self.word(list, value))),
        };
        let args: Vec<_> = frame.places.iter().zip(values).map(arg).collect();
        Some(self.line(frame.id, &args))
    }
}
