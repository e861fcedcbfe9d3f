//! Signing out: what a lock alone leaves open, and what ends it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::routing::post;
use axum::{Json, Router};
use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::client::encode;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::{Client, LOOPBACK};
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, chief, count, person, until};

/// A push gateway that keeps for which device each push was.
struct Gateway {
    url: String,
    pushed: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    async fn start() -> anyhow::Result<Self> {
        let pushed = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&pushed);
        let hear = move |Json(push): Json<Value>| async move {
            let devices = push["notification"]["devices"].as_array().cloned().unwrap_or_default();
            let keys = devices.iter().filter_map(|device| device["pushkey"].as_str().map(str::to_owned));
            kept.lock().unwrap_or_else(PoisonError::into_inner).extend(keys);
            Json(json!({"rejected": []}))
        };
        let listener = tokio::net::TcpListener::bind((LOOPBACK, 0)).await?;
        let url = format!("http://{}/_matrix/push/v1/notify", listener.local_addr()?);
        let app = Router::new().route("/_matrix/push/v1/notify", post(hear));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { url, pushed })
    }

    /// Has somebody's device told of messages.
    async fn tell(&self, who: &Client, key: &str) -> anyhow::Result<()> {
        let body = json!({
            "pushkey": key, "kind": "http", "app_id": "example.phone", "app_display_name": "Phone",
            "device_display_name": "phone", "lang": "en", "data": {"url": self.url, "format": "event_id_only"},
        });
        who.post_ok("/_matrix/client/v3/pushers/set", body).await?;
        Ok(())
    }

    fn heard(&self, key: &str) -> usize {
        self.pushed.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|pushed| *pushed == key).count()
    }

    /// Waits until a device was told once more than that.
    async fn hears(&self, key: &str, before: usize) -> anyhow::Result<()> {
        until("a push", || async { Ok((self.heard(key) > before).then_some(())) }).await
    }
}

async fn whoami(who: &Client) -> anyhow::Result<(u16, String)> {
    let (status, answer) = who.get("/_matrix/client/v3/account/whoami").await?;
    Ok((status, answer["errcode"].as_str().unwrap_or_default().to_owned()))
}

fn locked() -> (u16, String) {
    (401, "M_USER_LOCKED".to_owned())
}

fn ended() -> (u16, String) {
    (401, "M_UNKNOWN_TOKEN".to_owned())
}

const OPEN: (u16, String) = (200, String::new());

async fn pushers(hospital: &Hospital, name: &str) -> anyhow::Result<Value> {
    let administrator = Client::administrator(hospital.synapse()).await?;
    let path = format!("/_synapse/admin/v1/users/{}/pushers", encode(&hospital.user(name)));
    Ok(administrator.get_ok(&path).await?["total"].clone())
}

async fn status(hospital: &mut Hospital, name: &str, status: &'static str) -> anyhow::Result<()> {
    hospital.someone(name).status = status;
    hospital.write_roster()
}

fn people() -> Vec<super::Person> {
    ["ana", "bia", "caio"].map(|name| person(name, &[])).into_iter().chain([chief("chefe")]).collect()
}

fn rooms() -> Value {
    json!({"todos": {"name": "Equipe", "members": {"any": true}}})
}

#[tokio::test]
async fn a_lock_ends_the_sessions_of_a_lost_phone_where_the_configuration_says_so() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(people(), rooms()).await?;
    hospital.config["users"]["sign_out"] = json!([]);
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    let gateway = Gateway::start().await?;
    let (ana, bia, chief) =
        (hospital.client("ana").await?, hospital.client("bia").await?, hospital.client("chefe").await?);
    gateway.tell(&ana, "phone").await?;
    gateway.tell(&bia, "witness").await?;
    hospital.say(&chief, "todos", "bom dia").await?;
    gateway.hears("phone", 0).await?;
    gateway.hears("witness", 0).await?;

    // A lock alone: the phone goes on hearing, and the token works again after it.
    status(&mut hospital, "ana", "suspended").await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(whoami(&ana).await?, locked());
    let before = gateway.heard("phone");
    hospital.say(&chief, "todos", "leito 4").await?;
    gateway.hears("phone", before).await?;
    status(&mut hospital, "ana", "active").await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(whoami(&ana).await?, OPEN);

    // With a sign-out, by the default.
    hospital.config["users"].as_object_mut().expect("a map").remove("sign_out");
    hospital.write_config()?;
    status(&mut hospital, "ana", "suspended").await?;
    let ran = hospital.sync(&["--dry-run"]).await?.ended(0);
    assert!(ran.out.contains("sign out on all devices (1)"), "{}", ran.out);
    hospital.sync(&[]).await?.ended(0);
    assert_eq!((whoami(&ana).await?, pushers(&hospital, "ana").await?), (ended(), json!(0)));
    let (phone, witness) = (gateway.heard("phone"), gateway.heard("witness"));
    hospital.say(&chief, "todos", "leito 5").await?;
    hospital.say(&chief, "todos", "leito 6").await?;
    gateway.hears("witness", witness + 1).await?;
    assert_eq!(gateway.heard("phone"), phone);

    // Once: a pass that finds nothing asks for nothing more than before.
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    let sent = hospital.take();
    assert_eq!(count(&sent, Endpoint::Devices) + sent.iter().filter(|request| request.writes()).count(), 0);

    status(&mut hospital, "ana", "active").await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(whoami(&ana).await?, ended());
    assert!(!hospital.is_locked("ana").await?);
    // The next lock is one of its own.
    let again = hospital.client("ana").await?;
    status(&mut hospital, "ana", "departed").await?;
    hospital.sync(&[]).await?.ended(0);
    status(&mut hospital, "ana", "active").await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(whoami(&again).await?, ended());
    let kinds: Vec<String> = hospital.audit().await?.into_iter().map(|entry| entry.intent.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "sign_out").count(), 2);
    hospital.finish().await
}

