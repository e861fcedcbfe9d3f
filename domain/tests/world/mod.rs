//! A small hospital with its homeserver: everything that decides a plan, in one value.
//!
//! Built from a case file by `reader`, or at random by `random`; changed by `synapse` as the real server would.

pub(crate) mod agreeing;
pub(crate) mod dice;
pub(crate) mod lines;
mod memory_form;
mod person_form;
pub(crate) mod policy_form;
pub(crate) mod random;
pub(crate) mod reader;
pub(crate) mod selectors;
pub(crate) mod synapse;

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::binding::Bindings;
use equipemed_domain::desired::{Desired, Wishes, desired};
use equipemed_domain::directory::{Catalogue, Directory, Extra, Person, PersonId, Profession};
use equipemed_domain::grant::Grant;
use equipemed_domain::memory::Memory;
use equipemed_domain::observed::{Observed, ObservedAccount};
use equipemed_domain::plan::{Plan, plan};
use equipemed_domain::policy::Policy;
use equipemed_domain::privilege::{Might, Place, Privilege};
use equipemed_domain::review::{Effect, Effects, Verdict, review};
use equipemed_domain::scope::Scope;
use equipemed_domain::wake::Wake;
use equipemed_domain::world::{Pass, World as Picture};
use jiff::Timestamp;
use ruma_common::{OwnedUserId, UserId};

/// All ids in these tests end with this; texts leave it out.
pub(crate) const SERVER: &str = "h.example";

/// Everything a pass works with.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) people: Vec<Person>,
    /// The names that EquipeMed lists, if it lists any.
    pub(crate) catalogue: Option<Catalogue>,
    pub(crate) grants: Vec<Grant>,
    /// Grants that ended recently.
    pub(crate) ended: Vec<Grant>,
    pub(crate) bindings: Bindings,
    pub(crate) observed: Observed,
    pub(crate) memory: Memory,
    pub(crate) now: Timestamp,
    pub(crate) deactivate_gone_now: bool,
    pub(crate) consented: BTreeSet<String>,
}

impl World {
    pub(crate) fn directory(&self) -> Directory {
        let directory = Directory::new(self.people.iter().cloned());
        match &self.catalogue {
            Some(catalogue) => directory.with_catalogue(catalogue.clone()),
            None => directory,
        }
    }

    /// The desired state.
    pub(crate) fn desired(&self) -> Desired {
        self.desired_of(&Wake::Everything)
    }

    pub(crate) fn desired_of(&self, target: &Wake) -> Desired {
        let wishes = Wishes {
            deactivate_gone_now: self.deactivate_gone_now,
            ended: &self.ended,
            held: self.memory.held_locks(&[]),
        };
        desired(&self.picture(&self.directory()), &wishes, &self.observed.accounts, target)
    }

    /// The world as passes and decisions see it.
    pub(crate) fn picture<'a>(&'a self, directory: &'a Directory) -> Picture<'a> {
        Picture::new(&self.policy, directory, &self.bindings, &self.grants, self.now)
    }

    /// The plan before the brakes.
    pub(crate) fn plan(&self, scope: &Scope) -> Plan {
        self.plan_by(&self.desired(), scope)
    }

    pub(crate) fn plan_by(&self, desired: &Desired, scope: &Scope) -> Plan {
        let (directory, observed, memory) = (self.directory(), &self.observed, &self.memory);
        plan(Pass { world: &self.picture(&directory), desired, observed, memory, scope })
    }

    /// The plan after the brakes.
    pub(crate) fn verdict(&self, scope: &Scope) -> Verdict {
        if *scope != Scope::Everything {
            return self.narrowed(scope).judged(scope);
        }
        self.judged(scope)
    }

    /// The world as a pass of this scope sees it: accounts outside are known from the store.
    pub(crate) fn narrowed(&self, scope: &Scope) -> Self {
        let mut world = self.clone();
        for person in self.bindings.keys() {
            let binding = world.bindings.get_mut(*person).expect("a binding");
            binding.noted.state = world.observed.accounts.list.get(&binding.user).map(ObservedAccount::state);
        }
        world.observed.accounts.list.retain(|user, _| scope.has_account(user));
        world.observed.accounts.is_complete = false;
        world
    }

    pub(crate) fn judged(&self, scope: &Scope) -> Verdict {
        let plan = self.plan(scope);
        let first = self.in_pass(scope, |with| review(plan.clone(), with, &Effects::default()));
        if self.consented.is_empty() {
            return first;
        }
        // Consents are written as texts here, and refer to effects that would be held.
        let is_consented = |effect: &&Effect| self.consented.contains(&effect.atom());
        let consented: Effects = first.held.iter().flat_map(|part| &part.effects).filter(is_consented).collect();
        self.in_pass(scope, |with| review(plan, with, &consented))
    }

    pub(crate) fn in_pass<T>(&self, scope: &Scope, then: impl FnOnce(Pass<'_>) -> T) -> T {
        let (directory, observed, memory) = (self.directory(), &self.observed, &self.memory);
        then(Pass { world: &self.picture(&directory), desired: &self.desired(), observed, memory, scope })
    }

    /// Whether the account must never be changed, whatever EquipeMed says.
    pub(crate) fn is_untouchable(&self, user: &UserId) -> bool {
        *user == *self.policy.bot || self.policy.users.protected.contains(user)
    }
}

/// The full id of `ana`, `@ana` or `@ana:elsewhere`.
pub(crate) fn user_id(name: &str) -> OwnedUserId {
    let name = name.trim_start_matches('@');
    let whole = if name.contains(':') { format!("@{name}") } else { format!("@{name}:{SERVER}") };
    UserId::parse(whole).expect("a user id")
}

/// A text without the server's name.
pub(crate) fn short(text: &str) -> String {
    text.replace(&format!(":{SERVER}"), "")
}

/// The names of professions in the cases' hospital.
pub(crate) fn professions() -> BTreeMap<Profession, String> {
    let words = ["Médico(a)", "Residente", "Enfermeiro(a)", "Fisioterapeuta", "Estudante"];
    Profession::ALL.into_iter().zip(words.map(str::to_owned)).collect()
}

/// The power of somebody at level 100 who may approve.
pub(crate) fn everywhere() -> BTreeSet<Privilege> {
    BTreeSet::from([Privilege::APPROVE, Privilege::new(Might::Level100, Place::Everywhere)])
}

/// A person with EquipeMed's defaults for a new account.
pub(crate) fn person(id: i64, username: &str) -> Person {
    Person {
        id: PersonId(id),
        public_id: format!("p{id}"),
        username: username.to_owned(),
        matrix_localpart: None,
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        profession: None,
        groups: BTreeSet::new(),
        specialties: Vec::new(),
        staff: false,
        superuser: false,
        is_active: true,
        account_status: "active".to_owned(),
        access_expires_at: None,
        last_login: None,
        extra: Extra::default(),
    }
}
