//! `sync`: a full pass, in this process or by the running service.

use equipemed_domain::fault::Fault;
use equipemed_domain::finding::Finding;
use equipemed_domain::mode::Mode;
use equipemed_domain::render::{Length, Words, render};
use equipemed_domain::selection::Selection;
use equipemed_domain::summary::{Summary, Trouble};
use equipemed_domain::wake::Wake;
use ruma_common::OwnedUserId;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::connect::Local;
use super::follow::Display;
use super::given::Given;
use super::output::{English, UsageError};
use super::{Exit, Format, SyncArgs, connect, output};
use crate::engine::Engine;
use crate::engine::options::Options;
use crate::engine::progress::{Phase, Progress};
use crate::engine::report::Report;
use crate::engine::tenure::Tenure;
use crate::operations::{HandedOver, hand_over_run, must_not_be_paused};
use crate::store::RunEnd;

/// Runs the command.
pub(super) async fn run(given: &Given, args: SyncArgs) -> anyhow::Result<Exit> {
    let settings = connect::settings(&given.config)?;
    if settings.mode == Mode::Observe && !args.approve.is_empty() {
        return Err(
            UsageError("--approve needs `mode: enforce`; in mode observe nothing is carried out".to_owned()).into()
        );
    }
    let local = Local::of(given, settings).await?;
    let reader = local.patient_reader().await?;
    let options = options(&args, &local).await?;
    let syncing = Syncing { engine: local.engine(reader)?, options, args, holder: connect::holder("sync"), local };
    let ended = tokio::select! {
        ended = syncing.carry_out() => ended,
        () = interrupted(&syncing.local.stop) => Err(anyhow::anyhow!("stopped; what was done is in the audit, the rest is done by the next sync")),
    };
    syncing.local.store.close().await;
    ended
}

impl SyncArgs {
    fn length(&self) -> Length {
        if self.all { Length::Full } else { Length::Short }
    }
}

/// A sync in progress.
struct Syncing {
    local: Local,
    engine: Engine,
    options: Options,
    args: SyncArgs,
    holder: String,
}

impl Syncing {
    async fn carry_out(&self) -> anyhow::Result<Exit> {
        let (Local { store, clock, .. }, args) = (&self.local, &self.args);
        if args.dry_run {
            let report = self.engine.preview(&Wake::Everything, &self.options).await?;
            print_plan(&report, args.format, &English::naming(&report.people), args.length())?;
            let due = args.exit_code && !(report.plan.is_empty() && report.summary.held.is_empty());
            return Ok(if due { Exit::Due } else { Exit::Done });
        }
        match must_not_be_paused(store, clock.now()).await {
            Err(Fault::Paused) => {
                anyhow::bail!("the service is paused, so nothing was changed: `equipemed-bot resume`, or add --dry-run")
            }
            checked => checked?,
        }
        loop {
            if let Some(tenure) = Tenure::begin(store, clock, &self.holder).await? {
                let ended = self.here(&tenure).await;
                tenure.end().await;
                return ended;
            }
            if let Some(summary) = self.elsewhere().await? {
                // The other process read EquipeMed; its names are read here.
                let english = self.local.words(&summary.found).await;
                return self.print_summary(&summary, &english);
            }
            output::note("the service that was at it ended; going on here");
        }
    }

    async fn here(&self, tenure: &Tenure) -> anyhow::Result<Exit> {
        let (Local { settings, store, clock, .. }, engine) = (&self.local, &self.engine);
        let run = engine.begin_run("cli", &self.options, &self.holder).await?;
        let mut display = Display::new();
        let mut progress = engine.progress();
        let pass = engine.run(tenure, &self.options, run, &self.holder);
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
        if let Some(next) = report.next_change {
            store.wake(&Wake::Everything, "timer", next, clock.now()).await?;
        }
        if settings.mode == Mode::Observe {
            print_plan(&report, self.args.format, &English::naming(&report.people), self.args.length())?;
            output::note("mode: observe, nothing was changed");
            return Ok(exit_of(&report.summary, false));
        }
        let exit = self.print_summary(&report.summary, &English::naming(&report.people))?;
        if let Some(interruption) = report.interrupted {
            let why = output::fault_text(&Fault::Interrupted(interruption));
            anyhow::bail!("{why} before the end; the rest is done by the next sync");
        }
        Ok(exit)
    }

