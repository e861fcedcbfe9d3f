//! Logs: one line an event, readable alone and with fields to filter by.
//!
//! Names, e-mail addresses, message bodies and tokens never reach a log. Other
//! libraries' spans carry addresses with identifiers in them, so those targets
//! are silent below warnings whatever the operator asks for.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::settings::LogFormat;
use crate::homeserver::{OnWait, TARGETS_WITH_IDENTIFIERS};

/// What is logged when `EQUIPEMED_BOT_LOG` says nothing.
const DEFAULT: &str = "warn,equipemed_bot=info";

/// Sends logs to standard error from now on. A second call changes nothing.
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
    // Only a test, which sets one up for itself, has one already.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        // Colours are for eyes: a file or the journal would hold them as control characters.
        LogFormat::Text => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
}

/// Logs that Synapse is being waited for.
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
