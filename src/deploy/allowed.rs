//! The closed list of requests as expressions for nginx, which stands between the bot and Synapse.
//!
//! The list of `homeserver` keeps this program from sending anything else. This keeps everybody else with its token
//! from it too. Addresses are compared as they were sent: whatever decodes to a listed one but is spelt differently is
//! refused, because nginx and Synapse decode differently.

use std::fmt::Write as _;

use crate::homeserver::Endpoint;

/// Names of all parameters that the program sends. `user_id` and `access_token` are not among them, and never may be.
pub const PARAMETERS: &[&str] =
    &["deactivated", "dir", "filename", "filter", "format", "from", "guests", "limit", "locked", "room_id"];

/// An identifier: what may stand in a segment (RFC 3986), but not `.` or `..`.
const IDENTIFIER: &str = r"(?!\.\.?(?:[/?]|$))(?:[A-Za-z0-9!$&'()*+,.:=@_~-]|%[0-9A-Fa-f][0-9A-Fa-f])+";

/// Lines of nginx's `map` from method and address to "1", one for each endpoint.
#[must_use]
pub fn rules() -> String {
    let rule = |endpoint: &Endpoint| {
        format!(r#"    "~^{} {}{}$" 1;"#, endpoint.method(), expression(endpoint.path()), query(*endpoint))
    };
    Endpoint::ALL.iter().map(rule).collect::<Vec<_>>().join("\n")
}

fn expression(path: &str) -> String {
    let mut expression = path.replace('.', r"\.").replace("{}", IDENTIFIER);
    // Only a state key may be empty.
    if path.ends_with("/state/{}/{}") {
        expression.truncate(expression.len() - IDENTIFIER.len());
        let _ = write!(expression, "(?:{IDENTIFIER})?");
    }
    expression
}

/// Parameters in any order. A filter that the program always sends must be there, and no other.
fn query(endpoint: Endpoint) -> String {
    let named = |names: &[&str]| format!("(?:{})=[^&;#]*", names.join("|"));
    let Some(filter) = endpoint.filter() else {
        let parameter = named(PARAMETERS);
        return format!(r"(?:\?{parameter}(?:&{parameter})*)?");
    };
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let filter = format!("filter={}", filter.replace('.', r"\.").replace('*', r"\*").replace('+', r"\+"));
    let others: Vec<&str> = PARAMETERS.iter().copied().filter(|name| *name != "filter").collect();
    let parameter = format!("(?:{filter}|{})", named(&others));
    format!(r"(?=\?(?:.*&)?{filter}(?:&|$))\?{parameter}(?:&{parameter})*")
}
