//! Tells systemd that the service is ready, stops, and makes progress (`Type=notify`, `WatchdogSec=`).
//!
//! The protocol is one datagram (sd_notify(3)), so no library is needed. Outside systemd nothing is sent.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::inbound::Pulse;

/// A lane that shows no progress for this long hangs: longer than the longest request with its repetitions.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Sends one message, such as `READY=1`. A supervisor that does not listen is no reason to fail.
pub(super) fn notify(message: &str) {
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET")
        && let Err(error) = send(&socket, message)
    {
        tracing::warn!(%error, "systemd could not be told");
    }
}

fn send(socket: &OsStr, message: &str) -> std::io::Result<()> {
    let address = match socket.as_bytes().split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    let own = UnixDatagram::unbound()?;
    // A supervisor that does not read must not make the service wait.
    own.set_nonblocking(true)?;
    own.send_to_addr(message.as_bytes(), &address).map(drop)
}

/// How often systemd wants a sign of life from this process; None when it wants none.
fn interval() -> Option<Duration> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let is_other = number("WATCHDOG_PID").is_some_and(|pid| pid != u64::from(std::process::id()));
    number("WATCHDOG_USEC").filter(|every| *every > 0 && !is_other).map(Duration::from_micros)
}

/// Sends signs of life while the lanes make progress, until stopped. `engine` exists once Synapse has answered.
pub(super) async fn watchdog(engine: impl Fn() -> Option<Engine>, pulse: Pulse, stop: CancellationToken) {
    let Some(every) = interval() else { return stop.cancelled().await };
    let mut progress = None;
    let mut is_told = false;
    while !stop.is_cancelled() {
        let engine = engine();
        if let Some(engine) = &engine {
            // A long pass moves from step to step.
            let progress = progress.get_or_insert_with(|| engine.progress());
            if progress.has_changed().unwrap_or(false) {
                progress.mark_unchanged();
                engine.beats().beat(crate::engine::FULL_PASSES);
            }
        }
        // While the database is away everything waits for it, and a new process would too.
        let hangs = engine.filter(|_| pulse.unready().is_none()).and_then(|engine| engine.beats().silent(LIMIT));
        match hangs {
            None => notify("WATCHDOG=1"),
            Some(lane) if !is_told => {
                is_told = true;
                tracing::error!(lane, "A part of the service makes no progress: systemd may start it again");
            }
            Some(_) => {}
        }
        // Half of the time, as sd_watchdog_enabled(3) recommends.
        let _ = tokio::time::timeout(every / 2, stop.cancelled()).await;
    }
}
