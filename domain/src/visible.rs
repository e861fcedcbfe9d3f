//! Cleans text that people wrote before others see it: invisible and bidirectional control characters can make one name
//! look like another, and control characters can manipulate a terminal.

/// Whether a character is visible and has no other effect. Line breaks and tabs are not.
#[must_use]
pub fn is_visible(c: char) -> bool {
    let is_hidden = matches!(
        c,
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator, line ends, zero width, directions, fillers.
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFC}' | '\u{115F}' | '\u{1160}' | '\u{3164}'
            | '\u{34F}' | '\u{17B4}' | '\u{17B5}' | '\u{2800}' | '\u{FFA0}'
            // Tags and private use.
            | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}'
    );
    !is_hidden && !c.is_control()
}

/// The visible characters, on one line.
#[must_use]
pub fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        c => is_visible(c).then_some(c),
    };
    text.chars().filter_map(shown).collect()
}
