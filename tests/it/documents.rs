//! Checks that links in documents lead somewhere.

use std::collections::BTreeSet;

use anyhow::Result;

use super::architecture::{File, assert_none, documents, is_word, project};

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
