//! `setup`: makes what must exist before the first sync. Safe to repeat.

use anyhow::Context;
use equipemed_domain::render::{Length, render};
use equipemed_domain::wake::Wake;
use ruma_common::RoomId;
use secrecy::SecretString;

use super::connect::Local;
use super::given::Given;
use super::output::UsageError;
use super::server::{self, Obstacle};
use super::{Exit, connect, output};
use crate::config::Settings;
use crate::engine::options::Options;
use crate::engine::pictures::uploaded;
use crate::engine::setup::make_control_room;
use crate::homeserver::{
    Administrator, Connection, HomeserverError, Patience, Reader, WritePermit, Writer, is_temporary_administrator,
};
use crate::store::Store;

const TOKEN: &str = "MATRIX_ADMIN_TOKEN";
const SECRET: &str = "SYNAPSE_REGISTRATION_SHARED_SECRET";

/// Runs the command.
pub(super) async fn run(given: &Given, control_room: Option<&str>) -> anyhow::Result<Exit> {
    let is_id = |typed: &str| RoomId::parse(typed).map_err(|_| UsageError(format!("{typed:?} is no id of a room")));
    let control_room = control_room.map(is_id).transpose()?;
    let local = Local::open(given).await?;
    let Local { settings, store, clock, stop, .. } = &local;
    // An operator at the machine asked for setup, so it writes in mode observe too: the bot's own account and room.
    let reader = local.patient_reader().await?;
    let is_administrator = fits(&reader, store, settings).await?;
    let writer = Writer::new(reader.clone(), WritePermit::for_setup());

    writer.register_bot().await.context("the bot's account")?;
    output::text(&format!("✓ account {}", settings.policy.bot));
    let bring = connect::connection(settings, Patience::COMMAND, stop, None);
    match is_administrator {
        true => output::text("✓ the bot is a server administrator"),
        false => make_administrator(&bring, settings).await?,
    }

    let name = &settings.bot.display_name;
    let avatar = match &settings.bot.avatar {
        Some(picture) => Some(uploaded(&writer, store, picture).await.context("the bot's picture")?),
        None => None,
    };
    writer.set_bot_profile(name, avatar.as_deref()).await.context("the bot's profile")?;
    output::text(&format!("✓ profile {} “{name}”", settings.policy.bot));

    end_leftovers(&reader, &writer).await?;

    let room = make_control_room(&writer, store, &settings.policy, clock, control_room.as_deref());
    let room = room.await.context("the control room")?;
    output::text(&format!("✓ control room #{} ({room})", settings.bot.control_room.alias));

    output::text("\nWhat the first sync would do:\n");
    let report = local.engine(reader)?.preview(&Wake::Everything, &Options::default()).await?;
    let english = output::English::naming(&report.people);
    output::text(&render(&report.plan, &report.summary.held, &english, Length::Short));
    output::text("Read it. Then set `mode: enforce` and run `equipemed-bot sync`, or start `equipemed-bot serve`.");
    Ok(Exit::Done)
}

/// Removes the admin flag of temporary administrators: a deactivated account keeps it and would have it again after
/// reactivation. Warns of accounts that an interrupted setup left usable.
async fn end_leftovers(reader: &Reader, writer: &Writer) -> anyhow::Result<()> {
    for (user, account) in reader.accounts().await? {
        if !is_temporary_administrator(&user) {
            continue;
        }
        if account.admin {
            writer.set_admin(&user, false).await.with_context(|| format!("the administrator's flag of {user}"))?;
        }
        if !account.deactivated {
            output::note(&format!(
                "an interrupted setup left {user} behind: it is no administrator any more, but deactivate it"
            ));
        }
    }
    Ok(())
}

/// Checks the server before anything is made there; returns whether the bot is an administrator.
async fn fits(reader: &Reader, store: &Store, settings: &Settings) -> anyhow::Result<bool> {
    let version = reader.synapse_version().await.context("Synapse's version")?;
    let versions = reader.room_versions().await.context("Synapse's room versions")?;
    let unmade = server::unmade(&settings.policy, &store.rooms().await?, &versions);
    if let Some(Obstacle { what, fix }) = server::too_old(&version).or(unmade) {
        anyhow::bail!("{what}: {fix}. Nothing was made");
    }
    match reader.accounts().await {
        Ok(_) => Ok(true),
        Err(HomeserverError::NotAdmin) => Ok(false),
        Err(error) => Err(error).context("whether the bot is a server administrator"),
    }
}

async fn make_administrator(connection: &Connection, settings: &Settings) -> anyhow::Result<()> {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).map(SecretString::from);
    let token = given(TOKEN);
    let by_token = token.is_some();
    let administrator = match (token, given(SECRET)) {
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
            "the temporary administrator {user} could not be deactivated ({}): deactivate it by hand",
            output::said(error)
        ));
    }
    match made {
        Ok(()) => {}
        Err(HomeserverError::UnknownToken) if by_token => {
            return Err(UsageError(format!(
                "{TOKEN} is not an access token that Synapse knows: sign in as an administrator and copy a fresh one"
            ))
            .into());
        }
        Err(HomeserverError::NotAdmin) if by_token => {
            return Err(UsageError(format!("{TOKEN} belongs to somebody who is no server administrator")).into());
        }
        Err(error) => return Err(error).context("the bot could not be made a server administrator"),
    }
    output::text("✓ the bot is a server administrator now");
    Ok(())
}
