//! Runs every file in `cases/`: plans, reviews, selects, and compares with what the file expects.
//!
//! The model of Synapse must also accept each case's plan without a refusal, after which there is nothing to do.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use equipemed_domain::scope::Scope;

use crate::world::reader::Case;
use crate::world::{lines, synapse};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let entries = std::fs::read_dir(folder).expect("the folder of cases");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

/// Missing lines with `-` and unexpected ones with `+`, in order.
fn diff(what: &str, expected: &[String], got: &[String], out: &mut String) {
    if expected == got {
        return;
    }
    let _ = writeln!(out, "  {what}:");
    for line in expected.iter().filter(|line| !got.contains(line)) {
        let _ = writeln!(out, "    - {line}");
    }
    for line in got {
        let _ = writeln!(out, "    {} {line}", if expected.contains(line) { ' ' } else { '+' });
    }
    if expected.iter().all(|line| got.contains(line)) && got.len() == expected.len() {
        let _ = writeln!(out, "    (the same lines in another order)");
    }
}

fn check(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).expect("a case");
    let case: Case = serde_yaml::from_str(&text).map_err(|error| format!("  cannot be read: {error}"))?;
    let (mut world, scope, selection) = case.read();
    let verdict = world.verdict(&scope);
    let held: BTreeMap<String, Vec<String>> =
        verdict.held.iter().map(|part| (lines::reason(&part.reason), lines::atoms(part))).collect();
    let go = selection.of(verdict.go);

    let mut out = String::new();
    diff("plan", &case.expect.plan, &lines::plan(&go), &mut out);
    let findings: Vec<String> = go.findings.iter().map(lines::finding).collect();
    diff("findings", &case.expect.findings, &findings, &mut out);
    let flat = |held: &BTreeMap<String, Vec<String>>| -> Vec<String> {
        held.iter()
            .flat_map(|(reason, atoms)| {
                std::iter::once(reason.clone()).chain(atoms.iter().map(|atom| format!("- {atom}")))
            })
            .collect()
    };
    diff("held", &flat(&case.expect.held), &flat(&held), &mut out);
    if let Some(expected) = case.expect.next_change {
        let got = world.desired().next_change.map(|instant| instant.to_string());
        diff("next change", &[expected.to_string()], &got.into_iter().collect::<Vec<_>>(), &mut out);
    }
    if out.is_empty() {
        synapse::apply(&mut world, &go);
        let rest = selection.of(world.verdict(&scope).go);
        if scope == Scope::Everything {
            diff("a second pass", &[], &lines::plan(&rest), &mut out);
        }
    }
    if out.is_empty() { Ok(()) } else { Err(format!("  ({})\n{out}", case.about)) }
}

#[test]
fn every_case_gives_what_it_expects() {
    let files = files();
    assert!(files.len() >= 35, "only {} cases", files.len());
    let mut failed = String::new();
    for path in &files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let result = std::panic::catch_unwind(|| check(path));
        let problem = match result {
            Ok(Ok(())) => continue,
            Ok(Err(problem)) => problem,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "panicked".to_owned());
                format!("  {text}\n")
            }
        };
        let _ = writeln!(failed, "{name}\n{problem}");
    }
    assert!(failed.is_empty(), "\n{failed}");
}

#[test]
fn the_bot_is_never_planned_for_even_when_nobody_protects_it() {
    let text = "{about: A person leads to the bot, policy: {roles: {low: {when: {any: true}, level: 5}}, \
                rooms: {icu: {version: 11}}}, people: [{id: 1, username: equipemed_bot}], \
                rooms: {icu: {}}}";
    let case: Case = serde_yaml::from_str(text).expect("a case");
    let (mut world, scope, _) = case.read();
    world.policy.users.protected.clear();
    world.memory.privileged = world.desired().privileges;
    for status in ["active", "departed"] {
        status.clone_into(&mut world.people[0].account_status);
        let plan = world.plan(&scope);
        assert_eq!((lines::plan(&plan), plan.findings), (Vec::new(), Vec::new()), "{status}");
    }
}
