//! Texts in which no secret is shown.
//!
//! Files of a set hold none, but an old homeserver.yaml or an edited file may.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands for a secret.
const INSTEAD: &str = "(not shown)";

/// A key that sounds like a secret, and its value.
static VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let key = r#"(?i)([\w.-]*(?:secret|password|passwd|token|macaroon|pepper|private|_key)[\w.-]*["']?\s*[:=]\s*)"#;
    let value = r#"("[^"]*"|'[^']*'|[^\s,}\]#]+)"#;
    Regex::new(&format!("{key}{value}")).ok()
});

/// The password in an address.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"://[^/\s"'@]*@"#).ok());

/// The text without values that may be secrets.
#[must_use]
pub fn masked(text: &str) -> String {
    let (Some(value), Some(address)) = (&*VALUE, &*ADDRESS) else { return INSTEAD.to_owned() };
    let hidden = value.replace_all(text, |found: &Captures<'_>| {
        let (key, value) = (&found[1], &found[2]);
        let name = key.trim_end_matches([' ', ':', '=', '"', '\'']).to_ascii_lowercase();
        let is_place = ["_path", "_file", "_config", "_url"].iter().any(|end| name.ends_with(end))
            || name.ends_with("_key") && value.trim_start_matches(['"', '\'']).starts_with('/');
        let is_switch = matches!(value, "true" | "false" | "null" | "[]" | "{}" | "{" | "[");
        if is_place || is_switch { found[0].to_owned() } else { format!("{key}{INSTEAD}") }
    });
    address.replace_all(&hidden, format!("://{INSTEAD}@")).into_owned()
}
