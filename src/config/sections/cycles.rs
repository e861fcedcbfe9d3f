//! Finds cyclic references: roles through `role:`, spaces through `parent:`.

use std::collections::{BTreeMap, BTreeSet};

/// The names that each name refers to.
pub(super) type RoleNeeds<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Each cycle once, beginning with its first name in order.
pub(super) fn circles<'a>(needs: &RoleNeeds<'a>) -> Vec<Vec<&'a str>> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for start in needs.keys().copied() {
        if seen.contains(start) {
            continue;
        }
        if let Some(circle) = way_back(needs, start) {
            seen.extend(circle.iter().copied());
            found.push(circle);
        }
    }
    found
}

/// A shortest path from `start` back to itself.
fn way_back<'a>(needs: &RoleNeeds<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![start]];
    let mut visited: BTreeSet<&str> = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way.last().and_then(|last| needs.get(last)).into_iter().flatten().copied() {
                if next == start {
                    return Some(way);
                }
                if visited.insert(next) {
                    let mut way = way.clone();
                    way.push(next);
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

/// A cycle as text, `a → b → a`.
pub(super) fn shown(circle: &[&str]) -> String {
    let mut names = circle.to_vec();
    names.extend(circle.first());
    names.join(" → ")
}
