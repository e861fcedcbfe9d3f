//! Files that are not accepted: redacted within a second, explained once an hour, made unreachable, on record.

use std::time::{Duration, Instant};

use equipemed_bot::homeserver::Endpoint;
use equipemed_bot::store::AuditCause;
use equipemed_domain::fault::{Fault as Why, FileStays};
use equipemed_domain::outcome::Outcome;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::{Client, random_hex};
use serde_json::{Value, json};

use super::process::{Running, page};
use super::talk::{Answer, close, opened};
use super::{Hospital, chief, count, person, until};

/// How many files a flood has.
const MANY: usize = 50;

async fn ward(change: impl FnOnce(&mut Hospital)) -> anyhow::Result<(Hospital, Running, Client, Client)> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let people = vec![person("ana", &[]), person("bia", &[]), person("lider", &["Leads"]), chief("chefe")];
    let (hospital, serving) = opened(people, rooms, change).await?;
    let (ana, chief) = (hospital.client("ana").await?, hospital.client("chefe").await?);
    Ok((hospital, serving, ana, chief))
}

/// A file that nobody else has.
async fn upload(who: &Client, media: &str) -> anyhow::Result<String> {
    who.upload_ok(media, random_hex(16)?.into_bytes()).await
}

fn file(msgtype: &str, name: &str, media: Option<&str>, address: &str) -> Value {
    let mut content = json!({"msgtype": msgtype, "body": name, "url": address, "info": {"size": 5}});
    if let Some(media) = media {
        content["info"]["mimetype"] = json!(media);
    }
    content
}

fn program(address: &str) -> Value {
    file("m.file", "setup.exe", Some("application/x-msdownload"), address)
}

impl Hospital {
    async fn send(&self, who: &Client, content: Value) -> anyhow::Result<String> {
        who.send(&self.room("icu").await?, "m.room.message", content).await
    }

    /// The explanations in the ward's room, newest first.
    async fn explained(&self, who: &Client) -> anyhow::Result<Vec<Value>> {
        let (room, bot) = (self.room("icu").await?, self.bot()?);
        let mut messages = who.messages(&room, 200).await?;
        messages.retain(|event| event["sender"] == bot.user_id() && event["content"]["msgtype"] == "m.notice");
        Ok(messages)
    }

    /// Waits until a file is quarantined.
    async fn unreachable(&self, who: &Client, address: &str) -> anyhow::Result<()> {
        until("the quarantine", || async { Ok((!who.reaches(address).await?).then_some(())) }).await
    }

    async fn counted(&self, kind: &str) -> anyhow::Result<bool> {
        let metrics = page(self.port(), "/metrics").await?.1;
        Ok(metrics.contains(&format!("equipemed_bot_files_total{{kind=\"{kind}\"}}")))
    }

    /// The outcomes of deeds of this kind in the audit.
    async fn deeds_on_record(&self, kind: &str) -> anyhow::Result<Vec<Outcome>> {
        let entries = self.audit().await?.into_iter().filter(|entry| entry.intent.kind == kind);
        Ok(entries.filter_map(|entry| entry.settled.map(|settled| settled.outcome)).collect())
    }
}