#[tokio::test]
async fn a_mere_expiry_keeps_sessions_and_a_sign_out_that_failed_is_made_up_for() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(people(), rooms()).await?;
    hospital.sync(&[]).await?.ended(0);
    let (ana, bia) = (hospital.client("ana").await?, hospital.client("bia").await?);
    hospital.someone("ana").also = json!({"access_expires_at": "2026-01-01T00:00:00Z"});
    hospital.someone("bia").also = json!({"is_active": false});
    hospital.write_roster()?;
    // As if the process had been killed between the two.
    let refused = Fault::Status(403, json!({"errcode": "M_FORBIDDEN", "error": "no"}));
    hospital.proxy.add_rule(Rule::new("/delete_devices", refused).once());
    hospital.sync(&[]).await?.ended(1);
    assert_eq!((whoami(&ana).await?, whoami(&bia).await?), (locked(), locked()));
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    let sent = hospital.take();
    assert_eq!((count(&sent, Endpoint::DeleteDevices), count(&sent, Endpoint::PutAccount)), (1, 0));

    for name in ["ana", "bia"] {
        hospital.someone(name).also = Value::Null;
    }
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!((whoami(&ana).await?, whoami(&bia).await?), (OPEN, ended()));

    // Unlocked by hand, signed in again and locked again: that is a new lock.
    status(&mut hospital, "bia", "suspended").await?;
    hospital.sync(&[]).await?.ended(0);
    let administrator = Client::administrator(hospital.synapse()).await?;
    let account = format!("/_synapse/admin/v2/users/{}", encode(&hospital.user("bia")));
    administrator.put_ok(&account, json!({"locked": false})).await?;
    let bia = hospital.client("bia").await?;
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.is_locked("bia").await?);
    administrator.put_ok(&account, json!({"locked": false})).await?;
    assert_eq!(whoami(&bia).await?, ended());
    hospital.sync(&[]).await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn whoever_may_lock_signs_people_out_at_any_time() -> anyhow::Result<()> {
    let protect = |hospital: &mut Hospital| hospital.config["users"]["break_glass"] = json!(hospital.user("vidro"));
    let (hospital, serving) = opened(people(), rooms(), protect).await?;
    let (chief, vidro) = (hospital.client("chefe").await?, hospital.client("vidro").await?);
    let (ana, other) = (hospital.client("ana").await?, hospital.client("ana").await?);
    let (name, bia, caio) = (hospital.username("ana"), hospital.username("bia"), hospital.username("caio"));
    hospital.ask(&chief, &format!("!user {name}")).await?.says(&["on 2 devices"]);
    hospital.ask(&chief, "!users --devices").await?.says(&["; 2 devices", "; no device\n"]);
    hospital.ask(&chief, &format!("!signout {name} because celular perdido")).await?.says(&["is signed out"]);
    assert_eq!((whoami(&ana).await?, whoami(&other).await?), (ended(), ended()));
    assert!(!hospital.is_locked("ana").await?);
    hospital.ask(&chief, &format!("!signout {name}")).await?.says(&["that is already the case"]);

    let bia_client = hospital.client("bia").await?;
    let shown = hospital.ask(&chief, &format!("!desconectar {bia} {caio}")).await?;
    assert_eq!(whoami(&bia_client).await?, OPEN, "a preview");
    hospital.ask(&chief, &format!("!confirm {}", shown.code()?)).await?.says(&["is signed out"]);
    assert_eq!(whoami(&bia_client).await?, ended());
    for whom in [hospital.user("vidro"), hospital.bot()?.user_id().to_owned()] {
        hospital.ask(&chief, &format!("!signout {whom}")).await?.says(&["protected"]);
        assert!(hospital.run(&["users", "sign-out", &whom]).await?.ended(2).err.contains("protected"));
    }
    hospital.ask(&chief, &format!("!signout {}", hospital.username("chefe"))).await?.says(&["yourself"]);
    assert_eq!(whoami(&vidro).await?, OPEN);

    let ana = hospital.client("ana").await?;
    let ran = hospital.run(&["users", "sign-out", &name, "--dry-run"]).await?.ended(0);
    assert!(ran.out.contains("would be signed out; devices: 1"), "{}", ran.out);
    let listed = hospital.run(&["users", "list", "--devices", "--search", &name]).await?.ended(0);
    assert!(listed.out.contains("SEEN ON MATRIX"), "{}", listed.out);
    assert_eq!(whoami(&ana).await?, OPEN);
    hospital.run(&["users", "sign-out", &name]).await?.ended(0);
    assert_eq!(whoami(&ana).await?, ended());
    assert!(hospital.run(&["users", "sign-out", &name]).await?.ended(0).out.contains("on no device"));
    let entry = hospital.audit().await?.into_iter().find(|entry| entry.intent.kind == "sign_out");
    assert_eq!(entry.map(|entry| entry.intent.actor).as_deref(), Some("operator"));
    close(hospital, serving).await
}
