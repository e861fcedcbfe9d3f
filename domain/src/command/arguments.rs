//! Arguments of a command: options anywhere, and the people, rooms and messages between them.

use jiff::SignedDuration;

use super::spoken::{DRY_RUN, is_dry_run};
use super::targets::{self, TargetWord};
use super::text::{fold, is_dash, nearness, quoted};
use super::tokens::{Cursor, Kind, Token};
use super::{Extent, Misunderstood, Rank, Where, Who, Word, duration};

/// How many people or messages one command may name.
pub(super) const MOST: usize = 50;

/// The longest reason, in characters; it becomes part of an event.
const LONGEST_REASON: usize = 1_000;

/// The keyword of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    In,
    For,
    Because,
    Last,
    Since,
    DryRun,
    Level,
    Of,
    As,
}

use Keyword::{As, Because, DryRun, For, In, Last, Level, Of, Since};

/// Each keyword's folded names, the one to suggest first. Dashes before them are optional.
const KEYWORDS: [(Keyword, &[&str]); 9] = [
    (In, &["in", "em", "na", "no"]),
    (For, &["for", "por", "durante"]),
    (Because, &["because", "porque", "motivo"]),
    (Last, &["last", "ultimas", "ultimos"]),
    (Since, &["since", "desde"]),
    (DryRun, &DRY_RUN),
    (Level, &["level", "nivel", "to", "para", "as", "como"]),
    (Of, &["of", "de", "do", "da"]),
    (As, &["as", "como"]),
];

/// Words without meaning, as in `apagar as últimas 3 mensagens de ana`.
const FILLERS: [&str; 10] = ["as", "the", "de", "do", "da", "of", "from", "mensagens", "messages", "msgs"];

/// The parsed arguments.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    pub(super) word: Word,
    /// Tokens that belong to no option, all in one row.
    pub(super) plain: Vec<Token<'a>>,
    pub(super) room: Option<Where>,
    pub(super) lasts: Option<SignedDuration>,
    pub(super) because: Option<String>,
    pub(super) extent: Option<Extent>,
    pub(super) rank: Option<Rank>,
    pub(super) of: Option<Who>,
    /// The value of `as`.
    pub(super) name: Option<String>,
    pub(super) dry_run: bool,
}

/// The arguments that a word takes.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    pub(super) keywords: &'static [Keyword],
    /// The largest number after `last`.
    pub(super) most: u32,
}

impl<'a> Arguments<'a> {
    /// Reads to the end of the line.
    ///
    /// # Errors
    /// Anything that is not understood. Nothing is ignored or guessed.
    pub(super) fn read(
        word: Word,
        mut cursor: Cursor<'a>,
        allowed: Allowed,
        dry_run: bool,
    ) -> Result<Self, Misunderstood> {
        let mut all = Self {
            word,
            plain: Vec::new(),
            room: None,
            lasts: None,
            because: None,
            extent: None,
            rank: None,
            of: None,
            name: None,
            dry_run,
        };
        // People have to be in one row: in `kick ana in intensive care`, `care` is not a person.
        let mut row_ended = false;
        while let Some(token) = cursor.next()? {
            if let Some(keyword) = keyword(word, &token, allowed.keywords)? {
                all.option(keyword, &token, &mut cursor, allowed.most)?;
                row_ended = !all.plain.is_empty();
            } else if word == Word::Redact && is_filler(&token) {
                continue;
            } else if allowed.keywords.contains(&Level) && !all.plain.is_empty() && !token.listed && is_rank(&token) {
                if all.rank.is_some() {
                    return Err(unexpected(word, &token));
                }
                all.rank = Some(rank(word, &token)?);
                row_ended = true;
            } else if row_ended {
                return Err(unexpected(word, &token));
            } else if all.plain.len() == MOST {
                return Err(Misunderstood::TooMany { word, most: MOST });
            } else {
                all.plain.push(token);
            }
        }
        if all.dry_run && !allowed.keywords.contains(&DryRun) {
            return Err(Misunderstood::Unexpected { word, said: "--dry-run".to_owned(), nearest: None });
        }
        Ok(all)
    }

