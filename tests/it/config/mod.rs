//! The configuration: the shipped example loads, bad files list all their problems, secrets stay secret.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use equipemed_bot::config::settings::{Database, DirectorySource};
use equipemed_bot::config::{self, Environment, Problems, Settings};
use equipemed_domain::column::Column;
use equipemed_domain::mode::{Mode, OnDrift};
use equipemed_domain::policy::{JoinMode, Policy, RoomKind};
use equipemed_domain::rights::Right;
use equipemed_domain::selector::Selector;
use equipemed_domain::setting::{RoomSetting, SettingValue};
use equipemed_domain::standing::Standing;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

mod registration;
mod secrets;

/// A folder with a registration and the files of a test.
struct Folder(TempDir);

const SMALL: &str = "\
homeserver: {url: 'http://127.0.0.1:8008', server_name: hospital.example}
directory: {source: roster, roster: people.yaml}
";

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("config.yaml", SMALL);
        let plan = config::plan_registration(&folder.path("config.yaml"), &Environment::default()).unwrap();
        folder.write("registration.yaml", &config::registration::generate(&plan.wanted).unwrap());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn load(&self, text: &str) -> Result<Settings, Problems> {
        self.load_with(text, &[])
    }

    fn load_with(&self, text: &str, environment: &[(&str, &str)]) -> Result<Settings, Problems> {
        self.write("config.yaml", text);
        config::load(&self.path("config.yaml"), &environment.iter().copied().collect())
    }

    /// The problems of a configuration, without the path of this test's folder.
    fn problems(&self, text: &str) -> String {
        self.shown(&self.load(text).unwrap_err())
    }

    fn shown(&self, problems: &Problems) -> String {
        problems.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// The problems of the smallest valid file with these lines added.
fn problems(lines: &str) -> String {
    Folder::new().problems(&format!("{SMALL}{lines}"))
}

/// The policy of the smallest valid file with these lines added.
pub(crate) fn policy(lines: &str) -> Policy {
    settings(lines).policy
}

/// The settings of the smallest valid file with these lines added.
fn settings(lines: &str) -> Settings {
    Folder::new().load(&format!("{SMALL}{lines}")).unwrap()
}

#[test]
fn the_shipped_example_loads_and_means_what_it_says() {
    let folder = Folder::new();
    let settings = folder.load(config::EXAMPLE).unwrap();
    assert_eq!(settings.mode, Mode::Observe);
    assert_eq!(settings.timezone.iana_name(), Some("America/Bahia"));
    assert_eq!(settings.bot.user_id, "@equipemed_bot:hospital.example");
    assert!(matches!(&settings.database, Database::Sqlite { file } if *file == folder.path("equipemed-bot.db")));
    let policy = &settings.policy;
    assert_eq!(policy.users.deactivate_after, Duration::from_secs(30 * 86_400));
    assert!(policy.users.protected.contains(&settings.bot.user_id));
    assert!(policy.users.protected.iter().any(|user| user == "@breakglass:hospital.example"));
    for name in ["admin", "equipemed_bot", "breakglass", "plantao"] {
        assert!(policy.users.reserved.contains(name), "{name} is free");
    }
    assert_eq!(policy.users.standing.0["departed"], Standing::Gone);
    let todos = &policy.rooms[&"todos".into()];
    assert_eq!(todos.levels[&"doctor".into()], 25);
    assert_eq!(
        todos.settings.get(&RoomSetting::Retention),
        Some(&SettingValue::Time(Duration::from_secs(365 * 86_400)))
    );
    assert_eq!(policy.rooms[&"hospital".into()].kind, RoomKind::Space);
    let icu = &policy.rooms[&"icu".into()];
    assert_eq!(icu.members, Selector::Group("Plantão UTI".into()));
    assert_eq!(icu.administrators, Some(Selector::User("marcia.silva".into())));
    assert_eq!(policy.roles[&"admin".into()].rights.len(), Right::ALL.len());
    assert_eq!(policy.roles[&"icu_lead".into()].scope, Some("icu".into()));
    assert_eq!(policy.roles[&"icu_lead".into()].name.as_deref(), Some("Chefia da UTI"));
    assert_eq!(policy.roles[&"doctor".into()].name, None);
    assert!(settings.api.is_none() && settings.web.is_none());
    let control = &policy.rooms[&"control".into()];
    assert_eq!(control.members, Selector::Trusted);
    assert_eq!(control.settings, [(RoomSetting::History, "joined".into())].into());
    assert_eq!(control.alias.as_deref(), Some("equipemed_control"));
}

#[test]
fn the_example_says_the_defaults() {
    // Where the example differs from the defaults, it has to say "example".
    let (example, small) = (Folder::new().load(config::EXAMPLE).unwrap(), settings(""));
    assert_eq!(example.mode, small.mode);
    assert_eq!(example.timezone, small.timezone);
    assert_eq!(example.bot, small.bot);
    assert_eq!(example.users, small.users);
    assert_eq!(example.policy.limits, small.policy.limits);
    assert_eq!(example.policy.users.standing, small.policy.users.standing);
    assert_eq!(example.policy.users.sign_out, small.policy.users.sign_out);
    assert_eq!(example.policy.users.localpart, small.policy.users.localpart);
    assert_eq!(example.policy.users.display_name, small.policy.users.display_name);
    assert_eq!((example.policy.users.email, small.policy.users.email), (false, false));
    assert_eq!((example.policy.users.own_display_name, small.policy.users.own_display_name), (false, false));
    assert_eq!(example.policy.users.stale_after, small.policy.users.stale_after);
    assert_eq!(example.policy.users.deactivate_after, small.policy.users.deactivate_after);
    assert_eq!(example.policy.users.who, small.policy.users.who);
    assert_eq!(example.policy.rooms[&"control".into()], small.policy.rooms[&"control".into()]);
    assert_eq!(example.directory.interval, small.directory.interval);
    assert_eq!(example.directory.accounts, small.directory.accounts);
    assert_eq!((example.media, example.drift, example.audit), (small.media, small.drift, small.audit));
    assert_eq!(example.telemetry, small.telemetry);
    assert_eq!(example.appservice.listen, small.appservice.listen);
}

#[test]
fn the_commented_examples_of_the_example_are_accepted() {
    let uncommented: String = config::EXAMPLE
        .lines()
        .map(|line| {
            let known = [
                "# url: postgres",
                "# protected:",
                "# listen:",
                "# tokens:",
                "#   - {name",
                "# webhook_secret:",
                "# public_url:",
            ];
            let lifted = known.iter().any(|start| line.trim_start().starts_with(start));
            // The example has `protected` twice: commented, and with its default.
            let doubled = line.trim_start().starts_with("protected:");
            let line = if lifted { line.replacen("# ", "", 1) } else { line.to_owned() };
            if doubled { "\n".to_owned() } else { format!("{line}\n") }
        })
        .collect();
    let folder = Folder::new();
    folder.write("api-token", "0123456789abcdef0123456789abcdef\n");
    let text = uncommented
        .replace("/etc/equipemed-bot/api-token", "api-token")
        .replace("source: roster\n", "source: equipemed\n");
    let secret = format!("whsec_{}", "QUJD".repeat(10));
    let settings = folder
        .load_with(&text, &[("EQUIPEMED_DB_PASSWORD", "pass%23word"), ("EQUIPEMED_WEBHOOK_SECRET", &secret)])
        .unwrap();
    let api = settings.api.as_ref().unwrap();
    assert_eq!(api.tokens[0].token.expose_secret(), "0123456789abcdef0123456789abcdef");
    assert_eq!(api.webhook_secret.as_ref().unwrap().expose_secret(), secret);
    assert_eq!(settings.web.as_ref().unwrap().public_url.as_str(), "https://equipemed-bot.hospital.example/");
    let DirectorySource::Equipemed(equipemed) = &settings.directory.source else { panic!("not EquipeMed") };
    assert!(equipemed.notify && equipemed.query.is_none());
    assert_eq!((equipemed.prefix.as_str(), equipemed.poll), ("accounts_", Some(Duration::from_secs(10))));
}

#[test]
fn a_bad_file_lists_all_its_problems_with_their_lines() {
    let found = Folder::new().problems(
        r#"mode: enforced
timezone: America/Baía
homeserver:
  url: matrix.hospital.example
  server_name: https://hospital.example
bot:
  prefix: bot
  colour: red
directory: {source: roster}
users:
  jion: force
  display_name: "{fullname}"
  identity_provider: equipemed
  deactivate_after: 30
  standing: {suspened: lock, expired: locked}
  sign_out: [suspended, retired, active]
  protected: [backup]
roles:
  admin: {when: {superuser: yes please}, level: 101, rights: [all, redakt]}
  nurse: {when: {group: Nurses}}
  a: {when: {role: b}}
  b: {when: {not: {role: a}}}
rooms:
  control: {name: Mine, members: {any: true}}
  icu: {name: UTI, parent: hospitol, members: {profession: nurs}, levels: {docter: 25}, history: world_readable}
  ward: {parent: icu, members: {any: true, staff: true}, retention: 5 days, version: 9}
limits: {lock_share: 0.1, gain: -1, join_share: half, lose: many}
media: {allow: [pdf]}
audit: {retention: 5m}
telemetry: {log: xml}
"#,
    );
    insta::assert_snapshot!(found, @r#"
    config.yaml:1:7: mode: "enforced" is not known here; did you mean "enforce"?
    config.yaml:2:11: timezone: is not in the time zone database; did you mean "America/Bahia"? (such as America/Bahia)
    config.yaml:4:8: homeserver.url: is not an address (relative URL without a base); write it as https://matrix.hospital.example
    config.yaml:5:16: homeserver.server_name: is the name alone, without https://, such as hospital.example
    config.yaml:7:11: bot.prefix: has to be one to three characters that are no letters, digits or spaces, such as "!"
    config.yaml:8:3: bot.colour: unknown key; known are: display_name, avatar, language, prefix, tidy, reports, control_room
    config.yaml:9:1: directory.roster: is missing; give the path of the roster file, such as roster.yaml
    config.yaml:11:3: users.jion: unknown key; did you mean "join"?
    config.yaml:12:17: users.display_name: has the unknown placeholder {fullname}; did you mean "full_name"?
    config.yaml:13:22: users.identity_provider: Synapse calls a provider oidc-<idp_id>, with the idp_id of oidc_providers in homeserver.yaml; write oidc-equipemed
    config.yaml:14:21: users.deactivate_after: 30 needs a unit; write 30m for minutes, 30h for hours or 30d for days
    config.yaml:15:14: users.standing.suspened: is not one of EquipeMed's statuses; did you mean "suspended"?
    config.yaml:15:39: users.standing.expired: "locked" is not known here; did you mean "lock"?
    config.yaml:16:25: users.sign_out[1]: "retired" is no reason to lock an account here; there are: by_command, by_hand, departed, disabled, expired, inactive, renewal_required, suspended, vanished
    config.yaml:16:34: users.sign_out[2]: "active" is no reason to lock an account here; there are: by_command, by_hand, departed, disabled, expired, inactive, renewal_required, suspended, vanished
    config.yaml:17:15: users.protected[0]: expected a whole Matrix id, such as @backup:hospital.example
    config.yaml:19:29: roles.admin.when.superuser: expected true or false, found text
    config.yaml:19:49: roles.admin.level: expected a whole number from -1 to 100
    config.yaml:19:68: roles.admin.rights[1]: "redakt" is not known here; did you mean "redact"?
    config.yaml:20:25: roles.nurse.when.group: EquipeMed takes people out of the group "Nurses" and puts them back at every page view; use profession: nurse
    config.yaml:21:3: roles.a: needs itself (a → b → a); take one `role:` out of this circle
    config.yaml:24:3: rooms.control: is the name of the control room, which is set under bot.control_room; choose another key
    config.yaml:25:28: rooms.icu.parent: there is no room "hospitol"; there are: control, icu, ward
    config.yaml:25:60: rooms.icu.members.profession: "nurs" is not known here; did you mean "nurse"?
    config.yaml:25:76: rooms.icu.levels.docter: there is no role "docter"; there are: a, admin, b, nurse
    config.yaml:25:98: rooms.icu.history: would show the room to people without an account; use shared, invited or joined
    config.yaml:26:3: rooms.ward.name: is missing; give the name that people see
    config.yaml:26:18: rooms.ward.parent: icu is a room, and only a space can hold others; give it kind: space or choose a space
    config.yaml:26:32: rooms.ward.members: a rule has one key; put several into all: [{…}, {…}] when all must hold, or any_of: [{…}, {…}] when one is enough
    config.yaml:26:69: rooms.ward.retention: expected a length of time such as 45s, 60m, 1h30m, 30d or 5y
    config.yaml:26:86: rooms.ward.version: is not a room version that this service knows; use best, or one of 12, 11, 10
    config.yaml:27:22: limits.lock_share: expected a share from 0% to 100%, written with the sign, such as 10%
    config.yaml:27:33: limits.gain: expected a whole number from 0 to 100000
    config.yaml:27:49: limits.join_share: expected a share from 0% to 100%, written with the sign, such as 10%
    config.yaml:27:61: limits.lose: expected a whole number, found text
    config.yaml:28:17: media.allow[0]: "pdf" is not a media type; write one such as application/pdf, or a range such as audio/*
    config.yaml:29:20: audit.retention: is too short; it has to be 30d or more
    config.yaml:30:18: telemetry.log: "xml" is not known here; known are: json, text
    "#);
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let folder = Folder::new();
    let error = config::load(&folder.path("missing.yaml"), &Environment::default()).unwrap_err();
    insta::assert_snapshot!(folder.shown(&error), @r#"
    missing.yaml: cannot read the configuration: No such file or directory (os error 2); name the file with --config, or begin with `equipemed-bot config example > config.yaml`
    "#);
    insta::assert_snapshot!(folder.problems("mode: [observe\nbot: {}\n"), @r#"
    config.yaml:2:4: is not valid YAML (did not find expected ',' or ']' at line 2 column 4, while parsing a flow sequence at line 1 column 7); check indentation, quotes and brackets just before this place
    "#);
    insta::assert_snapshot!(folder.problems(""), @r#"
    config.yaml:1:1: directory.source: is missing; give roster for a file of people, or equipemed for EquipeMed's database
    config.yaml:1:1: homeserver.server_name: is missing; give the part of Matrix ids after the colon, such as hospital.example
    config.yaml:1:1: homeserver.url: is missing; give the address where this machine reaches Synapse, such as http://127.0.0.1:8008
    "#);
    insta::assert_snapshot!(folder.problems("- a list\n"), @r#"
    config.yaml:1:1: expected settings of the form `key: value`, found a list
    "#);
    let twice = format!("{SMALL}mode: observe\nbot: {{prefix: '!', prefix: '?'}}\nmode: enforce\n");
    insta::assert_snapshot!(folder.problems(&twice), @r#"
    config.yaml:4:20: bot.prefix: stands here a second time, first in line 4; keep one of them
    config.yaml:5:1: mode: stands here a second time, first in line 3; keep one of them
    "#);
}

#[test]
fn selectors_have_one_key_and_name_what_exists() {
    insta::assert_snapshot!(problems(
        "roles:
  a: {when: any}
  b: {when: {}}
  c: {when: {all: []}}
  d: {when: {professsion: nurse}}
  e: {when: {role: f}}
  g: {when: {user: '@marcia:hospital.example'}}
  h: {when: {any_of: [{group: Physiotherapists}, {staff: 1}, ~]}}
  i:
  j: {level: 50, in: nowhere}
  K: {when: {any: true}}
"), @r#"
    config.yaml:4:13: roles.a.when: expected a rule such as {any: true}, {profession: nurse} or {group: Plantão UTI}
    config.yaml:5:13: roles.b.when: is empty; give a rule such as {any: true}, {profession: nurse} or {group: Plantão UTI}
    config.yaml:6:19: roles.c.when.all: is empty; list rules in it, each a rule such as {any: true}, {profession: nurse} or {group: Plantão UTI}
    config.yaml:7:14: roles.d.when.professsion: is not a kind of rule; did you mean "profession"?
    config.yaml:8:20: roles.e.when.role: there is no role "f"; there are: K, a, b, c, d, e, g, h, i, j
    config.yaml:9:20: roles.g.when.user: is an EquipeMed username, not a Matrix id; leave out @ and the server
    config.yaml:10:31: roles.h.when.any_of[0].group: EquipeMed takes people out of the group "Physiotherapists" and puts them back at every page view; use profession: physiotherapist
    config.yaml:10:58: roles.h.when.any_of[1].staff: expected true or false, found a number
    config.yaml:10:62: roles.h.when.any_of[2]: is empty; fill it in or remove it
    config.yaml:11:3: roles.i: is missing; give its settings, at least when:
    config.yaml:12:3: roles.j.when: is missing; give a rule such as {any: true}, {profession: nurse} or {group: Plantão UTI}
    config.yaml:12:22: roles.j.in: there is no room "nowhere"; there are none
    config.yaml:13:3: roles.K: a key begins with a-z and has only a-z, 0-9, _ and -, at most 64 of them; the name for people goes into `name:`
    "#);
}

#[test]
fn monitoring_has_an_address_of_its_own_where_one_is_given() {
    assert_eq!(settings("").telemetry.listen, None);
    let given = settings("telemetry: {listen: '[::1]:9012'}\n");
    assert_eq!(given.telemetry.listen, Some("[::1]:9012".parse().unwrap()));
    insta::assert_snapshot!(problems("telemetry: {listen: 127.0.0.1:9009}\n"), @"config.yaml:3:21: telemetry.listen: is the address of appservice.listen too; give each its own port");
    insta::assert_snapshot!(problems("telemetry: {listen: localhost}\n"), @"config.yaml:3:21: telemetry.listen: expected an IP address and a port to listen on, such as 127.0.0.1:9009 or [::1]:9009 (host names are not taken here)");
}

#[test]
fn circles_are_told_once_each() {
    insta::assert_snapshot!(problems(
        "roles:
  a: {when: {role: a}}
  b: {when: {role: c}}
  c: {when: {all: [{role: d}, {staff: true}]}}
  d: {when: {any_of: [{role: b}]}}
  outside: {when: {role: b}}
rooms:
  x: {kind: space, name: X, parent: y, members: {any: true}}
  y: {kind: space, name: Y, parent: x, members: {any: true}}
  z: {name: Z, parent: x, members: {any: true}}
"), @r#"
    config.yaml:4:3: roles.a: needs itself (a → a); take one `role:` out of this circle
    config.yaml:5:3: roles.b: needs itself (b → c → d → b); take one `role:` out of this circle
    config.yaml:10:3: rooms.x: hangs in itself (x → y → x); take one `parent:` out of this circle
    "#);
}

#[test]
fn pictures_are_files_or_addresses() {
    insta::assert_snapshot!(problems(
        "bot: {avatar: 'mxc://'}
rooms:
  a: {name: A, members: {any: true}, avatar: nowhere.png}
  b: {name: B, members: {any: true}, avatar: config.yaml}
  c: {name: C, members: {any: true}, avatar: 'mxc://hospital.example/abc'}
"), @"
    config.yaml:3:15: bot.avatar: expected the address of an uploaded picture, mxc://server/id
    config.yaml:5:46: rooms.a.avatar: is neither an mxc:// address nor an image file that can be read (No such file or directory (os error 2)); correct it or remove the line
    config.yaml:6:46: rooms.b.avatar: is not named .png, .jpg, .gif or .webp; give an image that browsers show
    ");
}

#[test]
fn summary_tells_what_is_on() {
    let folder = Folder::new();
    let summary = folder.load(config::EXAMPLE).unwrap().summary();
    insta::assert_snapshot!(summary.replace(&format!("{}/", folder.0.path().display()), ""), @r#"
    mode:       observe (plans and reports, writes nothing)
    homeserver: hospital.example at http://127.0.0.1:8008/
    bot:        @equipemed_bot:hospital.example
    database:   SQLite, equipemed-bot.db
    directory:  roster file roster.example.yaml
    roles:      7
    rooms:      6, with 1 space and the control room
    listening:  127.0.0.1:9009
    api:        off, web: off
    "#);
}

#[test]
fn users_are_checked() {
    insta::assert_snapshot!(problems(
        "users:
  localpart: [username, email, username]
  display_name: '{full_name} <{email}>'
  external_id: username
  join: auto
  standing: {active: gone, on_leave: lock, departed: departed}
  deactivate_after: off
  stale_after: 1s
  protected: ['@x:elsewhere.example', bob, ~]
  break_glass: '@equipemed_bot:hospital.example'
"), @r#"
    config.yaml:4:25: users.localpart[1]: "email" is not known here; known are: matrix_localpart, username, public_id
    config.yaml:4:32: users.localpart[2]: stands in the list already; remove one of the two
    config.yaml:5:17: users.display_name: must not show the e-mail address to the whole server; use {full_name} or {username}
    config.yaml:6:16: users.external_id: "username" is not known here; known are: public_id
    config.yaml:7:9: users.join: "auto" is not known here; known are: force, invite
    config.yaml:8:22: users.standing.active: would lock out everybody; the status active can only mean active
    config.yaml:8:54: users.standing.departed: "departed" is not known here; known are: active, lock, gone
    config.yaml:9:21: users.deactivate_after: cannot be switched off; give a length of time such as 30d
    config.yaml:10:16: users.stale_after: is too short; it has to be 1m or more
    config.yaml:11:15: users.protected[0]: is an account of another server; only accounts that end in :hospital.example are this service's business
    config.yaml:11:39: users.protected[1]: expected a whole Matrix id, such as @bob:hospital.example
    config.yaml:11:44: users.protected[2]: is empty; fill it in or remove it
    config.yaml:12:16: users.break_glass: is the bot itself; name an account of a person, whose password lies in the safe
    "#);
    let settings = settings(
        "users: {standing: {on_leave: lock}, reserved: [Diretoria], join: invite, localpart: 'u_{public_id}'}\ndrift: report\n",
    );
    assert_eq!(settings.policy.users.standing.0["on_leave"], Standing::Off);
    assert!(settings.policy.users.reserved.contains("diretoria"));
    assert_eq!(settings.policy.rooms[&"control".into()].join, JoinMode::Invite);
    assert_eq!(settings.drift, OnDrift::Report);
}

#[test]
fn professions_are_called_as_the_hospital_calls_them() {
    let called =
        |lines: &str| settings(lines).policy.users.professions.into_values().collect::<Vec<String>>().join(", ");
    assert_eq!(called(""), "Médico(a), Residente, Enfermeiro(a), Fisioterapeuta, Estudante");
    assert_eq!(called("bot: {language: en}\n"), "Doctor, Resident, Nurse, Physiotherapist, Student");
    let own = "users: {professions: {medical_doctor: Dr., student: Interno}}\n";
    assert_eq!(called(own), "Dr., Residente, Enfermeiro(a), Fisioterapeuta, Interno");
    let found = problems("users: {professions: {doctor: Dr., nurse: }}\n");
    assert!(found.contains("users.professions.doctor: is no profession"), "{found}");
    assert!(found.contains("users.professions.nurse: is missing"), "{found}");
}

#[test]
fn columns_are_read_where_something_asks_for_them() {
    let columns = |lines: &str| settings(lines).policy.columns().into_iter().map(Column::as_str).collect::<Vec<_>>();
    assert!(columns("").is_empty());
    let asking = "users: {display_name: '{display_name} ({current_specialty})'}\n";
    assert_eq!(columns(asking), ["display_name", "current_specialty"]);
    let rules = "users: {who: {not: {terms_accepted: false}}}
roles: {head: {when: {all: [{researcher: true}, {any_of: [{password_change_required: false}]}]}}}
rooms:
  a: {name: A, members: {internship_over: true}, administrators: {supervisor: marcia.silva}}
";
    let all = ["researcher", "terms_accepted", "password_change_required", "internship_over", "supervisor"];
    assert_eq!(columns(rules), all);
    let found = problems("users: {who: {supervisor: '@marcia:hospital.example'}}\n");
    assert!(found.contains("users.who.supervisor: is an EquipeMed username"), "{found}");
}

#[test]
fn media_ranges_are_compared_parsed() {
    let settings = settings("media: {allow: [audio/*, application/pdf]}\n");
    let allows = |media: &str| settings.media.allow.takes(&media.parse().unwrap());
    assert!(allows("audio/ogg; codecs=opus") && allows("Application/PDF"));
    assert!(!allows("video/mp4") && !allows("application/pdfx"));
    let found = problems("media: {allow: [image/*, image/svg+xml, text/html], action: delete, quarantine: maybe}\n");
    for part in
        ["media.allow[1]: is never accepted", "media.allow[2]: is never", "media.action: \"delete\" is not known"]
    {
        assert!(found.contains(part), "{part:?} is not in {found}");
    }
    assert!(found.contains("media.quarantine: expected true or false"), "{found}");
}

#[test]
fn lengths_of_time_are_read_and_written() {
    for (text, seconds) in
        [("45s", 45), ("60m", 3600), ("1h30m", 5400), ("30d", 2_592_000), ("2w", 1_209_600), ("5y", 157_680_000)]
    {
        assert_eq!(config::values::parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for text in ["", "30", "d", "1h30", "-1d", "1.5h", "3 days", "99999999999999999999y", "2000y"] {
        assert!(config::values::parse_duration(text).is_err(), "{text}");
    }
    assert_eq!(config::values::show_duration(Duration::from_secs(5400)), "1h30m");
}
