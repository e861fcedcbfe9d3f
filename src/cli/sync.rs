//! `sync`: one full pass, here or by the running service.

use std::path::Path;
use std::time::Duration;

use equipemed_domain::fault::{Fault, Row, StoreError};
use equipemed_domain::mode::Mode;
use equipemed_domain::render::{Words, render};
use equipemed_domain::selection::Selection;
use equipemed_domain::summary::{Summary, Trouble};
use equipemed_domain::wake::Wake;
use ruma_common::OwnedUserId;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::follow::Display;
use super::output::{English, UsageError};
use super::{Exit, Format, SyncArgs, connect, output};
use crate::clock::Clock;
use crate::config::Settings;
use crate::engine::Engine;
use crate::engine::pass::Options;
use crate::engine::progress::{Phase, Progress};
use crate::engine::report::Report;
use crate::engine::tenure::Tenure;
use crate::homeserver::Patience;
use crate::store::{NewRun, RunEnd, RunId, Store};

/// How often a pass elsewhere is looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(300);

/// Runs the command.
pub(super) async fn run(config: &Path, args: SyncArgs) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    if settings.mode == Mode::Observe && !args.approve.is_empty() {
        return Err(
            UsageError("--approve needs `mode: enforce`; in mode observe nothing is carried out".to_owned()).into()
        );
    }
    let (store, clock, stop) = (connect::store(&settings).await?, Clock::system(), CancellationToken::new());
    let connection = connect::connection(&settings, Patience::COMMAND, &stop, Some(connect::tell_waits()));
    let reader = connect::reader(connection, &settings).await?;
    let options = options(&args, &settings, &store).await?;
    let engine = connect::engine(&settings, reader, store.clone(), clock.clone(), stop.clone())?;
    let ended = tokio::select! {
        ended = carry_out(&engine, &settings, &store, &clock, &options, &args, &stop) => ended,
        () = interrupted(&stop) => Err(anyhow::anyhow!("stopped; what was done is in the audit, the rest is done by the next sync")),
    };
    store.close().await;
    ended
}

async fn carry_out(
    engine: &Engine,
    settings: &Settings,
    store: &Store,
    clock: &Clock,
    options: &Options,
    args: &SyncArgs,
    stop: &CancellationToken,
) -> anyhow::Result<Exit> {
    if args.dry_run {
        let report = engine.preview(&Wake::Everything, options).await?;
        print_plan(&report, args.format)?;
        let due = args.exit_code && !(report.plan.is_empty() && report.summary.held.is_empty());
        return Ok(if due { Exit::Due } else { Exit::Done });
    }
    let holder = connect::holder("sync");
    loop {
        if let Some(tenure) = Tenure::begin(store, clock, &holder).await? {
            let ended = here(engine, settings, store, clock, options, args, &tenure, &holder).await;
            tenure.end().await;
            return ended;
        }
        if let Some(summary) = elsewhere(store, clock, options, stop).await? {
            return print_summary(&summary, settings, args.format);
        }
        output::note("the service that was at it ended; going on here");
    }
}

#[expect(clippy::too_many_arguments, reason = "the command's parts, used once")]
async fn here(
    engine: &Engine,
    settings: &Settings,
    store: &Store,
    clock: &Clock,
    options: &Options,
    args: &SyncArgs,
    tenure: &Tenure,
    holder: &str,
) -> anyhow::Result<Exit> {
    let run = engine.begin_run("cli", options, holder).await?;
    let mut display = Display::new();
    let mut progress = engine.progress();
    let pass = engine.run(tenure, options, run, holder);
    let mut pass = std::pin::pin!(pass);
    let report = loop {
        tokio::select! {
            report = &mut pass => break report,
            changed = progress.changed() => {
                if changed.is_ok() {
                    let now = *progress.borrow_and_update();
                    display.show(now);
                }
            }
        }
    };
    display.end();
    let report = report?;
    let next = report.next_change;
    if let Some(next) = next {
        store.wake(&Wake::Everything, "timer", next, clock.now()).await?;
    }
    if settings.mode == Mode::Observe {
        print_plan(&report, args.format)?;
        output::note("mode: observe, nothing was changed");
        return Ok(exit_of(&report.summary, false));
    }
    if let Some(interruption) = report.interrupted {
        print_summary(&report.summary, settings, args.format)?;
        let why = output::fault_text(&Fault::Interrupted(interruption));
        anyhow::bail!("{why} before the end; the rest is done by the next sync");
    }
    print_summary(&report.summary, settings, args.format)
}

