//! The configuration: the shipped example loads, bad files list all their problems, secrets stay secret.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use equipemed_bot::config::settings::{Database, DirectorySource, Drift, Mode, Scope};
use equipemed_bot::config::{self, Environment, Problems, Settings, registration};
use equipemed_bot::directory::{DirectoryError, Source};
use equipemed_domain::policy::{History, JoinMode, RoomKind};
use equipemed_domain::rights::Right;
use equipemed_domain::selector::Selector;
use equipemed_domain::standing::StatusMeaning;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

/// A folder with a registration and whatever a test puts beside it.
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
        folder.write("registration.yaml", &registration::generate(&plan.wanted).unwrap());
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

    /// The problems of a text, without this test's folder.
    fn problems(&self, text: &str) -> String {
        self.shown(&self.load(text).unwrap_err())
    }

    fn shown(&self, problems: &Problems) -> String {
        problems.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// The problems of the smallest good file with these lines added.
fn problems(lines: &str) -> String {
    Folder::new().problems(&format!("{SMALL}{lines}"))
}

/// The settings of the smallest good file with these lines added.
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
    assert_eq!(policy.users.standing.0["departed"], StatusMeaning::Departed);
    let todos = &policy.rooms[&"todos".into()];
    assert_eq!(todos.levels[&"doctor".into()], 25);
    assert_eq!(todos.retention, Some(Duration::from_secs(365 * 86_400)));
    assert_eq!(policy.rooms[&"hospital".into()].kind, RoomKind::Space);
    let icu = &policy.rooms[&"icu".into()];
    assert_eq!(icu.members, Selector::Group("Plantão UTI".into()));
    assert_eq!(icu.administrators, Some(Selector::User("marcia.silva".into())));
    assert_eq!(policy.roles[&"admin".into()].rights.len(), Right::ALL.len());
    assert_eq!(policy.roles[&"icu_lead".into()].scope, Some("icu".into()));
    assert!(settings.api.is_none() && settings.web.is_none());
    let control = &policy.rooms[&"control".into()];
    assert_eq!((&control.members, control.history), (&Selector::Trusted, History::Joined));
    assert_eq!(control.alias.as_deref(), Some("equipemed_control"));
}

#[test]
fn the_example_says_the_defaults() {
    // Where the example and a file that says nothing differ, the example has to say "example".
    let (example, small) = (Folder::new().load(config::EXAMPLE).unwrap(), settings(""));
    assert_eq!(example.mode, small.mode);
    assert_eq!(example.timezone, small.timezone);
    assert_eq!(example.bot, small.bot);
    assert_eq!(example.users, small.users);
    assert_eq!(example.policy.limits, small.policy.limits);
    assert_eq!(example.policy.users.standing, small.policy.users.standing);
    assert_eq!(example.policy.users.localpart, small.policy.users.localpart);
    assert_eq!(example.policy.users.display_name, small.policy.users.display_name);
    assert_eq!(example.policy.users.deactivate_after, small.policy.users.deactivate_after);
    assert_eq!(example.policy.users.who, small.policy.users.who);
    assert_eq!(example.policy.rooms[&"control".into()], small.policy.rooms[&"control".into()]);
    assert_eq!(example.directory.interval, small.directory.interval);
    assert_eq!((example.media, example.drift, example.audit), (small.media, small.drift, small.audit));
    assert_eq!(example.telemetry, small.telemetry);
    assert_eq!(example.appservice.listen, small.appservice.listen);
}

