//! Commands that affect many are previewed: a confirmation counts once, from the asker, in time, for what was shown.

use anyhow::Context as _;
use equipemed_testbed::Client;
use serde_json::{Value, json};

use super::process::Running;
use super::talk::{Answer, close, opened};
use super::{Hospital, chief, crowd};

fn rooms() -> Value {
    json!({"icu": {"name": "UTI", "members": {"any": true}}})
}

struct Scene {
    hospital: Hospital,
    serving: Running,
    chief: Client,
    other: Client,
    ana: Client,
    messages: Vec<String>,
}

/// Five messages of one person, and two administrators.
async fn scene() -> anyhow::Result<Scene> {
    let mut people = crowd("p", 2, &[]);
    people.extend([chief("chefe"), chief("outra")]);
    let (hospital, serving) = opened(people, rooms(), |_| ()).await?;
    let (chief, other) = (hospital.client("chefe").await?, hospital.client("outra").await?);
    let ana = hospital.client("p00").await?;
    let mut messages = Vec::new();
    for number in 0..5 {
        messages.push(hospital.say(&ana, "icu", &format!("mensagem {number}")).await?);
    }
    Ok(Scene { hospital, serving, chief, other, ana, messages })
}

impl Scene {
    /// Requests redaction of the last three and returns the preview.
    async fn preview(&self) -> anyhow::Result<Answer> {
        let name = self.hospital.username("p00");
        let preview = self.hospital.ask(&self.chief, &format!("!redact {name} last 3 in icu")).await?;
        preview.says(&["3 messages", "UTI", "!confirm"]);
        Ok(preview)
    }

    async fn standing(&self) -> anyhow::Result<Vec<bool>> {
        let mut standing = Vec::new();
        for message in &self.messages {
            standing.push(self.hospital.stands(&self.ana, "icu", message).await?);
        }
        Ok(standing)
    }
}

const ALL: [bool; 5] = [true; 5];
const LAST_THREE_GONE: [bool; 5] = [true, true, false, false, false];

#[tokio::test]
async fn a_code_is_good_for_its_asker_and_once() -> anyhow::Result<()> {
    let scene = scene().await?;
    let hospital = &scene.hospital;
    let preview = scene.preview().await?;
    let code = preview.code()?;
    assert_eq!(scene.standing().await?, ALL, "a preview does nothing");
    hospital.ask(&scene.other, &format!("!confirm {code}")).await?.says(&["Only", "can confirm"]);
    hospital.ask(&scene.chief, "!confirm XXXXX").await?.says(&["do not know the code"]);
    assert_eq!(scene.standing().await?, ALL);
    let done = hospital.ask(&scene.chief, &format!("!confirm {}", code.to_lowercase())).await?;
    done.says(&["3 messages were deleted", "UTI"]);
    assert_eq!(scene.standing().await?, LAST_THREE_GONE);
    hospital.ask(&scene.chief, &format!("!confirm {code}")).await?.says(&["confirmed already"]);
    // A late confirmation does nothing.
    scene.chief.react(&hospital.room("control").await?, preview.id(), "✅").await.ok();
    hospital.ask(&scene.chief, "!whoami").await?;
    assert_eq!(scene.standing().await?, LAST_THREE_GONE);
    assert_eq!(hospital.number("select count(*) from deeds").await?, 3);
    close(scene.hospital, scene.serving).await
}

#[tokio::test]
async fn a_reaction_is_a_yes_when_it_is_the_askers() -> anyhow::Result<()> {
    let scene = scene().await?;
    let hospital = &scene.hospital;
    let control = hospital.room("control").await?;
    let preview = scene.preview().await?;
    assert_eq!(hospital.marks(&scene.chief, "control", preview.id()).await?, ["✅"], "there to be tapped");
    let opinion = scene.other.react(&control, preview.id(), "✅").await?;
    hospital.handled(&opinion).await?;
    // Nor does another emoji confirm.
    scene.chief.react(&control, preview.id(), "🎉").await?;
    hospital.ask(&scene.chief, "!whoami").await?;
    assert_eq!(scene.standing().await?, ALL);
    let yes = scene.chief.react(&control, preview.id(), "✅").await?;
    for message in &scene.messages[2..] {
        hospital.redacted(&scene.ana, "icu", message).await?;
    }
    hospital.handled(&yes).await?;
    let answers = hospital.answers(&scene.chief, "control", preview.id()).await?;
    assert_eq!(answers.len(), 1, "{answers:#?}");
    answers[0].says(&["3 messages were deleted"]);
    assert_eq!(scene.standing().await?, LAST_THREE_GONE);
    hospital.ask(&scene.chief, &format!("!confirm {}", preview.code()?)).await?.says(&["confirmed already"]);
    close(scene.hospital, scene.serving).await
}

