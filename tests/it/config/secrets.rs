//! Secrets and the environment: permitted sources, and that nothing prints secrets.

use equipemed_bot::config::settings::{ApiScope, Database};
use equipemed_bot::config::{self, Environment};
use equipemed_domain::selector::Selector;
use secrecy::ExposeSecret as _;

use super::{Folder, SMALL, problems};

#[test]
fn variables_are_put_in_after_parsing() {
    let folder = Folder::new();
    let text = format!(
        "{SMALL}bot: {{display_name: 'x ${{NAME}} $${{NAME}}'}}\nrooms: {{a: {{name: A, members: {{any: '${{YES}}'}}}}}}\nroles: {{r: {{when: {{any: true}}, level: '${{LEVEL}}'}}}}\n"
    );
    let settings = folder.load_with(&text, &[("NAME", "a: b\n- {c}"), ("YES", "true"), ("LEVEL", "50")]).unwrap();
    assert_eq!(settings.bot.display_name, "x a: b\n- {c} ${NAME}");
    assert_eq!(settings.policy.rooms[&"a".into()].members, Selector::Any(true));
    assert_eq!(settings.policy.roles[&"r".into()].level, Some(50));
    insta::assert_snapshot!(folder.problems(&text), @r#"
    config.yaml:3:21: bot.display_name: the environment variable NAME is not set; set it where every command has it, such as in /etc/default/equipemed-bot, or write $${ for the two characters themselves
    config.yaml:4:37: rooms.a.members.any: the environment variable YES is not set; set it where every command has it, such as in /etc/default/equipemed-bot, or write $${ for the two characters themselves
    config.yaml:5:39: roles.r.level: the environment variable LEVEL is not set; set it where every command has it, such as in /etc/default/equipemed-bot, or write $${ for the two characters themselves
    "#);
    insta::assert_snapshot!(folder.problems(&format!("{SMALL}bot: {{display_name: '${{open', prefix: '${{A B}}'}}\n")), @r#"
    config.yaml:3:21: bot.display_name: a ${ is not closed; write ${NAME}, or $${ for the two characters themselves
    config.yaml:3:39: bot.prefix: ${A B} does not name an environment variable; write ${NAME} with letters, digits and _
    "#);
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
    assert_eq!(settings.api.unwrap().tokens[0].scopes, ApiScope::DEFAULT);
}

#[test]
fn api_and_web_need_an_address_and_good_secrets() {
    insta::assert_snapshot!(problems(
        "api:
  tokens: [{name: a, token: short}, {name: b, scopes: [everything]}, {token: 0123456789abcdef0123456789abcdef}]
  webhook_secret: whsec_abc
web: {public_url: 'ftp://x'}
"), @r#"
    config.yaml:4:29: api.tokens[0].token: is shorter than 32 characters; `openssl rand -hex 32` makes a good one
    config.yaml:4:37: api.tokens[1].token: is missing; give a long random text, or its file as token_file; `openssl rand -hex 32` makes one
    config.yaml:4:56: api.tokens[1].scopes[0]: "everything" is not known here; known are: read, sync, moderate, audit, grants, approve
    config.yaml:4:70: api.tokens[2].name: is missing; give a name for the caller, such as equipemed; the audit shows it
    config.yaml:5:19: api.webhook_secret: expected whsec_ followed by 24 to 64 bytes in base64, as `openssl rand -base64 32` prints them
    config.yaml:6:19: web.public_url: expected an address that begins with https:// or http://
    "#);
    insta::assert_snapshot!(problems("api: {webhook_secret: whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD}\nweb: {public_url: 'https://x'}\n"), @r#"
    config.yaml:3:1: api.listen: is missing; give an address such as 127.0.0.1:9010, or remove tokens and webhook_secret: without one the API is off
    config.yaml:4:1: web.listen: is missing; give an address such as 127.0.0.1:9011, or remove public_url: without one the pages are off
    "#);
    insta::assert_snapshot!(problems("api: {listen: '127.0.0.1:9009'}\nweb: {listen: 'localhost:9011'}\n"), @r#"
    config.yaml:3:15: api.listen: is the address of appservice.listen too; give each its own port
    config.yaml:4:1: web.public_url: is missing; give the address of the pages in a browser, such as https://equipemed-bot.hospital.example
    config.yaml:4:15: web.listen: expected an IP address and a port to listen on, such as 127.0.0.1:9009 or [::1]:9009 (host names are not taken here)
    "#);
}
