//! `setup`: what must be there before the first sync. Harmless when repeated.

use std::path::Path;

use anyhow::Context;
use equipemed_domain::render::render;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::output::UsageError;
use super::{Exit, connect, output};
use crate::clock::Clock;
use crate::config::Settings;
use crate::config::settings::Avatar;
use crate::engine::pass::Options;
use crate::engine::setup::make_control_room;
use crate::homeserver::{Administrator, Connection, HomeserverError, Patience, Reader, WritePermit, Writer};

const TOKEN: &str = "MATRIX_ADMIN_TOKEN";
const SECRET: &str = "SYNAPSE_REGISTRATION_SHARED_SECRET";

/// Runs the command.
pub(super) async fn run(config: &Path) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let (store, clock, stop) = (connect::store(&settings).await?, Clock::system(), CancellationToken::new());
    let connection = connect::connection(&settings, Patience::COMMAND, &stop, Some(connect::tell_waits()));
    // Setup is asked for by somebody at the machine, so it writes in mode observe, too: the bot's own account and room.
    let reader = connect::reader(connection, &settings).await?;
    let writer = Writer::new(reader.clone(), WritePermit::for_setup());

    writer.register_bot().await.context("the bot's account")?;
    output::text(&format!("✓ account {}", settings.policy.bot));
    let bring = connect::connection(&settings, Patience::COMMAND, &stop, None);
    make_administrator(&reader, &bring, &settings).await?;

    let name = &settings.bot.display_name;
    let avatar = match &settings.bot.avatar {
        Some(Avatar::Mxc(uri)) => Some(uri.as_str()),
        Some(Avatar::File(_)) | None => None,
    };
    writer.set_bot_profile(name, avatar).await.context("the bot's profile")?;
    output::text(&format!("✓ profile {} “{name}”", settings.policy.bot));

    let room = make_control_room(&writer, &store, &settings.policy, &clock).await.context("the control room")?;
    output::text(&format!("✓ control room #{} ({room})", settings.bot.control_room.alias));

    output::text("\nWhat the first sync would do:\n");
    let engine = connect::engine(&settings, reader, store, clock, stop)?;
    let report = engine.dry_run(&Options::default()).await?;
    output::text(&render(&report.plan, &report.summary.held));
    output::text("Read it. Then set `mode: enforce` and run `equipemed-bot sync`, or start `equipemed-bot serve`.");
    Ok(Exit::Done)
}

async fn make_administrator(reader: &Reader, connection: &Connection, settings: &Settings) -> anyhow::Result<()> {
    match reader.accounts().await {
        Ok(_) => {
            output::text("✓ the bot is a server administrator");
            return Ok(());
        }
        Err(HomeserverError::NotAdmin) => {}
        Err(error) => return Err(error).context("whether the bot is a server administrator"),
    }
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).map(SecretString::from);
    let administrator = match (given(TOKEN), given(SECRET)) {
        (Some(token), _) => Administrator::from_token(connection, token).context(TOKEN)?,
        (None, Some(secret)) => Administrator::temporary(connection, &secret).await.context(SECRET)?,
        (None, None) => {
            return Err(UsageError(format!(
                "the bot is no server administrator yet, which provisioning needs. Give setup, once, either {TOKEN} (the access token of an administrator) or {SECRET} (registration_shared_secret of homeserver.yaml) in the environment"
            ))
            .into());
        }
    };
    let made = administrator.make_admin(&settings.policy.bot).await;
    if let Err((user, error)) = administrator.end().await {
        output::note(&format!(
            "the temporary administrator {user} could not be deactivated ({error}): deactivate it by hand"
        ));
    }
    made.context("the bot could not be made a server administrator")?;
    output::text("✓ the bot is a server administrator now");
    Ok(())
}
