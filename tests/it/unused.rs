//! Checks that public items are used: the compiler checks only private modules.

use std::collections::BTreeMap;

use anyhow::Result;

use super::architecture::{File, assert_none, files, is_word};

/// Items that only tests use, with the reason.
const FOR_TESTS: &[(&str, &str)] = &[
    ("by_endpoint", "what was really sent, as the fault tests count it"),
    ("allows", "which files may be sent is configuration already, and removing the others comes later"),
    ("unbind_room", "a room that is no longer managed, as the listener has to take it"),
];

/// Names of public functions, methods and constants that files declare.
fn declared(file: &File) -> Vec<String> {
    let code = file.code();
    let lines = code.lines().map(str::trim_start);
    let names = lines.filter_map(|line| {
        let rest = line.strip_prefix("pub ")?;
        let rest = ["const fn ", "async fn ", "fn ", "const "].iter().find_map(|word| rest.strip_prefix(word))?;
        rest.split(|c: char| !is_word(c)).next()
    });
    names.map(str::to_owned).collect()
}

fn uses(files: &[File]) -> BTreeMap<String, usize> {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        let code = file.code();
        // Tests follow.
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for word in code.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()) {
            *uses.entry(word.to_owned()).or_default() += 1;
        }
    }
    uses
}

#[test]
fn every_public_item_has_a_caller_outside_the_tests() -> Result<()> {
    let files = files(&["src", "domain/src"], "rs")?;
    let uses = uses(&files);
    let mut unused: Vec<String> = Vec::new();
    for file in &files {
        for name in declared(file) {
            let is_known = FOR_TESTS.iter().any(|(known, _)| *known == name);
            if uses.get(&name).copied().unwrap_or(0) < 2 && !is_known {
                unused.push(format!("{}: {name}", file.path));
            }
        }
    }
    assert_none(&unused);
    let bad = File::new("src/a.rs", "pub fn used() {}\npub const fn idle() {}\nfn own() { used() }\n");
    assert_eq!(declared(&bad), ["used", "idle"]);
    assert_eq!(self::uses(&[bad]).get("idle"), Some(&1));
    Ok(())
}
