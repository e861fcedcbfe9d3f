//! `serve`: connects all parts and runs them until a signal.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use equipemed_domain::mode::Mode;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::tasks::{self, Tasks};
use super::{Exit, connect, given, health, output, systemd};
use crate::alarm::Watch;
use crate::chat::{Chat, ChatSettings};
use crate::clock::Clock;
use crate::config::Settings;
use crate::config::settings::{DirectorySettings, DirectorySource};
use crate::engine::{Engine, Rhythm};
use crate::homeserver::{Connection, HomeserverError, Patience, Reader, Speaker};
use crate::inbound::watch::Notice;
use crate::inbound::{self, Arrivals, CommandFilter, Intake, Listeners, Pulse, ReadBack};
use crate::metrics::Metrics;
use crate::speech::Texts;
use crate::store::{Sole, Store};

/// Time limit of a graceful stop: container runtimes kill after ten seconds, systemd after ninety.
const SOFT_STOP: Duration = Duration::from_secs(8);

/// Runs the service.
pub(super) async fn run(config: &Path) -> anyhow::Result<Exit> {
    let mut settings = connect::settings(config)?;
    crate::telemetry::begin(settings.telemetry.log);
    tasks::end_with_the_first_panic();
    let mut reload = signal(SignalKind::hangup()).context("signals cannot be received")?;
    let mut before: Option<Settings> = None;
    loop {
        let stop = CancellationToken::new();
        let (sole, store, listeners) = match (open(&settings).await, before.take()) {
            (Ok(opened), _) => opened,
            // The settings are valid but unusable, such as a port in use. That is no reason to stop working.
            (Err(error), Some(working)) => {
                tracing::error!("The configuration was not taken over: it cannot be worked with");
                output::failure(&error);
                settings = working;
                continue;
            }
            (Err(error), None) => return Err(error),
        };
        // Synapse may still be away; what the service does then is wait.
        systemd::notify("READY=1");
        let mut service = tokio::spawn(serve(settings.clone(), store.clone(), listeners, stop.clone()));
        let next = tokio::select! {
            next = next_settings(&mut reload, config) => Some(next),
            () = signalled() => None,
            // It ends by itself only if it cannot work at all.
            ended = &mut service => return ended.context("the service broke")?.map(|()| Exit::Done),
        };
        if next.is_none() {
            systemd::notify("STOPPING=1");
        }
        stop.cancel();
        let ended = tokio::select! {
            ended = service => ended.context("the service broke")?,
            () = signalled() => anyhow::bail!("stopped at once by a second signal; the next start looks at everything again"),
            () = tokio::time::sleep(SOFT_STOP) => {
                anyhow::bail!("stopping took too long; the next start looks at everything again")
            }
        };
        ended?;
        store.close().await;
        drop(sole);
        match next {
            Some(next) => before = Some(std::mem::replace(&mut settings, next)),
            None => {
                tracing::info!("Stopped");
                return Ok(Exit::Done);
            }
        }
    }
}

/// Opens what may fail although the settings are valid.
async fn open(settings: &Settings) -> anyhow::Result<(Sole, Store, Listeners)> {
    // Before the migrations, which must not run under a service that uses the database.
    let sole = connect::sole(settings)?;
    let listeners = Listeners::take(settings.appservice.listen, settings.telemetry.listen).await?;
    Ok((sole, connect::store(settings).await?, listeners))
}

async fn serve(settings: Settings, store: Store, listeners: Listeners, stop: CancellationToken) -> anyhow::Result<()> {
    let clock = Clock::system();
    let filter = CommandFilter {
        prefix: settings.bot.prefix.clone(),
        bot: settings.bot.user_id.clone(),
        bot_name: settings.bot.display_name.clone(),
        accepted: settings.media.allow.clone(),
    };
    let arrivals = Arrivals::default();
    let bell = arrivals.bell();
    let intake = Arc::new(Intake::new(store.clone(), clock.clone(), filter, arrivals, &stop));
    let metrics = settings.telemetry.metrics.then(|| Metrics::new(clock.now().as_duration().as_secs_f64()));
    if let Some(metrics) = &metrics {
        metrics.show_arrived(intake.metrics());
    }
    let mut tasks = Tasks::new(stop.clone());
    let pulse = Pulse::default();
    tasks.begin("the look at whether the database can be written", {
        let (pulse, store, clock, stop) = (pulse.clone(), store.clone(), clock.clone(), stop.clone());
        async move {
            pulse.beat(&store, &clock, &stop).await;
            Ok(())
        }
    });
    tasks.begin("the listener", {
        let (intake, pulse, metrics, stop) = (Arc::clone(&intake), pulse.clone(), metrics.clone(), stop.clone());
        let hs_token = settings.appservice.registration.hs_token.clone();
        async move {
            inbound::answer(listeners, intake, &hs_token, pulse, metrics, stop).await;
            Ok(())
        }
    });
    let working = signs_of_life(&mut tasks, &pulse, &stop);
    watch_outages(&settings, &store, &clock, &mut tasks, &stop).await?;
    let connection = connect::connection(&settings, Patience::SERVE, &stop, Some(crate::telemetry::log_waits()));
    let mode = if settings.mode == Mode::Enforce { "enforce" } else { "observe" };
    tracing::info!(mode, listen = %settings.appservice.listen, "Started");
    let Some(reader) = synapse(&connection, &settings, &mut tasks).await? else { return tasks.ended().await };
    let engine = connect::engine(&settings, reader.clone(), store, clock, stop.clone())?;
    if let Some(metrics) = &metrics {
        metrics.show_requests(reader.traffic().requests());
        metrics.show_work(engine.metrics());
    }
    let _ = working.set(engine.clone());
    intake.attach(engine.clone());
    let registration = &settings.appservice.registration;
    let read_back = ReadBack {
        // Own lane, so as not to queue behind the hundreds of requests of a first pass.
        reader: reader.lane(1),
        intake,
        engine: engine.clone(),
        service: registration.id.clone(),
        url: registration.url.to_string(),
        healed: pulse.healed(),
        stop: stop.clone(),
    };
    tasks.begin("the look at what was not pushed", async move {
        read_back.keep_up().await;
        Ok(())
    });
    tasks.begin("the watch over EquipeMed's people", {
        let (engine, notice, stop) = (engine.clone(), notice(&settings), stop.clone());
        async move {
            inbound::watch::watch(engine, notice, stop).await;
            Ok(())
        }
    });
    let chat = control_room(&settings, engine.clone(), &reader, bell);
    let holder = connect::holder("serve");
    tasks.begin("the control room's desk", {
        let (holder, stop) = (holder.clone(), stop.clone());
        async move {
            Box::pin(chat.run(&holder, &stop)).await;
            Ok(())
        }
    });
    tasks.begin("the engine", async move {
        let DirectorySettings { interval: everything, accounts, .. } = settings.directory;
        let rhythm = Rhythm { everything, accounts, reports: settings.bot.reports };
        engine.work(holder, rhythm).await;
        Ok(())
    });
    tasks.ended().await
}

