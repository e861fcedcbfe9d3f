//! Transactions over HTTP: repeated, reordered, cut off, too large, from strangers.

use std::time::Duration;

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::{BOT, CONTROL, Desk, ICU, TOKEN, text};

#[tokio::test]
async fn synapse_is_answered_and_nobody_else() -> Result<()> {
    let desk = Desk::new().await?;
    let ask = async |method: Method, path: &str, token: Option<&str>| -> Result<u16> {
        Ok(desk.ask(method, path, token, b"{\"events\":[]}".to_vec()).await?.0)
    };
    let (put, get, post) = (Method::PUT, Method::GET, Method::POST);
    let transaction = "/_matrix/app/v1/transactions/1";
    assert_eq!(ask(put.clone(), transaction, None).await?, 401);
    assert_eq!(ask(put.clone(), transaction, Some("the as_token")).await?, 403);
    assert_eq!(ask(put.clone(), transaction, Some(TOKEN)).await?, 200);
    // Synapse once sent the token like this, but then it would be in the log of every proxy.
    let address = format!("{transaction}?access_token={}", TOKEN.replace(' ', "%20"));
    assert_eq!(ask(put.clone(), &address, None).await?, 403);
    assert_eq!(ask(put.clone(), &address, Some(TOKEN)).await?, 403);
    assert_eq!(ask(put, "/transactions/1", Some(TOKEN)).await?, 404);
    assert_eq!(ask(post.clone(), "/_matrix/app/v1/ping", Some(TOKEN)).await?, 200);
    assert_eq!(ask(post, "/_matrix/app/v1/ping", None).await?, 401);
    let user = |user: &str| format!("/_matrix/app/v1/users/{}", equipemed_testbed::client::encode(user));
    assert_eq!(ask(get.clone(), &user(BOT), Some(TOKEN)).await?, 200);
    assert_eq!(ask(get.clone(), &user("@x:h"), Some(TOKEN)).await?, 404);
    assert_eq!(ask(get.clone(), &user(BOT), None).await?, 401);
    assert_eq!(ask(get.clone(), "/_matrix/app/v1/rooms/%23x:h", Some(TOKEN)).await?, 404);
    assert_eq!(ask(get.clone(), "/_matrix/app/v1/rooms/%23x:h", None).await?, 401);
    assert_eq!(ask(get.clone(), "/health", None).await?, 200);
    assert_eq!(ask(get, "/ready", None).await?, 200);
    desk.end().await
}

