//! What reports and the audit keep in English: recognised, and told in Portuguese up to what others wrote.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use equipemed_bot::directory::DirectoryError;
use equipemed_bot::engine::Side;
use equipemed_bot::engine::look::LookError;
use equipemed_bot::homeserver::HomeserverError;
use equipemed_bot::speech::Arg;
use equipemed_bot::store::StoreError;

use super::translated::{assert_portuguese, every, in_a_message, texts, user};

/// Sentences of a file, each with the variables it names, as it is written there.
fn sentences() -> Result<Vec<(String, String, BTreeSet<String>)>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales/en/told.ftl");
    let mut sentences: Vec<(String, String, BTreeSet<String>)> = Vec::new();
    for line in std::fs::read_to_string(file)?.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if line.starts_with(' ') {
            let (_, text, _) = sentences.last_mut().context("a text before its end")?;
            text.push(' ');
            text.push_str(line.trim());
        } else {
            let (id, text) = line.split_once(" = ").context("a text")?;
            sentences.push((id.to_owned(), text.to_owned(), BTreeSet::new()));
        }
    }
    for (_, text, names) in &mut sentences {
        names.extend(text.split("{ $").skip(1).filter_map(|rest| Some(rest.split_once(" }")?.0.to_owned())));
    }
    assert!(sentences.len() > 80);
    Ok(sentences)
}

/// The program's source as its compiler joins it: a text that goes on in the next line is one text.
fn program() -> Result<String> {
    fn all(folder: PathBuf, program: &mut String) -> Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                all(path, program)?;
            } else {
                let text = std::fs::read_to_string(path)?;
                let mut lines = text.split("\\\n");
                program.push_str(lines.next().unwrap_or_default());
                lines.for_each(|line| program.push_str(line.trim_start()));
            }
        }
        Ok(())
    }
    let mut program = String::new();
    for folder in ["src", "domain/src"] {
        all(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut program)?;
    }
    Ok(program)
}

