//! Replaces `${NAME}` in configuration values.
//!
//! Replacement happens value by value after YAML parsing, so that a variable cannot change the file's structure. Values
//! are never shown, since most are secrets.

use std::collections::BTreeMap;
use std::fmt;

/// Environment variables, read once, so that a load is consistent and tests need no process-wide state.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process. Those that are not UTF-8 count as unset.
    #[must_use]
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// The text with every `${NAME}` replaced and `$${` turned into `${`; None when there is nothing to replace.
    ///
    /// # Errors
    /// One message for each unset variable and each unclosed `${`.
    pub(crate) fn substitute(&self, text: &str) -> Result<Option<String>, Vec<String>> {
        if !text.contains("${") {
            return Ok(None);
        }
        let mut result = String::with_capacity(text.len());
        let mut wrong = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, after) = rest.split_at(at);
            let after = after.get(2..).unwrap_or_default();
            if let Some(before) = before.strip_suffix('$') {
                result.push_str(before);
                result.push_str("${");
                rest = after;
                continue;
            }
            result.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                wrong.push("a ${ is not closed; write ${NAME}, or $${ for the two characters themselves".to_owned());
                rest = "";
                continue;
            };
            match self.0.get(name) {
                Some(value) => result.push_str(value),
                None if is_name(name) => wrong.push(format!(
                    "the environment variable {name} is not set; set it where every command has it, such as in /etc/default/equipemed-bot, or write $${{ for the two characters themselves"
                )),
                None => wrong.push(format!(
                    "${{{name}}} does not name an environment variable; write ${{NAME}} with letters, digits and _"
                )),
            }
            rest = behind;
        }
        result.push_str(rest);
        if wrong.is_empty() { Ok(Some(result)) } else { Err(wrong) }
    }
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Shows only how many there are.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("variables", &self.0.len()).finish_non_exhaustive()
    }
}
