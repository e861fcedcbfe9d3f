//! Checks ARCHITECTURE.md's rules on the source: imports, homes of heavy crates, writers to Synapse, file format. Also
//! tries the commands in README.md and docs/ with the real binary.
//!
//! Each rule is a function from files to complaints, so that a test can show that it complains. Rules look at words
//! instead of types: they catch slips, not deliberate circumvention.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use equipemed_bot::homeserver::Endpoint;

/// A row may use its columns, which may be parts of modules; everything else is forbidden.
const MAY_USE: &[(&str, &[&str])] = &[
    (
        "alarm",
        &["clock", "config::settings", "engine::people", "engine::tenure", "homeserver::Reader", "speech", "store"],
    ),
    ("clock", &[]),
    ("heap", &[]),
    ("metrics", &[]),
    ("telemetry", &["config::settings", "homeserver::OnWait", "homeserver::TARGETS_WITH_IDENTIFIERS"]),
    ("config", &["clock"]),
    (
        "deploy",
        &["config::problems", "config::reader", "config::registration", "config::secret", "homeserver::Endpoint"],
    ),
    ("directory", &["clock", "config::problems", "config::reader", "config::settings", "config::values"]),
    ("speech", &["config::settings", "homeserver::Said"]),
    ("homeserver", &["clock", "metrics"]),
    ("store", &["clock"]),
    ("engine", &["clock", "directory", "heap", "homeserver", "metrics", "store"]),
    ("operations", &["clock", "engine", "homeserver", "store"]),
    ("chat", &["clock", "engine", "homeserver", "operations", "speech", "store"]),
    ("inbound", &["clock", "directory", "engine", "homeserver", "metrics", "store"]),
    (
        "cli",
        &[
            "alarm",
            "clock",
            "heap",
            "metrics",
            "telemetry",
            "config",
            "deploy",
            "directory",
            "homeserver",
            "speech",
            "store",
            "engine",
            "operations",
            "chat",
            "inbound",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Crates that are slow to build or determine how a part works; each has one home.
const HOMES: &[(&str, &[&str])] = &[
    ("matrix_sdk", &["src/homeserver/"]),
    ("reqwest", &["src/alarm/", "src/homeserver/"]),
    ("fluent_bundle", &["src/speech/"]),
    ("unic_langid", &["src/speech/"]),
    ("sqlx", &["src/store/", "src/directory/equipemed/"]),
    ("axum", &["src/inbound/"]),
    ("prometheus_client", &["src/metrics.rs"]),
    ("clap", &["src/cli/", "src/main.rs"]),
    ("clap_complete", &["src/cli/"]),
    ("indicatif", &["src/cli/"]),
    ("serde_yaml", &["src/config/", "src/deploy/"]),
    ("saphyr_parser", &["src/config/"]),
    ("tracing_subscriber", &["src/telemetry.rs"]),
    ("libc", &["src/heap.rs"]),
];

/// Files that may name `Writer`. `engine/mod.rs` only passes it on to the applier.
const MAY_WRITE: &[&str] = &[
    "src/homeserver/",
    "src/engine/apply/",
    "src/engine/adopt.rs",
    "src/engine/deeds.rs",
    "src/engine/encrypts.rs",
    "src/engine/files.rs",
    "src/engine/pictures.rs",
    "src/engine/replace.rs",
    "src/engine/setup.rs",
    "src/engine/mod.rs",
    "src/cli/connect.rs",
    "src/cli/setup.rs",
];

/// Files that may name `Speaker`.
const MAY_SPEAK: &[&str] = &["src/homeserver/", "src/chat/", "src/cli/"];

/// Files that may create a `WritePermit`.
const MAY_PERMIT: &[&str] = &["src/cli/", "src/homeserver/write/mod.rs"];

/// All dependencies of the pure crate.
const DOMAIN_IS_MADE_OF: &[&str] =
    &["jiff", "mime", "ruma-common", "serde", "serde_json", "sha2", "strsim", "thiserror"];

/// Maximum lines of a file.
const LONGEST: usize = 500;

/// One file of the project.
pub(crate) struct File {
    /// Path from the project's folder, such as `src/engine/pass.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The text without comments, whose words are no imports.
    pub(crate) fn code(&self) -> String {
        let code = |line: &str| match line.trim_start().starts_with("//") {
            true => String::new(),
            false => line.split(" // ").next().unwrap_or_default().to_owned(),
        };
        self.text.lines().map(code).collect::<Vec<_>>().join("\n")
    }

    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || place.ends_with('/') && self.path.starts_with(place))
    }

    /// `engine` for `src/engine/pass.rs`.
    fn module(&self) -> &str {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').next().unwrap_or_default()
    }

    /// Number of names in the module's path: 1 for `src/engine/mod.rs`, 2 for `src/engine/pass.rs`.
    fn depth(&self) -> usize {
        self.path.trim_start_matches("src/").trim_end_matches("/mod.rs").split('/').count()
    }
}

pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files with this ending below the folders.
pub(crate) fn files(folders: &[&str], ending: &str) -> Result<Vec<File>> {
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| project().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        } else if path.extension().is_some_and(|extension| extension == ending) {
            let relative = path.strip_prefix(project())?.to_str().context("a path that is no text")?;
            found.push(File::new(relative, &std::fs::read_to_string(&path)?));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    anyhow::ensure!(!found.is_empty(), "no {ending} files in {folders:?}");
    Ok(found)
}

fn sources() -> Result<Vec<File>> {
    files(&["src"], "rs")
}

pub(crate) fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(project().join(path)).with_context(|| path.to_owned())
}

