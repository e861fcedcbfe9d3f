//! `deploy`: a server's files from answers, and what is wrong with them later.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::SecretString;

use super::output::UsageError;
use super::{Exit, output};
use crate::deploy::answers::{Draft, merged};
use crate::deploy::existing::{self, Found};
use crate::deploy::pieces::{ANSWERS, HOMESERVER};
use crate::deploy::plan::{Change, HandedIn};
use crate::deploy::secrets::{Secret, secrets};
use crate::deploy::settings::server_name;
use crate::deploy::{Answers, Disk, Plan, QUESTIONS, Set, begun, check};

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum DeployCommand {
    /// Write everything that a server needs into a folder; again to change it, which keeps every secret
    ///
    /// Asks on a terminal. The differences are shown before anything is written; secrets never are. Files that were edited
    /// by hand are named and left alone unless you say otherwise.
    #[command(after_help = "Examples:\n  equipemed-bot deploy init /etc/equipemed-matrix\n  \
                            equipemed-bot deploy init /etc/equipemed-matrix --answers answers.yaml --secret client_secret=/root/secret --yes\n  \
                            equipemed-bot deploy init /etc/equipemed-matrix --existing /srv/synapse/homeserver.yaml")]
    Init(InitArgs),
    /// Name what is wrong with a folder that `deploy init` wrote: files, owners, secrets, certificate, Synapse's settings
    #[command(after_help = "Example:\n  equipemed-bot deploy check /etc/equipemed-matrix")]
    Check {
        /// The folder
        folder: PathBuf,
    },
}

/// What `deploy init` is given.
#[derive(Debug, clap::Args)]
pub(super) struct InitArgs {
    /// The folder, for root alone to write
    folder: PathBuf,
    /// A file of answers, as deploy.yaml in the folder is; that one when left out
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// One answer, such as server_name=hospital.example; may be repeated
    #[arg(long = "answer", value_name = "KEY=VALUE", value_parser = answer)]
    given: Vec<(String, String)>,
    /// Into what is there: the homeserver.yaml of a Synapse whose name, key, database, media and chats are kept
    #[arg(long, value_name = "FILE")]
    existing: Option<PathBuf>,
    /// A secret from a file of yours, such as client_secret=/root/secret; may be repeated
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = secret)]
    secrets: Vec<(String, String)>,
    /// Make Synapse's registration secret anew, for `equipemed-bot setup`
    #[arg(long)]
    for_setup: bool,
    /// Ask all questions again
    #[arg(long)]
    ask: bool,
    /// Ask nothing and write; for machines
    #[arg(long)]
    yes: bool,
    /// With --yes: also overwrite this file although it was edited by hand; may be repeated
    #[arg(long, value_name = "FILE")]
    overwrite: Vec<String>,
    /// Show what would be written, write nothing, and end with 4 if there is anything
    #[arg(long)]
    dry_run: bool,
}

fn pair(text: &str, form: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("expected {form}"))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

fn answer(text: &str) -> Result<(String, String), String> {
    pair(text, "KEY=VALUE")
}

fn secret(text: &str) -> Result<(String, String), String> {
    pair(text, "NAME=FILE")
}

/// Runs a command.
pub(super) fn run(command: &DeployCommand) -> anyhow::Result<Exit> {
    match command {
        DeployCommand::Init(args) => init(args),
        DeployCommand::Check { folder } => look(folder),
    }
}

fn init(args: &InitArgs) -> anyhow::Result<Exit> {
    let asks = !args.yes && !args.dry_run && std::io::stdin().is_terminal();
    let found = args.existing.as_deref().map(existing).transpose()?;
    let answers = answers(args, found.as_ref(), asks)?;
    // Made only once the answers are right.
    let disk = if args.dry_run { Disk::at(&args.folder) } else { Disk::new(&args.folder) }?;
    let set = Set::new(&answers, &args_folder(&args.folder)?);
    check_name(&disk, &set)?;
    let handed_in = handed_in(args, &set, found.as_ref())?;
    if let Some(found) = &found {
        tell_existing(found, &answers, &set);
    }
    let plan = Plan::new(&disk, &answers, set, &handed_in, args.for_setup)?;
    check_overwrite(args, &plan)?;
    let edited = tell(&plan);
    for stale in begun::stale(&disk, plan.set())? {
        output::text(&format!("• {} is yours: {}", stale.file, stale.what));
    }
    let has_obstacle = found.is_some_and(|found| !found.obstacles.is_empty() || !check::missing(plan.set()).is_empty());
    let exit = if plan.missing.is_empty() && !has_obstacle { Exit::Done } else { Exit::Failed };
    if plan.is_empty() {
        tell_missing(&plan.missing);
        output::text("Nothing changes.");
        return Ok(exit);
    }
    if args.dry_run {
        return Ok(Exit::Due);
    }
    let Some(overwrite) = agreed(args, asks, &edited)? else {
        output::text("Nothing was written.");
        return Ok(Exit::Failed);
    };
    let is_first = plan.steps.iter().any(|step| step.path() == ANSWERS && step.change == Change::New);
    let missing = plan.missing.clone();
    plan.write(&disk, &overwrite)?;
    output::text(&format!("Written to {}.", disk.folder().display()));
    for path in edited.iter().filter(|path| !overwrite.contains(path)) {
        output::text(&format!("• {path} was edited by hand and is as it was"));
    }
    tell_missing(&missing);
    if !disk.is_root() {
        output::text("• not written as root: give the secrets to the programs that read them before you start those");
    }
    if is_first {
        output::text("Next: deploy/README.md, and at its end `equipemed-bot deploy check`.");
    }
    Ok(exit)
}

