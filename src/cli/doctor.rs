//! `doctor`: checks everything that the service needs, and names a fix for each failure.

use std::collections::BTreeMap;

use equipemed_domain::fault::Fault;
use equipemed_domain::finding::Finding;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::naming::unknown_names;
use equipemed_domain::render::Words as _;
use tokio_util::sync::CancellationToken;

use super::connect::Local;
use super::given::Given;
use super::output::said;
use super::replace::told;
use super::server::{self, Obstacle};
use super::{Exit, connect, output, pause};
use crate::clock::Clock;
use crate::config::Settings;
use crate::config::settings::{self, DirectorySource};
use crate::directory::equipemed::Installed;
use crate::directory::{Equipemed, Source};
use crate::engine::replace::Condition;
use crate::homeserver::{HomeserverError, Patience, Reader, Speaker, takes_registration_secret};
use crate::store::{HeldState, Run, RunEnd};

/// Number of latest full passes searched for one that ended.
const RUNS: usize = 10;

/// Prints results and counts failures.
#[derive(Default)]
struct Findings {
    failed: usize,
}

impl Findings {
    fn good(&self, what: &str) {
        output::text(&format!("✓ {what}"));
    }

    fn bad(&mut self, what: &str, fix: &str) {
        self.failed += 1;
        output::text(&format!("✗ {what}\n  fix: {fix}"));
    }
}

/// Runs all checks; a failed one does not stop the others.
pub(super) async fn run(given: &Given) -> anyhow::Result<Exit> {
    let settings = connect::settings(&given.config)?;
    let mut findings = Findings::default();
    findings.good(&format!("configuration {}", given.config.display()));
    check_directory(&settings, &mut findings).await;
    let is_usable = check_synapse(given, &settings, &mut findings).await;
    check_store(&settings, is_usable, &mut findings).await;
    if is_usable && settings.appservice.registration.is_from_one_place {
        check_set(&settings, &mut findings).await;
    }
    if is_usable {
        check_rooms(&settings, &mut findings).await;
    }
    tell_open(given, &settings).await;
    match findings.failed {
        0 => {
            output::text("\nEverything is in place.");
            Ok(Exit::Done)
        }
        failed => {
            output::text(&format!("\n{}.", output::counted(failed, "problem")));
            Ok(Exit::Failed)
        }
    }
}

async fn check_directory(settings: &Settings, findings: &mut Findings) {
    const FIX: &str = "mend what it names; until then nothing is changed";
    let source = match Source::open(&settings.directory) {
        Ok(source) => source,
        Err(error) => return findings.bad(&format!("people: {}", said(error)), FIX),
    };
    let start = std::time::Instant::now();
    match source.read().await {
        Ok(directory) => {
            let took = start.elapsed().as_millis();
            findings.good(&format!("EquipeMed: {} people, read in {took} ms", directory.len()));
            for finding in unknown_names(&settings.policy, &directory) {
                let is_sure = matches!(finding, Finding::NameUnknown { is_listed: true, .. });
                let said = output::English::new().finding(&finding);
                match is_sure {
                    true => findings
                        .bad(&said, "correct the rule, or make it in EquipeMed; until then the rule means nobody"),
                    false => findings.good(&said),
                }
            }
        }
        Err(error) => return findings.bad(&format!("people: {}", said(error)), FIX),
    }
    if let (DirectorySource::Equipemed(settings), Source::Equipemed(source)) = (&settings.directory.source, &source) {
        check_database(source, settings, findings).await;
    }
}

/// Checks the role that reads EquipeMed, and whether the database reports changes.
async fn check_database(source: &Equipemed, settings: &settings::EquipemedSettings, findings: &mut Findings) {
    match source.needless_rights().await {
        Ok(rights) if rights.is_empty() => findings.good("the role in directory.url may only read"),
        Ok(rights) => findings.bad(
            &format!("the role in directory.url may more than it needs: {}", rights.join("; ")),
            "use a role of its own: `equipemed-bot directory install-triggers --print` shows how",
        ),
        Err(error) => findings.bad(&format!("EquipeMed's grants: {}", said(error)), "see what it names"),
    }
    let compared = match settings.poll {
        Some(every) => format!("until then everybody is compared every {} s", every.as_secs()),
        None => "until then changes are seen by the full pass alone (directory.interval)".to_owned(),
    };
    match source.triggers().await {
        _ if !settings.notify => findings.good("changes are not listened for (directory.notify: false)"),
        Ok(Installed::Yes) => findings.good("EquipeMed's triggers tell who changed"),
        Ok(Installed::Other) => findings.bad(
            "EquipeMed's triggers are of another version or configuration, or switched off",
            &format!("run `equipemed-bot directory install-triggers`; {compared}"),
        ),
        Ok(Installed::No) if settings.query.is_some() && settings.poll.is_some() => {
            findings.good("directory.query: everybody is compared");
        }
        Ok(Installed::No) => findings.bad(
            "EquipeMed's database does not tell who changed",
            &format!("run `equipemed-bot directory install-triggers`, or set directory.notify: false; {compared}"),
        ),
        Err(error) => findings.bad(&format!("EquipeMed's triggers: {}", said(error)), "see what it names"),
    }
}