    fn option(
        &mut self,
        keyword: Keyword,
        token: &Token<'a>,
        cursor: &mut Cursor<'a>,
        most: u32,
    ) -> Result<(), Misunderstood> {
        let word = self.word;
        let twice = match keyword {
            In => self.room.is_some(),
            For => self.lasts.is_some(),
            Because => self.because.is_some(),
            Last | Since => self.extent.is_some(),
            Level => self.rank.is_some(),
            Of => self.of.is_some(),
            As => self.name.is_some(),
            DryRun => false,
        };
        if twice {
            return Err(unexpected(word, token));
        }
        if let Kind::Flag { with_value } = token.kind
            && with_value
            && (keyword == DryRun || !cursor.is_at_word())
        {
            return Err(unexpected(word, token));
        }
        match keyword {
            In => self.room = Some(room(word, "ROOM", &value(word, "ROOM", cursor)?)?),
            For => self.lasts = Some(lasting(word, "for", cursor)?),
            Because => self.because = Some(reason(word, cursor)?),
            Since => self.extent = Some(Extent::Since(lasting(word, "since", cursor)?)),
            Last => {
                let token = value(word, "N", cursor)?;
                let number = token.text.parse().ok().filter(|number| (1..=most).contains(number));
                self.extent = Some(Extent::Last(number.ok_or_else(|| wrong(word, "N", &token))?));
            }
            Level => self.rank = Some(rank(word, &value(word, "LEVEL", cursor)?)?),
            Of => self.of = Some(who(word, &value(word, "WHO", cursor)?)?),
            As => {
                let token = value(word, "KEY", cursor)?;
                let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                let is_key = token.text.starts_with(|c: char| c.is_ascii_alphabetic()) && token.text.chars().all(good);
                self.name = Some(token.text.to_owned()).filter(|_| is_key);
                self.name.as_ref().ok_or_else(|| wrong(word, "KEY", &token))?;
            }
            DryRun => self.dry_run = true,
        }
        Ok(())
    }

    /// The people, without duplicates.
    pub(super) fn people(&self) -> Result<Vec<Who>, Misunderstood> {
        let word = self.word;
        let mut people = Vec::new();
        for (place, token) in self.plain.iter().enumerate() {
            // A number after another word is probably a forgotten `last` or `for`; in first place or in a list it may
            // be a username.
            let expected = word != Word::Promote && (place == 0 || token.listed);
            let is_odd = duration::is_one(token.text) || is_number(token.text) && !expected;
            if token.kind == Kind::Bare && (is_odd || word == Word::Promote && is_rank(token)) {
                return Err(wrong(word, "WHO", token));
            }
            let one = who(word, token)?;
            if !people.contains(&one) {
                people.push(one);
            }
        }
        if people.is_empty() { Err(Misunderstood::Missing { word, what: "WHO" }) } else { Ok(people) }
    }

    /// Refuses more than `most` plain tokens.
    pub(super) fn at_most(&self, most: usize) -> Result<(), Misunderstood> {
        self.plain.get(most).map_or(Ok(()), |token| Err(unexpected(self.word, token)))
    }
}

/// The keyword of the option that the token begins, if any.
///
/// # Errors
/// An option that the word does not take, or an unknown flag.
pub(super) fn keyword(word: Word, token: &Token<'_>, allowed: &[Keyword]) -> Result<Option<Keyword>, Misunderstood> {
    let is_flag = matches!(token.kind, Kind::Flag { .. });
    let said = match token.folded() {
        _ if is_flag && is_dry_run(token.text) => return Ok(Some(DryRun)),
        Some(said) => said,
        None if is_flag => fold(token.text.trim_start_matches(is_dash)),
        None => return Ok(None),
    };
    let named = |allowed: &[Keyword]| {
        KEYWORDS.iter().find(|(keyword, names)| allowed.contains(keyword) && names.contains(&said.as_str()))
    };
    if let Some((keyword, _)) = named(allowed) {
        return Ok(Some(*keyword));
    }
    if is_flag {
        let names = KEYWORDS.iter().filter(|(keyword, _)| allowed.contains(keyword));
        let near = names.filter_map(|(_, names)| {
            let nearest = names.iter().filter_map(|name| nearness(&said, name)).min()?;
            Some((nearest, names.first()?))
        });
        let nearest = near.min().map(|(_, name)| format!("--{name}"));
        return Err(Misunderstood::Unexpected { word, said: token.said(), nearest });
    }
    // These are never names, not even where the word does not take them.
    if named(&[In, For, Because, Last, Since, DryRun]).is_some() {
        return Err(unexpected(word, token));
    }
    Ok(None)
}

/// The value of an option.
pub(super) fn value<'a>(word: Word, what: &'static str, cursor: &mut Cursor<'a>) -> Result<Token<'a>, Misunderstood> {
    let missing = Misunderstood::Missing { word, what };
    let token = cursor.next()?.ok_or_else(|| missing.clone())?;
    // `in for 2h` lacks its room; a room called `for` has to be quoted.
    let every = [In, For, Because, Last, Since, DryRun];
    match keyword(word, &token, &every) {
        Ok(None) => Ok(token),
        _ => Err(missing),
    }
}

fn lasting(word: Word, what: &'static str, cursor: &mut Cursor<'_>) -> Result<SignedDuration, Misunderstood> {
    let ahead = cursor.peek()?.ok_or(Misunderstood::Missing { word, what })?;
    duration::take(cursor).ok_or_else(|| wrong(word, what, &ahead))
}