#[tokio::test]
async fn a_transaction_sent_five_times_is_taken_once() -> Result<()> {
    let desk = Desk::new().await?;
    let events = [text("$1", CONTROL, "!status"), text("$2", CONTROL, "!sync"), text("$3", ICU, "!whoami")];
    assert_eq!(desk.push("7", &events).await?.0, 200);
    assert_eq!(desk.push("7", &events).await?.0, 200);
    // Several at once as well, as when a ping coincides with a repetition.
    let again = tokio::join!(desk.push("7", &events), desk.push("7", &events), desk.push("8", &events));
    assert_eq!((again.0?.0, again.1?.0, again.2?.0), (200, 200, 200));
    assert_eq!(desk.ids().await?, ["$1", "$2", "$3"]);
    let metrics = desk.metrics().await?;
    assert!(metrics.contains(r#"equipemed_bot_transactions_total{kind="repeated"}"#), "{metrics}");
    desk.end().await
}

#[tokio::test]
async fn transactions_in_another_order_lose_nothing_and_double_nothing() -> Result<()> {
    let desk = Desk::new().await?;
    let (first, second) =
        ([text("$1", CONTROL, "!status")], [text("$2", CONTROL, "!sync"), text("$3", CONTROL, "!help")]);
    for (id, events) in [("2", &second[..]), ("1", &first), ("2", &second), ("1", &first)] {
        assert_eq!(desk.push(id, events).await?.0, 200);
    }
    assert_eq!(desk.ids().await?, ["$2", "$3", "$1"], "in the order they came");
    desk.end().await
}

#[tokio::test]
async fn a_cut_off_transaction_is_refused_and_taken_when_it_comes_whole() -> Result<()> {
    let desk = Desk::new().await?;
    let whole = json!({"events": [text("$1", CONTROL, "!status"), text("$2", CONTROL, "!sync")]}).to_string();
    for end in [0, 1, whole.len() / 2, whole.len() - 1] {
        let (status, answer) = desk.push_text("1", &whole[..end]).await?;
        assert!(status == 400 && answer.contains("M_NOT_JSON"), "{end}: {status} {answer}");
    }
    assert_eq!(desk.push_text("1", "[]").await?.0, 400);
    assert_eq!(desk.ids().await?, [""; 0]);
    assert_eq!(desk.push_text("1", &whole).await?.0, 200);
    assert_eq!(desk.ids().await?, ["$1", "$2"]);
    desk.end().await
}

#[tokio::test]
async fn a_broken_event_does_not_keep_the_others_out() -> Result<()> {
    let desk = Desk::new().await?;
    let mut odd_key = text("$nul", ICU, "x");
    odd_key["type"] = json!("m.room.topic");
    odd_key["state_key"] = json!("\0");
    let events: Vec<Value> = vec![
        json!(null),
        json!("m.room.message"),
        json!({}),
        json!({"type": "m.room.message", "content": {"msgtype": "m.text", "body": "!status"}}),
        json!({"type": 5, "room_id": ICU, "sender": "@ana:h", "event_id": "$5", "origin_server_ts": 1, "content": {}}),
        text("$good", CONTROL, "!status"),
        odd_key,
        text("no event id", CONTROL, "!status"),
        text("$odd body", CONTROL, "!nul \u{0} and ✅"),
    ];
    assert_eq!(desk.push("1", &events).await?.0, 200);
    assert_eq!(desk.ids().await?, ["$good", "$odd body"]);
    let metrics = desk.metrics().await?;
    assert!(metrics.contains(r#"equipemed_bot_events_total{treatment="broken"} 7"#), "{metrics}");
    desk.end().await
}

#[tokio::test]
async fn what_is_larger_than_any_transaction_is_refused() -> Result<()> {
    let desk = Desk::new().await?;
    let (status, answer) = desk.push("1", &[text("$1", CONTROL, &"!".repeat(17 * 1024 * 1024))]).await?;
    assert!(status == 413 && answer.contains("M_TOO_LARGE"), "{status} {answer}");
    // One of the largest transactions that Synapse sends.
    let events: Vec<Value> =
        (0..100).map(|number| text(&format!("${number}"), CONTROL, &format!("!{}", "a".repeat(60_000)))).collect();
    assert_eq!(desk.push("2", &events).await?.0, 200);
    assert_eq!(desk.ids().await?.len(), 100);
    desk.end().await
}

#[tokio::test]
async fn ten_thousand_events_of_a_busy_minute_cost_no_row() -> Result<()> {
    let desk = Desk::new().await?;
    for transaction in 0..100 {
        let events: Vec<Value> = (0..100)
            .map(|number| {
                let room = if number % 3 == 0 { "!unmanaged:hospital.example" } else { ICU };
                text(&format!("${transaction}-{number}"), room, "Bom dia, alguém viu o prontuário?")
            })
            .collect();
        assert_eq!(desk.push(&transaction.to_string(), &events).await?.0, 200);
    }
    assert_eq!((desk.store.inbox_open().await?, desk.store.wakeups_waiting().await?), (0, 0));
    let metrics = desk.metrics().await?;
    assert!(metrics.contains(r#"equipemed_bot_events_total{treatment="dropped"} 10000"#), "{metrics}");
    assert!(metrics.contains(r#"equipemed_bot_transactions_total{kind="new"} 100"#), "{metrics}");
    desk.end().await
}

#[tokio::test]
async fn who_waits_is_told_of_what_is_new_and_only_of_that() -> Result<()> {
    let desk = Desk::new().await?;
    desk.push("1", &[text("$1", CONTROL, "!status")]).await?;
    tokio::time::timeout(Duration::from_secs(5), desk.arrivals.bell().notified()).await?;
    desk.push("1", &[text("$1", CONTROL, "!status"), text("$2", CONTROL, "obrigada")]).await?;
    let told = tokio::time::timeout(Duration::from_millis(50), desk.arrivals.bell().notified()).await;
    assert!(told.is_err(), "nothing was new");
    desk.end().await
}

#[tokio::test]
async fn without_the_database_nothing_is_acknowledged() -> Result<()> {
    let desk = Desk::new().await?;
    desk.store.close().await;
    assert_eq!(desk.push("1", &[text("$1", CONTROL, "!status")]).await?.0, 500);
    desk.end().await
}