/// A server's name stands in every id and can never be changed.
fn check_name(disk: &Disk, set: &Set) -> anyhow::Result<()> {
    match disk.read(HOMESERVER)?.and_then(server_name) {
        Some(name) if name != set.server_name => Err(UsageError(format!(
            "server_name: {} is the set of {name}, and a server's name can never be changed; take another folder \
             for {}",
            set.folder, set.server_name
        ))
        .into()),
        _ => Ok(()),
    }
}

fn check_overwrite(args: &InitArgs, plan: &Plan) -> anyhow::Result<()> {
    let is_known = |path: &&String| plan.steps.iter().any(|step| step.path() == path.as_str());
    match args.overwrite.iter().find(|path| !is_known(path)) {
        Some(path) => Err(UsageError(format!(
            "--overwrite {path}: the set has no such file; name it from the set's folder, as in {HOMESERVER}"
        ))
        .into()),
        None => Ok(()),
    }
}

fn args_folder(folder: &Path) -> anyhow::Result<String> {
    let full = std::path::absolute(folder).context("the folder's path")?;
    let full = full.canonicalize().unwrap_or(full);
    let text = full.to_str().context("the folder's path is no text")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
    match text.chars().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err(UsageError(format!("{text}: take a folder whose path has letters, digits and /_-. only")).into()),
    }
}

fn existing(path: &Path) -> anyhow::Result<Found> {
    let text = std::fs::read_to_string(path).map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    Ok(existing::read(&text).map_err(|what| UsageError(format!("{} {what}", path.display())))?)
}

/// Answers from the existing set, the file, the command and the terminal, each before those in front of it.
fn answers(args: &InitArgs, found: Option<&Found>, asks: bool) -> anyhow::Result<Answers> {
    let own = args.folder.join(ANSWERS);
    let file = args.answers.clone().or_else(|| own.exists().then_some(own));
    let read = |file: &PathBuf| {
        std::fs::read_to_string(file).map_err(|error| UsageError(format!("{}: {error}", file.display())))
    };
    let text = file.as_ref().map(read).transpose()?.unwrap_or_default();
    let name = file.as_ref().map_or_else(|| "the answers".to_owned(), |file| file.display().to_string());
    let is_begun = !text.is_empty();
    if !asks && file.is_none() && args.given.is_empty() && found.is_none() {
        let what = "there are no answers yet, and no terminal to ask on: give them with --answers FILE or --answer";
        return Err(UsageError(what.to_owned()).into());
    }
    if args.given.is_empty() && found.is_none() && !(asks && (args.ask || !is_begun)) {
        return Ok(Answers::read(&name, &text)?);
    }
    let kept = found.map(|found| found.answers.clone()).unwrap_or_default();
    let text = under(&name, &text, kept)?;
    let mut text = merged(&name, &text, &args.given)?;
    if asks && (args.ask || !is_begun) {
        text = asked(&name, &text)?;
    }
    Ok(Answers::read(&name, &text)?)
}

/// A file's answers over these.
fn under(name: &str, text: &str, kept: BTreeMap<String, String>) -> anyhow::Result<String> {
    let known = Draft::read(name, text)?;
    let missing: Vec<_> = kept.into_iter().filter(|(key, _)| !known.has(key)).collect();
    Ok(merged(name, text, &missing)?)
}

/// Asks every question.
fn asked(name: &str, text: &str) -> anyhow::Result<String> {
    let mut draft = Draft::read(name, text)?;
    let mut given = Vec::new();
    output::text("Return takes what stands in brackets.\n");
    for question in QUESTIONS {
        loop {
            let default = draft.get(question.key);
            let why = if question.why.is_empty() { String::new() } else { format!("  ({})", question.why) };
            let typed = line(&format!(
                "{}: {}{why}\n  [{}] ",
                question.key,
                question.what,
                default.clone().unwrap_or_default()
            ))?;
            let answer = if typed.is_empty() { default.unwrap_or_default() } else { typed };
            let mut tried = draft.clone();
            tried.set(question, &answer);
            match question.check(&answer, &tried) {
                Ok(()) => {
                    draft = tried;
                    given.push((question.key.to_owned(), answer));
                    break;
                }
                Err(why) => output::text(&format!("  {why}")),
            }
        }
    }
    Ok(merged(name, text, &given)?)
}

