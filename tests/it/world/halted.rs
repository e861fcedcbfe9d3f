//! Stopping: one command that is being carried out, and everything that nobody asked for.

use std::time::Duration;

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use equipemed_testbed::proxy::{Fault, Rule};
use serde_json::{Value, json};

use super::process::{Running, page};
use super::talk::{close, opened};
use super::{Hospital, chief, count, crowd, until};

/// More than are redacted at once.
const MANY: usize = 24;

fn rooms() -> Value {
    json!({"icu": {"name": "UTI", "members": {"any": true}}})
}

/// Many messages of one person, of which two are redacted at once and the next ones hang for a while; the preview's event
/// and code.
async fn slow() -> anyhow::Result<(Hospital, Running, Client, String, String)> {
    let mut people = crowd("p", 2, &[]);
    people.extend([chief("chefe"), chief("outra")]);
    let (hospital, serving) = opened(people, rooms(), |_| ()).await?;
    let (chief, ana) = (hospital.client("chefe").await?, hospital.client("p00").await?);
    for number in 0..MANY {
        hospital.say(&ana, "icu", &format!("mensagem {number}")).await?;
    }
    let preview = hospital.ask(&chief, &format!("!redact {} last {MANY} in icu", hospital.username("p00"))).await?;
    hospital.proxy.add_rule(Rule::new("/redact/", Fault::Delay(Duration::from_secs(20))).skip(2));
    let (event, code) = (preview.id().to_owned(), preview.code()?);
    Ok((hospital, serving, chief, event, code))
}

/// The deeds that were done, and those that were not.
async fn deeds(hospital: &Hospital) -> anyhow::Result<(i64, i64)> {
    let done = hospital.number("select count(*) from deeds where state = 'done'").await?;
    Ok((done, hospital.number("select count(*) from deeds where state = 'failed'").await?))
}

#[tokio::test]
async fn what_is_left_of_a_command_is_stopped_in_reply_to_its_progress() -> anyhow::Result<()> {
    let (hospital, serving, chief, _, code) = slow().await?;
    let control = hospital.room("control").await?;
    let confirmed = hospital.say(&chief, "control", &format!("!confirm {code}")).await?;
    let progress = || async {
        let answers = hospital.answers(&chief, "control", &confirmed).await?;
        anyhow::Ok(answers.into_iter().find(|answer| answer.text.contains("Deleting: ")))
    };
    until("the progress", || async { Ok(progress().await?.map(drop)) }).await?;
    let progress = progress().await?.unwrap_or_else(|| unreachable!("it was seen"));
    progress.says(&["of 24", "!stop"]);
    let stop = chief.reply(&control, progress.id(), "!stop").await?;
    hospital.answer(&chief, "control", &stop).await?.says(&["Stopped: "]);
    hospital.handled(&confirmed).await?;
    let (done, left) = deeds(&hospital).await?;
    assert!(done > 0 && left > 0 && done + left == MANY as i64, "{done} {left}");
    let answers = hospital.answers(&chief, "control", &confirmed).await?;
    assert_eq!(answers.len(), 1, "the progress became the answer: {answers:#?}");
    answers[0].says(&["Stopped.", &format!("Deleted: {done}"), &format!("left as they are: {left}")]);
    hospital.ask(&chief, "!stop").await?.says(&["nothing left to stop"]);
    hospital.proxy.clear_rules();
    close(hospital, serving).await
}

#[tokio::test]
async fn who_takes_the_confirmation_back_stops_it() -> anyhow::Result<()> {
    let (hospital, serving, chief, preview, _) = slow().await?;
    let control = hospital.room("control").await?;
    let yes = chief.react(&control, &preview, "✅").await?;
    until("some are gone", || async { Ok((deeds(&hospital).await?.0 > 0).then_some(())) }).await?;
    chief.redact(&control, &yes, "").await?;
    hospital.handled(&yes).await?;
    let (done, left) = deeds(&hospital).await?;
    assert!(done > 0 && left > 0 && done + left == MANY as i64, "{done} {left}");
    let answers = hospital.answers(&chief, "control", &preview).await?;
    answers[0].says(&["Stopped.", &format!("left as they are: {left}")]);
    hospital.proxy.clear_rules();
    close(hospital, serving).await
}

