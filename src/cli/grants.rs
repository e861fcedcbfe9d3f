//! `grants list | add | end`: lasting wishes by the operator at the machine.

use std::path::Path;

use anyhow::Context;
use equipemed_domain::authority::{Act, Allowed, Asker, Effect, Request};
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::{GrantId, GrantKind};
use equipemed_domain::key::RoomKey;
use equipemed_domain::levels::PEOPLE_MAX;
use equipemed_domain::wake::Wake;
use ruma_common::UserId;
use serde_json::json;

use super::output::UsageError;
use super::{Exit, Format, connect, output};
use crate::clock::Clock;
use crate::config::Settings;
use crate::config::settings::Language;
use crate::config::values::parse_duration;
use crate::operations::{Caller, Change, Scene, change_grants};
use crate::speech::{Arg, Shown, Texts};
use crate::store::{GrantFilter, OPERATOR, Store};

/// What `grants add` was told.
pub(super) struct Wish {
    pub(super) who: String,
    pub(super) what: String,
    pub(super) room: Option<String>,
    pub(super) duration: Option<String>,
    pub(super) because: Option<String>,
    pub(super) by: Option<String>,
}

/// Prints grants.
pub(super) async fn list(config: &Path, all: bool, format: Format) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let store = connect::store(&settings).await?;
    let now = Clock::system().now();
    let filter = GrantFilter { holding_at: (!all).then_some(now), ..GrantFilter::default() };
    let grants = store.grants(&filter).await?;
    let bindings = store.bindings().await?;
    let local = |at: jiff::Timestamp| at.to_zoned(settings.timezone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    match format {
        Format::Text => {
            let rows: Vec<_> = grants
                .iter()
                .map(|record| {
                    let grant = &record.grant;
                    let who = bindings
                        .get(&grant.person)
                        .map_or_else(|| format!("person {}", grant.person), |binding| binding.user.to_string());
                    let ends = match (&record.ended, grant.expires_at) {
                        (Some((at, by)), _) => format!("ended {} by {by}", local(*at)),
                        (None, Some(at)) => local(at),
                        (None, None) => "–".to_owned(),
                    };
                    vec![
                        grant.id.0.to_string(),
                        who,
                        describe(grant.kind),
                        grant.scope.as_ref().map_or_else(|| "everywhere".to_owned(), ToString::to_string),
                        local(grant.created_at),
                        ends,
                        grant.asker.clone(),
                        grant.reason.clone().unwrap_or_default(),
                    ]
                })
                .collect();
            output::text(&output::table(
                &["ID", "WHO", "WHAT", "WHERE", "SINCE", "UNTIL", "ASKED BY", "BECAUSE"],
                &rows,
            ));
        }
        Format::Json => {
            let rows: Vec<_> = grants
                .iter()
                .map(|record| {
                    json!({
                        "grant": record.grant,
                        "ended_at": record.ended.as_ref().map(|(at, _)| at),
                        "ended_by": record.ended.as_ref().map(|(_, by)| by),
                    })
                })
                .collect();
            output::json(&rows)?;
        }
    }
    Ok(Exit::Done)
}

fn describe(kind: GrantKind) -> String {
    match kind {
        GrantKind::Level(level) => format!("level {level}"),
        kind => kind.as_str().to_owned(),
    }
}

/// Stores a grant and wakes whoever it is about.
pub(super) async fn add(config: &Path, wish: &Wish) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let store = connect::store(&settings).await?;
    let now = Clock::system().now();
    let kind = kind_of(&wish.what)?;
    let expires_at = match &wish.duration {
        None => None,
        Some(text) => {
            let lasts = parse_duration(text).map_err(|why| UsageError(format!("--for {text:?}: {why}")))?;
            Some(now.checked_add(lasts).map_err(|_| UsageError(format!("--for {text:?} is too long")))?)
        }
    };
    let scene = connect::scene(&settings, &store, true).await?;
    let scope = scope_of(wish.room.as_deref(), kind, &scene)?;
    let person = connect::person(&wish.who, &scene.directory, &store, &settings).await?.id;
    let by = caller(wish.by.as_deref(), &scene, &store, &settings).await?;
    let request = Request { act: Act::of_grant(kind), person: Some(person), place: scope.clone(), until: expires_at };
    let effect = allowed(&scene, &by, &request)?.effect;
    let change = Change {
        person,
        effect: &Effect { adds: Some(kind), ..effect },
        place: scope,
        until: expires_at,
        because: wish.because.clone(),
        source: None,
    };
    let grant = change_grants(&store, change, &by.name, now).await?.context("nothing was granted")?;
    wake(&store, person, now).await?;
    output::text(&format!(
        "grant {}: {} for person {person}. A running service carries it out now, `equipemed-bot sync` otherwise. To undo: equipemed-bot grants end {}",
        grant.0,
        describe(kind),
        grant.0
    ));
    Ok(Exit::Done)
}

