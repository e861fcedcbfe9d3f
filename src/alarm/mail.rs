//! Alarms as mail, through the machine's own `sendmail` program, which knows the hospital's mail server.

use std::process::Stdio;
use std::time::Duration;

use equipemed_domain::alarm::Alarm;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::NotSent;
use crate::config::settings::AlarmMail;

/// How long the program may take.
const WITHIN: Duration = Duration::from_secs(30);
/// How much of what it says is logged, in characters.
const SAID: usize = 200;

pub(super) async fn send(
    mail: &AlarmMail,
    server_name: &str,
    alarm: &Alarm,
    text: &str,
    now: Timestamp,
) -> Result<(), NotSent> {
    let (kind, state) = (alarm.kind.word(), alarm.state.word());
    let date = jiff::fmt::rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    let message = format!(
        "From: {}\nTo: {}\nSubject: equipemed-bot {server_name}: {kind} {state}\nDate: {date}\nAuto-Submitted: auto-generated\n\
         MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n",
        mail.from,
        mail.to.join(", "),
    );
    let mut command = Command::new(&mail.sendmail);
    command.args(["-i", "-f", &mail.from, "--"]).args(&mail.to).kill_on_drop(true);
    // The service's own environment may hold secrets.
    command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let running = async {
        let mut child = command.spawn()?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
        if let Some(mut stdin) = child.stdin.take() {
            // A program that ends without reading is judged by its status.
            let _ = stdin.write_all(message.as_bytes()).await;
        }
        let ended = child.wait_with_output().await;
        // What it left to run on, as a mail server may that sends in the background, is its own affair.
        group.0 = None;
        ended
    };
    let ended = tokio::time::timeout(WITHIN, running).await.map_err(|_| NotSent::Slow(WITHIN.as_secs()))?;
    let ended = ended.map_err(NotSent::Program)?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said = said.lines().next().unwrap_or_default().chars().take(SAID).collect();
    Err(NotSent::Failed { status: ended.status, said })
}

/// The program and what it started: ended together, if it is not waited for to the end.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