#[tokio::test]
async fn what_is_not_accepted_goes_within_a_second_and_is_explained_once() -> anyhow::Result<()> {
    let (hospital, serving, ana, chief) = ward(|hospital| hospital.config["bot"]["language"] = json!("pt-BR")).await?;
    let icu = hospital.room("icu").await?;
    let root = hospital.say(&ana, "icu", "caso do leito 3").await?;
    let picture = upload(&ana, "image/png").await?;
    let accepted = [
        file("m.image", "raio-x.png", Some("image/png"), &picture),
        file("m.file", "laudo.pdf", Some("application/pdf"), &picture),
        file("m.file", "lista.txt", Some("text/plain"), &picture),
        json!({"msgtype": "m.audio", "body": "Voice message", "url": picture, "org.matrix.msc3245.voice": {},
            "info": {"mimetype": "audio/ogg", "duration": 4}, "org.matrix.msc1767.file":
            {"url": picture, "name": "Voice message.ogg", "mimetype": "audio/ogg", "size": 5}}),
        json!({"msgtype": "dm.filament.gallery", "body": "exames", "itemtypes": [
            {"itemtype": "m.image", "body": "a.png", "url": picture, "info": {"mimetype": "image/png"}}]}),
    ];
    let mut stays = Vec::new();
    for content in accepted {
        stays.push(hospital.send(&ana, content).await?);
    }
    let sticker = json!({"body": "ok", "url": picture, "info": {"mimetype": "image/png"}});
    stays.push(ana.send(&icu, "m.sticker", sticker).await?);

    // The first in a thread: its explanation is there.
    let own = upload(&ana, "application/x-msdownload").await?;
    let mut first = program(&own);
    first["m.relates_to"] = json!({"rel_type": "m.thread", "event_id": root});
    let before = Instant::now();
    let first = hospital.send(&ana, first).await?;
    hospital.redacted(&chief, "icu", &first).await?;
    let took = before.elapsed();
    until("the explanation", || async { Ok((!hospital.explained(&ana).await?.is_empty()).then_some(())) }).await?;
    // A fifth of a second on a machine with nothing else to do.
    assert!(took < Duration::from_secs(10), "{took:?}");
    let explained = hospital.explained(&ana).await?;
    let relation = &explained[0]["content"]["m.relates_to"];
    assert_eq!((&relation["rel_type"], &relation["event_id"]), (&json!("m.thread"), &json!(root)));
    assert_eq!(relation["m.in_reply_to"]["event_id"], json!(first));
    let said = explained[0]["content"]["body"].as_str().unwrap_or_default();
    for part in ["Ana", "programas", "São aceitos: texto, áudio, imagens e PDF"] {
        assert!(said.to_lowercase().contains(&part.to_lowercase()), "{part:?} is not in {said}");
    }
    hospital.unreachable(&chief, &own).await?;

    let edited = stays[0].clone();
    let with_thumbnail = json!({"msgtype": "m.image", "body": "a.png", "url": picture, "info": {"mimetype": "image/png",
        "thumbnail_url": picture, "thumbnail_info": {"mimetype": "image/svg+xml"}}});
    let edit = json!({"msgtype": "m.text", "body": "* x", "m.new_content": program(&picture),
        "m.relates_to": {"rel_type": "m.replace", "event_id": edited}});
    let refused = [
        ("archive", file("m.file", "exames.zip", Some("application/zip"), &picture)),
        ("video", file("m.video", "filme.mp4", Some("video/mp4"), &picture)),
        ("svg", file("m.image", "logo.svg", Some("image/svg+xml"), &picture)),
        ("html", file("m.file", "pagina.html", Some("text/html"), &picture)),
        ("untyped", file("m.file", "foto.png", None, &picture)),
        ("contradictory", file("m.image", "virus.exe", Some("image/png"), &picture)),
        ("program", edit),
        ("svg", with_thumbnail),
        ("encrypted", json!({"msgtype": "m.image", "body": "a.png", "file": {"url": picture}, "info": {}})),
        (
            "archive",
            json!({"msgtype": "dm.filament.gallery", "body": "x", "itemtypes": [
            {"itemtype": "m.file", "body": "a.zip", "url": picture, "info": {"mimetype": "application/zip"}}]}),
        ),
    ];
    for (kind, content) in refused {
        let event = hospital.send(&ana, content.clone()).await?;
        hospital.redacted(&chief, "icu", &event).await?;
        assert!(hospital.counted(kind).await?, "{kind}");
    }
    let sticker = json!({"body": "ok", "url": picture, "info": {"mimetype": "video/mp4"}});
    let sticker = ana.send(&icu, "m.sticker", sticker).await?;
    let reaction = ana.react(&icu, &stays[0], &picture).await?;
    for event in [&sticker, &reaction] {
        hospital.redacted(&chief, "icu", event).await?;
    }
    for event in &stays {
        assert!(hospital.stands(&chief, "icu", event).await?, "{event}");
    }
    assert!(ana.reaches(&picture).await?, "a picture whose message only lied about it");
    assert_eq!(hospital.explained(&ana).await?.len(), 1, "once an hour");
    // Another sender is told, too; and the first again after an hour.
    let bia = hospital.client("bia").await?;
    hospital.redacted(&chief, "icu", &hospital.send(&bia, program(&picture)).await?).await?;
    until("hers", || async { Ok((hospital.explained(&ana).await?.len() == 2).then_some(())) }).await?;
    hospital.sql("update files_told set told_at = told_at - 3600001").await?;
    hospital.redacted(&chief, "icu", &hospital.send(&ana, program(&picture)).await?).await?;
    until("hers again", || async { Ok((hospital.explained(&ana).await?.len() == 3).then_some(())) }).await?;

    // On record: by the policy, about the sender; what was somebody else's, or is accepted, stays reachable.
    let entries = hospital.audit().await?;
    let of_ana = entries.iter().filter(|entry| entry.intent.kind == "redact_file").collect::<Vec<_>>();
    assert_eq!(of_ana.len(), 15);
    let first = of_ana.last().unwrap_or_else(|| unreachable!("there are some"));
    assert_eq!((first.intent.cause, first.intent.actor.as_str()), (AuditCause::Policy, "equipemed-bot"));
    assert_eq!(first.intent.user.as_ref().map(ToString::to_string), Some(hospital.user("ana")));
    let kept = |why| Outcome::Skipped(Why::FileStays(why));
    until("all are on record", || async {
        let outcomes = hospital.deeds_on_record("quarantine").await?;
        let all = [kept(FileStays::Accepted), kept(FileStays::OfAnother), Outcome::Done(None)];
        Ok(all.iter().all(|outcome| outcomes.contains(outcome)).then_some(()))
    })
    .await?;
    hospital.ask(&chief, "!auditoria últimas 40").await?.says(&["apagar arquivo não aceito", "este serviço"]);
    // Of what was said with the files, nothing is kept.
    for row in hospital.inbox().await? {
        let content = row.content.unwrap_or_default();
        assert!(
            !content.contains("setup.exe") && !content.contains("virus") && !content.contains("exames"),
            "{content}"
        );
    }
    close(hospital, serving).await
}