#[track_caller]
pub(crate) fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Positions of `word` as a whole word.
fn places(code: &str, word: &str) -> Vec<usize> {
    let free = |at: usize| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        let after = code.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    };
    code.match_indices(word).map(|(at, _)| at).filter(|at| free(*at)).collect()
}

/// Splits off the name at the beginning.
fn name(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(|c| !is_word(c)).unwrap_or(text.len()))
}

/// The items of the braces at the beginning.
fn items(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut found) = (0, 1, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if (c == ',' && depth == 1) || (c == '}' && depth == 0) {
            found.push(text[from..at].trim());
            from = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    found.into_iter().filter(|item| !item.is_empty()).collect()
}

/// The first two names of each path behind `crate::` here; the second may be empty.
fn two_names(text: &str) -> Vec<(String, String)> {
    let text = text.trim_start();
    if text.starts_with('{') {
        return items(text).into_iter().flat_map(two_names).collect();
    }
    let (first, rest) = name(text);
    let Some(rest) = rest.strip_prefix("::").map(str::trim_start) else {
        return vec![(first.to_owned(), String::new())];
    };
    let seconds = if rest.starts_with('{') { items(rest) } else { vec![rest] };
    let second = |item: &str| if name(item).0 == "self" { String::new() } else { name(item).0.to_owned() };
    seconds.into_iter().map(|item| (first.to_owned(), second(item))).collect()
}

/// The modules of this crate that a file names, with their parts.
fn imports(file: &File) -> BTreeSet<(String, String)> {
    let code = file.code();
    let behind = |root: &str| -> Vec<(String, String)> {
        let begins = places(&code, root).into_iter().filter_map(|at| code[at + root.len()..].strip_prefix("::"));
        begins.flat_map(two_names).collect()
    };
    behind("crate").into_iter().chain(behind("equipemed_bot")).collect()
}

fn check_imports(files: &[File]) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut complaints = Vec::new();
    for file in files {
        let own = file.module();
        let Some(allowed) = table.get(own) else {
            complaints.push(format!("{}: the module {own} has no row in the import table", file.path));
            continue;
        };
        for (module, part) in imports(file) {
            let whole = format!("{module}::{part}");
            if module != own && !allowed.contains(&module.as_str()) && !allowed.contains(&whole.as_str()) {
                complaints.push(format!("{}: {own} may not use {whole}", file.path));
            }
        }
        // This many steps up lead to the crate's root.
        if file.code().contains(&"super::".repeat(file.depth())) {
            complaints.push(format!("{}: write crate:: instead of climbing to the root", file.path));
        }
    }
    complaints
}

fn check_two_way(files: &[File]) -> Vec<String> {
    let mut pairs = BTreeSet::new();
    for file in files {
        let own = file.module().to_owned();
        pairs.extend(imports(file).into_iter().map(|(module, _)| (own.clone(), module)).filter(|(a, b)| a != b));
    }
    let both = pairs.iter().filter(|(a, b)| a < b && pairs.contains(&(b.clone(), a.clone())));
    both.map(|(a, b)| format!("{a} and {b} use each other")).collect()
}

/// Complains about a word outside its home.
fn check_home(files: &[File], word: &str, home: &[&str]) -> Vec<String> {
    let strangers = files.iter().filter(|file| !file.is_in(home) && !places(&file.code(), word).is_empty());
    strangers.map(|file| format!("{}: {word} belongs in {}", file.path, home.join(", "))).collect()
}