    /// Hands the pass over to the process that holds the lease, and follows it. None if that process ended without it.
    async fn elsewhere(&self) -> anyhow::Result<Option<Summary>> {
        let Local { store, clock, stop, .. } = &self.local;
        let holder = Tenure::holder(store, clock).await?.unwrap_or_default();
        output::note(&format!("{holder} is at work on this database; handing the sync over to it"));
        let mut display = Display::new();
        let steps = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let show = |(done, total)| {
            display.show(Progress { phase: Phase::Rooms, done: steps(done), total: steps(total) });
        };
        let ended = hand_over_run((store, clock), &self.options, stop, show).await?;
        match ended {
            HandedOver::Left { is_taken_back } => {
                let goes_on = if is_taken_back { "was taken back" } else { "goes on over there" };
                anyhow::bail!("no longer following the pass; it {goes_on}");
            }
            _ => display.end(),
        }
        match ended {
            HandedOver::Ended(RunEnd::Done(summary)) => Ok(Some(*summary)),
            HandedOver::Ended(RunEnd::Failed(why)) => Err(anyhow::Error::from(why).context("the pass failed")),
            HandedOver::Abandoned | HandedOver::Left { .. } => Ok(None),
        }
    }

    fn print_summary(&self, summary: &Summary, english: &English) -> anyhow::Result<Exit> {
        if self.args.format == Format::Json {
            let mut json = serde_json::to_value(summary)?;
            let sentences: Vec<String> = summary.found.iter().map(|finding| english.finding(finding)).collect();
            let troubles: Vec<Value> = summary.troubles.iter().map(|trouble| as_json(trouble, english)).collect();
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
            let more = if trouble.more > 0 { format!(" and {} more", trouble.more) } else { String::new() };
            output::text(&format!("{}: {} {subject}{more}: {why}", trouble.outcome.as_str(), trouble.kind));
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
        if self.local.settings.mode == Mode::Enforce && summary.counts.is_empty() && summary.held.is_empty() {
            let is_idle = summary.found.iter().any(Finding::is_idle_room);
            output::text(if is_idle {
                "Nothing to do beside that."
            } else {
                "Nothing to do: Synapse agrees with EquipeMed."
            });
        }
        print_held(summary, english);
        Ok(exit_of(summary, true))
    }
}

/// The first signal stops gracefully: work in progress is finished and recorded.
async fn interrupted(stop: &CancellationToken) {
    super::serve::signalled().await;
    output::note("stopping; what is under way is finished first");
    stop.cancel();
    super::serve::signalled().await;
}

async fn options(args: &SyncArgs, local: &Local) -> anyhow::Result<Options> {
    let users = accounts_of(&args.user, local).await?;
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

/// The accounts that these people have or would get.
async fn accounts_of(names: &[String], local: &Local) -> anyhow::Result<Vec<OwnedUserId>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let directory = local.people(false).await?;
    let bindings = local.store.bindings().await?;
    let mut users = Vec::new();
    for name in names {
        let person = local.person(name, &directory).await?;
        let user = match bindings.get(&person.id) {
            Some(binding) => binding.user.clone(),
            None => equipemed_domain::binding::candidate(person, &local.settings.policy).map_err(|_| {
                UsageError(format!("{name} can get no account; `equipemed-bot explain {name}` tells why"))
            })?,
        };
        users.push(user);
    }
    Ok(users)
}

/// Prints the result of a dry run.
pub(super) fn print_plan(report: &Report, format: Format, english: &English, length: Length) -> anyhow::Result<()> {
    match format {
        Format::Text => output::text(&render(&report.plan, &report.summary.held, english, length)),
        Format::Json => {
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
        print_held(&report.summary, english);
    }
    Ok(())
}

/// A trouble as JSON: in words, and the fault as data.
fn as_json(trouble: &Trouble, english: &English) -> Value {
    json!({
        "kind": trouble.kind,
        "subject": english.topic(&trouble.subject),
        "outcome": trouble.outcome,
        "more": trouble.more,
        "detail": english.fault(&trouble.detail),
        "fault": trouble.detail,
    })
}

/// Prints held parts as the very last lines; scripts look for them.
fn print_held(summary: &Summary, english: &English) {
    for (old, new) in &summary.outgrown {
        output::text(&format!("not released: something was added to {old} since; look again, it is {new} now"));
    }
    for id in &summary.one_more {
        output::text(&format!("one more consent is needed for {id}, by somebody else (limits.two_consents)"));
    }
    for held in &summary.held {
        let effects = output::counted(held.effects.len(), "effect");
        output::text(&format!("held back: {} ({effects})", english.held(&held.reason)));
    }
    if !summary.held.is_empty() {
        output::text("See the effects with `sync --dry-run`; release a part with `sync --approve ID`.");
    }
    for held in &summary.held {
        output::text(&format!("held: {}", held.id));
    }
}

fn exit_of(summary: &Summary, carried_out: bool) -> Exit {
    if summary.has_failures() || summary.found.iter().any(Finding::is_control_room_encrypted) {
        Exit::Failed
    } else if carried_out && !summary.held.is_empty() {
        Exit::Held
    } else {
        Exit::Done
    }
}
