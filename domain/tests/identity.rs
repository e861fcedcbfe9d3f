//! Identification: what happens to accounts and handles when numbers and public ids move.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use equipemed_domain::action::ExternalId;
use equipemed_domain::binding::{Binding, Bindings, Newborn, Pushed};
use equipemed_domain::desired::digest_of;
use equipemed_domain::directory::{Directory, Doubt, Person, PersonId};
use equipemed_domain::find::{Names, NoPerson};
use equipemed_domain::handover::{Refused, handovers};
use equipemed_domain::identity::{Identified, Identities, Identity, Knowledge, identify};
use equipemed_domain::observed::ObservedAccount;
use jiff::Timestamp;
use ruma_common::OwnedUserId;

use crate::world::dice::Dice;
use crate::world::random::world;
use crate::world::{person, user_id};

const PROVIDER: &str = "oidc-equipemed";

/// A person with this number, public id and username.
fn somebody(number: i64, public_id: &str, username: &str) -> Person {
    Person { public_id: public_id.to_owned(), ..person(number, username) }
}

fn read(people: &[Person]) -> Arc<Directory> {
    Arc::new(Directory::new(people.iter().cloned()))
}

fn identity(person: i64, public_id: &str, number: i64, username: &str) -> Identity {
    let public_id = Some(public_id.to_owned()).filter(|id| !id.is_empty());
    Identity { person: PersonId(person), public_id, number, username: username.to_owned() }
}

fn bound(people: &[(i64, &str)]) -> Bindings {
    people.iter().map(|(id, user)| Binding::new(PersonId(*id), user_id(user))).collect()
}

fn external(id: &str) -> ExternalId {
    ExternalId { provider: PROVIDER.to_owned(), id: id.to_owned() }
}

/// The result of a read without requests to Synapse.
fn told(people: &[Person], known: &Identities, bindings: &Bindings) -> Identified {
    told_with(people, known, bindings, &BTreeMap::new())
}

fn told_with(
    people: &[Person],
    identities: &Identities,
    bindings: &Bindings,
    external_ids: &BTreeMap<PersonId, Vec<ExternalId>>,
) -> Identified {
    identify(&read(people), Knowledge { identities, bindings, provider: Some(PROVIDER), external_ids })
}

