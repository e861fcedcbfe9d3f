//! `registration`: the file that Synapse and this service share.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use ruma_common::UserId;

use super::output::UsageError;
use super::{Exit, RegistrationArgs, output};
use crate::config::registration::{BOT_LOCALPART, Wanted, generate};
use crate::config::{Environment, plan_registration};

/// Where Synapse finds this service when nothing says otherwise: the example's `appservice.listen`.
const DEFAULT_URL: &str = "http://127.0.0.1:9009";

/// Writes or prints a registration with fresh tokens.
pub(super) fn run(config: &Path, args: &RegistrationArgs) -> anyhow::Result<Exit> {
    let wanted = wanted(config, args)?;
    let text =
        generate(&wanted).map_err(|error| anyhow::anyhow!("no random numbers from the operating system: {error}"))?;
    let Some(path) = &args.output else {
        output::text(&text);
        return Ok(Exit::Done);
    };
    let replaced = path.exists();
    write_private(path, &text, args.force)?;
    if replaced {
        output::note(&format!(
            "{} replaced, readable by you alone: the old tokens no longer count. Let Synapse's user read it and restart\n\
             Synapse, then this service.",
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

/// From the configuration, unless the command line says it all: there may be no configuration yet.
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
    if path.exists() && !force {
        return Err(UsageError(format!(
            "{} exists; --force overwrites it, and then Synapse must be given the new one",
            path.display()
        ))
        .into());
    }
    // Never a moment with the tokens readable by others, nor a half-written file: a new file takes the old one's place.
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let draft = Path::new(&name);
    let _ = std::fs::remove_file(draft);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)
        .with_context(|| format!("{} cannot be written", draft.display()))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).context("the registration could not be written")?;
    std::fs::rename(draft, path).with_context(|| format!("{} cannot be written", path.display()))
}
