//! Checks rooms through people's own clients: memberships, levels, and what outsiders see.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::Value;

use crate::place::Place;
use crate::say::{self, Checks};
use crate::views;

pub(crate) const ICU: &str = "UTI";
const SPACE: &str = "Hospital";
const ALL: &str = "Equipe - Todos";
const WARD: &str = "Enfermaria 3";
const STUDENTS: &str = "Internato";
const CONTROL: &str = "EquipeMed: controle";

/// The rooms with each person's level in the shipped example.
const WANTED: [(&str, &[(&str, i64)]); 16] = [
    ("marcia.silva", &[(SPACE, 0), (ALL, 25), (ICU, 100), (CONTROL, 0)]),
    ("joao.pereira", &[(SPACE, 100), (ALL, 100), (ICU, 100), (CONTROL, 100)]),
    ("helena.costa", &[(SPACE, 100), (ALL, 100), (CONTROL, 100)]),
    ("rui.barros", &[(SPACE, 0), (ALL, 0), (CONTROL, 0)]),
    ("carlos.lima", &[(SPACE, 0), (ALL, 25), (ICU, 50), (CONTROL, 0)]),
    ("beatriz.rocha", &[(SPACE, 0), (ALL, 0), (ICU, 0), (WARD, 0), (STUDENTS, 0)]),
    ("diego.alves", &[(SPACE, 0), (ALL, 0), (WARD, 0), (STUDENTS, 0)]),
    ("fernanda.dias", &[(SPACE, 0), (ALL, 0), (ICU, 0)]),
    ("gustavo.melo", &[(SPACE, 0), (ALL, 0), (WARD, 50)]),
    ("isabela.nunes", &[(SPACE, 0), (ALL, 0), (WARD, 50)]),
    ("leandro.pinto", &[(SPACE, 0), (ALL, 0), (ICU, 0), (WARD, 0)]),
    ("mariana.reis", &[(SPACE, 0), (ALL, 0), (WARD, 0)]),
    ("nicolas.teixeira", &[(SPACE, 0), (ALL, 0), (WARD, 0), (STUDENTS, 0)]),
    ("olivia.moura", &[(SPACE, 0), (ALL, 0), (STUDENTS, 0)]),
    ("paulo.freitas", &[(SPACE, 0), (ALL, 25), (WARD, 0)]),
    ("yara.campos", &[(SPACE, 0), (ALL, 0), (WARD, 0), (STUDENTS, 0)]),
];

pub(crate) async fn check(place: &Place, checks: &mut Checks) -> anyhow::Result<()> {
    say::title("rooms, as the people's own clients see them");
    let mut ids = BTreeMap::new();
    for (localpart, rooms) in WANTED {
        let client = place.sign_in(localpart).await?;
        let joined = views::joined(&client).await?;
        let invited = views::invited(&client).await?;
        let mut seen: BTreeMap<String, i64> = joined.values().cloned().collect();
        // An invitation counts, because people who must accept have not answered.
        seen.extend(invited.values().map(|name| (name.clone(), 0)));
        let wanted: BTreeMap<String, i64> = rooms.iter().map(|&(name, level)| (name.to_owned(), level)).collect();
        checks.same(&format!("{localpart}: {}", described(&wanted, &invited.values().collect())), &seen, &wanted);
        ids.extend(joined.into_iter().map(|(room, (name, _))| (name, room)));
        ids.extend(invited.into_iter().map(|(room, name)| (name, room)));
    }
    check_closed_room(place, checks, &ids).await?;
    check_space(place, checks, &ids).await?;
    check_control_room(place, checks, &ids).await
}

fn described(rooms: &BTreeMap<String, i64>, invited: &BTreeSet<&String>) -> String {
    let words = rooms.iter().map(|(name, level)| match (level, invited.contains(name)) {
        (_, true) => format!("invited to {name}"),
        (0, false) => name.clone(),
        (level, false) => format!("{name} ({level})"),
    });
    words.collect::<Vec<_>>().join(", ")
}

async fn check_closed_room(place: &Place, checks: &mut Checks, ids: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let (space, icu) = (id(ids, SPACE)?, id(ids, ICU)?);
    let outsider = place.sign_in("gustavo.melo").await?;
    let tried = views::intrusion(&outsider, icu).await?;
    checks.same("gustavo.melo of the ward can neither read nor join the ICU's room: 403, 403", &tried, &(403, 403));
    let seen = views::in_space(&outsider, space).await?;
    checks.same("and does not see it in the space", &seen, &names(&[SPACE, ALL, WARD]));
    let insider = place.sign_in("marcia.silva").await?;
    let seen = views::in_space(&insider, space).await?;
    checks.same("marcia.silva does", &seen, &names(&[SPACE, ALL, ICU]));
    Ok(())
}

async fn check_space(place: &Place, checks: &mut Checks, ids: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let bot = place.bot()?;
    let space = id(ids, SPACE)?;
    let keyed = |state: &[Value], kind: &str| -> BTreeSet<String> {
        let of_kind = state.iter().filter(|event| event.get("type").is_some_and(|named| named == kind));
        let set = of_kind.filter(|event| event.pointer("/content/via").is_some());
        set.filter_map(|event| event.get("state_key")?.as_str().map(str::to_owned)).collect()
    };
    let state = bot.state(space).await?;
    let rooms = [ALL, ICU, WARD, STUDENTS];
    let children: Option<BTreeSet<String>> = rooms.iter().map(|name| ids.get(*name).cloned()).collect();
    checks.same("the space holds the four rooms", &Some(keyed(&state, "m.space.child")), &children);
    for name in rooms {
        let state = bot.state(id(ids, name)?).await?;
        let parents = keyed(&state, "m.space.parent");
        checks.same(&format!("{name} names the space as its parent"), &parents, &BTreeSet::from([space.to_owned()]));
        let create = state.iter().find(|event| event.get("type").is_some_and(|kind| kind == "m.room.create"));
        let text = |path: &str| create.and_then(|event| event.pointer(path)?.as_str()).unwrap_or_default();
        // From version 12 on, a sole creator ranks above every level and must not be listed.
        let creator = (
            text("/sender"),
            text("/content/room_version"),
            create.and_then(|event| event.pointer("/content/additional_creators")),
        );
        let what = format!("{name} has the bot above everybody: version 12, its sole creator");
        checks.same(&what, &creator, &(bot.user_id(), "12", None));
    }
    Ok(())
}

async fn check_control_room(place: &Place, checks: &mut Checks, ids: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let state = place.bot()?.state(id(ids, CONTROL)?).await?;
    let members: BTreeSet<String> = state
        .iter()
        .filter(|event| event.get("type").is_some_and(|kind| kind == "m.room.member"))
        .filter(|event| event.pointer("/content/membership").is_some_and(|membership| membership == "join"))
        .filter_map(|event| event.get("state_key")?.as_str().map(str::to_owned))
        .collect();
    let trusted = WANTED.iter().filter(|(_, rooms)| rooms.iter().any(|(name, _)| *name == CONTROL));
    let mut wanted: BTreeSet<String> = trusted.map(|(localpart, _)| place.synapse.user_id(localpart)).collect();
    wanted.insert(place.synapse.user_id("equipemed_bot"));
    checks.same("the control room has the bot and the five who are trusted, nobody else", &members, &wanted);
    Ok(())
}

fn id<'a>(ids: &'a BTreeMap<String, String>, name: &str) -> anyhow::Result<&'a str> {
    ids.get(name).map(String::as_str).with_context(|| format!("nobody is in a room {name:?}"))
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
