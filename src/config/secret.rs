//! Secrets, given as `x` or as `x_file` with the path of a file that holds only the secret.
//!
//! Never both, so that there is no doubt which one counts. They are kept in a type that cannot be printed, and no
//! problem repeats them.

use std::path::Path;

use secrecy::SecretString;

use super::reader::Map;

/// Result of reading a secret.
pub(crate) enum Given {
    /// Neither key is given.
    Nothing,
    /// A key is given, and a problem with it was reported.
    Wrong,
    /// The secret.
    Secret(SecretString),
}

impl Given {
    pub(crate) fn secret(self) -> Option<SecretString> {
        match self {
            Self::Secret(secret) => Some(secret),
            Self::Nothing | Self::Wrong => None,
        }
    }
}

/// Reads `key` or `file_key`. A relative path starts at `folder`.
pub(crate) fn secret(map: &mut Map<'_>, key: &'static str, file_key: &'static str, folder: &Path) -> Given {
    let (direct, file) = (map.get(key), map.get(file_key));
    match (direct.is_given(), file.is_given()) {
        (false, false) => Given::Nothing,
        (true, true) => {
            file.key_problem(format!("is given beside {key}; keep one of the two"));
            Given::Wrong
        }
        (true, false) => {
            let Some(text) = direct.text() else { return Given::Wrong };
            if is_placeholder(&text) {
                direct.problem(format!("is still a placeholder; put the real value here, or its file into {file_key}"));
                return Given::Wrong;
            }
            Given::Secret(text.into())
        }
        (false, true) => {
            let Some(path) = file.text() else { return Given::Wrong };
            let path = folder.join(path);
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) => {
                    file.problem(format!(
                        "cannot read {}: {error}; create the file with only the secret in it, readable by the service",
                        path.display()
                    ));
                    return Given::Wrong;
                }
            };
            // Editors end a file with a newline, which is hardly ever part of the secret.
            let text = text.trim_end_matches(['\r', '\n']);
            if text.trim().is_empty() {
                file.problem(format!("{} is empty; put the secret into it", path.display()));
                return Given::Wrong;
            }
            if is_placeholder(text) {
                file.problem(format!("{} still holds a placeholder; put the real value into it", path.display()));
                return Given::Wrong;
            }
            Given::Secret(text.to_owned().into())
        }
    }
}

/// Whether a value is a placeholder from an example file.
pub(crate) fn is_placeholder(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["change_me", "change-me", "changeme", "placeholder", "your_token", "replace_me"]
        .iter()
        .any(|word| text.contains(word))
        || (text.starts_with('<') && text.ends_with('>'))
}
