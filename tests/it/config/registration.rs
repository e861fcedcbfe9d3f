//! The registration: newly created, refused as a placeholder, and refused if its token could act as people.

use std::fs;

use equipemed_bot::config::{self, Environment, registration};
use secrecy::ExposeSecret as _;

use super::{Folder, SMALL, problems};

#[test]
fn aliases_are_unique_and_in_the_registration() {
    insta::assert_snapshot!(problems(
        "rooms:
  a: {name: A, alias: equipemed_a, members: {any: true}}
  b: {name: B, alias: equipemed_a, members: {any: true}}
  c: {name: C, alias: equipemed_control, members: {any: true}}
  d: {name: D, alias: uti, members: {any: true}}
  e: {name: E, alias: '#equipemed_e:hospital.example', members: {any: true}}
"), @r#"
    config.yaml:5:23: rooms.b.alias: is the alias of a already; each room needs its own
    config.yaml:6:23: rooms.c.alias: is the alias of bot.control_room already; each room needs its own
    config.yaml:7:23: rooms.d.alias: uti is outside the alias namespaces of the registration, so Synapse would refuse it; begin it with equipemed_, or widen namespaces.aliases in the registration
    config.yaml:8:23: rooms.e.alias: is written without # and server; write equipemed_e
    "#);
}

#[test]
fn a_registration_that_could_impersonate_is_refused() {
    let folder = Folder::new();
    let text = fs::read_to_string(folder.path("registration.yaml")).unwrap();
    let check = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is not in the registration");
        folder.write("registration.yaml", &text.replace(from, to));
        folder.problems(SMALL)
    };
    insta::assert_snapshot!(check(r"@equipemed_bot:hospital\.example$", r"@equipemed_.*:hospital\.example$"), @r#"
    registration.yaml:14:14: namespaces.users[0].regex: has to match @equipemed_bot:hospital.example alone, with every dot escaped and a $ at the end, or the token could act as other people; write {exclusive: true, regex: '@equipemed_bot:hospital\.example$'}
    "#);
    insta::assert_snapshot!(check(r"@equipemed_bot:hospital\.example$", r"@equipemed_bot:hospital\.example"), @r#"
    registration.yaml:14:14: namespaces.users[0].regex: has to match @equipemed_bot:hospital.example alone, with every dot escaped and a $ at the end, or the token could act as other people; write {exclusive: true, regex: '@equipemed_bot:hospital\.example$'}
    "#);
    insta::assert_snapshot!(check(r"@equipemed_bot:hospital\.example$", r"@other_bot:hospital\.example$"), @r#"
    registration.yaml:14:14: namespaces.users[0].regex: has to match @equipemed_bot:hospital.example alone, with every dot escaped and a $ at the end, or the token could act as other people; write {exclusive: true, regex: '@equipemed_bot:hospital\.example$'}
    "#);
    insta::assert_snapshot!(check("- exclusive: true\n      regex: '@", "- exclusive: false\n      regex: '@"), @r#"
    registration.yaml:13:7: namespaces.users[0]: has to be exclusive, so that nobody else can take the bot's name; write {exclusive: true, regex: '@equipemed_bot:hospital\.example$'}
    "#);
    insta::assert_snapshot!(check("rate_limited: false\n", ""), @r#"
    registration.yaml:3:1: rate_limited: has to be `rate_limited: false`, or Synapse slows the service down until it skips work
    "#);
    insta::assert_snapshot!(check("'#equipemed_.*", "'#other_.*"), @r#"
    config.yaml:1:1: bot.control_room.alias: equipemed_control is outside the alias namespaces of the registration, so Synapse would refuse it; begin it with equipemed_, or widen namespaces.aliases in the registration
    "#);
    insta::assert_snapshot!(check("sender_localpart: equipemed_bot", "sender_localpart: Bot"), @r#"
    registration.yaml:8:19: sender_localpart: is not a valid name for a Matrix account; use a-z, 0-9 and . _ = - / + only
    "#);
}

#[test]
fn the_shipped_registration_is_refused_until_it_is_made_new() {
    let folder = Folder::new();
    folder.write("registration.yaml", registration::EXAMPLE);
    insta::assert_snapshot!(folder.problems(SMALL), @r#"
    registration.yaml:21:11: as_token: is still a placeholder; run `equipemed-bot registration --output registration.yaml` and give the new file to Synapse
    registration.yaml:24:11: hs_token: is still a placeholder; run `equipemed-bot registration --output registration.yaml` and give the new file to Synapse
    "#);
    fs::remove_file(folder.path("registration.yaml")).unwrap();
    insta::assert_snapshot!(folder.problems(SMALL), @r#"
    registration.yaml: cannot read the registration: No such file or directory (os error 2); run `equipemed-bot registration --output registration.yaml` and give the new file to Synapse, or correct appservice.registration
    "#);
}

#[test]
fn a_new_registration_has_fresh_tokens_and_is_accepted() {
    let folder = Folder::new();
    let settings = folder.load(SMALL).unwrap();
    let registration = &settings.appservice.registration;
    assert_eq!(registration.as_token.expose_secret().len(), 64);
    assert_ne!(registration.as_token.expose_secret(), registration.hs_token.expose_secret());
    assert_eq!(registration.url.as_str(), "http://127.0.0.1:9009/");
    let again = Folder::new().load(SMALL).unwrap();
    assert_ne!(registration.as_token.expose_secret(), again.appservice.registration.as_token.expose_secret());
    let server = &settings.policy.server_name;
    assert!(registration.owns_alias("equipemed_uti", server));
    assert!(!registration.owns_alias("uti", server));
}

#[test]
fn a_registration_is_planned_though_other_sections_are_not_ready() {
    let folder = Folder::new();
    folder.write(
        "config.yaml",
        &format!("{SMALL}appservice: {{listen: '0.0.0.0:8080'}}\ndatabase: {{url: '${{LATER}}'}}\n"),
    );
    let plan = config::plan_registration(&folder.path("config.yaml"), &Environment::default()).unwrap();
    assert_eq!(plan.wanted.url.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(plan.file, folder.path("registration.yaml"));
}

#[test]
fn fresh_tokens_leave_everything_else_of_a_registration_as_it_is() {
    let folder = Folder::new();
    let text = fs::read_to_string(folder.path("registration.yaml")).unwrap();
    let rotated = registration::rotate(&text).unwrap().unwrap();
    let pairs = text.lines().zip(rotated.lines()).filter(|(old, new)| old != new);
    let changed: Vec<_> = pairs.filter_map(|(old, _)| old.split_once(':')).map(|(name, _)| name).collect();
    assert_eq!(changed, ["as_token", "hs_token"]);
    folder.write("registration.yaml", &rotated);
    folder.load(SMALL).unwrap();
    for bad in ["", "hs_token: only-one\n", "as_token: the-same\nhs_token: the-same\n", "as_token: [\n"] {
        assert_eq!(registration::rotate(bad).unwrap(), None, "{bad}");
    }
}