#[test]
fn every_sentence_of_a_report_is_one_of_the_program_and_is_recognised() -> Result<()> {
    let [portuguese, _] = texts();
    let program = program()?;
    for (id, text, names) in sentences()? {
        let mut sentence = text.clone();
        for (index, name) in names.iter().enumerate() {
            sentence = sentence.replace(&format!("{{ ${name} }}"), &format!("<{index}>"));
        }
        let args: Vec<(&'static str, Arg)> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (&*name.clone().leak(), Arg::Text(format!("<{index}>"))))
            .collect();
        let expected = portuguese.line(id.clone().leak(), &args);
        assert_eq!(portuguese.shown(&portuguese.told(&sentence)), expected, "{sentence}");
        assert_portuguese(&expected.plain);
        for piece in
            text.split("{ $").flat_map(|piece| piece.split_once(" }").map_or(Some(piece), |(_, rest)| Some(rest)))
        {
            // The colon before a cause is put there by the chain of errors.
            assert!(program.contains(piece.trim().trim_end_matches(':')), "{id}: the program does not say {piece:?}");
        }
    }
    Ok(())
}

#[test]
fn errors_are_told_in_portuguese_up_to_what_others_wrote() {
    let [portuguese, english] = texts();
    let why = || "connection reset by peer".to_owned();
    let of_synapse = every! {
        HomeserverError::NotFound { .. } => [HomeserverError::NotFound { error: "Unknown room".to_owned() }],
        HomeserverError::Refused { .. } => [
            HomeserverError::Refused { status: 403, errcode: "M_FORBIDDEN".to_owned(), error: "You: cannot".to_owned() },
        ],
        HomeserverError::Taken { .. } => [
            HomeserverError::Taken { holder: Some(user()) },
            HomeserverError::Taken { holder: None },
        ],
        HomeserverError::Limited { .. } => [HomeserverError::Limited { retry_after: None }],
        HomeserverError::Unreachable { .. } => [HomeserverError::Unreachable { why: why(), sent: false }],
        HomeserverError::MaybeDone { .. } => [HomeserverError::MaybeDone { why: why() }],
        HomeserverError::NotMatrix { .. } => [HomeserverError::NotMatrix { why: why() }],
        HomeserverError::UnknownToken => [HomeserverError::UnknownToken],
        HomeserverError::NotAdmin => [HomeserverError::NotAdmin],
        HomeserverError::NotOurs => [HomeserverError::NotOurs],
        HomeserverError::Cancelled => [HomeserverError::Cancelled],
        HomeserverError::Overtaken => [HomeserverError::Overtaken],
        HomeserverError::Nonsense { .. } => [HomeserverError::Nonsense { why: why() }],
    };
    let mut all: Vec<String> = of_synapse.iter().map(ToString::to_string).collect();
    let of_people = [
        DirectoryError::Unreadable { file: "/x.yaml".into(), source: std::io::Error::other("os") },
        DirectoryError::HalfWritten { file: "/x.yaml".into(), what: why() },
        DirectoryError::Away(why()),
        DirectoryError::Refused(why()),
        DirectoryError::NotAllowed(why()),
        DirectoryError::OtherSchema(why()),
        DirectoryError::Column { column: "id", problem: why() },
        DirectoryError::Nobody,
        DirectoryError::Failed(why()),
    ];
    all.extend(of_people.iter().map(ToString::to_string));
    let (database, path, fix) = ("db".to_owned(), "/x".to_owned(), "The disk is full: free some space".to_owned());
    let text = |text: &str| text.to_owned();
    let of_store = [
        StoreError::BadUrl { url: path.clone(), why: why() },
        StoreError::Unreachable { database: database.clone(), why: why() },
        StoreError::Refused { database: database.clone(), why: why() },
        StoreError::NotWritable { path: path.clone(), why: why(), fix: fix.clone() },
        StoreError::Busy { database: database.clone(), why: why() },
        StoreError::Nonsense { table: text("t"), column: text("c"), row: text("9"), why: why() },
        StoreError::Migration { database: database.clone(), why: why(), fix },
        StoreError::Unstorable { why: why() },
        StoreError::Database { database, why: why() },
    ];
    all.extend(of_store.iter().map(ToString::to_string));
    for error in all {
        let said = portuguese.shown(&portuguese.told(&error)).plain;
        assert_ne!(said, error);
        assert_portuguese(&said.replace(&why(), "").replace("Unknown room", "").replace("You: cannot", ""));
        for others in [why().as_str(), "Unknown room", "You: cannot", "M_FORBIDDEN", "@ana:h.example"] {
            assert_eq!(said.contains(others), error.contains(others), "{said}");
        }
        assert_eq!(english.shown(&english.told(&error)).plain, in_a_message(&error));
    }
    let error = DirectoryError::Away("no answer within 20 s".to_owned());
    let chain = format!("{:#}", anyhow::Error::from(error).context("EquipeMed's people could not be read"));
    let said = portuguese.shown(&portuguese.told(&chain)).plain;
    assert!(said.contains("pessoas do EquipeMed") && said.contains("sem resposta em 20 s"), "{said}");
    assert_portuguese(&said);
}

#[test]
fn an_error_names_the_side_that_failed() {
    let why = || "connection reset by peer".to_owned();
    let away = || HomeserverError::Unreachable { why: why(), sent: true };
    let full = || StoreError::NotWritable { path: "/x".to_owned(), why: why(), fix: why() };
    let sides = [
        (anyhow::Error::from(full()), Some(Side::Database)),
        (LookError::from(full()).into(), Some(Side::Database)),
        (away().into(), Some(Side::Synapse)),
        (LookError::from(away()).into(), Some(Side::Synapse)),
        (DirectoryError::Away(why()).into(), Some(Side::EquipeMed)),
        (anyhow::anyhow!("another process took over"), None),
    ];
    for (error, side) in sides {
        assert_eq!(Side::of(&error), side, "{error}");
        assert_eq!(Side::of(&error.context("the audit could not be written").context("a pass")), side);
    }
}

#[test]
fn what_others_wrote_is_told_as_text_and_nothing_else() {
    let [portuguese, _] = texts();
    for text in ["Unknown room", "", "refused", "stopped by somebody", "room", "<b>x</b> `y` **z**"] {
        assert_eq!(portuguese.told(text), Arg::Text(text.to_owned()));
    }
    let said = portuguese.shown(&portuguese.told("Synapse refused with 403 M_X: <a href=\"x\">`y` **z** { $why }"));
    assert_eq!(said.plain, "o Synapse recusou com 403 M_X: <a href=\"x\">`y` **z** { $why }");
    assert_eq!(said.html, "o Synapse recusou com 403 M_X: &lt;a href=&quot;x&quot;&gt;`y` **z** { $why }");
}