fn check_form(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let lines = file.text.lines().count();
        // A file with one line explains itself.
        if lines > 1 && !file.text.starts_with("//! ") {
            complaints.push(format!("{}: does not begin with //! and what it is for", file.path));
        }
        if lines > LONGEST {
            complaints.push(format!("{}: has {lines} lines, more than {LONGEST}", file.path));
        }
    }
    complaints
}

/// Names in a section of a Cargo.toml.
fn section<'t>(manifest: &'t str, title: &str) -> BTreeSet<&'t str> {
    let lines = manifest.lines().skip_while(|line| *line != format!("[{title}]")).skip(1);
    let own = lines.take_while(|line| !line.starts_with('[')).filter(|line| line.contains('='));
    own.filter_map(|line| line.split(['.', '=', ' ']).next()).collect()
}

#[test]
fn modules_import_only_what_the_table_allows() -> Result<()> {
    assert_none(&check_imports(&sources()?));
    Ok(())
}

#[test]
fn no_two_modules_import_each_other() -> Result<()> {
    assert_none(&check_two_way(&sources()?));
    Ok(())
}

#[test]
fn heavy_crates_have_one_home_each() -> Result<()> {
    let sources = sources()?;
    assert_none(&HOMES.iter().flat_map(|(name, home)| check_home(&sources, name, home)).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn only_the_appliers_hold_a_writer_and_only_the_chat_a_voice_and_only_the_command_line_permits_writing() -> Result<()> {
    let sources = sources()?;
    assert_none(&check_home(&sources, "Writer", MAY_WRITE));
    assert_none(&check_home(&sources, "Speaker", MAY_SPEAK));
    assert_none(&check_home(&sources, "WritePermit", &[MAY_PERMIT, &["src/homeserver/mod.rs"]].concat()));
    Ok(())
}

#[test]
fn every_source_file_says_what_it_is_for_and_is_not_too_long() -> Result<()> {
    assert_none(&check_form(&files(&["src", "domain", "testbed", "xtask", "tests"], "rs")?));
    Ok(())
}

#[test]
fn the_pure_crate_is_made_of_what_it_should_and_the_testbed_is_never_shipped() -> Result<()> {
    assert_eq!(section(&read("domain/Cargo.toml")?, "dependencies"), DOMAIN_IS_MADE_OF.iter().copied().collect());
    let root = read("Cargo.toml")?;
    assert!(!section(&root, "dependencies").contains("equipemed-testbed"));
    assert!(section(&root, "dev-dependencies").contains("equipemed-testbed"));
    Ok(())
}

#[test]
fn every_rule_complains_of_what_it_forbids() -> Result<()> {
    let check = |path: &str, text: &str| check_imports(&[File::new(path, text)]);
    let bad: &[(&str, &str)] = &[
        ("src/store/grants.rs", "use crate::engine::Engine;"),
        ("src/engine/pass.rs", "use crate::cli;"),
        ("src/engine/pass.rs", "use crate::{clock::Clock, config::Settings};"),
        ("src/directory/roster.rs", "use crate::config::{problems::Sink, load};"),
        ("src/inbound/mod.rs", "fn f() { crate::chat::Chat::run; }"),
        ("src/store/mod.rs", "use super::engine;"),
        ("src/engine/apply/mod.rs", "use super::super::config;"),
        ("src/new.rs", ""),
    ];
    for (path, text) in bad {
        assert_eq!(check(path, text).len(), 1, "{path}: {text}");
    }
    let good: &[(&str, &str)] = &[
        ("src/engine/pass.rs", "use crate::{clock::Clock, store::{Store, RunId}}; // not crate::cli::run"),
        ("src/engine/pass.rs", "/// See [`crate::cli::run`].\nuse super::Engine;"),
        ("src/directory/roster.rs", "use crate::config::{problems::Sink, values::{self, profession}};"),
        ("src/main.rs", "use equipemed_bot::cli::run;"),
    ];
    for (path, text) in good {
        assert_none(&check(path, text));
    }
    let (one, other) = ("use crate::store::Store;", "use crate::engine::Engine;");
    assert_eq!(check_two_way(&[File::new("src/engine/a.rs", one), File::new("src/store/a.rs", other)]).len(), 1);
    let stranger = [File::new("src/engine/a.rs", "fn f(w: &Writer) { sqlx::query(w) }")];
    assert_eq!(check_home(&stranger, "sqlx", &["src/store/"]).len(), 1);
    assert_eq!(check_home(&stranger, "Writer", MAY_WRITE).len(), 1);
    assert_eq!(check_home(&stranger, "Write", &[]).len(), 0);
    assert_eq!(check_form(&[File::new("src/a.rs", &"\n".repeat(LONGEST + 1))]).len(), 2);
    assert_eq!(section("[a]\nx.workspace = true\n\n[b]\ny = 1\n", "a"), BTreeSet::from(["x"]));
    let text =
        "Run `equipemed-bot frobnicate`, then:\n```\n# equipemed-bot -c a.yaml sync --dry-run --fast | tail\n```\n";
    let typed = typed(text).into_iter().collect::<Vec<_>>();
    assert_eq!(typed.len(), 2);
    for command in &typed {
        assert!(complaint("README.md", command)?.is_some(), "{command:?}");
    }
    Ok(())
}

/// A command in the documentation.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Typed {
    words: Vec<String>,
    options: BTreeSet<String>,
}

/// Code spans and blocks of a Markdown text.
fn code_of(markdown: &str) -> Vec<&str> {
    let mut code = Vec::new();
    let mut fenced = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            code.push(line);
        } else {
            code.extend(line.split('`').skip(1).step_by(2));
        }
    }
    code
}