#[tokio::test]
async fn in_reply_to_a_preview_yes_and_no_are_enough() -> anyhow::Result<()> {
    let scene = scene().await?;
    let hospital = &scene.hospital;
    let control = hospital.room("control").await?;
    let answered = async |who: &Client, to: &str, text: &str| {
        let said = who.reply(&control, to, text).await?;
        hospital.answer(who, "control", &said).await
    };
    let preview = scene.preview().await?;
    answered(&scene.other, preview.id(), "!não").await?.says(&["Only", "can confirm"]);
    answered(&scene.chief, preview.id(), "!não.").await?.says(&["nothing was done"]);
    answered(&scene.chief, preview.id(), "!sim").await?.says(&["cancelled"]);
    let yes = scene.chief.react(&control, preview.id(), "👍🏽").await?;
    hospital.ask(&scene.chief, "!whoami").await?;
    assert_eq!(scene.standing().await?, ALL, "a no cannot be taken back by {yes}");

    let preview = scene.preview().await?;
    let other = hospital.ask(&scene.chief, "!whoami").await?;
    answered(&scene.chief, other.id(), "!sim").await?.says(&["no preview"]);
    answered(&scene.chief, preview.id(), "!sim").await?.says(&["3 messages were deleted"]);
    assert_eq!(scene.standing().await?, LAST_THREE_GONE);
    answered(&scene.chief, preview.id(), "!não").await?.says(&["confirmed already"]);
    close(scene.hospital, scene.serving).await
}

#[tokio::test]
async fn until_a_day_counts_from_the_message_in_the_hospitals_time() -> anyhow::Result<()> {
    let scene = scene().await?;
    let hospital = &scene.hospital;
    let name = hospital.username("p00");
    hospital.ask(&scene.chief, &format!("!mute {name} in icu until tomorrow 7h, because night")).await?.says(&["7:00"]);
    hospital
        .ask(&scene.chief, &format!("!mute {name} in icu por 1h, 5h"))
        .await?
        .says(&["1h, 5h", "clear length of time"]);
    close(scene.hospital, scene.serving).await
}

#[tokio::test]
async fn an_expired_or_outdated_preview_is_not_carried_out() -> anyhow::Result<()> {
    let scene = scene().await?;
    let hospital = &scene.hospital;
    let preview = scene.preview().await?;
    assert_eq!(hospital.sql("update confirmations set expires_at = created_at - 1").await?, 1);
    hospital.ask(&scene.chief, &format!("!confirm {}", preview.code()?)).await?.says(&["took too long"]);
    scene.chief.react(&hospital.room("control").await?, preview.id(), "👍").await?;
    hospital.ask(&scene.chief, "!whoami").await?;
    assert_eq!(scene.standing().await?, ALL);

    // A later message is not included, and an earlier one that disappears changes the preview.
    let preview = scene.preview().await?;
    let newer = hospital.say(&scene.ana, "icu", "mais uma").await?;
    scene.ana.redact(&hospital.room("icu").await?, &scene.messages[4], "engano").await?;
    let changed = hospital.ask(&scene.chief, &format!("!confirm {}", preview.code()?)).await?;
    changed.says(&["have changed since the preview"]);
    assert_eq!(scene.standing().await?, [true, true, true, true, false]);
    assert!(hospital.stands(&scene.ana, "icu", &newer).await?);
    assert_eq!(hospital.number("select count(*) from deeds").await?, 0);
    close(scene.hospital, scene.serving).await
}

