//! `health`: whether the running service can work, for container runtimes and timers; and `alarm test`.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use equipemed_domain::alarm::{Alarm, AlarmKind, AlarmState};

use super::{Exit, connect, output};
use crate::alarm::Sender;
use crate::clock::Clock;
use crate::config::Settings;
use crate::speech::Texts;

/// How long connecting, sending and each read may take: together less than the time-outs of container runtimes.
const WITHIN: Duration = Duration::from_secs(3);
/// More than the answer has.
const LONGEST: u64 = 4096;

/// Asks the service's `/ready` and prints one line.
pub(super) fn health(config: &Path) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let mut at = settings.telemetry.listen.unwrap_or(settings.appservice.listen);
    // The unspecified address is no destination.
    match at.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => at.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => at.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let (line, exit) = match ready(at) {
        Ok((200, _)) => ("ready".to_owned(), Exit::Done),
        Ok((503, why)) => (format!("not ready: {why}"), Exit::Failed),
        Ok((status, _)) => (format!("another program answers at {at}, with status {status}"), Exit::Failed),
        Err(error) => (format!("no service answers at {at}: {error}"), Exit::Failed),
    };
    output::text(&line);
    Ok(exit)
}

/// The status and the body of `/ready`.
fn ready(at: SocketAddr) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&at, WITHIN)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.set_write_timeout(Some(WITHIN))?;
    write!(stream, "GET /ready HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other("the answer is not HTTP"))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.lines().next().unwrap_or_default().to_owned()))
}

/// What sends this configuration's alarms; None if it names no way.
pub(super) fn sender(settings: &Settings) -> Option<Sender> {
    let alarm = settings.alarm.clone();
    (alarm.webhook.is_some() || alarm.mail.is_some()).then(|| Sender {
        settings: alarm,
        server_name: settings.policy.server_name.to_string(),
        texts: Texts::new(settings.bot.language),
        timezone: settings.timezone.clone(),
    })
}

/// Sends a trial alarm by every configured way.
pub(super) async fn test_alarm(config: &Path) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let Some(sender) = sender(&settings) else {
        output::text("no alarm is configured: set alarm.webhook or alarm.mail");
        return Ok(Exit::Failed);
    };
    let now = Clock::system().now();
    let mut exit = Exit::Done;
    for (way, sent) in sender.send(&Alarm { kind: AlarmKind::Test, state: AlarmState::Began, since: now }, now).await {
        match sent {
            Ok(()) => output::text(&format!("✓ {way}: sent; look whether it arrived")),
            Err(error) => {
                output::text(&format!("✗ {error}"));
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}