/// Ends a grant.
pub(super) async fn end(config: &Path, id: i64, by: Option<&str>) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let store = connect::store(&settings).await?;
    let now = Clock::system().now();
    let known = store.grants(&GrantFilter { holding_at: Some(now), ..GrantFilter::default() }).await?;
    let Some(record) = known.into_iter().find(|record| record.grant.id == GrantId(id)) else {
        return Err(UsageError(format!("no grant {id} holds; see `equipemed-bot grants list --all`")).into());
    };
    let grant = &record.grant;
    let scene = connect::scene(&settings, &store, false).await?;
    let by = caller(by, &scene, &store, &settings).await?;
    let act = Act::End(grant.id);
    let request = Request { act, person: Some(grant.person), place: grant.scope.clone(), until: None };
    allowed(&scene, &by, &request)?;
    store.end_grant(grant.id, &by.name, now).await?;
    wake(&store, record.grant.person, now).await?;
    output::text(&format!("grant {id} ended. A running service carries that out now, `equipemed-bot sync` otherwise."));
    Ok(Exit::Done)
}

/// Who asks at the machine: the operator, or whose right is to be checked as in the control room.
async fn caller(who: Option<&str>, scene: &Scene, store: &Store, settings: &Settings) -> anyhow::Result<Caller> {
    let Some(who) = who else { return Ok(Caller { asker: Asker::Operator, name: OPERATOR.to_owned() }) };
    let person = connect::person(who, &scene.directory, store, settings).await?.id;
    let Some(user) = scene.user_of(person) else {
        return Err(UsageError(format!("--as {who:?}: this person has no account that is managed")).into());
    };
    Ok(Caller { asker: Asker::Person(person), name: user.to_string() })
}

fn allowed(scene: &Scene, by: &Caller, request: &Request) -> anyhow::Result<Allowed> {
    let allowed = scene.decide(by.asker, request);
    allowed.map_err(|refusal| anyhow::anyhow!(Texts::new(Language::En).refusal(&refusal, &Names(scene)).plain))
}

/// People, accounts and rooms as a terminal shows them.
struct Names<'a>(&'a Scene);

impl Shown for Names<'_> {
    fn person(&self, id: PersonId) -> Arg {
        let name = self.0.directory.get(id).map(|person| person.username.clone());
        let user = self.0.user_of(id).map(ToString::to_string);
        Arg::Text(user.or(name).unwrap_or_else(|| id.to_string()))
    }

    fn user(&self, user: &UserId) -> Arg {
        Arg::Text(user.to_string())
    }

    fn room(&self, key: &RoomKey) -> Arg {
        Arg::Text(key.to_string())
    }
}

async fn wake(store: &Store, person: PersonId, now: jiff::Timestamp) -> anyhow::Result<()> {
    store.wake(&Wake::Person(person), "grant", now, now).await?;
    Ok(())
}

fn kind_of(what: &str) -> Result<GrantKind, UsageError> {
    let kind = match what {
        "moderator" => GrantKind::Moderator,
        "admin" => GrantKind::Admin,
        "mute" => GrantKind::Mute,
        "kick" => GrantKind::Kick,
        "ban" => GrantKind::Ban,
        "lock" => GrantKind::Lock,
        "deactivate" => GrantKind::Deactivate,
        number => match number.parse() {
            Ok(level @ 0..=PEOPLE_MAX) => GrantKind::Level(level),
            _ => {
                return Err(UsageError(format!(
                    "{what:?} is none of moderator, admin, mute, kick, ban, lock, deactivate, nor a level from 0 to {PEOPLE_MAX}"
                )));
            }
        },
    };
    Ok(kind)
}

fn scope_of(room: Option<&str>, kind: GrantKind, scene: &Scene) -> Result<Option<RoomKey>, UsageError> {
    let Some(room) = room else { return Ok(None) };
    if matches!(kind, GrantKind::Lock | GrantKind::Deactivate) {
        return Err(UsageError(format!("{} is about the whole account; leave --in out", kind.as_str())));
    }
    connect::room(room, scene).map(Some)
}
