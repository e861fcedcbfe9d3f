//! Commands and changes by hand while the service is down or is about to be killed: each counts once, in order.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use equipemed_bot::store::SYNC_TOKEN;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::process::Running;
use super::talk::{close, opened};
use super::{Hospital, Person, chief, crowd, person, until};

fn rooms() -> Value {
    json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "icu": {"name": "UTI", "topic": "Plantão", "members": {"any": true}},
    })
}

fn people() -> Vec<Person> {
    let mut people = crowd("p", 10, &[]);
    people.extend([chief("chefe"), chief("outra"), person("ana", &[])]);
    people
}

/// Stops a service that has stored its position.
async fn stopped(hospital: &Hospital, serving: Running) -> anyhow::Result<()> {
    serving.told("Synapse reaches this service").await?;
    until("the position", || async {
        let store = hospital.store().await?;
        let position = store.remembered(SYNC_TOKEN).await?;
        store.close().await;
        Ok(position.map(|_| ()))
    })
    .await?;
    serving.term()?;
    serving.end().await?.ended(0);
    Ok(())
}

/// Everything that happens while the service is down; `kills_synapse` also kills Synapse meanwhile.
async fn everything_while_down(hospital: Hospital, serving: Running, kills_synapse: bool) -> anyhow::Result<()> {
    let (chief, other) = (hospital.client("chefe").await?, hospital.client("outra").await?);
    let mut writers = Vec::new();
    for number in 5..10 {
        writers.push(hospital.client(&format!("p{number:02}")).await?);
    }
    let leaver = hospital.client("p04").await?;
    let (icu, todos) = (hospital.room("icu").await?, hospital.room("todos").await?);
    let message = writers[0].send_text(&icu, "mensagem errada").await?;
    stopped(&hospital, serving).await?;

    let name = |name: &str| hospital.username(name);
    let first = [format!("!promote {} moderator in icu", name("ana")), "!whoami".to_owned()];
    let rest = [
        format!("!mute {} in icu for 2h", name("p01")),
        format!("!lock {}", name("p02")),
        "!status".to_owned(),
        format!("!promote {} moderator in todos", name("p03")),
        format!("!demote {} in todos", name("p03")),
    ];
    let mut said = Vec::new();
    for command in first {
        said.push(hospital.say(&chief, "control", &command).await?);
    }
    let chatter = writers.iter().map(|writer| async {
        for number in 0..100 {
            writer.send_text(&todos, &format!("conversa {number}")).await?;
        }
        anyhow::Ok(())
    });
    futures_util::future::try_join_all(chatter).await?;
    if kills_synapse {
        hospital.synapse().kill().await?;
        hospital.synapse().start_again().await?;
    }
    for number in 0..5 {
        other.send_state(&icu, "m.room.name", "", json!({"name": format!("Outro {number}")})).await?;
    }
    other.send_state(&icu, "m.room.topic", "", json!({"topic": "assunto"})).await?;
    leaver.post_ok(&room_path(&icu, "leave"), json!({})).await?;
    for command in rest {
        said.push(hospital.say(&chief, "control", &command).await?);
    }
    let redact = chief.reply(&icu, &message, "!redact because wrong chat").await?;
    let all: Vec<&String> = said.iter().chain([&redact]).collect();

    let start = Instant::now();
    let serving = hospital.serve().await?;
    let ready = start.elapsed();
    until("all commands are handled", || async {
        let rows = hospital.inbox().await?;
        let handled = |event: &String| rows.iter().any(|row| row.event_id == *event && row.is_handled);
        Ok(all.iter().all(|event| handled(event)).then_some(()))
    })
    .await?;
    let took = start.elapsed();
    #[expect(clippy::print_stderr, reason = "a number for whoever looks")]
    {
        eprintln!("ready after {ready:?}, all commands handled after {took:?} (Synapse killed: {kills_synapse})");
    }
    // Five seconds on an idle machine; here it just must not take minutes.
    assert!(took < Duration::from_secs(60), "{took:?}");

    let rows = hospital.inbox().await?;
    let order: Vec<&str> =
        rows.iter().map(|row| row.event_id.as_str()).filter(|id| said.iter().any(|said| said == id)).collect();
    assert_eq!(order, said, "in the order they were said");
    hospital.redacted(&chief, "icu", &message).await?;
    until("everything is put right", || async {
        let state = |kind| hospital.bot().map(|bot| (bot, kind));
        let (bot, kind) = state("m.room.name")?;
        let name = bot.state_event(&icu, kind, "").await?;
        let back = hospital.members("icu").await?.contains(&"p04".to_owned());
        Ok((name == Some(json!({"name": "UTI"})) && back).then_some(()))
    })
    .await?;
    for event in &said {
        let answers = hospital.answers(&chief, "control", event).await?;
        assert_eq!(answers.len(), 1, "{answers:#?}");
    }
    let store = hospital.store().await?;
    let mut grants = store.grants(&equipemed_bot::store::GrantFilter::default()).await?;
    store.close().await;
    grants.reverse();
    let kinds: Vec<&str> = grants.iter().map(|grant| grant.grant.kind.as_str()).collect();
    assert_eq!(kinds, ["moderator", "mute", "lock", "moderator"], "once each, in order");
    assert!(grants[3].ended.is_some(), "{:#?}", grants[3]);
    assert_eq!(hospital.number("select count(*) from deeds").await?, 2, "the message and the command");
    assert_eq!(hospital.level("icu", "ana").await?, Some(50));
    assert_eq!(hospital.level("todos", "p03").await?, None);
    assert!(hospital.is_locked("p02").await?);
    until("the changes by hand are judged", || async {
        Ok((hospital.number("select count(*) from drift where state = 'open'").await? == 0).then_some(()))
    })
    .await?;
    hospital.ask(&chief, "!whoami").await?;
    for parts in [["the name", "by hand"], ["the topic", "by hand"], ["left the room", "brought them back"]] {
        let told = hospital.told(&chief, &parts).await?;
        assert_eq!(told.len(), 1, "{told:#?}");
    }
    close(hospital, serving).await
}