/// Checks what holds of a server of `deploy init`: by what Synapse does, because its files are not this user's to read.
async fn check_set(settings: &Settings, findings: &mut Findings) {
    let connection = connect::connection(settings, Patience::NONE, &CancellationToken::new(), None);
    match takes_registration_secret(&connection).await {
        Ok(false) => findings.good("Synapse takes no registration secret"),
        Ok(true) => findings.bad(
            "Synapse takes its registration secret: whoever reads it makes himself an administrator",
            "remove synapse/setup/registration_secret.yaml of the set and restart Synapse; \
             `equipemed-bot deploy check` says whether it stands elsewhere, too",
        ),
        Err(error) => findings.bad(&format!("Synapse's registration secret: {}", said(error)), "run `doctor` again"),
    }
    let Ok(reader) = Reader::new(connection).await else { return };
    match Speaker::new(&reader).is_program_refused().await {
        Ok(true) => findings.good("Synapse's policy module is called: it refuses a program"),
        Ok(false) => findings.bad(
            "Synapse takes a program as a file: the policy module is not called, and its rules do not hold",
            "name equipemed_policy.Policy under modules in homeserver.yaml and restart Synapse",
        ),
        Err(error) => findings.bad(&format!("Synapse's policy module: {}", said(error)), "run `doctor` again"),
    }
}

/// Returns whether further checks of the server make sense.
async fn check_synapse(given: &Given, settings: &Settings, findings: &mut Findings) -> bool {
    let connection = connect::connection(settings, Patience::NONE, &CancellationToken::new(), None);
    let url = &settings.homeserver.url;
    let reader = match Reader::new(connection).await {
        Ok(reader) => reader,
        Err(error) => {
            findings.bad(&format!("Synapse at {url}: {}", said(error)), "check homeserver.url");
            return false;
        }
    };
    // Whether the token is known is reported below.
    let answer = given.first_word(url, async || match reader.versions().await {
        Ok(_) | Err(HomeserverError::UnknownToken) => Ok(()),
        Err(error) => Err(error.into()),
    });
    if let Err(error) = answer.await {
        findings.bad(&format!("Synapse at {url}: {}", said(error)), &given.advice());
        return false;
    }
    findings.good(&format!("Synapse answers at {url}"));
    let registration = settings.appservice.registration_file.display();
    match reader.whoami().await {
        Ok(me) if me == settings.policy.bot => findings.good(&format!("Synapse knows the bot as {me}")),
        Ok(me) => findings.bad(
            &format!("Synapse knows the as_token as {me}, not {}", settings.policy.bot),
            &format!("give Synapse {registration} (app_service_config_files) and restart it"),
        ),
        Err(HomeserverError::UnknownToken) => findings.bad(
            "Synapse does not know the as_token",
            &format!("name {registration} in app_service_config_files of homeserver.yaml and restart Synapse"),
        ),
        Err(error) => findings.bad(&format!("the bot's token: {}", said(error)), "see Synapse's log"),
    }
    check_versions(&reader, settings, findings).await;
    check_administrator(&reader, findings).await
}

/// Checks Synapse's version and the room versions that it supports.
async fn check_versions(reader: &Reader, settings: &Settings, findings: &mut Findings) {
    match reader.synapse_version().await {
        Ok(version) => match server::too_old(&version) {
            None => findings.good(&format!("Synapse {version}")),
            Some(Obstacle { what, fix }) => findings.bad(&what, &fix),
        },
        Err(error) => {
            findings.bad(&format!("Synapse's version: {}", said(error)), "let homeserver.url reach /_synapse/admin")
        }
    }
    match reader.room_versions().await {
        Ok(versions) => {
            findings.good(&server::best(&versions));
            let made = match connect::store(settings).await {
                Ok(store) => store.rooms().await.unwrap_or_default(),
                Err(_) => BTreeMap::new(),
            };
            if let Some(Obstacle { what, fix }) = server::unmade(&settings.policy, &made, &versions) {
                findings.bad(&what, &fix);
            }
        }
        // Already reported.
        Err(HomeserverError::UnknownToken) => {}
        Err(error) => findings.bad(&format!("Synapse's room versions: {}", said(error)), "see Synapse's log"),
    }
}

