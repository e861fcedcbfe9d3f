//! `grants list | add | end`: grants by the operator at the machine.

use anyhow::Context;
use equipemed_domain::authority::{Act, Asker, Request};
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::{GrantId, GrantKind};
use equipemed_domain::identity::Identities;
use equipemed_domain::key::RoomKey;
use equipemed_domain::levels::PEOPLE_MAX;
use ruma_common::UserId;
use serde_json::json;

use super::connect::Local;
use super::given::Given;
use super::output::UsageError;
use super::{Exit, Format, connect, output};
use crate::config::settings::Language;
use crate::operations::{Caller, Scene, Stop, lasting};
use crate::speech::{Arg, Shown, Texts};
use crate::store::{GrantFilter, GrantRecord, OPERATOR};

/// Arguments of `grants add`.
pub(super) struct GrantWish {
    pub(super) who: String,
    pub(super) what: String,
    pub(super) room: Option<String>,
    pub(super) duration: Option<String>,
    pub(super) because: Option<String>,
    pub(super) by: Option<String>,
}

/// Prints grants.
pub(super) async fn list(given: &Given, all: bool, format: Format) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let filter = GrantFilter { holding_at: (!all).then_some(local.clock.now()), ..GrantFilter::default() };
    let grants = local.store.grants(&filter).await?;
    let (bindings, people) = (local.store.bindings().await?, local.store.people().await?);
    let cells = |record: &GrantRecord| {
        let grant = &record.grant;
        let who = bindings
            .get(&grant.person)
            .map_or_else(|| known_as(grant.person, &people), |binding| binding.user.to_string());
        let ends = match (&record.ended, grant.expires_at) {
            (Some((at, by)), _) => format!("ended {} by {by}", local.time(*at)),
            (None, until) => output::or_dash(until.map(|at| local.time(at))),
        };
        vec![
            grant.id.0.to_string(),
            who,
            describe(grant.kind),
            grant.scope.as_ref().map_or_else(|| "everywhere".to_owned(), ToString::to_string),
            local.time(grant.created_at),
            ends,
            grant.asker.clone(),
            grant.reason.clone().unwrap_or_default(),
        ]
    };
    let object = |record: &GrantRecord| {
        json!({
            "grant": record.grant,
            "ended_at": record.ended.as_ref().map(|(at, _)| at),
            "ended_by": record.ended.as_ref().map(|(_, by)| by),
        })
    };
    let heads = ["ID", "WHO", "WHAT", "WHERE", "SINCE", "UNTIL", "ASKED BY", "BECAUSE"];
    output::list(format, &grants, &heads, cells, object)?;
    Ok(Exit::Done)
}

/// How to name a person without an account, without reading EquipeMed.
fn known_as(id: PersonId, people: &Identities) -> String {
    people.get(id).map_or_else(|| format!("person {id}"), |known| format!("{} ({})", known.username, known.number))
}

/// Where and until when a grant holds, whoever is there now.
fn held(kind: GrantKind, place: Option<&RoomKey>, until: Option<String>) -> String {
    let place = match place {
        Some(room) => format!(" in {room}"),
        None if matches!(kind, GrantKind::Lock | GrantKind::Deactivate) => String::new(),
        None => " everywhere".to_owned(),
    };
    format!("{place}, {}", until.map_or_else(|| "without an end".to_owned(), |until| format!("until {until}")))
}

fn describe(kind: GrantKind) -> String {
    match kind {
        GrantKind::Level(level) => format!("level {level}"),
        kind => kind.as_str().to_owned(),
    }
}

/// Stores a grant and wakes the person.
pub(super) async fn add(given: &Given, wish: GrantWish) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let kind = kind_of(&wish.what)?;
    let wanted = wish.duration.as_deref().map(connect::duration).transpose()?;
    let lasts = lasting(Act::of_grant(kind), wanted);
    let until = lasts.map(|lasts| local.ends_after(lasts)).transpose()?;
    let scene = local.scene(true).await?;
    let place = scope_of(wish.room.as_deref(), kind, &scene)?;
    let person = local.person(&wish.who, &scene.directory).await?.id;
    let by = caller(wish.by.as_deref(), &scene, &local).await?;
    let held = held(kind, place.as_ref(), until.map(|until| local.time(until)));
    let request = Request { act: Act::of_grant(kind), person: Some(person), place, until };
    let grant = scene.add_grant(&local.store, &by, &request, wish.because).await.map_err(|why| said(why, &scene))?;
    let grant = grant.context("nothing was granted")?.0;
    let whom = scene.directory.named(person).unwrap_or_else(|| person.to_string());
    output::text(&format!(
        "grant {grant}: {} for {whom}{held}. A running service carries it out now, `equipemed-bot sync` otherwise. To undo: equipemed-bot grants end {grant}",
        describe(kind),
    ));
    Ok(Exit::Done)
}

/// Ends a grant.
pub(super) async fn end(given: &Given, id: i64, by: Option<&str>) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let filter = GrantFilter { holding_at: Some(local.clock.now()), ..GrantFilter::default() };
    let known = local.store.grants(&filter).await?;
    let Some(record) = known.into_iter().find(|record| record.grant.id == GrantId(id)) else {
        return Err(UsageError(format!("no grant {id} holds; see `equipemed-bot grants list --all`")).into());
    };
    let scene = local.scene(false).await?;
    let by = caller(by, &scene, &local).await?;
    scene.end_grant(&local.store, &by, &record.grant).await.map_err(|why| said(why, &scene))?;
    output::text(&format!("grant {id} ended. A running service carries that out now, `equipemed-bot sync` otherwise."));
    Ok(Exit::Done)
}

/// The caller: the operator, or with `--as` a person whose right is checked as in the control room.
async fn caller(who: Option<&str>, scene: &Scene, local: &Local) -> anyhow::Result<Caller> {
    let Some(who) = who else { return Ok(Caller { asker: Asker::Operator, name: OPERATOR.to_owned() }) };
    let person = local.person(who, &scene.directory).await?.id;
    let Some(user) = scene.user_of(person) else {
        return Err(UsageError(format!("--as {who:?}: this person has no account that is managed")).into());
    };
    Ok(Caller { asker: Asker::Person(person), name: user.to_string() })
}

fn said(stop: Stop, scene: &Scene) -> anyhow::Error {
    match stop {
        Stop::Refused(why) => anyhow::anyhow!(Texts::new(Language::En).refusal(&why, &Names(scene)).plain),
        Stop::Failed(why) => why.into(),
        other => anyhow::anyhow!("{other:?}"),
    }
}

/// Names of people, accounts and rooms for a terminal.
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
