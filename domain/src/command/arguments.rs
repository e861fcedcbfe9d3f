//! Arguments of a command: options anywhere, and the people, rooms and messages between them.

use jiff::{SignedDuration, Zoned};

use super::spoken::{DRY_RUN, is_dry_run};
use super::targets::{self, TargetWord};
use super::text::{fold, is_dash, nearness, quoted};
use super::tokens::{Cursor, Kind, Token};
use super::{Extent, Misunderstood, Rank, Where, Who, Word, duration, moment, reason};

/// How many people or messages one command may name.
pub(super) const MOST: usize = 50;

/// The keyword of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    In,
    For,
    Until,
    Because,
    Last,
    Since,
    DryRun,
    Level,
    Of,
    As,
}

use Keyword::{As, Because, DryRun, For, In, Last, Level, Of, Since, Until};

/// These are never names, not even where a word does not take them; a room called `for` has to be quoted.
const OPTIONS: [Keyword; 7] = [In, For, Until, Because, Last, Since, DryRun];

/// Each keyword's folded names, the one to suggest first. Dashes before them are optional.
const KEYWORDS: [(Keyword, &[&str]); 10] = [
    (In, &["in", "em", "na", "no"]),
    (For, &["for", "por", "durante"]),
    (Until, &["until", "ate", "till"]),
    (Because, &["because", "porque", "motivo", "pq", "reason", "cause"]),
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
pub(super) struct Allowed<'a> {
    pub(super) keywords: &'static [Keyword],
    /// When the message was sent, if `until` is taken.
    pub(super) sent_at: Option<&'a Zoned>,
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
        allowed: Allowed<'_>,
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
        // Where the room begins whose name may go on in the next word.
        let mut room_at = None;
        while let Some(token) = cursor.next()? {
            let is_phrase = allowed.keywords.contains(&Because) && reason::takes_phrase(&token, &mut cursor);
            let keyword = if is_phrase { Some(Because) } else { keyword(word, &token, allowed.keywords)? };
            if let Some(keyword) = keyword {
                room_at = match (keyword, cursor.peek()) {
                    (In, Ok(Some(Token { kind: Kind::Bare, at, .. }))) => Some(at),
                    _ => None,
                };
                all.option(keyword, &token, &mut cursor, allowed)?;
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
                let room = room_at.filter(|_| may_go_on(&token));
                return Err(room.map_or_else(
                    || unexpected(word, &token),
                    |at| Misunderstood::Unquoted {
                        word,
                        said: quoted(cursor.between(at, token.at + token.text.len())),
                    },
                ));
            } else if all.plain.len() == MOST {
                return Err(Misunderstood::TooMany { word, most: MOST });
            } else {
                all.plain.push(token);
            }
        }
        if all.because.is_none() && allowed.keywords.contains(&Because) {
            all.because = reason::below(word, cursor)?;
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
        allowed: Allowed<'_>,
    ) -> Result<(), Misunderstood> {
        let word = self.word;
        let twice = match keyword {
            In => self.room.is_some(),
            For | Until => self.lasts.is_some(),
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
            For => self.lasts = Some(lasting(word, "for", cursor, duration::take)?),
            Until => {
                let sent_at = allowed.sent_at.ok_or_else(|| unexpected(word, token))?;
                self.lasts = Some(lasting(word, "until", cursor, |cursor| moment::take(cursor, sent_at))?);
            }
            Because => self.because = Some(reason::read(word, cursor)?),
            Since => self.extent = Some(Extent::Since(lasting(word, "since", cursor, duration::take)?)),
            Last => {
                let token = value(word, "N", cursor)?;
                let number = token.text.parse().ok().filter(|number| (1..=allowed.most).contains(number));
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
            // `14 horas` without `for` are nobody, either; somebody may be called `dias`.
            let is_unit = place > 0 && !token.listed && duration::is_unit(token.text);
            let is_odd = is_unit || duration::is_one(token.text) || is_number(token.text) && !expected;
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
        let Some(token) = self.plain.get(most) else { return Ok(()) };
        let word = self.word;
        let takes_a_name = most == 1 && matches!(word, Word::User | Word::Grants | Word::Audit | Word::Rooms);
        let is_row = |(one, next): (&Token<'_>, &Token<'_>)| next.at == one.at + one.text.len() + 1;
        let is_one = self.plain.iter().all(may_go_on) && self.plain.iter().zip(self.plain.iter().skip(1)).all(is_row);
        if takes_a_name && is_one {
            let words: Vec<&str> = self.plain.iter().map(|token| token.text).collect();
            return Err(Misunderstood::Unquoted { word, said: quoted(&words.join(" ")) });
        }
        Err(unexpected(word, token))
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
    if named(&OPTIONS).is_some() {
        return Err(unexpected(word, token));
    }
    Ok(None)
}

/// The value of an option.
pub(super) fn value<'a>(word: Word, what: &'static str, cursor: &mut Cursor<'a>) -> Result<Token<'a>, Misunderstood> {
    let missing = Misunderstood::Missing { word, what };
    let token = cursor.next()?.ok_or_else(|| missing.clone())?;
    // `in for 2h` lacks its room.
    match keyword(word, &token, &OPTIONS) {
        Ok(None) => Ok(token),
        _ => Err(missing),
    }
}

/// `take` reads it, or tells what is not clear.
fn lasting<'a>(
    word: Word,
    what: &'static str,
    cursor: &mut Cursor<'a>,
    take: impl FnOnce(&mut Cursor<'a>) -> Result<SignedDuration, String>,
) -> Result<SignedDuration, Misunderstood> {
    let ahead = cursor.peek()?.ok_or(Misunderstood::Missing { word, what })?;
    take(cursor).map_err(|said| match said.as_str() {
        "" => wrong(word, what, &ahead),
        said => Misunderstood::Wrong { word, what, said: quoted(said) },
    })
}

/// The option whose keyword this is.
pub(super) fn option(token: &Token<'_>) -> Option<Keyword> {
    let said = token.folded()?;
    let named = KEYWORDS.iter().find(|(keyword, names)| OPTIONS.contains(keyword) && names.contains(&said.as_str()));
    named.map(|(keyword, _)| *keyword)
}

/// Whether the word says that a place follows.
pub(super) fn is_in(word: &str) -> bool {
    let said = fold(word);
    KEYWORDS.iter().any(|(keyword, names)| *keyword == In && names.contains(&said.as_str()))
}

/// The name of one of these keywords that is at most a letter away from a folded word of more than two.
pub(super) fn nearest(said: &str, keywords: &[Keyword]) -> Option<&'static str> {
    let names = KEYWORDS.iter().filter(|(keyword, _)| keywords.contains(keyword)).flat_map(|(_, names)| names.iter());
    let is_near = |name: &&&str| name.len() > 3 && said.len() > 2 && nearness(said, name).is_some_and(|far| far <= 1);
    names.copied().find(|name| is_near(&name))
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
            // The characters of Django usernames and Matrix localparts; in quotation marks those of full names.
            let is_full = |c: char| token.kind == Kind::Quoted && " '’".contains(c);
            let good = |c: char| c.is_alphanumeric() || "@.+-_=/".contains(c) || is_full(c);
            let is_name = name.chars().all(good) && name.chars().any(char::is_alphanumeric) && name.len() <= 255;
            is_name.then_some(Who::Name(name)).ok_or_else(|| wrong(word, "WHO", token))
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
            let name = name.trim();
            let good = |c: char| is_quoted || c.is_alphanumeric() || "-_.".contains(c);
            let is_name = name.chars().all(good) && name.chars().any(char::is_alphanumeric) && name.len() <= 255;
            let is_name = is_name && !token.text.starts_with('@');
            is_name.then(|| Where::Name(name.to_owned())).ok_or_else(|| wrong(word, what, token))
        }
        TargetWord::User(_) | TargetWord::Event(..) => Err(wrong(word, what, token)),
    }
}

/// Whether the token may be a further word of a name.
fn may_go_on(token: &Token<'_>) -> bool {
    let is_amount = || duration::is_one(token.text) || duration::is_unit(token.text) || is_number(token.text);
    token.kind == Kind::Bare
        && !token.listed
        && token.text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '\'' | '’'))
        && !is_amount()
        && !reason::is_polite(token.text)
}

pub(super) fn is_filler(token: &Token<'_>) -> bool {
    token.folded().is_some_and(|said| FILLERS.contains(&said.as_str()))
}

pub(super) fn is_number(text: &str) -> bool {
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
