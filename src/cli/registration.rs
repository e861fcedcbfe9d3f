//! `registration`: the file that Synapse and this service share.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use ruma_common::UserId;

use super::output::UsageError;
use super::{Exit, output};
use crate::config::registration::{BOT_LOCALPART, Wanted, generate, rotate};
use crate::config::{Environment, plan_registration};

/// Default address of this service for Synapse: the example's `appservice.listen`.
const DEFAULT_URL: &str = "http://127.0.0.1:9009";

/// What is to be written, and where.
#[derive(Debug, clap::Args)]
pub(super) struct RegistrationArgs {
    /// Where to write it; printed when left out
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite an existing file, keeping its owner, group and mode: its tokens are lost, Synapse must be given the new file
    #[arg(long)]
    force: bool,
    /// Give an existing file fresh tokens and leave everything else in it, and its owner, group and mode, as they are
    #[arg(long, requires = "output", conflicts_with_all = ["force", "server_name", "url"])]
    rotate: bool,
    /// The homeserver's name; from the configuration when left out
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Where Synapse reaches this service; from appservice.listen when left out
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Writes or prints a registration with fresh tokens.
pub(super) fn run(config: &Path, args: &RegistrationArgs) -> anyhow::Result<Exit> {
    let text = match &args.output {
        Some(path) if args.rotate => rotated(path)?,
        _ => generate(&wanted(config, args)?).map_err(no_random)?,
    };
    let Some(path) = &args.output else {
        output::text(&text);
        return Ok(Exit::Done);
    };
    let replaced = path.exists();
    write_private(path, &text, args.force || args.rotate)?;
    if replaced {
        output::note(&format!(
            "{} replaced; its owner, group and mode are those of the old one. Synapse takes the old tokens until it is\n\
             restarted: restart Synapse, then this service.",
            path.display()
        ));
        return Ok(Exit::Done);
    }
    output::note(&format!(
        "{} written, readable by you alone. Now name it in app_service_config_files of homeserver.yaml\n\
         (Synapse needs to read it, too), restart Synapse, and run `equipemed-bot setup`.",
        path.display()
    ));
    Ok(Exit::Done)
}

/// The file's text with fresh tokens.
fn rotated(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    rotate(&text).map_err(no_random)?.with_context(|| {
        format!(
            "{} has no as_token and hs_token of their own to replace; write a new one with --force instead",
            path.display()
        )
    })
}

fn no_random(error: getrandom::Error) -> anyhow::Error {
    anyhow::anyhow!("no random numbers from the operating system: {error}")
}

/// Reads the configuration unless the arguments suffice, because there may be none yet.
fn wanted(config: &Path, args: &RegistrationArgs) -> anyhow::Result<Wanted> {
    let bot = match &args.server_name {
        None => None,
        Some(server) => {
            let named = UserId::parse(format!("@{BOT_LOCALPART}:{server}"));
            Some(named.map_err(|_| UsageError(format!("--server-name {server:?} is no server name")))?)
        }
    };
    let url = match &args.url {
        None => None,
        Some(url) => {
            let parsed = url.parse();
            Some(parsed.map_err(|_| UsageError(format!("--url {url:?} is no address such as {DEFAULT_URL}")))?)
        }
    };
    match (bot, url) {
        (Some(bot), Some(url)) => Ok(Wanted { bot, url }),
        (Some(bot), None) if !config.exists() => {
            Ok(Wanted { bot, url: DEFAULT_URL.parse().context("the default address")? })
        }
        (bot, url) => {
            let planned = plan_registration(config, &Environment::of_process())?.wanted;
            Ok(Wanted { bot: bot.unwrap_or(planned.bot), url: url.unwrap_or(planned.url) })
        }
    }
}

fn write_private(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let replaces = path.exists();
    if replaces && !force {
        return Err(UsageError(format!(
            "{} exists; --force overwrites it, and then Synapse must be given the new one",
            path.display()
        ))
        .into());
    }
    // The tokens are never readable by others, and one complete file exists at any moment.
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let draft = Path::new(&name);
    let _ = std::fs::remove_file(draft);
    let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft);
    put(create, text).with_context(|| format!("{} cannot be written", draft.display()))?;
    let cannot = || format!("{} cannot be written; the new one is {}", path.display(), draft.display());
    if !replaces {
        return std::fs::rename(draft, path).with_context(cannot);
    }
    // Written into the old file, which keeps its owner, group and mode: Synapse reads it through its group and does not
    // start without it, and only root could give a new file to that group.
    put(|| OpenOptions::new().write(true).truncate(true).open(path), text).with_context(cannot)?;
    std::fs::remove_file(draft).with_context(|| format!("{} cannot be removed", draft.display()))
}

fn put(open: impl FnOnce() -> io::Result<File>, text: &str) -> io::Result<()> {
    let mut file = open()?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
