//! Compares text: which characters are read, which count as equal, and how similar two words are.

use super::lexemes::PUNCTUATION;
use crate::visible::is_visible;

/// The longest quotation of somebody's text, in characters.
const QUOTED: usize = 80;

/// The longest word that is compared with others, in characters.
const COMPARED: usize = 24;

/// A character as it is read: white space becomes a space, and invisible characters None. The joiner inside an emoji
/// stays.
pub(super) fn visible(c: char) -> Option<char> {
    match c {
        c if c.is_whitespace() || c.is_control() => Some(' '),
        c => Some(c).filter(|c| *c == JOINER || is_visible(*c)),
    }
}

/// Joins emoji; keyboards leave it behind words, too, like the selectors of how a character is drawn.
const JOINER: char = '\u{200d}';

/// Whether a character changes nothing behind a word.
pub(super) fn is_behind(c: char) -> bool {
    PUNCTUATION.contains(&c) || matches!(c, JOINER | '\u{fe0e}' | '\u{fe0f}')
}

/// A word without what changes nothing behind it.
pub(super) fn trimmed(word: &str) -> &str {
    let bare = word.trim_end_matches(is_behind);
    if bare.is_empty() || bare.ends_with(char::is_alphanumeric) { bare } else { word.trim_end_matches(PUNCTUATION) }
}

/// Any of the dashes that a phone makes of `-` or `--`.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Removes case and accents, so that `Últimas` and `ultimas` are equal.
#[must_use]
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).flat_map(char::to_lowercase).map(plain)
}

/// Whether this is a text's folded form.
pub(super) fn folds_to(text: &str, said: &str) -> bool {
    folded(text).eq(said.chars())
}

fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        c if is_dash(c) => '-',
        c => c,
    }
}

/// Shortens somebody's text to what may be repeated in an answer.
pub(super) fn quoted(said: &str) -> String {
    match said.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", said.get(..end).unwrap_or_default()),
        None => said.to_owned(),
    }
}

/// Removes one pair of quotation marks around the text.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim_matches([' ', '`']);
    let pairs = [('"', '"'), ('“', '”'), ('”', '”'), ('„', '“'), ('«', '»'), ('\'', '\''), ('‘', '’')];
    let inner = pairs.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
    inner.filter(|inner| !inner.contains(['"', '“', '”'])).unwrap_or(text).trim()
}

/// Whether the key of a reaction is a yes: a thumb up of any skin tone or a check mark, however it is drawn.
#[must_use]
pub fn is_yes(key: &str) -> bool {
    let is_drawing = |c: &char| matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    let signs: String = key.chars().filter(|c| !is_drawing(c)).collect();
    matches!(signs.trim(), "👍" | "✅" | "✔" | "☑")
}

/// The distance of the folded word `said` from `name`: 0 is equal, None is not near. A swap of two neighbours counts
/// one, as does a word cut off at its end.
pub(super) fn nearness(said: &str, name: &str) -> Option<usize> {
    let (said, name): (Vec<char>, Vec<char>) = (said.chars().take(COMPARED + 1).collect(), name.chars().collect());
    if said.len() > COMPARED {
        return None;
    }
    if said.len() >= 3 && said != name && name.starts_with(&said) {
        return Some(1);
    }
    let allowed = if said.len().min(name.len()) <= 4 { 1 } else { 2 };
    Some(distance(&said, &name)).filter(|distance| *distance <= allowed)
}

/// The number of insertions, deletions, changes and swaps of neighbours between two words.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before = vec![0; to.len() + 1];
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut least = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}
