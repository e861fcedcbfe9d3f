//! Display names on Synapse, from the hospital's template.

use crate::directory::Person;
use crate::policy::UsersPolicy;
use crate::visible::{is_visible, visible};

/// The longest display name that Synapse accepts (`MAX_DISPLAYNAME_LEN`); it would refuse a longer one in every pass.
const DISPLAY_NAME_MAX: usize = 256;

/// Separators between parts of a display name.
const BETWEEN: [char; 10] = [' ', '-', '–', '—', '|', '·', '•', ',', '/', ':'];

/// Fills the template. If a part is empty, its empty brackets and separators at the ends are removed. Scans the
/// template once, because this runs for everybody in every pass.
pub(crate) fn display_name(policy: &UsersPolicy, person: &Person) -> String {
    let full_name = person.full_name();
    // Some usernames are e-mail addresses, which colleagues must not see.
    let username = person.username.split('@').next().unwrap_or_default();
    let full_name = if full_name == person.username { username } else { &full_name };
    let profession = person.profession.and_then(|profession| policy.professions.get(&profession));
    let specialty = person.specialties.first();
    let own = visible(&person.extra.display_name);
    let own = own.trim();
    let parts = [
        ("{full_name}", full_name),
        ("{username}", username),
        ("{profession}", profession.map_or("", String::as_str)),
        ("{specialty}", specialty.map_or("", String::as_str)),
        ("{display_name}", if own.is_empty() { full_name } else { own }),
        ("{current_specialty}", person.extra.current_specialty.as_ref().or(specialty).map_or("", String::as_str)),
    ];
    let (mut filled, mut is_complete) = (String::new(), true);
    let mut rest = policy.display_name.as_str();
    while let Some(brace) = rest.find('{') {
        let (before, from) = rest.split_at(brace);
        filled.push_str(before);
        let part = parts.into_iter().find_map(|(name, value)| Some((value, from.strip_prefix(name)?)));
        let (value, after) = part.unwrap_or_else(|| from.split_at(1));
        is_complete &= !value.is_empty();
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    if !is_complete {
        filled = filled.replace("()", "").replace("[]", "").trim_matches(BETWEEN).to_owned();
    }
    // Synapse shows an empty name as none, so it would be set again in every pass.
    let is_empty = filled.chars().all(|c| c.is_whitespace() || !is_visible(c));
    let filled = if is_empty { full_name } else { &filled };
    let filled = visible(filled);
    let mut name = String::with_capacity(filled.len());
    for word in filled.split_whitespace() {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(word);
    }
    if let Some((end, _)) = name.char_indices().nth(DISPLAY_NAME_MAX) {
        name.truncate(end);
    }
    name.truncate(name.trim_end().len());
    name
}