#[tokio::test]
async fn only_its_asker_or_an_approver_stops_a_command() -> anyhow::Result<()> {
    let (hospital, serving, chief, preview, _) = slow().await?;
    let (control, icu) = (hospital.room("control").await?, hospital.room("icu").await?);
    let other = hospital.client("outra").await?;
    let yes = chief.react(&control, &preview, "✅").await?;
    until("some are gone", || async { Ok((deeds(&hospital).await?.0 > 0).then_some(())) }).await?;
    // A member of the ward may not, though they know the message; and has nothing of their own to stop.
    let member = hospital.client("p01").await?;
    let said = member.reply(&icu, &preview, "!stop").await?;
    hospital.answer(&member, "icu", &said).await?.says(&["approve"]);
    let said = hospital.say(&member, "icu", "!stop").await?;
    hospital.answer(&member, "icu", &said).await?.says(&["nothing left to stop"]);
    assert_eq!(deeds(&hospital).await?.1, 0, "nothing was stopped in {icu}");
    let stop = other.reply(&control, &preview, "!parar").await?;
    hospital.answer(&other, "control", &stop).await?.says(&["Stopped: "]);
    hospital.handled(&yes).await?;
    assert!(deeds(&hospital).await?.1 > 0);
    hospital.proxy.clear_rules();
    close(hospital, serving).await
}

#[tokio::test]
async fn in_a_pause_only_what_somebody_asks_for_is_done() -> anyhow::Result<()> {
    let mut people = crowd("p", 3, &[]);
    people.push(chief("chefe"));
    let (mut hospital, serving) = opened(people, rooms(), |_| ()).await?;
    let (chief, icu) = (hospital.client("chefe").await?, hospital.room("icu").await?);
    hospital.ask(&chief, "!pause for 1h because manutenção").await?.says(&["Paused by", "manutenção", "!resume"]);
    hospital.ask(&chief, "!status").await?.says(&["Paused by", "manutenção"]);
    assert!(page(hospital.port(), "/metrics").await?.1.contains("equipemed_bot_paused 1"));
    // A change by hand stays, and a level that is due is not written beside the one that was asked for.
    let renamed = chief.send_state(&icu, "m.room.name", "", json!({"name": "Outro nome"})).await?;
    hospital.handled(&renamed).await?;
    hospital.someone("p01").superuser = true;
    hospital.write_roster()?;
    hospital.ask(&chief, &format!("!user {}", hospital.username("p01"))).await?;
    let promoted = hospital.ask(&chief, &format!("!promote {} moderator in icu", hospital.username("p00"))).await?;
    promoted.says(&["moderator"]);
    assert_eq!(hospital.level("icu", "p00").await?, Some(50));
    assert_eq!(hospital.level("icu", "p01").await?, None);
    hospital.ask(&chief, "!sync").await?.says(&["paused"]);
    // Told now, though it is put back later.
    hospital.told(&chief, &["changed", "name"]).await?;
    hospital.run(&["sync"]).await?.ended(1).says(&["paused", "resume"]);
    let doctor = hospital.run(&["doctor"]).await?.out;
    assert!(doctor.contains("paused until"), "{doctor}");
    hospital.ask(&chief, "!resume").await?.says(&["Going on"]);
    until("what was due is done", || async {
        let name = chief.state_event(&icu, "m.room.name", "").await?;
        let is_back = name.is_some_and(|content| content["name"] == "UTI");
        Ok((is_back && hospital.level("icu", "p01").await? == Some(100)).then_some(()))
    })
    .await?;
    assert_eq!(hospital.level("icu", "p00").await?, Some(50));
    hospital.ask(&chief, "!resume").await?.says(&["not paused"]);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_pause_at_the_machine_stops_a_pass_and_ends_by_itself() -> anyhow::Result<()> {
    let mut people = crowd("p", 12, &[]);
    people.push(chief("chefe"));
    let hospital = Hospital::new(people, rooms()).await?;
    hospital.write_config()?;
    hospital.proxy.add_rule(Rule::new("/v1/join/", Fault::Delay(Duration::from_secs(1))));
    let serving = hospital.serve().await?;
    let joins = || hospital.number("select count(*) from audit where kind = 'add_member' and outcome = 'done'");
    until("the first join", || async {
        Ok((count(&hospital.proxy.recorded(), Endpoint::AdminJoin) > 0).then_some(()))
    })
    .await?;
    let paused = hospital.run(&["pause", "--for", "20s", "--because", "teste"]).await?.ended(0).out;
    assert!(paused.contains("paused until"), "{paused}");
    serving.told("A full pass was interrupted").await?;
    let before = joins().await?;
    assert!(before < 13, "{before}");
    serving.told("A full pass ended").await?;
    assert_eq!(joins().await?, before, "a pass in a pause changes nothing");
    hospital.proxy.clear_rules();
    until("it goes on by itself", || async { Ok((joins().await? >= 13).then_some(())) }).await?;
    let chief = hospital.client("chefe").await?;
    hospital.told(&chief, &["pausa acabou"]).await?;
    hospital.heard(&chief, &["Pausado por", "teste"]).await?;
    close(hospital, serving).await
}