/// The rest of the line, or the text in quotation marks.
fn reason(word: Word, cursor: &mut Cursor<'_>) -> Result<String, Misunderstood> {
    cursor.skip_to_words();
    let mut ahead = *cursor;
    let reason = match cursor.is_at_quotation().then(|| ahead.quotation()) {
        Some(Ok(token)) if token.kind == Kind::Quoted => {
            *cursor = ahead;
            token.text.to_owned()
        }
        _ => {
            let rest = cursor.rest();
            cursor.finish();
            rest.split(' ').filter(|token| !is_dry_run(token)).collect::<Vec<_>>().join(" ")
        }
    };
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Misunderstood::Missing { word, what: "because" });
    }
    if reason.chars().count() > LONGEST_REASON {
        return Err(Misunderstood::Wrong { word, what: "because", said: quoted(reason) });
    }
    Ok(reason.to_owned())
}

/// What a token refers to.
///
/// # Errors
/// A pill whose text contradicts its link, or a malformed id or link.
pub(super) fn target(word: Word, what: &'static str, token: &Token<'_>) -> Result<TargetWord, Misunderstood> {
    let Kind::Pill { href } = token.kind else {
        return targets::typed(token.text).ok_or_else(|| wrong(word, what, token));
    };
    let target = targets::link(href).ok_or_else(|| wrong(word, what, token))?;
    if targets::lies(token.text, &target) {
        return Err(Misunderstood::Ambiguous { said: token.said() });
    }
    Ok(target)
}

pub(super) fn who(word: Word, token: &Token<'_>) -> Result<Who, Misunderstood> {
    match target(word, "WHO", token)? {
        TargetWord::User(user) => Ok(Who::User(user)),
        TargetWord::Name(name) => {
            let name = name.trim_end_matches(['?', '!', ':']);
            // The characters of Django usernames and Matrix localparts.
            let good = |c: char| c.is_alphanumeric() || "@.+-_=/".contains(c);
            let is_name = name.chars().all(good) && name.chars().any(char::is_alphanumeric) && name.len() <= 255;
            is_name.then(|| Who::Name(name.to_owned())).ok_or_else(|| wrong(word, "WHO", token))
        }
        TargetWord::Room(_) | TargetWord::Event(..) => Err(wrong(word, "WHO", token)),
    }
}

/// A room name of several words has to be quoted.
pub(super) fn room(word: Word, what: &'static str, token: &Token<'_>) -> Result<Where, Misunderstood> {
    match target(word, what, token)? {
        TargetWord::Room(room) => Ok(room),
        TargetWord::Name(name) => {
            let is_quoted = token.kind == Kind::Quoted;
            let name = if is_quoted { name.trim() } else { name.trim_end_matches(['?', '!', '.']) };
            let good = |c: char| is_quoted || c.is_alphanumeric() || "-_.".contains(c);
            let is_name = name.chars().all(good) && name.chars().any(char::is_alphanumeric) && name.len() <= 255;
            let is_name = is_name && !token.text.starts_with('@');
            is_name.then(|| Where::Name(name.to_owned())).ok_or_else(|| wrong(word, what, token))
        }
        TargetWord::User(_) | TargetWord::Event(..) => Err(wrong(word, what, token)),
    }
}

fn is_filler(token: &Token<'_>) -> bool {
    token.folded().is_some_and(|said| FILLERS.contains(&said.as_str()))
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || is_dash(c) || c == '+')
        && !text.contains(|c: char| !c.is_ascii_digit() && !is_dash(c) && !matches!(c, '+' | '.' | '%'))
}

/// Whether the token looks like a level, valid or not.
fn is_rank(token: &Token<'_>) -> bool {
    token.folded().is_some_and(|said| is_number(token.text) || rank_named(&said).is_some())
}

fn rank_named(said: &str) -> Option<Rank> {
    Some(match said {
        "moderator" | "mod" | "moderador" | "moderadora" => Rank::Moderator,
        "admin" | "administrator" | "administrador" | "administradora" => Rank::Admin,
        "user" | "member" | "usuario" | "usuaria" | "membro" => Rank::Level(0),
        _ => return None,
    })
}

fn rank(word: Word, token: &Token<'_>) -> Result<Rank, Misunderstood> {
    let named = rank_named(&fold(token.text)).filter(|_| !matches!(token.kind, Kind::Pill { .. }));
    let number = || token.text.parse().ok().filter(|level| (0..=100).contains(level)).map(Rank::Level);
    named.or_else(number).ok_or_else(|| wrong(word, "LEVEL", token))
}

pub(super) fn unexpected(word: Word, token: &Token<'_>) -> Misunderstood {
    Misunderstood::Unexpected { word, said: token.said(), nearest: None }
}

pub(super) fn wrong(word: Word, what: &'static str, token: &Token<'_>) -> Misunderstood {
    Misunderstood::Wrong { word, what, said: token.said() }
}