#[test]
fn the_commented_examples_of_the_example_are_accepted() {
    let uncommented: String = config::EXAMPLE
        .lines()
        .map(|line| {
            let known = ["# url: postgres", "# protected:", "# listen:", "# tokens:", "#   - {name", "# webhook_secret:", "# public_url:"];
            let lifted = known.iter().any(|start| line.trim_start().starts_with(start));
            // Two of them stand beside the same setting with its default.
            let doubled = line.trim_start().starts_with("protected:");
            let line = if lifted { line.replacen("# ", "", 1) } else { line.to_owned() };
            if doubled { "\n".to_owned() } else { format!("{line}\n") }
        })
        .collect();
    let folder = Folder::new();
    folder.write("api-token", "0123456789abcdef0123456789abcdef\n");
    let text = uncommented.replace("/etc/equipemed-bot/api-token", "api-token").replace("source: roster\n", "source: equipemed\n");
    let secret = format!("whsec_{}", "QUJD".repeat(10));
    let settings = folder
        .load_with(&text, &[("EQUIPEMED_DB_PASSWORD", "p#ss: word"), ("EQUIPEMED_WEBHOOK_SECRET", &secret)])
        .unwrap();
    let api = settings.api.as_ref().unwrap();
    assert_eq!(api.tokens[0].token.expose_secret(), "0123456789abcdef0123456789abcdef");
    assert_eq!(api.webhook_secret.as_ref().unwrap().expose_secret(), secret);
    assert_eq!(settings.web.as_ref().unwrap().public_url.as_str(), "https://equipemed-bot.hospital.example/");
    assert!(matches!(&settings.directory.source, DirectorySource::Equipemed { notify: true, .. }));
    let error = Source::open(&settings.directory).unwrap_err();
    assert!(matches!(error, DirectoryError::NotInThisVersion));
    assert!(error.to_string().contains("source: roster"), "{error}");
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
limits: {lock_share: 0.1, gain: -1}
media: {allow: [pdf]}
audit: {retention: 5m}
telemetry: {log: xml}
"#,
    );
    insta::assert_snapshot!(found, @"");
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let folder = Folder::new();
    let error = config::load(&folder.path("missing.yaml"), &Environment::default()).unwrap_err();
    insta::assert_snapshot!(folder.shown(&error), @"");
    insta::assert_snapshot!(folder.problems("mode: [observe\nbot: {}\n"), @"");
    insta::assert_snapshot!(folder.problems(""), @"");
    insta::assert_snapshot!(folder.problems("- a list\n"), @"");
    let twice = format!("{SMALL}mode: observe\nbot: {{prefix: '!', prefix: '?'}}\nmode: enforce\n");
    insta::assert_snapshot!(folder.problems(&twice), @"");
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
"), @"");
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
"), @"");
}