#[tokio::test]
async fn a_rooms_picture_is_a_picture() -> anyhow::Result<()> {
    let (hospital, serving, _, chief) = ward(|_| ()).await?;
    let icu = hospital.room("icu").await?;
    let good = upload(&chief, "image/png").await?;
    // As Element sends it: without its type.
    let set = chief.send_state(&icu, "m.room.avatar", "", json!({"url": good})).await?;
    hospital.handled(&set).await?;
    let bad = upload(&chief, "image/svg+xml").await?;
    let worse = chief.send_state(&icu, "m.room.avatar", "", json!({"url": bad})).await?;
    hospital.redacted(&chief, "icu", &worse).await?;
    hospital.unreachable(&chief, &bad).await?;
    assert!(hospital.stands(&chief, "icu", &set).await? && chief.reaches(&good).await?);
    close(hospital, serving).await
}

#[tokio::test]
async fn what_is_only_reported_stays() -> anyhow::Result<()> {
    let (mut hospital, mut serving, ana, chief) =
        ward(|hospital| hospital.config["media"] = json!({"action": "report", "allow": ["audio/*"]})).await?;
    let address = upload(&ana, "image/png").await?;
    let mut sent = Vec::new();
    for mode in ["enforce", "observe"] {
        hospital.take();
        for _ in 0..3 {
            sent.push(hospital.send(&ana, file("m.image", "a.png", Some("image/png"), &address)).await?);
        }
        for event in &sent {
            hospital.handled(event).await?;
        }
        // Once each: the second time when it is an hour later.
        let times = if mode == "enforce" { 1 } else { 2 };
        until("it is told", || async {
            let told = hospital.heard(&chief, &["UTI", "not accepted", "images of this type", "changed nothing"]);
            Ok((told.await?.len() == times).then_some(()))
        })
        .await?;
        assert_eq!(count(&hospital.take_writes(), Endpoint::Redact), 0);
        if mode == "enforce" {
            serving.term()?;
            serving.end().await?.ended(0);
            hospital.sql("update files_told set told_at = told_at - 3600001").await?;
            hospital.config["mode"] = json!("observe");
            hospital.config["media"] = json!({"allow": ["audio/*"]});
            hospital.write_config()?;
            serving = hospital.start(&["serve"])?;
            serving.told("A full pass ended").await?;
        }
    }
    for event in &sent {
        assert!(hospital.stands(&chief, "icu", event).await?);
    }
    assert!(hospital.counted("image").await?);
    assert_eq!(hospital.number("select count(*) from deeds").await?, 0);
    assert!(hospital.explained(&ana).await?.is_empty());
    close(hospital, serving).await
}

#[tokio::test]
async fn what_waited_for_the_end_of_a_pause_follows_a_corrected_configuration() -> anyhow::Result<()> {
    let (mut hospital, mut serving, ana, chief) = ward(|_| ()).await?;
    let address = upload(&ana, "application/zip").await?;
    let archive = file("m.file", "a.zip", Some("application/zip"), &address);
    for (content, media, why) in [
        (archive, json!({"allow": ["application/zip"]}), FileStays::Accepted),
        (program(&address), json!({"action": "report"}), FileStays::Told),
    ] {
        hospital.ask(&chief, "!pause").await?;
        let sent = hospital.send(&ana, content).await?;
        hospital.handled(&sent).await?;
        serving.term()?;
        serving.end().await?.ended(0);
        hospital.config["media"] = media;
        hospital.write_config()?;
        serving = hospital.serve().await?;
        hospital.ask(&chief, "!resume").await?;
        until("it is on record", || async {
            let outcomes = hospital.deeds_on_record("redact_file").await?;
            Ok(outcomes.contains(&Outcome::Skipped(Why::FileStays(why))).then_some(()))
        })
        .await?;
        assert!(hospital.stands(&chief, "icu", &sent).await?, "{why:?}");
    }
    close(hospital, serving).await
}

