//! Text that people wrote, as it may be shown to others: what is invisible, or turns the direction of writing, can make
//! one name look like another, and control characters can rule a terminal.

/// Whether a character shows itself and nothing else. Line breaks and tabs do not.
#[must_use]
pub fn is_visible(c: char) -> bool {
    let is_hidden = matches!(
        c,
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator, line ends, zero-width characters, directions, fillers.
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{115F}' | '\u{1160}' | '\u{3164}'
            // Tags and private use.
            | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}'
    );
    !is_hidden && !c.is_control()
}

/// The visible characters, in one line.
#[must_use]
pub fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        c => is_visible(c).then_some(c),
    };
    text.chars().filter_map(shown).collect()
}
