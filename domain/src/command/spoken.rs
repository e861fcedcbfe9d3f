//! Finds the line of a message that is addressed to the bot, and the word that it begins with.
//!
//! Only the first line that the sender wrote counts: quotations (including the fallback of a reply) and code blocks are
//! skipped, and further lines are never arguments. The plain body is read, because it is as typed. If the line's HTML
//! links to people or rooms, the HTML is read instead, because the body then has their display names. Both must agree:
//! what one of them shows as code or quotation is no command.

use std::ops::Range;

use super::targets::{self, TargetWord};
use super::text::{fold, is_dash, trimmed, visible};
use super::word::Word;
use super::{CommandPlace, Message, Setting, html};

/// An optional name between prefix and word, for rooms with several bots: `!equipemed sync`.
const NAMESPACE: &str = "equipemed";

/// The longest link in a plain body, in bytes.
const LONGEST_LINK: usize = 2_048;

/// Names of the option for a preview, with any number of dashes.
pub(super) const DRY_RUN: [&str; 5] = ["dry-run", "dryrun", "simular", "simulate", "simulacao"];

/// A line with white space turned into spaces and without invisible characters.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) text: String,
    /// In the order of the text.
    pub(super) pills: Vec<Pill>,
    /// The further lines, as one: only a reason goes on there.
    pub(super) more: String,
}

impl Line {
    /// A line as typed. `[Ana](https://matrix.to/#/@ana:example)` is a pill, as in HTML.
    fn typed(text: &str) -> Self {
        let mut line = Self::default();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("](") {
            let end = after.bytes().take(LONGEST_LINK).position(|byte| byte == b')').unwrap_or_default();
            let href = after.get(..end).unwrap_or_default().trim_matches(['<', '>']);
            match before.rsplit_once('[').filter(|(_, shown)| !shown.trim().is_empty()) {
                Some((before, shown)) if targets::link(href).is_some() => {
                    line.text.push_str(before);
                    let start = line.text.len();
                    line.text.push_str(shown.trim());
                    line.pills.push(Pill { range: start..line.text.len(), href: href.to_owned() });
                    rest = after.get(end + 1..).unwrap_or_default();
                }
                _ => {
                    line.text.push_str(before);
                    line.text.push_str("](");
                    rest = after;
                }
            }
        }
        line.text.push_str(rest);
        line
    }
}

/// A link to a person, a room or a message, and the range of its visible text.
#[derive(Clone, Debug)]
pub(super) struct Pill {
    pub(super) range: Range<usize>,
    pub(super) href: String,
}

/// A line addressed to the bot.
pub(super) struct SpokenBody {
    pub(super) line: Line,
    /// The word, if it is a known one.
    pub(super) word: Option<Word>,
    /// The word as written; empty if only the namespace was written.
    pub(super) said: String,
    /// Where the rest of the line begins.
    pub(super) at: usize,
    /// Whether `--dry-run` is anywhere, even in a reason or in another line, so that it is never lost.
    pub(super) dry_run: bool,
}

/// The line of a message that is addressed to the bot, if any.
pub(super) fn said(message: &Message<'_>, setting: &Setting<'_>) -> Option<SpokenBody> {
    let body = body_lines(&message.body, message.reply_to.is_some());
    let Some(formatted) = message.formatted_body.as_ref().filter(|html| !html.trim().is_empty()) else {
        return opening(body, setting);
    };
    let plain = body.first()?.text.clone();
    let formatted = html::lines(formatted);
    let pills = &formatted.first()?.pills;
    if pills.first().is_some_and(|pill| pill.range.start == 0) {
        // A pill of the bot may show any name, so the body only has to contain the word.
        let dry_run = body.iter().any(|line| asks_dry_run(&line.text));
        let said = opening(formatted, setting)?;
        let agrees = !plain.starts_with('`') && fold(&plain).contains(&fold(&said.said));
        return agrees.then_some(SpokenBody { dry_run: said.dry_run || dry_run, ..said });
    }
    let has_pills = !pills.is_empty();
    let (plain, formatted) = (opening(body, setting)?, opening(formatted, setting)?);
    let agrees = fold(&plain.said) == fold(&formatted.said);
    let dry_run = plain.dry_run || formatted.dry_run;
    let said = if has_pills { formatted } else { plain };
    agrees.then_some(SpokenBody { dry_run, ..said })
}