#[tokio::test]
async fn what_came_while_the_service_was_down_is_done_once_in_order_and_soon() -> anyhow::Result<()> {
    let (hospital, serving) = opened_alone().await?;
    everything_while_down(hospital, serving, false).await
}

#[tokio::test]
async fn it_is_the_same_when_synapse_was_killed_meanwhile() -> anyhow::Result<()> {
    let (hospital, serving) = opened_alone().await?;
    everything_while_down(hospital, serving, true).await
}

/// On its own Synapse, because durations are measured.
async fn opened_alone() -> anyhow::Result<(Hospital, Running)> {
    let mut hospital = Hospital::alone(people(), rooms()).await?;
    hospital.config["bot"]["language"] = json!("en");
    hospital.write_config()?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    Ok((hospital, serving))
}

const ROUNDS: usize = 8;
/// About how long commands take from being stored to their answer.
const LONGEST: u64 = 1200;

#[tokio::test]
async fn a_service_killed_over_commands_does_each_of_them_once() -> anyhow::Result<()> {
    let (hospital, mut serving) = opened(people(), rooms(), |_| ()).await?;
    let (chief, icu) = (hospital.client("chefe").await?, hospital.room("icu").await?);
    let writer = hospital.client("p09").await?;
    for round in 0..ROUNDS {
        let target = hospital.username(&format!("p{round:02}"));
        let message = writer.send_text(&icu, "errada").await?;
        let redact = chief.reply(&icu, &message, "!redact").await?;
        let promote = hospital.say(&chief, "control", &format!("!promote {target} moderator in icu")).await?;
        let mute = hospital.say(&chief, "control", &format!("!mute {target} in todos")).await?;
        let random = u64::from_str_radix(&equipemed_testbed::random_hex(4)?, 16)?;
        // Right away, then at random moments, which are the point of this test.
        let delay = Duration::from_millis(if round == 0 { 0 } else { random % LONGEST });
        hospital.taken(if round % 2 == 0 { &redact } else { &mute }).await?;
        tokio::time::sleep(delay).await;
        serving.kill9()?;
        serving.end().await?;
        hospital.forget_leases().await?;
        serving = hospital.serve().await?;
        for event in [&redact, &promote, &mute] {
            hospital.handled(event).await?;
        }
        hospital.redacted(&chief, "icu", &message).await?;
        until("the levels", || async {
            let person = format!("p{round:02}");
            let levels = (hospital.level("icu", &person).await?, hospital.level("todos", &person).await?);
            Ok((levels == (Some(50), Some(-1))).then_some(()))
        })
        .await?;
        for (event, text) in [(&promote, "level 50"), (&mute, "can no longer write")] {
            let answers = hospital.answers(&chief, "control", event).await?;
            assert_eq!(answers.len(), 1, "round {round} after {delay:?}: {answers:#?}");
            let told = &answers[0].text;
            assert!(
                told.contains(text) || told.contains("that is already the case"),
                "round {round} after {delay:?}: {told}"
            );
            // What Synapse took is in its history once everything before it is, also what the killed process sent.
            until(&format!("one mark in round {round} after {delay:?}"), || async {
                Ok((hospital.marks(&chief, "control", event).await? == ["✅"]).then_some(()))
            })
            .await?;
        }
        let done = i64::try_from(round + 1)?;
        assert_eq!(hospital.number("select count(*) from grants").await?, 2 * done);
        assert_eq!(hospital.number("select count(*) from deeds").await?, 2 * done);
        let redactions = writer.messages(&icu, 200).await?;
        let of_it = redactions.iter().filter(|event| {
            event["type"] == "m.room.redaction"
                && (event["redacts"] == *message || event["content"]["redacts"] == *message)
        });
        assert_eq!(of_it.count(), 1, "round {round} after {delay:?}");
    }
    hospital.ask(&chief, "!sync").await?.says(&["nothing to change"]);
    for word in ["promote", "mute", "redact"] {
        let outcomes = hospital.outcomes(word).await?;
        assert!(outcomes.len() == ROUNDS && outcomes.iter().all(|outcome| outcome.contains("Done")), "{outcomes:#?}");
    }
    close(hospital, serving).await
}