/// Hands the pass over to the process that holds the lease, and follows it. None when that process ended without it.
async fn elsewhere(
    store: &Store,
    clock: &Clock,
    options: &Options,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Summary>> {
    let holder = Tenure::holder(store, clock).await?.unwrap_or_default();
    output::note(&format!("{holder} is at work on this database; handing the sync over to it"));
    let new = NewRun { origin: "cli".to_owned(), options: options.to_json()?, source: None };
    let run = store.request_run(&new, clock.now()).await?;
    let mut display = Display::new();
    loop {
        let now = store.run(run).await?.ok_or(StoreError::Disappeared(Row::Run))?;
        match now.end {
            Some(RunEnd::Done(summary)) => {
                display.end();
                return Ok(Some(*summary));
            }
            Some(RunEnd::Failed(why)) => {
                display.end();
                return Err(anyhow::Error::from(why).context("the pass failed"));
            }
            None => {}
        }
        let (done, total) = now.progress;
        let steps = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        display.show(Progress { phase: Phase::Rooms, done: steps(done), total: steps(total) });
        if stop.is_cancelled() {
            let goes_on = if store.withdraw_run(run).await? { "was taken back" } else { "goes on over there" };
            anyhow::bail!("no longer following the pass; it {goes_on}");
        }
        if Tenure::holder(store, clock).await?.is_none() && is_abandoned(store, run).await? {
            display.end();
            return Ok(None);
        }
        tokio::select! {
            () = tokio::time::sleep(FOLLOW_EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Whether nobody will end the run now that the lease is free: it was not begun, or its process died over it.
async fn is_abandoned(store: &Store, run: RunId) -> anyhow::Result<bool> {
    if store.withdraw_run(run).await? {
        return Ok(true);
    }
    // It may have ended since it was looked at.
    Ok(store.run(run).await?.is_some_and(|run| run.end.is_none()))
}

/// The first signal ends softly: what is under way is finished and noted.
async fn interrupted(stop: &CancellationToken) {
    super::serve::signalled().await;
    output::note("stopping; what is under way is finished first");
    stop.cancel();
    super::serve::signalled().await;
}

async fn options(args: &SyncArgs, settings: &Settings, store: &Store) -> anyhow::Result<Options> {
    let users = accounts_of(&args.user, settings, store).await?;
    let selection = Selection {
        create_missing: args.create_missing,
        update_profiles: args.update_profiles,
        sync_admins: args.sync_admins,
        deactivate_disabled: args.deactivate_disabled,
        rooms: args.rooms,
        users,
    };
    Ok(Options {
        selection,
        approve: args.approve.clone(),
        dry_run: args.dry_run,
        verify: args.verify,
        ..Options::default()
    })
}

/// The accounts that people have or would get.
async fn accounts_of(names: &[String], settings: &Settings, store: &Store) -> anyhow::Result<Vec<OwnedUserId>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let directory = connect::people(settings, store, None).await?;
    let bindings = store.bindings().await?;
    let mut users = Vec::new();
    for name in names {
        let person = connect::person(name, &directory, store, settings).await?;
        let user = match bindings.get(&person.id) {
            Some(binding) => binding.user.clone(),
            None => equipemed_domain::binding::candidate(person, &settings.policy).map_err(|_| {
                UsageError(format!("{name} can get no account; `equipemed-bot explain {name}` tells why"))
            })?,
        };
        users.push(user);
    }
    Ok(users)
}

/// Prints what a dry run found.
pub(super) fn print_plan(report: &Report, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Text => output::text(&render(&report.plan, &report.summary.held, &English::new())),
        Format::Json => {
            let english = English::new();
            let findings: Vec<_> = report
                .plan
                .findings
                .iter()
                .map(|finding| json!({ "kind": finding.kind(), "text": english.finding(finding) }))
                .collect();
            output::json(&json!({
                "steps": report.plan.steps,
                "held": report.summary.held,
                "one_more": report.summary.one_more,
                "findings": findings,
            }))?;
        }
    }
    if format == Format::Text {
        print_held(&report.summary, &English::new());
    }
    Ok(())
}

/// Something that did not go well: in words, as ever, and the fault as data beside them.
fn as_json(trouble: &Trouble, english: &English) -> Value {
    json!({
        "kind": trouble.kind,
        "subject": english.topic(&trouble.subject),
        "outcome": trouble.outcome,
        "detail": english.fault(&trouble.detail),
        "fault": trouble.detail,
    })
}

fn print_summary(summary: &Summary, settings: &Settings, format: Format) -> anyhow::Result<Exit> {
    let english = English::new();
    if format == Format::Json {
        let mut json = serde_json::to_value(summary)?;
        let sentences: Vec<String> = summary.found.iter().map(|finding| english.finding(finding)).collect();
        let troubles: Vec<Value> = summary.troubles.iter().map(|trouble| as_json(trouble, &english)).collect();
        if let Some(fields) = json.as_object_mut() {
            fields.remove("found");
            fields.insert("notes".to_owned(), json!(sentences));
            fields.insert("troubles".to_owned(), json!(troubles));
        }
        output::json(&json)?;
        return Ok(exit_of(summary, true));
    }
    if !summary.found.is_empty() {
        output::text(&format!("To look at ({})", summary.findings));
        for finding in &summary.found {
            output::text(&format!("  {}", english.finding(finding)));
        }
    }
    for trouble in &summary.troubles {
        let (subject, why) = (english.topic(&trouble.subject), english.fault(&trouble.detail));
        output::text(&format!("{}: {} {subject}: {why}", trouble.outcome.as_str(), trouble.kind));
    }
    for (kind, counts) in &summary.counts {
        let mut words = vec![format!("{} done", counts.done)];
        let others = [
            (counts.already_so, "already so"),
            (counts.skipped, "skipped"),
            (counts.failed, "failed"),
            (counts.unknown, "unknown"),
        ];
        for (count, word) in others {
            if count > 0 {
                words.push(format!("{count} {word}"));
            }
        }
        output::text(&format!("{kind}: {}", words.join(", ")));
    }
    if settings.mode == Mode::Enforce && summary.counts.is_empty() && summary.held.is_empty() {
        output::text("Nothing to do: Synapse agrees with EquipeMed.");
    }
    print_held(summary, &english);
    Ok(exit_of(summary, true))
}

/// The very last lines: scripts look for them.
fn print_held(summary: &Summary, english: &English) {
    for (old, new) in &summary.outgrown {
        output::text(&format!("not released: something was added to {old} since; look again, it is {new} now"));
    }
    for id in &summary.one_more {
        output::text(&format!("one more consent is needed for {id}, by somebody else (limits.two_consents)"));
    }
    for held in &summary.held {
        let effects = if held.effects.len() == 1 { "effect" } else { "effects" };
        output::text(&format!("held back: {} ({} {effects})", english.held(&held.reason), held.effects.len()));
    }
    if !summary.held.is_empty() {
        output::text("See the effects with `sync --dry-run`; release a part with `sync --approve ID`.");
    }
    for held in &summary.held {
        output::text(&format!("held: {}", held.id));
    }
}

fn exit_of(summary: &Summary, carried_out: bool) -> Exit {
    if summary.has_failures() {
        Exit::Failed
    } else if carried_out && !summary.held.is_empty() {
        Exit::Held
    } else {
        Exit::Done
    }
}
