//! Logs: one line per event, readable on its own, with fields to filter by.
//!
//! Names, e-mail addresses, message bodies and tokens never get into a log. Spans of other libraries contain addresses
//! with identifiers, so those targets stay off whatever the operator asks for.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::settings::LogFormat;
use crate::homeserver::{OnWait, TARGETS_WITH_IDENTIFIERS};

/// The filter if `EQUIPEMED_BOT_LOG` is unset.
const DEFAULT: &str = "warn,equipemed_bot=info";

/// Sends logs to standard error. A second call does nothing.
pub fn begin(format: LogFormat) {
    let wanted = std::env::var("EQUIPEMED_BOT_LOG").unwrap_or_else(|_| DEFAULT.to_owned());
    let mut filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    for target in TARGETS_WITH_IDENTIFIERS {
        if let Ok(directive) = format!("{target}=off").parse() {
            filter = filter.add_directive(directive);
        }
    }
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    // Only a test may have set a logger already.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        // A file or the journal would store colours as control characters.
        LogFormat::Text => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
}

/// Logs waits for Synapse.
#[must_use]
pub fn log_waits() -> OnWait {
    std::sync::Arc::new(|waiting| {
        tracing::warn!(
            endpoint = waiting.endpoint.name(),
            attempt = waiting.attempt,
            wait.seconds = waiting.next_in.as_secs_f64(),
            why = waiting.why,
            "Synapse did not do it; trying again"
        );
    })
}