/// Returns false if the bot can never become an administrator.
async fn check_administrator(reader: &Reader, findings: &mut Findings) -> bool {
    match reader.account(reader.bot()).await {
        Ok(Some(account)) if account.observed.admin => findings.good("the bot is a server administrator"),
        Ok(_) | Err(HomeserverError::NotAdmin) => {
            findings.bad("the bot is no server administrator", "run `equipemed-bot setup`");
        }
        Err(error @ HomeserverError::Delegated) => {
            findings.bad(&said(error), "use a homeserver that keeps its accounts itself");
            return false;
        }
        Err(error) => findings.bad(
            &format!("Synapse's admin API: {}", said(error)),
            "let homeserver.url reach /_synapse/admin; keep that path closed to everybody else",
        ),
    }
    true
}

async fn check_store(settings: &Settings, is_usable: bool, findings: &mut Findings) {
    let store = match connect::store(settings).await {
        Ok(store) => store,
        Err(error) => {
            return findings.bad(&format!("database: {}", said(error)), "correct database.url, or what it names");
        }
    };
    match store.try_to_write(Clock::system().now()).await {
        Ok(()) => findings.good(&format!("database {}", store.name())),
        Err(error) => findings.bad(&format!("database: {}", said(error)), "see what it names"),
    }
    match store.rooms().await {
        Ok(rooms) if rooms.contains_key(&RoomKey::from(CONTROL_ROOM)) => findings.good("control room"),
        // Not missed on a server where setup could not make it.
        Ok(_) if !is_usable => {}
        Ok(_) => findings.bad("there is no control room", "run `equipemed-bot setup`"),
        Err(error) => findings.bad(&format!("database: {}", said(error)), "see what it names"),
    }
}

/// Prints a pause, findings of the last full pass and held parts. These are no failures, but wait for somebody. An
/// unreachable database was reported before.
async fn tell_open(given: &Given, settings: &Settings) {
    let Ok(local) = Local::of(given, settings.clone()).await else { return };
    let (Ok(runs), Ok(held)) = (local.store.recent_runs(RUNS).await, local.store.held_live().await) else { return };
    let ended = |run: &Run| match &run.end {
        Some(RunEnd::Done(summary)) => Some((run.finished_at?, summary.clone())),
        _ => None,
    };
    let last = runs.iter().find_map(ended);
    if let Some((at, summary)) = last.filter(|(_, summary)| !summary.found.is_empty()) {
        let english = local.words(&summary.found).await;
        output::text(&format!("• to look at, by the full pass of {}:", local.time(at)));
        for finding in &summary.found {
            output::text(&format!("    {}", english.finding(finding)));
        }
    }
    if let Ok(Some(pause)) = local.store.pause(local.clock.now()).await {
        output::text(&format!("• {}; end it with `equipemed-bot resume`", pause::said(&pause, &local)));
    }
    if let Ok(open @ 1..) = local.store.reports_open().await {
        output::text(&format!("• reports of messages that nobody has answered, in the control room: {open}"));
    }
    let english = output::English::new();
    for plan in held.iter().filter(|plan| plan.state != HeldState::Approved) {
        output::text(&format!("• held {}: {}", plan.held.id, english.held(&plan.held.reason)));
        output::text(&format!("    see it with `sync --dry-run`; release it with `sync --approve {}`", plan.held.id));
    }
}

/// Checks whether each managed room can be managed. An unreachable database was reported before.
async fn check_rooms(settings: &Settings, findings: &mut Findings) {
    let connection = connect::connection(settings, Patience::NONE, &CancellationToken::new(), None);
    let (Ok(store), Ok(reader)) = (connect::store(settings).await, Reader::new(connection).await) else { return };
    let Ok(rooms) = store.rooms().await else { return };
    let Ok(engine) = connect::engine(settings, reader, store, Clock::system(), CancellationToken::new()) else {
        return;
    };
    let (mut sound, mut looked_at) = (0, 0);
    for key in rooms.keys() {
        let found = match engine.replaceable(key).await {
            Ok(found) => found,
            // A room that is no longer configured is no problem.
            Err(Fault::Replacement(_)) => continue,
            Err(error) => return findings.bad(&format!("room {key}: {}", said(error)), "run `doctor` again"),
        };
        looked_at += 1;
        let replace = format!("`equipemed-bot rooms replace {key}` makes a new one in its place");
        let fix = match &found.condition {
            Condition::Sound => {
                sound += 1;
                continue;
            }
            Condition::Unreadable { why } if !why.is_absence() => "run `doctor` again".to_owned(),
            Condition::BotOut => format!("invite the bot, or {replace}"),
            _ => replace,
        };
        findings.bad(&format!("room {key} ({}): {}", found.room_id, told(&found.condition)), &fix);
    }
    findings.good(&format!("rooms that are neither encrypted, replaced nor out of reach: {sound} of {looked_at}"));
}