#[tokio::test]
async fn a_flood_a_replay_a_pause_and_a_killed_process_lose_and_double_nothing() -> anyhow::Result<()> {
    let (hospital, serving, ana, chief) = ward(|_| ()).await?;
    let icu = hospital.room("icu").await?;
    let address = upload(&ana, "application/zip").await?;
    // The first is the explained one; the rest come at once.
    let floods = (0..MANY).map(|number| {
        let content = file("m.file", &format!("{number}.zip"), Some("application/zip"), &address);
        hospital.send(&ana, content)
    });
    let begun = Instant::now();
    let sent = futures_util::future::try_join_all(floods).await?;
    let sent_in = begun.elapsed();
    for event in &sent {
        hospital.redacted(&chief, "icu", event).await?;
    }
    let mut longest = 0;
    for event in &sent {
        let event = chief.event(&icu, event).await?;
        let redacted = event["unsigned"]["redacted_because"]["origin_server_ts"].as_i64();
        longest = longest.max(redacted.unwrap_or_default() - event["origin_server_ts"].as_i64().unwrap_or_default());
    }
    assert!(longest < 60_000, "sent within {sent_in:?}, the last one redacted {longest} ms after it was sent");
    until("the explanation", || async { Ok((hospital.explained(&ana).await?.len() == 1).then_some(())) }).await?;

    // The same transaction again and again.
    let seen = chief.event(&icu, &sent[0]).await?;
    let again = json!({"type": "m.room.message", "room_id": icu, "event_id": sent[0], "sender": ana.user_id(),
        "origin_server_ts": seen["origin_server_ts"], "content": program(&address)});
    for _ in 0..5 {
        assert_eq!(hospital.push("again", std::slice::from_ref(&again)).await?, 200);
    }
    let redactions = "select count(*) from audit where kind = 'redact_file'";
    assert_eq!(hospital.number(redactions).await?, MANY as i64);

    // A pause: told, and done at its end. Whoever deletes it meanwhile leaves nothing to do.
    hospital.ask(&chief, "!pause").await?;
    let (waits, gone) = (hospital.send(&ana, program(&address)).await?, hospital.send(&ana, program(&address)).await?);
    hospital.told(&chief, &["UTI", "programs", "When the pause ends"]).await?;
    hospital.handled(&gone).await?;
    assert!(hospital.stands(&chief, "icu", &waits).await?);
    ana.redact(&icu, &gone, "engano").await?;
    hospital.ask(&chief, "!resume").await?;
    hospital.redacted(&chief, "icu", &waits).await?;
    until("the other is settled", || async {
        Ok(hospital.deeds_on_record("redact_file").await?.contains(&Outcome::AlreadySo).then_some(()))
    })
    .await?;
    assert_eq!(hospital.explained(&ana).await?.len(), 1);

    // Killed between the store and the redaction, and sent while nobody listens.
    hospital.proxy.add_rule(Rule::new("/redact/", Fault::Delay(Duration::from_secs(30))));
    let killed = hospital.send(&ana, program(&address)).await?;
    hospital.handled(&killed).await?;
    serving.kill9()?;
    serving.end().await?;
    let missed = hospital.send(&ana, program(&address)).await?;
    hospital.proxy.clear_rules();
    hospital.forget_leases().await?;
    let serving = hospital.serve().await?;
    for event in [&killed, &missed] {
        hospital.redacted(&chief, "icu", event).await?;
    }

    // Where Synapse refuses, the control room is told, once.
    let refusal = json!({"errcode": "M_FORBIDDEN", "error": "no power"});
    hospital.proxy.add_rule(Rule::new("/redact/", Fault::Status(403, refusal)));
    for _ in 0..2 {
        hospital.handled(&hospital.send(&ana, program(&address)).await?).await?;
    }
    let told = hospital.told(&chief, &["could not delete a file", "UTI"]).await?;
    until("both are on record", || async {
        let failed = hospital.deeds_on_record("redact_file").await?.into_iter();
        Ok((failed.filter(|outcome| matches!(outcome, Outcome::Failed(_))).count() == 2).then_some(()))
    })
    .await?;
    assert_eq!(told.len(), 1, "{told:?}");
    close(hospital, serving).await
}