#[test]
fn aliases_are_unique_and_in_the_registration() {
    insta::assert_snapshot!(problems(
        "rooms:
  a: {name: A, alias: equipemed_a, members: {any: true}}
  b: {name: B, alias: equipemed_a, members: {any: true}}
  c: {name: C, alias: equipemed_control, members: {any: true}}
  d: {name: D, alias: uti, members: {any: true}}
  e: {name: E, alias: '#equipemed_e:hospital.example', members: {any: true}}
"), @"");
}

#[test]
fn a_registration_that_could_impersonate_is_refused() {
    let folder = Folder::new();
    let text = fs::read_to_string(folder.path("registration.yaml")).unwrap();
    let mut check = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is not in the registration");
        folder.write("registration.yaml", &text.replace(from, to));
        folder.problems(SMALL)
    };
    insta::assert_snapshot!(check(r"@equipemed_bot:hospital\.example$", r"@equipemed_.*:hospital\.example$"), @"");
    insta::assert_snapshot!(check(r"@equipemed_bot:hospital\.example$", r"@equipemed_bot:hospital\.example"), @"");
    insta::assert_snapshot!(check(r"@equipemed_bot:hospital\.example$", r"@other_bot:hospital\.example$"), @"");
    insta::assert_snapshot!(check("- exclusive: true\n      regex: '@", "- exclusive: false\n      regex: '@"), @"");
    insta::assert_snapshot!(check("rate_limited: false\n", ""), @"");
    insta::assert_snapshot!(check("'#equipemed_.*", "'#other_.*"), @"");
    insta::assert_snapshot!(check("sender_localpart: equipemed_bot", "sender_localpart: Bot"), @"");
}

#[test]
fn the_shipped_registration_is_refused_until_it_is_made_new() {
    let folder = Folder::new();
    folder.write("registration.yaml", registration::EXAMPLE);
    insta::assert_snapshot!(folder.problems(SMALL), @"");
    fs::remove_file(folder.path("registration.yaml")).unwrap();
    insta::assert_snapshot!(folder.problems(SMALL), @"");
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
    folder.write("config.yaml", &format!("{SMALL}appservice: {{listen: '0.0.0.0:8080'}}\ndatabase: {{url: '${{LATER}}'}}\n"));
    let plan = config::plan_registration(&folder.path("config.yaml"), &Environment::default()).unwrap();
    assert_eq!(plan.wanted.url.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(plan.file, folder.path("registration.yaml"));
}

#[test]
fn variables_are_put_in_after_parsing() {
    let folder = Folder::new();
    let text = format!(
        "{SMALL}bot: {{display_name: 'x ${{NAME}} $${{NAME}}'}}\nrooms: {{a: {{name: A, members: {{any: '${{YES}}'}}}}}}\nroles: {{r: {{when: {{any: true}}, level: '${{LEVEL}}'}}}}\n"
    );
    let settings = folder
        .load_with(&text, &[("NAME", "a: b\n- {c}"), ("YES", "true"), ("LEVEL", "50")])
        .unwrap();
    assert_eq!(settings.bot.display_name, "x a: b\n- {c} ${NAME}");
    assert_eq!(settings.policy.rooms[&"a".into()].members, Selector::Any(true));
    assert_eq!(settings.policy.roles[&"r".into()].level, Some(50));
    insta::assert_snapshot!(folder.problems(&text), @"");
    insta::assert_snapshot!(folder.problems(&format!("{SMALL}bot: {{display_name: '${{open', prefix: '${{A B}}'}}\n")), @"");
}

#[test]
fn a_secret_comes_from_its_value_or_its_file_and_never_both() {
    let folder = Folder::new();
    folder.write("url", "postgres://bot:pass%20word@db/bot\r\n");
    folder.write("empty", "\n");
    let settings = folder.load(&format!("{SMALL}database: {{url_file: url}}\n")).unwrap();
    let Database::Postgres { url } = &settings.database else { panic!("not PostgreSQL") };
    assert_eq!(url.expose_secret(), "postgres://bot:pass%20word@db/bot");
    for (lines, expected) in [
        ("{url: 'sqlite://x.db', url_file: url}", "is given beside url; keep one of the two"),
        ("{url_file: nowhere}", "create the file with only the secret in it"),
        ("{url_file: empty}", "is empty; put the secret into it"),
        ("{url: CHANGE_ME}", "is still a placeholder"),
        ("{url: 'mysql://me:hunter2@db/bot'}", "expected sqlite://FILE"),
        ("{url: 'sqlite::memory:'}", "give a file"),
    ] {
        let found = folder.problems(&format!("{SMALL}database: {lines}\n"));
        assert!(found.contains(expected), "{lines}: {found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
}

#[test]
fn debug_and_summary_show_no_secret() {
    let folder = Folder::new();
    let hook = format!("whsec_{}", "c2Vj".repeat(10));
    let text = format!(
        "{SMALL}database: {{url: 'postgres://bot:hunter2@db/bot'}}\napi:\n  listen: 127.0.0.1:9010\n  tokens: [{{name: equipemed, token: '${{TOKEN}}'}}]\n  webhook_secret: {hook}\n"
    );
    let environment: Environment = [("TOKEN", "correct-horse-battery-staple-0123456789")].into_iter().collect();
    folder.write("config.yaml", &text);
    let settings = config::load(&folder.path("config.yaml"), &environment).unwrap();
    let token = settings.appservice.registration.as_token.expose_secret().to_owned();
    let shown = format!("{settings:?} {settings:#?} {environment:?} {}", settings.summary());
    for secret in ["hunter2", "correct-horse", &hook, &token] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
    assert_eq!(settings.api.unwrap().tokens[0].scopes, Scope::DEFAULT);
}

#[test]
fn summary_tells_what_is_on() {
    let folder = Folder::new();
    let summary = folder.load(config::EXAMPLE).unwrap().summary();
    insta::assert_snapshot!(summary.replace(&format!("{}/", folder.0.path().display()), ""), @"");
}

#[test]
fn api_and_web_need_an_address_and_good_secrets() {
    insta::assert_snapshot!(problems(
        "api:
  tokens: [{name: a, token: short}, {name: b, scopes: [everything]}, {token: 0123456789abcdef0123456789abcdef}]
  webhook_secret: whsec_abc
web: {public_url: 'ftp://x'}
"), @"");
    insta::assert_snapshot!(problems("api: {webhook_secret: whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD}\nweb: {public_url: 'https://x'}\n"), @"");
    insta::assert_snapshot!(problems("api: {listen: '127.0.0.1:9009'}\nweb: {listen: 'localhost:9011'}\n"), @"");
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
"), @"");
    let settings = settings("users: {standing: {on_leave: lock}, reserved: [Diretoria], join: invite, localpart: 'u_{public_id}'}\ndrift: report\n");
    assert_eq!(settings.policy.users.standing.0["on_leave"], StatusMeaning::Lock);
    assert!(settings.policy.users.reserved.contains("diretoria"));
    assert_eq!(settings.policy.rooms[&"control".into()].join, JoinMode::Invite);
    assert_eq!(settings.drift, Drift::Report);
}

#[test]
fn media_ranges_are_compared_parsed() {
    let settings = settings("media: {allow: [audio/*, application/pdf]}\n");
    let allows = |media: &str| settings.media.allows(&media.parse().unwrap());
    assert!(allows("audio/ogg; codecs=opus") && allows("Application/PDF"));
    assert!(!allows("video/mp4") && !allows("application/pdfx"));
}

#[test]
fn lengths_of_time_are_read_and_written() {
    for (text, seconds) in [("45s", 45), ("60m", 3600), ("1h30m", 5400), ("30d", 2_592_000), ("2w", 1_209_600), ("5y", 157_680_000)] {
        assert_eq!(config::values::parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for text in ["", "30", "d", "1h30", "-1d", "1.5h", "3 days", "99999999999999999999y", "2000y"] {
        assert!(config::values::parse_duration(text).is_err(), "{text}");
    }
    assert_eq!(config::values::show_duration(Duration::from_secs(5400)), "1h30m");
}
