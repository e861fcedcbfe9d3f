//! Makes a room that belongs to the policy from then on.

use equipemed_domain::authority::Act;
use equipemed_domain::command::{Where, fold};
use equipemed_domain::directory::Profession;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::{RoleKey, RoomKey};
use equipemed_domain::policy::{MadeRoom, RoomKind};
use equipemed_domain::selector::Selector;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use ruma_common::OwnedRoomId;

use super::{Asked, Scene, Stop, Unclear};

/// A room to make.
#[derive(Clone, Debug)]
pub(crate) struct RoomRequest {
    pub(crate) key: RoomKey,
    pub(crate) made: MadeRoom,
    /// Who would be in it.
    pub(crate) people: Vec<String>,
}

impl Asked {
    /// Resolves the members of a new room and checks whether the asker may make it.
    pub(crate) async fn new_room(&self, name: &str, members: &str, space: Option<&Where>) -> Result<RoomRequest, Stop> {
        let scene = &self.scene;
        let parent = space.map(|space| scene.find_room(space)).transpose()?;
        if let Some(key) = &parent {
            let is_space = scene.policy.rooms.get(key).is_some_and(|room| room.kind == RoomKind::Space);
            if !is_space {
                return Err(Unclear::Wrong { what: "SPACE", said: key.to_string() }.into());
            }
        }
        self.may(Act::Rooms, parent.as_ref())?;
        self.must_write()?;
        let wrong = || Unclear::Wrong { what: "SELECTOR", said: members.to_owned() };
        let rule = selector(scene, members).ok_or_else(wrong)?;
        let key = key_for(name);
        let made = MadeRoom { name: name.to_owned(), members: rule, parent };
        let is_ours = self.store().made_rooms().await?.get(&key) == Some(&made);
        let same = scene.policy.rooms.iter().find(|(other, room)| **other == key || room.name == name);
        if let Some((other, _)) = same.filter(|_| !(is_ours && self.confirmed.is_some())) {
            return Err(Unclear::RoomExists { room: other.clone() }.into());
        }
        let access = scene.world().access;
        let people: Vec<String> = scene
            .directory
            .people()
            .filter(|person| access.is_selected(person) && access.selects(&made.members, person))
            .filter(|person| scene.is_active(person))
            .filter(|person| scene.user_of(person.id).is_some())
            .map(|person| person.id.to_string())
            .collect();
        if people.is_empty() {
            return Err(Unclear::NobodyMeant { said: members.to_owned() }.into());
        }
        Ok(RoomRequest { key, made, people })
    }

    /// Stores the room, so that the next pass makes it.
    pub(crate) async fn make_room(&self, new: &RoomRequest) -> Result<(), Stop> {
        self.store().add_made_room(&new.key, &new.made, &self.by.name, self.scene.now).await?;
        Ok(())
    }

    /// Waits until the room exists; returns why it does not.
    pub(crate) async fn made_room(&self, new: &RoomRequest) -> Result<Result<OwnedRoomId, Fault>, Stop> {
        let wish = Wish::new(self.source.as_str());
        self.look_and_wait(&[Wake::Room(new.key.clone())], std::slice::from_ref(&wish)).await?;
        let tally = self.tally(&wish).await?;
        let bound = self.store().rooms().await?.get(&new.key).cloned();
        let why = || tally.troubles.first().map_or(Fault::NotDone, |trouble| trouble.detail.clone());
        Ok(bound.ok_or_else(why))
    }
}

/// The selector for the words after `for`.
fn selector(scene: &Scene, text: &str) -> Option<Selector> {
    let text = text.trim();
    let (word, value) = match text.split_once(':') {
        Some((word, value)) => (word.trim().to_lowercase(), value.trim()),
        None => (String::new(), text),
    };
    let has_group = |name: &str| scene.directory.people().any(|person| person.groups.contains(name));
    let has_specialty =
        |name: &str| scene.directory.people().any(|person| person.specialties.iter().any(|own| own == name));
    let group = || has_group(value).then(|| Selector::Group(value.to_owned()));
    let specialty = || has_specialty(value).then(|| Selector::Specialty(value.to_owned()));
    let profession = || profession(value).map(Selector::Profession);
    let role = || Some(RoleKey::from(value)).filter(|role| scene.policy.roles.contains_key(role)).map(Selector::Role);
    match word.as_str() {
        "group" | "grupo" => group(),
        "profession" | "profissao" | "profissão" => profession(),
        "specialty" | "especialidade" => specialty(),
        "role" | "papel" => role(),
        "" => match value.to_lowercase().as_str() {
            "any" | "all" | "everybody" | "todos" | "todas" => Some(Selector::Any(true)),
            _ => role().or_else(profession).or_else(group).or_else(specialty),
        },
        _ => None,
    }
}

fn profession(text: &str) -> Option<Profession> {
    let text = text.to_lowercase();
    Profession::from_word(&text).or(match text.as_str() {
        "doctor" | "doctors" | "médico" | "médicos" | "medico" | "medicos" => Some(Profession::MedicalDoctor),
        "residents" | "residente" | "residentes" => Some(Profession::Resident),
        "nurses" | "enfermeiro" | "enfermeira" | "enfermeiros" | "enfermagem" => Some(Profession::Nurse),
        "physiotherapists" | "fisioterapeuta" | "fisioterapeutas" => Some(Profession::Physiotherapist),
        "students" | "estudante" | "estudantes" | "aluno" | "alunos" => Some(Profession::Student),
        _ => None,
    })
}

/// Derives a key from a name: letters without accents, digits, and `_` in between.
fn key_for(name: &str) -> RoomKey {
    let mut key = String::new();
    for c in fold(name).chars() {
        let plain = if c.is_ascii_alphanumeric() { c } else { '_' };
        if plain != '_' || !(key.is_empty() || key.ends_with('_')) {
            key.push(plain);
        }
    }
    match key.trim_matches('_') {
        "" => RoomKey::from("room"),
        key => RoomKey::from(key),
    }
}