/// Handle and username of everybody, as text.
fn handles(identified: &Identified) -> Vec<(String, String)> {
    identified.directory.people().map(|person| (person.id.to_string(), person.username.clone())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect()
}

#[test]
fn at_first_everybody_is_known_by_the_number() {
    let people = [somebody(1, "a", "ana"), somebody(2, "b", "bia")];
    let first = told(&people, &Identities::default(), &Bindings::default());
    assert_eq!(first.directory, read(&people));
    assert_eq!(first.news, [identity(1, "a", 1, "ana"), identity(2, "b", 2, "bia")]);
    // The same read again gives no news, and is not copied.
    let read = read(&people);
    let known = Identities::new(first.news);
    let (bindings, external_ids) = (bound(&[(1, "ana")]), BTreeMap::new());
    let knowledge =
        Knowledge { identities: &known, bindings: &bindings, provider: Some(PROVIDER), external_ids: &external_ids };
    let again = identify(&read, knowledge);
    assert!(again.news.is_empty() && Arc::ptr_eq(&again.directory, &read));
}

#[test]
fn another_public_id_under_a_known_number_is_another_person() {
    let known = Identities::new([identity(7, "a", 7, "ana.souza"), identity(8, "b", 8, "bia")]);
    let bindings = bound(&[(7, "ana.souza"), (8, "bia")]);
    let told = told(&[somebody(7, "c", "caio"), somebody(8, "b", "bia")], &known, &bindings);
    assert_eq!(handles(&told), pairs(&[("8", "bia"), ("7#2", "caio")]));
    let caio = told.directory.numbered(7).expect("somebody has the number");
    assert_eq!((told.directory.number_of(caio), caio.to_string()), (7, "7#2".to_owned()));
    let doubt = Doubt::Replaced { before: PersonId(7), was: "ana.souza".to_owned(), person: caio };
    assert_eq!(told.directory.doubts(), [doubt]);
    assert!(!told.directory.is_unclear(PersonId(7)), "she is missing, like anybody who is");
    assert_eq!(told.news, [Identity { person: caio, ..identity(0, "c", 7, "caio") }]);
    // Then a third person, and then the first one again.
    let known = Identities::new([known.people().cloned().collect(), told.news].concat());
    let third = self::told(&[somebody(7, "d", "davi")], &known, &bindings);
    assert_eq!(handles(&third), pairs(&[("7#3", "davi")]));
    let back = self::told(&[somebody(7, "a", "ana.souza")], &known, &bindings);
    assert_eq!((handles(&back), back.directory.doubts()), (pairs(&[("7", "ana.souza")]), &[][..]));
}

#[test]
fn the_same_public_id_under_another_number_is_the_same_person() {
    let known = Identities::new([identity(1, "a", 1, "ana"), identity(2, "b", 2, "bia")]);
    let bindings = bound(&[(1, "ana"), (2, "bia")]);
    // They swap numbers, and somebody new gets an unused one.
    let moved = [somebody(1, "b", "bia"), somebody(2, "a", "ana"), somebody(3, "c", "caio")];
    let told = told(&moved, &known, &bindings);
    assert_eq!(handles(&told), pairs(&[("1", "ana"), ("2", "bia"), ("3", "caio")]));
    assert_eq!((told.directory.number_of(PersonId(1)), told.directory.numbered(1)), (2, Some(PersonId(2))));
    assert!(told.directory.doubts().is_empty());
    // One gets a new number, and somebody new gets the old number but not the account.
    let moved = [somebody(9, "a", "ana"), somebody(1, "d", "davi"), somebody(2, "b", "bia")];
    let told = self::told(&moved, &known, &bindings);
    assert_eq!(handles(&told), pairs(&[("1", "ana"), ("2", "bia"), ("1#2", "davi")]));
    assert!(told.directory.doubts().is_empty(), "nobody is missing");
    assert_eq!(told.directory.named(PersonId(1)).as_deref(), Some("ana (9)"));
}

#[test]
fn a_handle_is_given_once_also_when_its_person_is_only_bound_or_only_known() {
    let known = Identities::new([identity(5, "e", 9, "eva")]);
    let bindings = bound(&[(6, "fabio")]);
    let people = [somebody(5, "x", "xu"), somebody(6, "y", "yara"), somebody(9, "e", "eva")];
    assert_eq!(handles(&told(&people, &known, &bindings)), pairs(&[("5", "eva"), ("5#2", "xu"), ("6#2", "yara")]));
}

#[test]
fn without_a_public_id_nobody_is_taken_for_anybody() {
    let known = Identities::new([identity(1, "a", 1, "ana"), identity(2, "b", 2, "bia")]);
    let bindings = bound(&[(1, "ana"), (2, "bia")]);
    let people = [somebody(1, "", "ana"), somebody(2, "b", "bia"), somebody(3, "", "caio")];
    let told = told(&people, &known, &bindings);
    assert_eq!(handles(&told), pairs(&[("2", "bia"), ("3", "caio")]));
    assert_eq!(told.directory.doubts(), [Doubt::Nameless { person: PersonId(1) }]);
    assert!(told.directory.is_unclear(PersonId(1)) && told.news.is_empty());
    // Somebody later known with that number does not get that handle.
    let later = self::told(&[somebody(3, "c", "caio")], &known, &bindings);
    assert_ne!(later.directory.people().next().map(|person| person.id), told.directory.numbered(3));
    // A public id shared by two people identifies neither, whether known before or new.
    let twice = [somebody(2, "b", "bia"), somebody(4, "b", "bruno"), somebody(5, "z", "zoe"), somebody(6, "z", "zeca")];
    let twice = self::told(&twice, &known, &bindings);
    assert!(twice.directory.is_unclear(PersonId(2)), "{:?}", twice.directory.doubts());
    assert!(twice.directory.people().all(|person| person.public_id.is_empty()) && twice.news.is_empty());
}

/// Accounts that were bound before public ids were stored.
#[test]
fn an_old_account_goes_by_its_digest_then_by_synapse_and_else_to_nobody() {
    let mut bindings = bound(&[(1, "ana"), (2, "bia"), (3, "caio"), (4, "davi"), (5, "eva")]);
    for (id, public_id) in [(1, "a"), (2, "b")] {
        if let Some(binding) = bindings.get_mut(PersonId(id)) {
            binding.pushed = Pushed { external_id: Some(digest_of(&external(public_id))), ..Pushed::default() };
        }
    }
    let none = Identities::default();
    let people = [
        somebody(1, "a", "ana"),
        somebody(2, "x", "xu"),
        somebody(3, "c", "caio"),
        somebody(4, "y", "yara"),
        somebody(5, "e", "eva"),
    ];
    let nothing = BTreeMap::new();
    let knowledge =
        Knowledge { identities: &none, bindings: &bindings, provider: Some(PROVIDER), external_ids: &nothing };
    let asked: Vec<i64> = knowledge.to_be_asked().map(|binding| binding.person.0).collect();
    assert_eq!(asked, [3, 4, 5], "of the others a digest tells");
    let found = BTreeMap::from([(PersonId(3), vec![external("c")]), (PersonId(4), vec![external("d")])]);
    let told = told_with(&people, &none, &bindings, &found);
    let by_handle = pairs(&[("1", "ana"), ("3", "caio"), ("2#2", "xu"), ("4#2", "yara"), ("5#2", "eva")]);
    assert_eq!(handles(&told), by_handle);
    assert!(told.directory.is_unclear(PersonId(5)) && !told.directory.is_unclear(PersonId(4)));
    assert_eq!(told.proofs, BTreeMap::from([(PersonId(4), digest_of(&external("d")))]));
    let unclear = told.news.iter().filter(|news| news.public_id.is_none()).map(|news| news.person);
    assert_eq!(unclear.collect::<Vec<_>>(), [PersonId(5)]);
    let replaced: BTreeSet<_> = told
        .directory
        .doubts()
        .iter()
        .filter_map(|doubt| match doubt {
            Doubt::Replaced { before, was, .. } => Some((before.0, was.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(replaced, BTreeSet::from([(2, "bia"), (4, "davi")]));

    // What was proved once is not asked again, and not decided differently.
    for (person, digest) in told.proofs {
        bindings.get_mut(person).expect("a binding").pushed.external_id = Some(digest);
    }
    let known = Identities::new(told.news);
    let knowledge =
        Knowledge { identities: &known, bindings: &bindings, provider: Some(PROVIDER), external_ids: &nothing };
    assert_eq!(knowledge.to_be_asked().count(), 0);
    let again = self::told(&people, &known, &bindings);
    assert_eq!((handles(&again), again.news.len()), (by_handle, 0));
    // The owners come back, with other numbers.
    let back = self::told(&[somebody(70, "b", "bia"), somebody(71, "d", "davi")], &known, &bindings);
    assert_eq!(handles(&back), pairs(&[("2", "bia"), ("4", "davi")]));
}

/// Whatever is read, in any order: a handle belongs to one public id for ever, and no bound account changes hands.
#[test]
fn no_history_of_reads_gives_a_handle_to_another_public_id() {
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let (mut known, mut bindings) = (Vec::<Identity>::new(), Bindings::default());
        let mut owners: BTreeMap<PersonId, String> = BTreeMap::new();
        for _ in 0..12 {
            let mut people: BTreeMap<i64, Person> = BTreeMap::new();
            for _ in 0..dice.below(7) {
                let number = i64::try_from(1 + dice.below(5)).expect("small");
                let public_id = ["", "a", "b", "c", "d", "e"][dice.below(6)];
                people.insert(number, somebody(number, public_id, &format!("u{number}")));
            }
            let people: Vec<Person> = people.into_values().collect();
            let told = told(&people, &Identities::new(known.clone()), &bindings);
            for news in told.news {
                known.retain(|identity| identity.person != news.person);
                known.push(news);
            }
            for person in told.directory.people().filter(|person| !person.public_id.is_empty()) {
                let owner = owners.entry(person.id).or_insert_with(|| person.public_id.clone());
                assert_eq!(*owner, person.public_id, "seed {seed}: the handle {} changed hands", person.id);
                if dice.below(3) == 0 {
                    let user = user_id(&format!("u{}", person.id.0));
                    if !bindings.contains_key(&person.id) {
                        bindings.insert(Binding::new(person.id, user));
                    }
                }
            }
            let ids: BTreeSet<_> = known.iter().filter_map(|identity| identity.public_id.clone()).collect();
            assert_eq!(ids.len(), known.len(), "seed {seed}: a public id has two handles");
        }
    }
}

#[test]
fn a_name_that_fits_two_people_means_neither() {
    let policy = world(1, 1, 1).policy;
    let directory =
        read(&[somebody(1, "a", "ana"), somebody(2, "b", "Ana"), somebody(3, "c", "BIA"), somebody(4, "d", "Rui")]);
    let bindings = bound(&[(2, "ana"), (3, "bia")]);
    let names = Names { directory: &directory, bindings: &bindings, policy: &policy };
    let ids = |people: BTreeSet<PersonId>| people.into_iter().map(|id| id.0).collect::<Vec<_>>();
    // Exact matches first; but the account of that name belongs to somebody else.
    assert_eq!(ids(names.named("Ana")), [2]);
    assert_eq!(ids(names.named("ana")), [1, 2]);
    assert_eq!(ids(names.named("ANA")), [1, 2]);
    assert_eq!(ids(names.named("bia")), [3]);
    assert_eq!(ids(names.named("@RUI")), [4]);
    assert!(names.named("eva").is_empty());
    assert_eq!(ids(names.numbered("3")), [3]);
    assert!(names.numbered("ana").is_empty());
}

#[test]
fn a_full_name_means_somebody_where_no_username_does() {
    let policy = world(1, 1, 1).policy;
    let called = |number, username: &str, first: &str, last: &str| Person {
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        ..person(number, username)
    };
    // The third person's name is the first one's username.
    let people = [called(1, "rui", "Rui", "Lima"), called(2, "eva", "Eva", "Sá"), called(3, "x", "RUI", "")];
    let (directory, bindings) = (read(&people), Bindings::default());
    let names = Names { directory: &directory, bindings: &bindings, policy: &policy };
    let ids = |name| names.people(name).into_iter().map(|id| id.0).collect::<Vec<_>>();
    assert_eq!(ids("rui lima"), [1]);
    assert_eq!(ids("EVA SÁ"), [2]);
    assert_eq!(ids("rui"), [1]);
    assert!(ids("Rui Lim").is_empty());
    // A first and last name, where they fit one person alone.
    let people = [called(1, "ana", "Ana Lúcia", "Sá Mourão"), called(2, "eva", "Eva", "Sá Mourão")];
    let directory = read(&people);
    let full = Names { directory: &directory, ..names };
    assert_eq!(full.person("ana mourao"), Ok(PersonId(1)));
    assert_eq!(full.person("ANA LUCIA SA MOURAO"), Ok(PersonId(1)));
    assert!(full.people("Ana Sá").is_empty() && full.people("Mourão").is_empty());
    assert_eq!(names.person("Rui Lim"), Err(NoPerson::Nobody { nearest: Some(PersonId(1)) }));
    let directory = read(&[called(1, "rui", "Rui", "Lima"), called(2, "ruy", "rui", "lima")]);
    let names = Names { directory: &directory, ..names };
    assert_eq!(names.person("Rui Lima"), Err(NoPerson::Several([1, 2].map(PersonId).into())));
}

#[test]
fn accounts_are_given_over_by_username_where_one_missing_and_one_new_person_have_it() {
    let mut policy = world(1, 1, 1).policy;
    policy.users.protected = BTreeSet::from([user_id("chefe")]);
    let known = Identities::new([
        identity(1, "a", 1, "ana"),
        identity(2, "b", 2, "bia"),
        identity(3, "c", 3, "caio"),
        identity(4, "d", 4, "davi"),
        identity(5, "e", 5, "eva"),
        identity(6, "f", 6, "chefe"),
        identity(7, "g", 7, "gil"),
    ]);
    let bindings =
        bound(&[(1, "ana"), (2, "bia"), (3, "caio"), (4, "davi"), (5, "eva"), (6, "chefe"), (7, "gil"), (50, "x")]);
    let directory = read(&[
        somebody(11, "A", "ana"),
        somebody(12, "B", "bia"),
        somebody(13, "B2", "BIA"),
        somebody(14, "C", "caio"),
        somebody(50, "E", "eva"),
        somebody(16, "F", "chefe"),
    ]);
    let mut accounts: BTreeMap<OwnedUserId, ObservedAccount> =
        bindings.values().map(|binding| (binding.user.clone(), ObservedAccount::default())).collect();
    accounts.entry(user_id("caio")).or_default().admin = true;
    let found = handovers(&directory, &bindings, &known, &policy, &accounts);
    let go: Vec<_> = found.go.iter().map(|one| (one.from.0, one.to.0, one.user.localpart().to_owned())).collect();
    assert_eq!(go, [(11, 1, "ana".to_owned())]);
    let refused: BTreeMap<_, _> = found.refused.iter().map(|(user, why)| (user.localpart(), *why)).collect();
    let expected = [
        ("bia", Refused::Several),
        ("caio", Refused::Administrator),
        ("chefe", Refused::Protected),
        ("eva", Refused::HasOne),
    ];
    assert_eq!(refused, BTreeMap::from(expected));
}

#[test]
fn an_account_without_an_answer_is_ours_only_when_nothing_speaks_against_it() {
    let asked: Timestamp = "2026-01-01T12:00:00.700Z".parse().expect("an instant");
    let at = |text: &str| Some(text.parse().expect("an instant"));
    let ours = Newborn { created: at("2026-01-01T12:00:00Z"), is_used: false, is_somebodys: false };
    assert!(ours.is_made_after(asked));
    assert!(Newborn { created: at("2026-01-01T12:00:01Z"), ..ours }.is_made_after(asked));
    assert!(!Newborn { created: at("2026-01-01T11:59:59Z"), ..ours }.is_made_after(asked));
    assert!(!Newborn { created: None, ..ours }.is_made_after(asked));
    assert!(!Newborn { is_used: true, ..ours }.is_made_after(asked));
    assert!(!Newborn { is_somebodys: true, ..ours }.is_made_after(asked));
}

#[test]
fn what_was_pushed_is_lost_when_it_is_not_there_or_not_alone() {
    let pushed =
        Pushed { external_id: Some(digest_of(&external("a"))), email: Some("e".to_owned()), display_name: None };
    let (own, other) = (external("a"), external("b"));
    let address = BTreeSet::from(["e".to_owned(), "f".to_owned()]);
    let lost = |ids: &[ExternalId], addresses: &BTreeSet<String>| {
        let lost = pushed.lost(ids, addresses);
        (lost.external_id, lost.email)
    };
    assert_eq!(lost(std::slice::from_ref(&own), &address), (false, false));
    assert_eq!(lost(&[], &BTreeSet::new()), (true, true));
    assert_eq!(lost(std::slice::from_ref(&other), &address), (true, false));
    assert_eq!(lost(&[own, other.clone()], &address), (true, false), "somebody else could sign in");
    let nothing = Pushed::default().lost(&[other], &BTreeSet::new());
    assert!(!nothing.external_id && !nothing.email, "what was never pushed is not missed");
}
