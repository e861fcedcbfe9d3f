//! Every test that docs/THREATS.md names must exist: otherwise its row defends nothing.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn functions(folder: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            functions(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path)?;
            let names = source.lines().filter_map(|line| line.split_once("fn ")?.1.split('(').next());
            found.extend(names.map(ToOwned::to_owned));
        }
    }
    Ok(())
}

#[test]
fn every_test_that_the_page_of_attacks_names_exists() -> Result<()> {
    let mut known = BTreeSet::new();
    for folder in ["tests", "domain/tests", "domain/src"] {
        functions(&project().join(folder), &mut known)?;
    }
    let page = std::fs::read_to_string(project().join("docs/THREATS.md"))?;
    let (_, attacks) = page.split_once("\n## Attacks").context("no section of attacks")?;
    let rows = attacks.lines().filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once("| "));
    let named: Vec<&str> = last.flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2)).collect();
    let unknown: Vec<_> = named.iter().filter(|name| !known.contains(**name)).collect();
    assert!(named.len() > 30, "only {} tests are named", named.len());
    assert!(unknown.is_empty(), "{unknown:?}");
    Ok(())
}