#[tokio::test]
async fn a_redacted_persons_own_files_become_unreachable_and_no_others() -> anyhow::Result<()> {
    let (mut hospital, serving, ana, chief) = ward(|_| ()).await?;
    let (icu, lead, bia) =
        (hospital.room("icu").await?, hospital.client("lider").await?, hospital.client("bia").await?);
    let picture = async |who: &Client, address: &str| {
        hospital.send(who, file("m.image", "a.png", Some("image/png"), address)).await
    };
    let redact = async |who: &Client, event: &str| -> anyhow::Result<Vec<Answer>> {
        let said = who.reply(&icu, event, "!redact").await?;
        hospital.redacted(&chief, "icu", event).await?;
        hospital.handled(&said).await?;
        hospital.answers(who, "icu", &said).await
    };
    let (hers, of_bia, kept) =
        (upload(&ana, "image/png").await?, upload(&bia, "image/png").await?, upload(&ana, "image/png").await?);
    // A file of her own, one of somebody else's, and one that she takes back herself.
    redact(&lead, &picture(&ana, &hers).await?).await?;
    hospital.unreachable(&ana, &hers).await?;
    redact(&lead, &picture(&ana, &of_bia).await?).await?;
    redact(&ana, &picture(&ana, &kept).await?).await?;
    until("the other's is on record", || async {
        let outcomes = hospital.deeds_on_record("quarantine").await?;
        Ok(outcomes.contains(&Outcome::Skipped(Why::FileStays(FileStays::OfAnother))).then_some(()))
    })
    .await?;
    // The one of an edit goes along.
    let (old, new) = (upload(&ana, "image/png").await?, upload(&ana, "image/png").await?);
    let edited = picture(&ana, &old).await?;
    let after = file("m.image", "b.png", Some("image/png"), &new);
    let edit = json!({"msgtype": "m.image", "body": "b.png", "url": new, "info": {"mimetype": "image/png"},
        "m.new_content": after, "m.relates_to": {"rel_type": "m.replace", "event_id": edited}});
    hospital.send(&ana, edit).await?;
    redact(&lead, &edited).await?;
    hospital.unreachable(&ana, &old).await?;
    hospital.unreachable(&ana, &new).await?;
    // One that an administrator protects.
    let protected = upload(&ana, "image/png").await?;
    let id = protected.rsplit('/').next().unwrap_or_default();
    let administrator = Client::administrator(hospital.synapse()).await?;
    administrator.post_ok(&format!("/_synapse/admin/v1/media/protect/{id}"), json!({})).await?;
    redact(&lead, &picture(&ana, &protected).await?).await?;
    until("the protected one is on record", || async {
        let outcomes = hospital.deeds_on_record("quarantine").await?;
        Ok(outcomes.contains(&Outcome::Skipped(Why::FileStays(FileStays::Protected))).then_some(()))
    })
    .await?;
    // Synapse refuses: the redaction stands, and the failure is on record.
    let refusal = json!({"errcode": "M_UNRECOGNIZED", "error": "unknown"});
    hospital.proxy.add_rule(Rule::new("/media/quarantine/", Fault::Status(404, refusal)));
    let left = upload(&ana, "image/png").await?;
    redact(&lead, &picture(&ana, &left).await?).await?;
    until("the failure is on record", || async {
        let outcomes = hospital.deeds_on_record("quarantine").await?.into_iter();
        Ok(outcomes.into_iter().any(|outcome| matches!(outcome, Outcome::Failed(_))).then_some(()))
    })
    .await?;
    hospital.proxy.clear_rules();
    assert_eq!(count(&hospital.take(), Endpoint::QuarantineMedia), 4);
    for address in [&of_bia, &kept, &left, &protected] {
        assert!(ana.reaches(address).await?, "{address}");
    }
    serving.term()?;
    serving.end().await?.ended(0);
    // Switched off.
    hospital.config["media"] = json!({"quarantine": false});
    hospital.write_config()?;
    let serving = hospital.serve().await?;
    let own = upload(&ana, "application/zip").await?;
    let sent = hospital.send(&ana, file("m.file", "a.zip", Some("application/zip"), &own)).await?;
    hospital.redacted(&chief, "icu", &sent).await?;
    hospital.ask(&chief, "!status").await?;
    assert!(ana.reaches(&own).await?);
    assert_eq!(
        hospital.number("select count(*) from deeds where content like '%quarantine%' and state <> 'done'").await?,
        3
    );
    close(hospital, serving).await
}
