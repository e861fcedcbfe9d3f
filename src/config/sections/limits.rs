//! Limits: brakes, allowed files, drift, the audit.

use equipemed_domain::media::{Accepted, FileKind};
use equipemed_domain::mode::{OnDrift, OnFile};
use equipemed_domain::policy::Limits;
use mime::Mime;

use super::service::{list_or, or};
use crate::config::reader::Node;
use crate::config::settings::{Audit, Media};
use crate::config::values::{DAY, YEAR};

/// Larger counts are a mistake rather than a brake.
const MOST_PEOPLE: i64 = 100_000;

pub(in crate::config) fn limits(node: &Node<'_>) -> Option<Limits> {
    let default = Limits::default();
    let mut map = node.map();
    let lock_share = or(&map.get("lock_share"), default.lock_share, Node::share);
    let lock_least = or(&map.get("lock_least"), default.lock_least, |node| node.count(MOST_PEOPLE));
    let remove_share = or(&map.get("remove_share"), default.remove_share, Node::share);
    let remove_least = or(&map.get("remove_least"), default.remove_least, |node| node.count(MOST_PEOPLE));
    let join_share = or(&map.get("join_share"), default.join_share, Node::share);
    let join_least = or(&map.get("join_least"), default.join_least, |node| node.count(MOST_PEOPLE));
    let gain_lesser = or(&map.get("gain_lesser"), default.gain_lesser, |node| node.count(MOST_PEOPLE));
    let lose = or(&map.get("lose"), default.lose, |node| node.count(MOST_PEOPLE));
    let deactivate = or(&map.get("deactivate"), default.deactivate, |node| node.count(MOST_PEOPLE));
    let gain = or(&map.get("gain"), default.gain, |node| node.count(MOST_PEOPLE));
    let shrink_share = or(&map.get("shrink_share"), default.shrink_share, Node::share);
    let two_consents = or(&map.get("two_consents"), default.two_consents, Node::boolean);
    map.close();
    Some(Limits {
        lock_share: lock_share?,
        lock_least: lock_least?,
        remove_share: remove_share?,
        remove_least: remove_least?,
        join_share: join_share?,
        join_least: join_least?,
        gain: gain?,
        gain_lesser: gain_lesser?,
        lose: lose?,
        deactivate: deactivate?,
        shrink_share: shrink_share?,
        two_consents: two_consents?,
    })
}

pub(in crate::config) fn media(node: &Node<'_>) -> Option<Media> {
    let mut map = node.map();
    let allow = list_or(&mut map, "allow", Accepted::default().ranges().to_vec(), media_range);
    let action = or(&map.get("action"), OnFile::Redact, |node| {
        node.word(&[("redact", OnFile::Redact), ("report", OnFile::Report)])
    });
    let quarantine = or(&map.get("quarantine"), true, Node::boolean);
    map.close();
    Some(Media { allow: Accepted::new(allow?), action: action?, quarantine: quarantine? })
}

fn media_range(node: &Node<'_>) -> Option<Mime> {
    node.parsed(|text| {
        let range: Mime = text.trim().parse().map_err(|_| {
            format!("{text:?} is not a media type; write one such as application/pdf, or a range such as audio/*")
        })?;
        if range.params().next().is_some() {
            return Err("must end before the semicolon; media types are compared without parameters".to_owned());
        }
        if FileKind::of(&range).is_never_accepted() {
            return Err(
                "is never accepted, because such a file may run a program where somebody only looks at it; remove it"
                    .to_owned(),
            );
        }
        Ok(range)
    })
}

pub(in crate::config) fn drift(node: &Node<'_>) -> Option<OnDrift> {
    or(node, OnDrift::Enforce, |node| node.word(&[("enforce", OnDrift::Enforce), ("report", OnDrift::Report)]))
}

pub(in crate::config) fn audit(node: &Node<'_>) -> Option<Audit> {
    let mut map = node.map();
    let default = Some(std::time::Duration::from_secs(5 * YEAR));
    // The brakes count the audit's last 24 hours.
    let retention = or(&map.get("retention"), default, |node| node.duration_or_off(30 * DAY, true));
    let reasons_in_rooms = or(&map.get("reasons_in_rooms"), true, Node::boolean);
    map.close();
    Some(Audit { retention: retention?, reasons_in_rooms: reasons_in_rooms? })
}