/// A line from the terminal, after a question.
fn line(question: &str) -> anyhow::Result<String> {
    let mut out = std::io::stdout().lock();
    write!(out, "{question}").and_then(|()| out.flush())?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line)?;
    anyhow::ensure!(read > 0, "the questions were not answered to the end");
    Ok(line.trim().to_owned())
}

/// Secrets from files and from an existing set.
fn handed_in(args: &InitArgs, set: &Set, found: Option<&Found>) -> anyhow::Result<HandedIn> {
    let mut all: HandedIn = found.map(|found| found.secrets.clone()).unwrap_or_default();
    for (name, file) in &args.secrets {
        let secrets = secrets(set);
        let Some(secret) = secrets.iter().find(|secret| secret.name() == name) else {
            let known: BTreeSet<_> = secrets.iter().map(|secret| secret.name()).collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(UsageError(format!("--secret {name}: known are {known}")).into());
        };
        let text =
            std::fs::read_to_string(file).map_err(|error| UsageError(format!("--secret {name}: {file}: {error}")))?;
        let taken: SecretString =
            secret.taken(&text).map_err(|error| UsageError(format!("--secret {name}: {file} {error}")))?;
        all.insert(secret.path, taken);
    }
    Ok(all)
}

fn tell_existing(found: &Found, answers: &Answers, set: &Set) {
    output::text("Of the existing Synapse:");
    for line in found.told(answers, set) {
        output::text(&format!("  {line}"));
    }
    for obstacle in &found.obstacles {
        output::text(&format!("✗ {obstacle}"));
    }
    for path in check::missing(set) {
        output::text(&format!("✗ {path} is not there, and Synapse would make a new one without a word"));
    }
    output::text("");
}

fn tell_missing(missing: &[Secret]) {
    for secret in missing {
        output::text(&format!("• {} is missing: hand it in with --secret {}=FILE", secret.path, secret.name()));
    }
}

/// Prints a plan; returns the edited files.
fn tell(plan: &Plan) -> Vec<&'static str> {
    let mut edited = Vec::new();
    for step in &plan.steps {
        match &step.change {
            Change::Same => {}
            Change::New => output::text(&format!("new      {}", step.path())),
            Change::Changed(difference) => output::text(&format!("changed  {}\n{difference}", step.path())),
            Change::Edited(difference) => {
                output::text(&format!("EDITED by hand since it was written: {}\n{difference}", step.path()));
                edited.push(step.path());
            }
        }
    }
    for secret in &plan.secrets {
        let what = if secret.is_new { "secret " } else { "secret, brought in line:" };
        output::text(&format!("{what}  {} (not shown)", secret.path()));
    }
    for path in &plan.left {
        output::text(&format!("left     {path} is no longer part of the set; remove it"));
    }
    edited
}

/// The edited files that may be overwritten; none if nothing may be written.
fn agreed<'p>(args: &InitArgs, asks: bool, edited: &[&'p str]) -> anyhow::Result<Option<Vec<&'p str>>> {
    if args.yes {
        let wanted = |path: &&&str| args.overwrite.iter().any(|one| one == **path);
        return Ok(Some(edited.iter().filter(wanted).copied().collect()));
    }
    if !asks {
        return Err(UsageError("nothing was written: --yes writes it, --dry-run only shows it".to_owned()).into());
    }
    let is_yes =
        |question: &str| Ok::<_, anyhow::Error>(matches!(line(question)?.to_lowercase().as_str(), "y" | "yes"));
    if !is_yes("Write this? [y/N] ")? {
        return Ok(None);
    }
    let mut overwrite = Vec::new();
    for path in edited {
        if is_yes(&format!("{path} was edited by hand. Overwrite it? [y/N] "))? {
            overwrite.push(*path);
        }
    }
    Ok(Some(overwrite))
}

fn look(folder: &Path) -> anyhow::Result<Exit> {
    let own = folder.join(ANSWERS);
    let text = std::fs::read_to_string(&own)
        .map_err(|error| UsageError(format!("{}: {error}; is it a folder that `deploy init` wrote?", own.display())))?;
    let answers = Answers::read(&own.display().to_string(), &text)?;
    let disk = Disk::at(folder)?;
    let faults = check::check(&disk, &answers)?;
    for fault in &faults {
        output::text(&format!("✗ {}: {}\n  fix: {}", fault.file, fault.what, fault.fix));
    }
    if !disk.is_root() {
        output::text("• as root, owners are looked at, too");
    }
    match faults.len() {
        0 => {
            output::text("Everything is in place.");
            Ok(Exit::Done)
        }
        count => {
            output::text(&format!("\n{}.", output::counted(count, "problem")));
            Ok(Exit::Failed)
        }
    }
}
