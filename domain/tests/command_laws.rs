//! Laws over any message to the bot: nothing stops the parser, and nothing is carried out that was not said.

use std::time::{Duration, Instant};

use equipemed_domain::authority::Act;
use equipemed_domain::command::{Command, CommandPlace, Message, Misunderstood, Who, sounds_like_command};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use ruma_common::OwnedEventId;

use super::command::{parse, plain, said, setting};

fn run<T: std::fmt::Debug>(texts: impl Strategy<Value = T>, law: impl Fn(T)) {
    let config = Config { failure_persistence: None, ..Config::default() };
    let config = Config { cases: config.cases.max(2_000), ..config };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&texts, |text| {
        law(text);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Fragments of commands and of similar text.
const PIECES: &[&str] = &[
    "!",
    "!kick",
    "!lock",
    "!redact",
    "!apagar",
    "!promote",
    "kcik",
    "kick",
    " ",
    " ",
    " ",
    "\n",
    "ana",
    "bruno.lima",
    "@ana:h.example",
    "in",
    "em",
    "icu",
    "for",
    "2h",
    "2",
    "horas",
    "because",
    "porque",
    "last",
    "3",
    "since",
    "reactions",
    "reação",
    "👍",
    "de",
    "--dry-run",
    "—dry-run",
    "--force",
    "--in=",
    "\"",
    "“",
    "'",
    ",",
    "e",
    ">",
    "> ",
    "```",
    "`",
    "<",
    "</a>",
    "<a href=\"https://matrix.to/#/@ana:h.example\">",
    "<blockquote>",
    "</blockquote>",
    "<br>",
    "<code>",
    "</code>",
    "<pre>",
    "<mx-reply>",
    "&lt;",
    "&#x21;",
    "https://matrix.to/#/",
    "//",
    "!r:h.example",
    "/$e:h.example",
    "%2",
    "%ff",
    "matrix:u/",
    "EquipeMed",
    ":",
    "@equipemed_bot:h.example",
    "\u{200b}",
    "\u{a0}",
    "rooms",
    "create",
    "cleanup",
    "é",
    "=",
    "?via=",
];

fn soup() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..14).prop_map(|pieces| pieces.concat())
}

/// A command that changes something was written with its word and its people literally.
fn check_change(body: &str, command: &Command) {
    if !command.changes_something() {
        return;
    }
    let folded = body.to_lowercase().replace('\u{200b}', "");
    assert!(command.word().entry().names().any(|name| folded.contains(name)), "{body}: {command:?}");
    assert!(!folded.contains("--dry-run ") && !folded.ends_with("--dry-run"), "{body}: {command:?}");
    let who = match command {
        Command::Measure { act: Act::Kick | Act::Mute | Act::Ban | Act::Lock, measure }
        | Command::Demote { measure, .. } => measure.who.clone(),
        _ => Vec::new(),
    };
    for one in who {
        let Who::Name(name) = one else { continue };
        assert!(folded.contains(&name.to_lowercase()), "{body}: {command:?}");
    }
}

#[test]
fn no_text_stops_the_parser_and_none_destroys_by_accident() {
    run((soup(), proptest::option::of(soup()), any::<bool>(), any::<bool>()), |(body, html, control, reply)| {
        let reply_to: OwnedEventId = "$replied".try_into().expect("an event id");
        let place = if control { CommandPlace::Control } else { CommandPlace::Managed };
        let message = Message {
            body: body.as_str().into(),
            formatted_body: html.as_deref().map(Into::into),
            reply_to: reply.then_some(reply_to),
            thread: None,
        };
        let result = parse(&message, &setting(place));
        assert_eq!(result.is_some(), sounds_like_command(&message, &setting(place)));
        match result {
            Some(Ok(command)) if html.is_none() => check_change(&body, &command),
            Some(Err(Misunderstood::NoSuchWord { nearest, .. })) => assert!(nearest.len() <= 3, "{nearest:?}"),
            _ => {}
        }
    });
    run((any::<String>(), any::<String>()), |(body, html)| {
        for body in [body.clone(), format!("!kick {body}"), format!("!rooms create {body} for x")] {
            let message = Message { formatted_body: Some(html.as_str().into()), ..plain(&body) };
            let _ = parse(&message, &setting(CommandPlace::Control));
            if let Some(Ok(command)) = said(&body) {
                check_change(&body, &command);
            }
        }
    });
}

#[test]
fn nothing_quoted_or_shown_as_code_is_a_command() {
    let line = || vec(select(PIECES), 0..8).prop_map(|pieces| pieces.concat().replace(['\n', '`'], " "));
    run((line(), line()), |(first, second)| {
        let (first, second) = (format!("!kick ana in icu {first}"), format!("!lock ana {second}"));
        for body in [
            format!("> {first}\n> {second}"),
            format!("> <@ana:h.example> {first}\n> {second}\n\n"),
            format!("> {first}\n{second}"),
            format!("```\n{first}\n{second}\n```"),
            format!("~~~ text\r\n{first}\r\n```\r\n{second}"),
            format!("`{first}`\n{second}"),
            format!("    {first}\n\t{second}"),
        ] {
            assert_eq!(said(&body), None, "{body}");
        }
        let escaped = first.replace('&', "&amp;").replace('<', "&lt;");
        for html in ["blockquote", "pre", "code", "mx-reply", "pre><code"] {
            let formatted = format!("<{html}>{escaped}</{}>", html.split('>').next().unwrap_or(html));
            let message = Message { formatted_body: Some(formatted.as_str().into()), ..plain(&first) };
            assert_eq!(parse(&message, &setting(CommandPlace::Control)), None, "{formatted}");
        }
    });
}

/// Text as long as the largest event that a server accepts; quadratic work would take minutes here.
#[test]
fn a_hostile_text_takes_no_longer_than_its_length() {
    for piece in [
        "<",
        ">",
        "\"",
        "!",
        "<a ",
        "<a href=",
        "<a href='",
        "&",
        "&#",
        "`",
        "> ",
        "\n",
        "“",
        "'",
        "'a ",
        "<!--",
        "</",
        "<code>",
        "<blockquote>",
        "<a href=\"matrix:u/a:b\">a ",
        "a, ",
        "ana ",
        "--in ",
        "for 1h ",
        "1h",
        "%",
        "https://matrix.to/#/ ",
        "=",
        "@",
        "e ",
        "em a ",
        "-",
    ] {
        let text = piece.repeat(65_536 / piece.len());
        for (body, with_html) in [("", false), ("!kick ", true), ("!users ", false), ("!rooms create a for ", false)] {
            let body = format!("{body}{text}");
            for formatted in [None, Some(body.as_str()).filter(|_| with_html)] {
                let started = Instant::now();
                let _ = parse(
                    &Message { formatted_body: formatted.map(Into::into), ..plain(&body) },
                    &setting(CommandPlace::Control),
                );
                let took = started.elapsed();
                assert!(took < Duration::from_secs(5), "{took:?} for {:?}", body.chars().take(30).collect::<String>());
            }
        }
    }
}
