//! Selectors: rules that match people, in `when:`, `who:`, `members:` and `administrators:`.
//!
//! A selector is a mapping with exactly one key. Rules that cannot work are refused: unknown roles, and EquipeMed's
//! five profession groups, which are briefly empty at every page view.

use std::collections::BTreeSet;

use equipemed_domain::directory::Profession;
use equipemed_domain::key::RoleKey;
use equipemed_domain::selector::Selector;

use crate::config::problems::instead;
use crate::config::reader::Node;
use crate::config::values::{profession, unknown_key};

const KINDS: [&str; 16] = [
    "any",
    "role",
    "group",
    "profession",
    "specialty",
    "staff",
    "superuser",
    "researcher",
    "terms_accepted",
    "password_change_required",
    "internship_over",
    "user",
    "supervisor",
    "all",
    "any_of",
    "not",
];

/// Possible selectors, for a message about a missing one.
pub(super) const EXAMPLES: &str = "a rule such as {any: true}, {profession: nurse} or {group: Plantão UTI}";

/// Reads a selector; None when it is absent or wrong.
pub(super) fn selector(node: &Node<'_>, roles: &BTreeSet<&str>) -> Option<Selector> {
    node.value?;
    if !node.is_map() {
        node.problem(format!("expected {EXAMPLES}"));
        return None;
    }
    let map = node.map();
    let entries = map.entries();
    let (key, value) = match entries.as_slice() {
        [(key, value)] => (*key, value),
        [] => {
            node.problem(format!("is empty; give {EXAMPLES}"));
            return None;
        }
        several => {
            for (key, value) in several.iter().filter(|(key, _)| !KINDS.contains(key)) {
                value.key_problem(unknown(key));
            }
            node.problem("a rule has one key; put several into all: [{…}, {…}] when all must hold, or any_of: [{…}, {…}] when one is enough");
            return None;
        }
    };
    if KINDS.contains(&key) {
        value.missing("what to compare with");
    }
    match key {
        "any" => value.boolean().map(Selector::Any),
        "role" => {
            let role = value.text()?;
            if !roles.contains(role.as_str()) {
                value.problem(unknown_key("role", &role, roles.iter().copied()));
                return None;
            }
            Some(Selector::Role(RoleKey::new(role)))
        }
        "group" => group(value).map(Selector::Group),
        "profession" => profession(value).map(Selector::Profession),
        "specialty" => value.text().map(Selector::Specialty),
        "staff" => value.boolean().map(Selector::Staff),
        "superuser" => value.boolean().map(Selector::Superuser),
        "researcher" => value.boolean().map(Selector::Researcher),
        "terms_accepted" => value.boolean().map(Selector::TermsAccepted),
        "password_change_required" => value.boolean().map(Selector::PasswordChangeRequired),
        "internship_over" => value.boolean().map(Selector::InternshipOver),
        "user" => username(value).map(Selector::User),
        "supervisor" => username(value).map(Selector::Supervisor),
        "all" => several(value, roles).map(Selector::All),
        "any_of" => several(value, roles).map(Selector::AnyOf),
        "not" => selector(value, roles).map(|rule| Selector::Not(Box::new(rule))),
        other => {
            value.key_problem(unknown(other));
            None
        }
    }
}

fn username(node: &Node<'_>) -> Option<String> {
    let user = node.text()?;
    if user.starts_with('@') {
        node.problem("is an EquipeMed username, not a Matrix id; leave out @ and the server");
        return None;
    }
    Some(user)
}

fn unknown(key: &str) -> String {
    format!("is not a kind of rule; {}", instead(key, KINDS))
}

fn several(node: &Node<'_>, roles: &BTreeSet<&str>) -> Option<Vec<Selector>> {
    let list = node.list()?;
    if list.is_empty() {
        // An empty `all` would match everybody.
        node.problem(format!("is empty; list rules in it, each {EXAMPLES}"));
        return None;
    }
    let count = list.len();
    let rules: Vec<_> = list.iter().filter_map(|node| selector(node, roles)).collect();
    (rules.len() == count).then_some(rules)
}

fn group(node: &Node<'_>) -> Option<String> {
    let group = node.text()?;
    let flickering = Profession::ALL.into_iter().find(|profession| profession.flickering_group() == group);
    if let Some(profession) = flickering {
        node.problem(format!(
            "EquipeMed takes people out of the group {group:?} and puts them back at every page view; use profession: {}",
            profession.as_str()
        ));
        return None;
    }
    Some(group)
}

/// The roles that a selector refers to.
pub(super) fn roles_of<'a>(selector: &'a Selector, found: &mut BTreeSet<&'a str>) {
    match selector {
        Selector::Role(role) => {
            found.insert(role.as_str());
        }
        Selector::All(rules) | Selector::AnyOf(rules) => rules.iter().for_each(|rule| roles_of(rule, found)),
        Selector::Not(rule) => roles_of(rule, found),
        _ => {}
    }
}