/// The first line, if it is addressed to the bot.
fn opening(lines: Vec<Line>, setting: &Setting<'_>) -> Option<SpokenBody> {
    let dry_run = lines.iter().any(|line| asks_dry_run(&line.text));
    let mut lines = lines.into_iter();
    let mut line = lines.next()?;
    line.more = lines.map(|line| line.text).collect::<Vec<_>>().join(" ");
    let Some(start) = Start::of(&line, setting) else { return near_miss(line, dry_run, setting) };
    let (mut said, mut at) = word_at(&line, start.at);
    if start.by_prefix && fold(trimmed(said)) == NAMESPACE {
        let next = line.text.len() - line.text.get(at..)?.trim_start().len();
        (said, at) = word_at(&line, next);
    } else if !said.starts_with(char::is_alphabetic) {
        return None;
    }
    let said = trimmed(said);
    let word = Word::named(said);
    match word {
        // Not for the bot: `:D`, or a pasted room id of version 12.
        None if said.chars().count() == 1 && line.text.len() == at => return None,
        None if line.text.get(..at).is_some_and(targets::is_room_id) => return None,
        _ => {}
    }
    let said = said.to_owned();
    match setting.place {
        CommandPlace::Control => {}
        CommandPlace::Managed if start.by_name_alone => return None,
        // `!não entrem` is said to colleagues.
        CommandPlace::Managed if word == Some(Word::Cancel) && line.text.get(at..)?.trim().contains(' ') => {
            return None;
        }
        CommandPlace::Managed if word.is_none() => is_nearly_redact(&said).then_some(())?,
        CommandPlace::Managed => word.filter(|word| word.entry().in_managed_rooms).map(|_| ())?,
    }
    Some(SpokenBody { word, said, at, dry_run, line })
}

/// Whether an unknown word may be meant for `redact`: then a message that was to disappear would stay in silence.
fn is_nearly_redact(said: &str) -> bool {
    Word::nearest(said).contains(&Word::Redact)
}

/// `! apagar` in a managed room, which is said to nobody else.
fn near_miss(line: Line, dry_run: bool, setting: &Setting<'_>) -> Option<SpokenBody> {
    let after = line.text.strip_prefix(setting.prefix.trim()).filter(|rest| rest.starts_with(' '))?;
    let start = line.text.len() - after.trim_start().len();
    let (word, at) = word_at(&line, start);
    let is_meant = setting.place == CommandPlace::Managed && Word::named(trimmed(word)) == Some(Word::Redact);
    let said = format!("{} {}", setting.prefix.trim(), trimmed(word));
    is_meant.then_some(SpokenBody { word: None, said, at, dry_run, line })
}

/// Where the word begins, and how the bot was addressed.
struct Start {
    at: usize,
    by_prefix: bool,
    /// By the bot's name and a space only, which may be a sentence about the bot.
    by_name_alone: bool,
}

impl Start {
    fn of(line: &Line, setting: &Setting<'_>) -> Option<Self> {
        let text = line.text.as_str();
        if let Some(pill) = line.pills.first().filter(|pill| pill.range.start == 0) {
            let TargetWord::User(user) = targets::link(&pill.href)? else { return None };
            return (user == setting.bot).then(|| Self::after_mention(text, pill.range.end, setting, false))?;
        }
        if let Some(at) = after_prefix(text, setting.prefix) {
            return Some(Self { at, by_prefix: true, by_name_alone: false });
        }
        let (id, local) = (setting.bot.as_str(), setting.bot.localpart());
        let names = [(id, false), (setting.bot_name, true), (local, true)];
        names.iter().find_map(|(name, is_word)| {
            let at = after_name(text, name).or_else(|| {
                let rest = text.strip_prefix('@')?;
                let at = after_name(rest, name)?;
                // `@name:server` is another user.
                let is_id = rest.get(at..)?.strip_prefix(':').is_some_and(|rest| !rest.starts_with(' '));
                (!is_id).then_some(at + 1)
            })?;
            Self::after_mention(text, at, setting, *is_word)
        })
    }