#[tokio::test]
async fn a_preview_that_was_deleted_cannot_be_confirmed() -> anyhow::Result<()> {
    let scene = scene().await?;
    let hospital = &scene.hospital;
    let control = hospital.room("control").await?;
    // By whoever may: here the other administrator.
    let preview = scene.preview().await?;
    scene.other.redact(&control, preview.id(), "engano").await?;
    hospital
        .ask(&scene.chief, &format!("!confirm {}", preview.code()?))
        .await?
        .says(&["was deleted", "Nothing was done"]);
    let reply = scene.chief.reply(&control, preview.id(), "!sim").await?;
    hospital.answer(&scene.chief, "control", &reply).await?.says(&["was deleted"]);
    let yes = scene.chief.react(&control, preview.id(), "👍🏽").await?;
    hospital.handled(&yes).await?;
    assert_eq!(scene.standing().await?, ALL);
    assert_eq!(hospital.number("select count(*) from deeds").await?, 0);
    // By the bot itself, when it is told to.
    let preview = scene.preview().await?;
    let reply = scene.chief.reply(&control, preview.id(), "!apagar").await?;
    hospital.handled(&reply).await?;
    hospital.redacted(&scene.chief, "control", preview.id()).await?;
    hospital.ask(&scene.chief, &format!("!confirm {}", preview.code()?)).await?.says(&["was deleted"]);
    assert_eq!(scene.standing().await?, ALL);
    close(scene.hospital, scene.serving).await
}

#[tokio::test]
async fn a_right_lost_after_the_preview_is_lost_at_the_yes() -> anyhow::Result<()> {
    let mut scene = scene().await?;
    let preview = scene.preview().await?;
    scene.hospital.someone("chefe").superuser = false;
    scene.hospital.write_roster()?;
    let said = scene.hospital.say(&scene.chief, "control", &format!("!confirm {}", preview.code()?)).await?;
    scene.hospital.handled(&said).await?;
    assert_eq!(scene.standing().await?, ALL);
    assert_eq!(scene.hospital.number("select count(*) from deeds").await?, 0);
    let answers = scene.hospital.answers(&scene.other, "control", &said).await?;
    answers.first().context("no answer")?.says(&["need the right"]);
    close(scene.hospital, scene.serving).await
}

#[tokio::test]
async fn a_command_that_came_late_and_changes_something_is_asked_about_again() -> anyhow::Result<()> {
    let scene = scene().await?;
    let hospital = &scene.hospital;
    let control = hospital.room("control").await?;
    let name = hospital.username("p00");
    // Real events, so that they can be answered, with content and time from the transaction.
    let mut pushed = Vec::new();
    let changes = [
        format!("!lock {name}"),
        format!("!kick {name} in icu"),
        format!("!promote {name} 50 in icu"),
        format!("!demote {name} in icu"),
        format!("!unlock {name}"),
        format!("!unban {name} in icu"),
        "!sync".to_owned(),
        "!rooms create Nova for everybody".to_owned(),
        "!confirm ABCDE".to_owned(),
    ];
    for text in changes.iter().cloned().chain(["!status".to_owned()]) {
        let event = scene.chief.send_text(&control, "bom dia").await?;
        pushed.push(json!({
            "type": "m.room.message", "room_id": control, "event_id": event, "sender": scene.chief.user_id(),
            "origin_server_ts": 1_700_000_000_000_i64, "content": {"msgtype": "m.text", "body": text},
        }));
    }
    assert_eq!(hospital.push("late", &pushed).await?, 200);
    let ids: Vec<&str> = pushed.iter().filter_map(|event| event["event_id"].as_str()).collect();
    for id in &ids[..changes.len()] {
        hospital.answer(&scene.chief, "control", id).await?.says(&["while I was away", "done nothing"]);
    }
    hospital.answer(&scene.chief, "control", ids[changes.len()]).await?.says(&["EquipeMed bot"]);
    assert!(!hospital.is_locked("p00").await?);
    assert_eq!(hospital.number("select count(*) from grants").await?, 0);
    assert!(hospital.members("icu").await?.contains(&"p00".to_owned()));
    let outcomes = hospital.outcomes("lock").await?;
    assert!(outcomes.len() == 1 && outcomes[0].contains("Late"), "{outcomes:?}");
    close(scene.hospital, scene.serving).await
}