/// Begins to tell systemd of progress. The engine is filled in once Synapse has answered.
fn signs_of_life(tasks: &mut Tasks, pulse: &Pulse, stop: &CancellationToken) -> Arc<OnceLock<Engine>> {
    let working: Arc<OnceLock<Engine>> = Arc::default();
    let (engine, pulse, stop) = (Arc::clone(&working), pulse.clone(), stop.clone());
    tasks.begin("the signs of life", async move {
        systemd::watchdog(|| engine.get().cloned(), pulse, stop).await;
        Ok(())
    });
    working
}

/// Begins to tell outages outside Matrix, if that is configured, also while Synapse is down at startup.
async fn watch_outages(
    settings: &Settings,
    store: &Store,
    clock: &Clock,
    tasks: &mut Tasks,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let Some(sender) = health::sender(settings) else { return Ok(()) };
    let reader = Reader::new(connect::connection(settings, Patience::NONE, stop, None)).await?;
    let watch = Watch { sender, reader, store: store.clone(), clock: clock.clone() };
    let (holder, stop) = (connect::holder("alarm"), stop.clone());
    tasks.begin("the alarm", async move {
        watch.keep(&holder, &stop).await;
        Ok(())
    });
    Ok(())
}

/// Waits for Synapse, which may be down at startup. An error that Synapse answers with is returned. None when the
/// service is stopped meanwhile.
async fn synapse(connection: &Connection, settings: &Settings, tasks: &mut Tasks) -> anyhow::Result<Option<Reader>> {
    loop {
        let reader = tokio::select! {
            reader = connect::reader(connection.clone(), settings) => reader,
            // Waits until the port is free, because a reload takes it again at once.
            ended = tasks.ended() => return ended.map(|()| None),
        };
        match reader {
            // The same stop; the request noticed it first.
            Err(_) if connection.cancel.is_cancelled() => return Ok(None),
            Err(error) if given::is_away(&error) => tracing::error!("Synapse is still away"),
            Err(error) => return Err(error),
            Ok(reader) => match reader.account(reader.bot()).await {
                // Nothing here could change that.
                Err(error @ HomeserverError::Delegated) => return Err(error.into()),
                _ => return Ok(Some(reader)),
            },
        }
    }
}

fn control_room(settings: &Settings, engine: Engine, reader: &Reader, bell: Arc<Notify>) -> Chat {
    let bot = &settings.bot;
    let texts = Texts::new(bot.language).with_prefix(&bot.prefix);
    let settings = ChatSettings {
        bot: bot.user_id.clone(),
        bot_name: bot.display_name.clone(),
        prefix: bot.prefix.clone(),
        timezone: settings.timezone.clone(),
        tidy: bot.tidy,
    };
    Chat::new(engine, Speaker::new(reader), texts, settings, bell)
}

/// How to notice changed people.
fn notice(settings: &Settings) -> Notice {
    match &settings.directory.source {
        DirectorySource::Roster { .. } => Notice { notify: false, poll: None },
        DirectorySource::Equipemed(equipemed) => Notice { notify: equipemed.notify, poll: equipemed.poll },
    }
}

/// Waits for SIGHUP with a valid configuration; an invalid one leaves the service as it is.
async fn next_settings(reload: &mut tokio::signal::unix::Signal, config: &Path) -> Settings {
    loop {
        if reload.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        match connect::settings(config) {
            Ok(settings) => {
                tracing::info!("The configuration was read again");
                return settings;
            }
            Err(error) => {
                tracing::error!("The configuration was not taken over: it has problems");
                output::failure(&error);
            }
        }
    }
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn signalled() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
