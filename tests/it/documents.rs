//! Checks that links in documents lead somewhere, and that their lists are complete.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::architecture::{File, assert_none, documents, files, is_word, project, read};

/// Anchors of the headings.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let headings = markdown.lines().filter_map(|line| line.strip_prefix('#'));
    let anchor = |heading: &str| -> String {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        kept.chars().filter(|c| is_word(*c) || matches!(c, ' ' | '-')).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

/// Links to missing files or headings.
fn dead_links(file: &File) -> Vec<String> {
    let here = project().join(&file.path);
    let folder = here.parent().unwrap_or(project());
    let links = file.text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let is_dead = |link: &&str| {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target =
            if path.is_empty() { Some(file.text.clone()) } else { std::fs::read_to_string(folder.join(path)).ok() };
        !link.contains("://") && !target.is_some_and(|text| anchor.is_empty() || anchors(&text).contains(anchor))
    };
    links.filter(is_dead).map(|link| format!("{}: {link}", file.path)).collect()
}

#[test]
fn links_between_documents_lead_somewhere() -> Result<()> {
    assert_none(&documents()?.iter().flat_map(dead_links).collect::<Vec<_>>());
    let bad = File::new("docs/a.md", "# A b\n[x](../README.md) [x](#a-b) [x](no.md) [x](#no) [x](../README.md#no)");
    assert_eq!(dead_links(&bad).len(), 3);
    Ok(())
}

#[test]
fn every_table_is_moved_to_postgresql() -> Result<()> {
    let made = |sql: &str| -> Vec<String> {
        let names = sql.lines().filter_map(|line| line.strip_prefix("create table "));
        names.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
    };
    let tables: BTreeSet<String> =
        files(&["migrations/postgres"], "sql")?.iter().flat_map(|file| made(&file.text)).collect();
    let operations = read("docs/OPERATIONS.md")?;
    let (_, list) = operations.split_once("for table in meta ").context("the list of tables")?;
    let (list, _) = list.split_once("; do").context("its end")?;
    let mut moved: BTreeSet<String> = list.split_whitespace().filter(|word| *word != "\\").map(str::to_owned).collect();
    // These begin anew: the first is written above, the second counts for this database's readers only.
    moved.extend(["meta", "versions"].map(str::to_owned));
    assert_eq!(moved, tables);
    Ok(())
}

#[test]
fn the_code_map_names_every_module_of_the_domain() -> Result<()> {
    let text = read("ARCHITECTURE.md")?;
    let (_, map) = text.split_once("\ndomain/src/").context("the code map")?;
    let (map, _) = map.split_once("\nsrc/").context("its end")?;
    let named: BTreeSet<&str> = map.split(|c: char| !is_word(c)).collect();
    let modules = read("domain/src/lib.rs")?;
    let modules = modules.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    let missing: Vec<&str> =
        modules.map(|line| line.trim_end_matches(';')).filter(|name| !named.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    Ok(())
}