/// Every `equipemed-bot …` followed by a command.
fn typed(markdown: &str) -> BTreeSet<Typed> {
    let mut found = BTreeSet::new();
    for code in code_of(markdown) {
        for (at, program) in code.match_indices("equipemed-bot ") {
            let until = |c: char| matches!(c, '|' | '#' | ';' | '>' | '&' | '"' | ')');
            let rest = code[at + program.len()..].split(until).next().unwrap_or_default();
            let mut arguments = rest.split_whitespace().peekable();
            if arguments.next_if(|word| matches!(*word, "-c" | "--config")).is_some() {
                arguments.next();
            }
            let is_command =
                |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
            // In `--volume …/equipemed-bot equipemed-bot serve`, the first one ends a path.
            let Some(first) = arguments.next_if(is_command).filter(|word| *word != program.trim()) else { continue };
            let mut words = vec![first.to_owned()];
            if matches!(first, "users" | "rooms" | "grants" | "audit" | "config" | "directory" | "deploy") {
                words.extend(arguments.next_if(is_command).map(str::to_owned));
            }
            let options = arguments.filter(|word| word.starts_with("--")).map(str::to_owned).collect();
            found.insert(Typed { words, options });
        }
    }
    found
}

/// The real binary's objection to the command.
fn complaint(place: &str, command: &Typed) -> Result<Option<String>> {
    let asked = Command::new(env!("CARGO_BIN_EXE_equipemed-bot")).args(&command.words).arg("--help").output()?;
    let words = command.words.join(" ");
    if !asked.status.success() {
        return Ok(Some(format!("{place}: there is no `equipemed-bot {words}`")));
    }
    let help = String::from_utf8_lossy(&asked.stdout).into_owned();
    let unknown = command.options.iter().find(|option| {
        let option = option.split(['=', ',', ']']).next().unwrap_or_default();
        !help.split_whitespace().any(|word| word.trim_end_matches(',') == option)
    });
    Ok(unknown.map(|option| format!("{place}: `equipemed-bot {words}` has no {option}")))
}

pub(crate) fn documents() -> Result<Vec<File>> {
    let mut documents = files(&["docs"], "md")?;
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md"] {
        documents.push(File::new(name, &read(name)?));
    }
    Ok(documents)
}

#[test]
fn every_command_in_the_documentation_exists() -> Result<()> {
    let documents = documents()?;
    let commands = documents.iter().flat_map(|file| typed(&file.text).into_iter().map(|command| (&file.path, command)));
    let commands: Vec<_> = commands.collect();
    assert!(commands.len() > 20, "only {} commands were found in the documentation", commands.len());
    let complaints = commands.iter().map(|(place, command)| complaint(place, command)).collect::<Result<Vec<_>>>()?;
    assert_none(&complaints.into_iter().flatten().collect::<Vec<_>>());
    Ok(())
}

#[test]
fn the_readme_lists_exactly_the_endpoints() -> Result<()> {
    let readme = read("README.md")?;
    let is_endpoint =
        |line: &&str| line.starts_with("| `GET /") || line.starts_with("| `P") || line.starts_with("| `DELETE /");
    let listed: BTreeSet<&str> = readme.lines().filter(is_endpoint).filter_map(|line| line.split('`').nth(1)).collect();
    let known: Vec<String> = Endpoint::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(listed, known.iter().map(String::as_str).collect());
    Ok(())
}
