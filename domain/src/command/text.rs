//! Compares text: which characters are read, which count as equal, and how similar two words are.

/// The longest quotation of somebody's text, in characters.
const QUOTED: usize = 80;

/// The longest word that is compared with others, in characters.
const COMPARED: usize = 24;

/// A character as it is read: white space becomes a space, and invisible characters None. The joiner inside an emoji
/// stays.
pub(super) fn visible(c: char) -> Option<char> {
    match c {
        '\u{ad}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{feff}' => None,
        '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' => None,
        c if c.is_whitespace() || c.is_control() => Some(' '),
        c => Some(c),
    }
}

/// Any of the dashes that a phone makes of `-` or `--`.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Removes case and accents, so that `Últimas` and `ultimas` are equal.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).flat_map(char::to_lowercase).map(plain).collect()
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
