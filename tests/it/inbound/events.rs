//! Which events are stored, which of their parts, and which wake-ups they cause.

use std::time::Duration;

use anyhow::Result;
use equipemed_domain::event::Content;
use serde_json::{Value, json};
use sqlx::Connection as _;

use super::{ANA, BOT, CONTROL, Desk, ICU, event, state, text};

#[tokio::test]
async fn of_what_people_write_only_commands_are_kept() -> Result<()> {
    let desk = Desk::new().await?;
    let message = |id: &str, content: Value| event(id, CONTROL, ANA, "m.room.message", content);
    let mut own = text("$own", CONTROL, "!status");
    own["sender"] = json!(BOT);
    let mut with_key = text("$key", CONTROL, "!status");
    with_key["state_key"] = json!("");
    let in_thread = json!({"rel_type": "m.thread", "event_id": "$root", "is_falling_back": true, "m.in_reply_to": {"event_id": "$last"}});
    let events = [
        text("$chat", CONTROL, "o paciente do 12 piorou"),
        own,
        with_key,
        text("$elsewhere", "!unmanaged:hospital.example", "!status"),
        message("$notice", json!({"msgtype": "m.notice", "body": "!status"})),
        message(
            "$edit",
            json!({"msgtype": "m.text", "body": "!sync", "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}),
        ),
        message("$redacted", json!({})),
        message("$number", json!({"msgtype": "m.text", "body": 5})),
        event("$sticker", CONTROL, ANA, "m.sticker", json!({"body": "!status"})),
        text("$1", CONTROL, "!status"),
        message(
            "$2",
            json!({"msgtype": "m.text", "body": "!kick Rui", "format": "org.matrix.custom.html", "formatted_body": "!kick <a>Rui</a>",
            "m.relates_to": {"m.in_reply_to": {"event_id": "$chat"}}}),
        ),
        message("$3", json!({"msgtype": "m.text", "body": "!redact", "m.relates_to": in_thread})),
        text("$4", ICU, "!whoami"),
        // Some clients leave no empty line below what is answered.
        message(
            "$5",
            json!({"msgtype": "m.text", "body": "> <@rui:hospital.example> x\n!status",
            "m.relates_to": {"m.in_reply_to": {"event_id": "$chat"}}}),
        ),
        // Of an edit that makes a command only which message it edits.
        message(
            "$6",
            json!({"msgtype": "m.text", "body": "* !sync", "m.new_content": {"msgtype": "m.text", "body": "!sync"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}),
        ),
        message(
            "$talk",
            json!({"msgtype": "m.text", "body": "* bom dia", "m.new_content": {"msgtype": "m.text", "body": "bom dia"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}),
        ),
        text("$quoted", CONTROL, "> <@rui:hospital.example> x\n!status"),
    ];
    assert_eq!(desk.push("1", &events).await?.0, 200);
    assert_eq!(desk.ids().await?, ["$1", "$2", "$3", "$4", "$5", "$6"]);
    let rows = desk.inbox().await?;
    let contents: Vec<Value> = rows.iter().map(|row| serde_json::to_value(&row.event.content).unwrap()).collect();
    assert_eq!(
        contents,
        [
            json!({"body": "!status"}),
            json!({"body": "!kick Rui", "formatted_body": "!kick <a>Rui</a>", "reply_to": "$chat"}),
            json!({"body": "!redact", "thread": "$root"}),
            json!({"body": "!whoami"}),
            json!({"body": "> <@rui:hospital.example> x\n!status", "reply_to": "$chat"}),
            json!({"edits": "$1"}),
        ]
    );
    assert_eq!((rows[0].event.sender.as_str(), rows[0].event.room_id.as_str()), (ANA, CONTROL));
    assert_eq!(rows[0].event.sent_at.as_millisecond(), 1_799_999_999_500);
    // The database file contains no other text.
    desk.store.wakeups_waiting().await?;
    let folder = desk.folder.path().to_owned();
    for file in std::fs::read_dir(folder)? {
        let bytes = std::fs::read(file?.path())?;
        assert!(!String::from_utf8_lossy(&bytes).contains("paciente"));
    }
    desk.end().await
}

#[tokio::test]
async fn a_yes_counts_only_for_an_open_question() -> Result<()> {
    let desk = Desk::new().await?;
    let url = format!("sqlite://{}", desk.folder.path().join("store.db").display());
    let mut database = sqlx::SqliteConnection::connect(&url).await?;
    let now = desk.clock.now().as_millisecond();
    for (code, prompt, expires, used) in [
        ("a", Some("$open"), now + 1, None),
        ("b", Some("$late"), now, None),
        ("c", Some("$used"), now + 1, Some(now)),
        ("d", None, now + 1, None),
    ] {
        sqlx::query("insert into confirmations (code, asker, room_id, command, digest, source, prompt_event, created_at, expires_at, used_at) values ($1, '@a:h', '!r:h', '{}', '', '', $2, 0, $3, $4)")
            .bind(code).bind(prompt).bind(expires).bind(used).execute(&mut database).await?;
    }
    database.close().await?;
    let react = |id: &str, sender: &str, target: &str, key: &str| {
        let content = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": key}});
        event(id, CONTROL, sender, "m.reaction", content)
    };
    let events = [
        react("$1", ANA, "$late", "✅"),
        react("$2", ANA, "$open", "✅"),
        react("$3", ANA, "$used", "👍"),
        react("$4", ANA, "$open", "👍\u{fe0f}"),
        react("$5", ANA, "$open", "👎"),
        react("$6", BOT, "$open", "✅"),
        react("$7", ANA, "$other", "✅"),
        react("$8", ANA, "$open", "👍🏽"),
    ];
    assert_eq!(desk.push("1", &events).await?.0, 200);
    assert_eq!(desk.ids().await?, ["$2", "$4", "$8"]);
    let content = serde_json::to_value(&desk.inbox().await?[1].event.content)?;
    assert_eq!(content, json!({"event_id": "$open", "key": "👍\u{fe0f}"}));
    let metrics = desk.metrics().await?;
    assert!(metrics.contains(r#"equipemed_bot_events_total{treatment="reaction"} 3"#), "{metrics}");
    assert!(metrics.contains(r#"equipemed_bot_events_total{treatment="dropped"} 5"#), "{metrics}");
    desk.end().await
}

#[tokio::test]
async fn state_is_kept_with_who_did_it_and_little_more() -> Result<()> {
    let desk = Desk::new().await?;
    let mut unban = state("$unban", ANA, "m.room.member", "@rui:hospital.example", json!({"membership": "leave"}));
    unban["unsigned"]["prev_content"] = json!({"membership": "ban", "reason": "x"});
    let mut levels = state("$levels", ANA, "m.room.power_levels", "", json!({"ban": 75}));
    levels["unsigned"]["prev_content"] = json!({"ban": 50});
    let events = [
        state("$name", ANA, "m.room.name", "", json!({"name": "Outra UTI"})),
        state(
            "$kick",
            ANA,
            "m.room.member",
            "@rui:hospital.example",
            json!({"membership": "leave", "reason": "x", "displayname": "Rui"}),
        ),
        unban,
        levels,
        state("$own", BOT, "m.room.power_levels", "", json!({"ban": 50})),
        state("$widget", ANA, "im.vector.modular.widgets", "1", json!({"url": "x"})),
    ];
    assert_eq!(desk.push("1", &events).await?.0, 200);
    let rows = desk.inbox().await?.into_iter();
    let rows: Vec<_> =
        rows.map(|row| (row.event.event_id.to_string(), serde_json::to_value(row.event.content).unwrap())).collect();
    let row = |id: &str, content: Value| (id.to_owned(), content);
    assert_eq!(
        rows,
        [
            row("$name", json!(null)),
            row("$kick", json!({"membership": "leave"})),
            row("$unban", json!({"before": "ban", "membership": "leave"})),
            row("$levels", json!({"content": {"ban": 75}, "prev": {"ban": 50}})),
            row("$own", json!({"content": {"ban": 50}, "prev": null})),
        ]
    );
    desk.end().await
}

#[tokio::test]
async fn a_room_is_listened_to_as_soon_as_it_is_bound() -> Result<()> {
    let desk = Desk::new().await?;
    let new = "!new:hospital.example";
    desk.push("1", &[text("$1", new, "!whoami")]).await?;
    let now = desk.clock.now();
    desk.store.bind_room(&"new".into(), &ruma_common::RoomId::parse(new)?, now).await?;
    desk.push("2", &[text("$2", new, "!whoami")]).await?;
    assert_eq!(desk.ids().await?, ["$2"]);
    desk.store.unbind_room(&"new".into()).await?;
    desk.clock.advance(Duration::from_secs(61));
    desk.push("3", &[text("$3", new, "!whoami")]).await?;
    assert_eq!(desk.ids().await?, ["$2"]);
    desk.end().await
}

#[tokio::test]
async fn of_a_file_that_is_not_accepted_only_why_its_thread_and_its_address_are_stored() -> Result<()> {
    let desk = Desk::new().await?;
    let file = |msgtype: &str, name: &str, media: &str| json!({"msgtype": msgtype, "body": name, "url": "mxc://hospital.example/1", "info": {"mimetype": media}});
    let program = file("m.file", "segredo.exe", "application/x-msdownload");
    let mut in_thread = program.clone();
    in_thread["m.relates_to"] = json!({"rel_type": "m.thread", "event_id": "$root"});
    let message = |id: &str, sender: &str, content: &Value| event(id, ICU, sender, "m.room.message", content.clone());
    let events = [
        message("$program", ANA, &program),
        message("$thread", ANA, &in_thread),
        message("$picture", ANA, &file("m.image", "segredo.png", "image/png")),
        message("$own", BOT, &program),
        event("$sticker", ICU, ANA, "m.sticker", file("", "segredo", "video/mp4")),
        event("$elsewhere", "!other:hospital.example", ANA, "m.room.message", program.clone()),
        state("$avatar", ANA, "m.room.avatar", "", file("", "segredo", "image/svg+xml")),
        state("$usual", ANA, "m.room.avatar", "", file("", "segredo", "image/png")),
        event("$encrypted", ICU, ANA, "m.room.encrypted", json!({"ciphertext": "x"})),
    ];
    for id in ["1", "1", "2"] {
        assert_eq!(desk.push(id, &events).await?.0, 200);
    }
    let rows = desk.inbox().await?;
    let kept: Vec<(&str, Option<String>)> = rows
        .iter()
        .map(|row| {
            let is_file = matches!(row.event.content, Content::File { .. });
            let stored = is_file.then(|| serde_json::to_string(&row.event.content)).transpose();
            Ok((row.event.event_id.as_str(), stored?))
        })
        .collect::<Result<_>>()?;
    let file = |why: &str, thread: &str| {
        Some(format!("{{\"file\":{{\"kind\":\"{why}\"}},{thread}\"media\":[\"mxc://hospital.example/1\"]}}"))
    };
    assert_eq!(
        kept,
        [
            ("$program", file("program", "")),
            ("$thread", file("program", "\"thread\":\"$root\",")),
            ("$sticker", file("video", "")),
            ("$avatar", file("svg", "")),
            ("$usual", None),
        ]
    );
    let metrics = desk.metrics().await?;
    for line in ["files_total{kind=\"program\"} 2", "files_total{kind=\"video\"} 1", "files_total{kind=\"svg\"} 1"] {
        assert!(metrics.contains(&format!("equipemed_bot_{line}")), "{line} is not in {metrics}");
    }
    desk.end().await
}