#[tokio::test]
async fn a_confirmed_redaction_that_was_cut_short_goes_on_with_what_was_shown() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), |_| ()).await?;
    let (chief, writer) = (hospital.client("chefe").await?, hospital.client("p09").await?);
    let mut messages = Vec::new();
    for number in 0..9 {
        messages.push(hospital.say(&writer, "icu", &format!("mensagem {number}")).await?);
    }
    let preview = hospital.ask(&chief, &format!("!redact {} last 6 in icu", hospital.username("p09"))).await?;
    // Two succeed, the others hang.
    hospital.proxy.add_rule(Rule::new("/redact/", Fault::Delay(Duration::from_secs(30))).skip(2));
    let confirmed = hospital.say(&chief, "control", &format!("!confirm {}", preview.code()?)).await?;
    let standing = || async {
        let mut standing = Vec::new();
        for message in &messages {
            standing.push(hospital.stands(&writer, "icu", message).await?);
        }
        anyhow::Ok(standing)
    };
    until("two are gone", || async {
        let gone = standing().await?.into_iter().filter(|stands| !stands).count();
        Ok((gone == 2).then_some(()))
    })
    .await?;
    serving.kill9()?;
    serving.end().await?;
    hospital.forget_leases().await?;
    hospital.proxy.clear_rules();
    let serving = hospital.serve().await?;
    // What the killed process showed was no answer: a third process would have to go on, too.
    until("the history is read back", || async { Ok(serving.err().contains("Events were read back").then_some(())) })
        .await?;
    let is_over = hospital.inbox().await?.iter().any(|row| row.event_id == confirmed && row.is_handled);
    assert!(!is_over || hospital.number("select count(*) from deeds where state = 'done'").await? == 6);
    hospital.answer(&chief, "control", &confirmed).await?.says(&["6 messages were deleted"]);
    assert_eq!(standing().await?, [true, true, true, false, false, false, false, false, false]);
    assert_eq!(hospital.number("select count(*) from deeds").await?, 6);
    close(hospital, serving).await
}

#[tokio::test]
async fn reactions_that_were_half_removed_are_all_removed_after_a_kill() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), |_| ()).await?;
    let (chief, icu) = (hospital.client("chefe").await?, hospital.room("icu").await?);
    let message = hospital.say(&hospital.client("p09").await?, "icu", "olha").await?;
    let mut reactions = Vec::new();
    for number in 0..6 {
        reactions.push(hospital.client(&format!("p{number:02}")).await?.react(&icu, &message, "👍").await?);
    }
    hospital.proxy.add_rule(Rule::new("/redact/", Fault::Delay(Duration::from_secs(30))).skip(2));
    let said = chief.reply(&icu, &message, "!redact reactions").await?;
    until("some are gone", || async {
        let mut gone = 0;
        for reaction in &reactions {
            gone += usize::from(!hospital.stands(&chief, "icu", reaction).await?);
        }
        // One of the two may have been the command itself.
        Ok((1..6).contains(&gone).then_some(()))
    })
    .await?;
    serving.kill9()?;
    serving.end().await?;
    hospital.forget_leases().await?;
    hospital.proxy.clear_rules();
    let serving = hospital.serve().await?;
    for reaction in &reactions {
        hospital.redacted(&chief, "icu", reaction).await?;
    }
    hospital.handled(&said).await?;
    assert!(hospital.stands(&chief, "icu", &message).await?);
    // Each reaction, plus the command itself.
    assert_eq!(hospital.number("select count(*) from deeds").await?, 7);
    close(hospital, serving).await
}

#[tokio::test]
async fn no_hourglass_and_no_half_told_progress_is_left_of_a_killed_service() -> anyhow::Result<()> {
    let (mut hospital, serving) = opened(people(), rooms(), |_| ()).await?;
    let chief = hospital.client("chefe").await?;
    hospital.proxy.add_rule(Rule::new("/v1/join/", Fault::Delay(Duration::from_secs(2))));
    for person in crowd("n", 8, &[]) {
        hospital.add(person);
    }
    hospital.write_roster()?;
    let said = hospital.say(&chief, "control", "!sync").await?;
    until("the hourglass and the progress", || async {
        let is_shown = hospital.marks(&chief, "control", &said).await? == ["⏳"];
        Ok((is_shown && !hospital.answers(&chief, "control", &said).await?.is_empty()).then_some(()))
    })
    .await?;
    serving.kill9()?;
    serving.end().await?;
    hospital.forget_leases().await?;
    hospital.proxy.clear_rules();
    let serving = hospital.serve().await?;
    hospital.handled(&said).await.with_context(|| serving.err())?;
    assert_eq!(hospital.marks(&chief, "control", &said).await?, ["✅"]);
    let answers = hospital.answers(&chief, "control", &said).await?;
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let text = &answers[0].text;
    assert!(text.contains("Done. Changed") || text.contains("nothing to change"), "{text}");
    close(hospital, serving).await
}
