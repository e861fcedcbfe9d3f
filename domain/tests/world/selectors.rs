//! Selectors and durations in case files, written as in the configuration. The real parser lives elsewhere and checks
//! much more; this one knows the same words.

use std::time::Duration;

use equipemed_domain::directory::Profession;
use equipemed_domain::selector::Selector;
use serde_yaml::Value;

/// Selectors such as `{group: Plantão UTI}`.
pub(crate) fn selector(value: &Value) -> Selector {
    let map = value.as_mapping().unwrap_or_else(|| panic!("a selector is a map, not {value:?}"));
    let (key, value) = map.iter().next().expect("a selector has one key");
    assert_eq!(map.len(), 1, "a selector has one key: {map:?}");
    let text = || value.as_str().unwrap_or_else(|| panic!("a text, not {value:?}")).to_owned();
    let flag = || value.as_bool().unwrap_or_else(|| panic!("true or false, not {value:?}"));
    let list = || value.as_sequence().expect("a list of selectors").iter().map(selector).collect();
    match key.as_str().expect("a word") {
        "any" => Selector::Any(flag()),
        "role" => Selector::Role(text().as_str().into()),
        "group" => Selector::Group(text()),
        "profession" => Selector::Profession(Profession::from_word(&text()).expect("a profession")),
        "specialty" => Selector::Specialty(text()),
        "staff" => Selector::Staff(flag()),
        "superuser" => Selector::Superuser(flag()),
        "user" => Selector::User(text()),
        "researcher" => Selector::Researcher(flag()),
        "terms_accepted" => Selector::TermsAccepted(flag()),
        "password_change_required" => Selector::PasswordChangeRequired(flag()),
        "internship_over" => Selector::InternshipOver(flag()),
        "supervisor" => Selector::Supervisor(text()),
        "all" => Selector::All(list()),
        "any_of" => Selector::AnyOf(list()),
        "not" => Selector::Not(Box::new(selector(value))),
        "trusted" => Selector::Trusted,
        other => panic!("unknown selector {other}"),
    }
}

/// Durations such as `30d`, `24h`, `60m`.
pub(crate) fn duration(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: u64 = number.parse().unwrap_or_else(|_| panic!("a duration, not {text}"));
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        other => panic!("unknown unit {other}"),
    };
    Duration::from_secs(number * seconds)
}
