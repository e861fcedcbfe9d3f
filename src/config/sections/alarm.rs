//! Where outages are told outside Matrix.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use url::{Host, Url};

use super::service::or;
use crate::config::reader::Node;
use crate::config::secret::{Given, secret};
use crate::config::settings::{Alarm, AlarmMail};

/// How long an outage lasts before it is told: longer than a restart of Synapse.
const AFTER: Duration = Duration::from_secs(5 * 60);
/// Where Debian's mail programs put it.
const SENDMAIL: &str = "/usr/sbin/sendmail";

pub(in crate::config) fn alarm(node: &Node<'_>, folder: &Path) -> Option<Alarm> {
    let mut map = node.map();
    let after = or(&map.get("after"), AFTER, |node| node.duration(1));
    let given = secret(&mut map, "webhook", "webhook_file", folder);
    let webhook_node = map.get("webhook");
    let webhook = match given {
        Given::Nothing => Some(None),
        Given::Wrong => None,
        Given::Secret(url) if is_safe(url.expose_secret()) => Some(Some(url)),
        // Not shown: such addresses hold tokens.
        Given::Secret(_) => {
            webhook_node
                .problem("expected an https:// address, or http:// of this machine (127.0.0.1, [::1], localhost)");
            None
        }
    };
    let mail = or(&map.get("mail"), None, |node| mail(node).map(Some));
    map.close();
    Some(Alarm { after: after?, webhook: webhook?, mail: mail? })
}

fn mail(node: &Node<'_>) -> Option<AlarmMail> {
    let mut map = node.map();
    let to = map.require("to", "whom to write to, such as ti@hospital.example");
    let to: Option<Vec<String>> = to.list_or_one().and_then(|list| list.iter().map(address).collect());
    let from = address(&map.require("from", "the sender's address, such as equipemed-bot@hospital.example"));
    let sendmail = or(&map.get("sendmail"), SENDMAIL.to_owned(), Node::text);
    let program = map.get("sendmail");
    map.close();
    let sendmail = PathBuf::from(sendmail?);
    if !sendmail.is_absolute() || !sendmail.is_file() {
        program.problem(format!(
            "there is no program {}; install msmtp-mta (postfix and exim need rights that the unit takes), or use a webhook",
            sendmail.display()
        ));
        return None;
    }
    Some(AlarmMail { to: to.filter(|to| !to.is_empty())?, from: from?, sendmail })
}

fn address(node: &Node<'_>) -> Option<String> {
    node.parsed(|text| {
        let is_plain = text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, ',' | '<' | '>' | '"'));
        let parts = text.split_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
        match parts {
            Some(_) if is_plain && !text.starts_with('-') => Ok(text.to_owned()),
            _ => Err("expected one plain address, such as ti@hospital.example".to_owned()),
        }
    })
}

/// Whether what is sent there cannot be read on the way.
fn is_safe(url: &str) -> bool {
    let Ok(url) = Url::parse(url.trim()) else { return false };
    let is_here = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.host().is_some() && (url.scheme() == "https" || url.scheme() == "http" && is_here)
}
