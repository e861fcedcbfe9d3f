//! `/metrics`: its content in Prometheus format, and what must never be in it.

use std::time::Duration;

use anyhow::Result;
use equipemed_bot::metrics::{Metrics, Requests, WaitingGauge, WorkMetrics};
use reqwest::Method;

use super::{ANA, CONTROL, Desk, text};

#[tokio::test]
async fn numbers_are_shown_when_they_are_wanted() -> Result<()> {
    let desk = Desk::new().await?;
    desk.push("1", &[text("$1", CONTROL, "!status"), text("$2", CONTROL, "obrigada")]).await?;
    let text = desk.metrics().await?;
    for line in [
        r#"equipemed_bot_events_total{treatment="command"} 1"#,
        r#"equipemed_bot_events_total{treatment="dropped"} 1"#,
        r#"equipemed_bot_queue{queue="inbox"} 1"#,
        r#"equipemed_bot_queue{queue="wakeups"} 0"#,
        r#"equipemed_bot_queue{queue="deeds"} 0"#,
        "equipemed_bot_held 0",
        "equipemed_bot_event_delay_seconds_count 1",
        r#"equipemed_bot_event_delay_seconds_bucket{le="1.0"} 1"#,
        r#"equipemed_bot_event_delay_seconds_bucket{le="0.2"} 0"#,
        "process_start_time_seconds 1.0",
        "# EOF",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
    }
    for secret in [ANA, CONTROL, "$1", "status"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
    desk.end().await?;

    let desk = Desk::with(false).await?;
    assert_eq!(desk.ask(Method::GET, "/metrics", None, Vec::new()).await?.0, 404);
    desk.end().await
}

#[test]
fn what_was_done_and_asked_is_counted_by_kinds() -> Result<()> {
    let (metrics, work, requests) = (Metrics::new(0.0), WorkMetrics::default(), Requests::default());
    metrics.show_work(&work);
    metrics.show_requests(&requests);
    work.action("add_member", "done");
    work.action("add_member", "done");
    work.action("add_member", "failed");
    work.run("done", 1_800_000_000.5, Duration::from_millis(2500));
    work.findings(["member_unbound", "member_unbound", "room_encrypted"]);
    work.findings(["member_unbound"]);
    requests.count("RoomState", "ok", Duration::from_millis(20));
    let text = metrics.text(WaitingGauge { held: 2, ..WaitingGauge::default() })?;
    for line in [
        r#"equipemed_bot_actions_total{kind="add_member",outcome="done"} 2"#,
        r#"equipemed_bot_actions_total{kind="add_member",outcome="failed"} 1"#,
        r#"equipemed_bot_runs_total{result="done"} 1"#,
        r#"equipemed_bot_last_run_timestamp_seconds{result="done"} 1800000000.5"#,
        r#"equipemed_bot_last_run_duration_seconds{result="done"} 2.5"#,
        r#"equipemed_bot_findings{kind="member_unbound"} 1"#,
        r#"equipemed_bot_requests_total{endpoint="RoomState",result="ok"} 1"#,
        r#"equipemed_bot_request_duration_seconds_bucket{le="0.03",endpoint="RoomState"} 1"#,
        "equipemed_bot_held 2",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("room_encrypted"), "gone since the last pass\n{text}");
    Ok(())
}