    /// `: sync`, `, !sync` or ` sync` after a mention.
    fn after_mention(text: &str, at: usize, setting: &Setting<'_>, is_word: bool) -> Option<Self> {
        let rest = text.get(at..)?;
        let separated = rest.trim_start().trim_start_matches([':', ',']);
        let by_space = rest.trim_start().len() == separated.len();
        if by_space && !rest.starts_with(' ') {
            return None;
        }
        let at = text.len() - separated.trim_start().len();
        let at = text.get(at..).and_then(|rest| after_prefix(rest, setting.prefix)).map_or(at, |prefix| at + prefix);
        (at < text.len()).then_some(Self { at, by_prefix: false, by_name_alone: by_space && is_word })
    }
}

/// Where the word after the prefix begins. It follows directly, because `! sync` is an exclamation. Only a prefix that
/// ends like a word is followed by a space.
fn after_prefix(text: &str, prefix: &str) -> Option<usize> {
    let prefix = prefix.trim();
    let rest = text.strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
    let is_word = prefix.ends_with(char::is_alphanumeric);
    let word = if is_word { rest.strip_prefix(' ')?.trim_start() } else { rest };
    word.starts_with(char::is_alphabetic).then_some(text.len() - word.len())
}

/// Where the text continues after a name at its beginning, ignoring case.
fn after_name(text: &str, name: &str) -> Option<usize> {
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    let mut rest = text.chars();
    for expected in name.chars() {
        let found = rest.next()?;
        if !found.to_lowercase().eq(expected.to_lowercase()) {
            return None;
        }
    }
    let rest = rest.as_str();
    let ends = rest.starts_with([' ', ':', ',']);
    ends.then_some(text.len() - rest.len())
}

/// The word at `start`, up to a space, a comma or a pill, and where it ends.
fn word_at(line: &Line, start: usize) -> (&str, usize) {
    let rest = line.text.get(start..).unwrap_or_default();
    let end = start + rest.find([' ', ',', ';']).unwrap_or(rest.len());
    let pill = line.pills.iter().map(|pill| pill.range.start).find(|pill| *pill >= start).unwrap_or(end);
    let end = end.min(pill);
    (line.text.get(start..end).unwrap_or_default(), end)
}

/// Whether the line asks for a preview anywhere, even inside a quoted reason.
fn asks_dry_run(text: &str) -> bool {
    text.split(' ').any(is_dry_run)
}

/// Whether this is the flag for a preview, with any dashes.
pub(super) fn is_dry_run(token: &str) -> bool {
    let token = token.trim_matches(|c: char| !c.is_alphanumeric() && !is_dash(c));
    token.starts_with(is_dash) && DRY_RUN.contains(&fold(token).trim_start_matches('-'))
}

/// The lines of a plain body that the sender wrote, without empty ones.
fn body_lines(body: &str, is_reply: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut fence: Option<(char, usize)> = None;
    let mut in_quotation = false;
    let ends = |c: char| matches!(c, '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    for raw in body.split(ends).map(|raw| raw.trim_end_matches('\r')).flat_map(|raw| raw.split('\r')) {
        let indent: usize = raw
            .chars()
            .map_while(|c| match c {
                ' ' => Some(1),
                '\t' => Some(4),
                _ => None,
            })
            .sum();
        let text: String = raw.chars().filter_map(visible).collect();
        let text = text.trim();
        let mark = text.chars().next().unwrap_or(' ');
        let marks = text.chars().take_while(|c| *c == mark).count();
        let is_fence = matches!(mark, '`' | '~') && marks >= 3;
        if let Some((open, length)) = fence {
            if is_fence && mark == open && marks >= length && marks == text.chars().count() {
                fence = None;
            }
        } else if is_fence && !text.get(marks..).is_some_and(|rest| rest.contains('`')) {
            fence = Some((mark, marks));
            in_quotation = false;
        } else if text.is_empty() {
            in_quotation = false;
        } else if mark == '>' {
            in_quotation = true;
        } else if in_quotation && !(is_reply && lines.is_empty()) {
            // As in Markdown, a line directly below a quotation still belongs to it. What a reply begins with is the
            // message that it answers, and ends with the last `>`.
        } else if indent < 4 {
            in_quotation = false;
            lines.push(Line::typed(text));
        }
    }
    lines
}
