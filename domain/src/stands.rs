//! Checks whether a request is fulfilled according to the observed state: "already so" needs a look.

use std::collections::BTreeSet;

use ruma_common::{OwnedUserId, UserId};

use crate::authority::Act;
use crate::desired::{Desired, Presence};
use crate::fault::HomeserverError;
use crate::key::RoomKey;
use crate::observed::{Membership, Observed, ObservedRoom, RoomSight};

/// Input of the check.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// The bot.
    pub bot: &'a UserId,
    /// The desired state.
    pub desired: &'a Desired,
    /// The observed state.
    pub observed: &'a Observed,
    /// Rooms that were deleted.
    pub deleted: &'a BTreeSet<RoomKey>,
}

/// Why a request is not fulfilled. Equal reasons are reported together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unmet {
    /// `users.who` no longer selects the person: levels do not count, and a deactivated account stays so.
    Released,
    /// The person's standing is unclear, so nothing about them is changed.
    Unclear,
    /// The person is temporarily off and has no level.
    Off,
    /// The account does not exist.
    NoAccount,
    /// The room does not exist yet.
    NoRoom,
    /// Several rooms have the key, so none is used.
    Several,
    /// The room was deleted.
    Deleted,
    /// The room could not be read.
    Unreadable {
        /// Synapse's response.
        why: HomeserverError,
    },
    /// The room was replaced by another one.
    Replaced,
    /// The bot is not in the room.
    BotOut,
    /// The person does not belong there.
    NotMember,
    /// The bot's level is too low.
    OutOfReach {
        /// The higher of the person's present and desired level.
        level: i64,
        /// The bot's level.
        bot: i64,
    },
    /// Not done yet, without a visible obstacle.
    NotYet,
}

/// The room as it was seen.
///
/// # Errors
/// Why nothing can be said or done in it.
pub fn usable<'a>(key: &RoomKey, looked: Looked<'a>) -> Result<&'a ObservedRoom, Unmet> {
    if looked.deleted.contains(key) {
        return Err(Unmet::Deleted);
    }
    let seen = match looked.observed.rooms.get(key) {
        None | Some(RoomSight::Absent) => return Err(Unmet::NoRoom),
        Some(RoomSight::Several { .. }) => return Err(Unmet::Several),
        Some(RoomSight::Unreadable { why, .. }) => return Err(Unmet::Unreadable { why: why.clone() }),
        Some(RoomSight::Seen(seen)) => seen,
    };
    if seen.members.get(looked.bot) != Some(&Membership::Join) {
        return Err(Unmet::BotOut);
    }
    if seen.replaced.is_some() {
        return Err(Unmet::Replaced);
    }
    Ok(seen)
}

/// Whether an act on a person is fulfilled in a room; None if it is.
#[must_use]
pub fn in_room(act: Act, user: &OwnedUserId, key: &RoomKey, looked: Looked<'_>) -> Option<Unmet> {
    let seen = match usable(key, looked) {
        Ok(seen) => seen,
        Err(unmet) => return Some(unmet),
    };
    let Some(account) = looked.desired.accounts.get(user) else { return Some(Unmet::Unclear) };
    let membership = seen.members.get(user);
    let is_banned = membership.is_some_and(|membership| membership.is_ban());
    let is_in = matches!(membership, Some(Membership::Join | Membership::Invite));
    let wanted = looked.desired.rooms.get(key)?;
    match act {
        Act::Ban if !is_banned => Some(unreached(seen, user, 0, looked.bot)),
        Act::Kick if is_in => Some(unreached(seen, user, 0, looked.bot)),
        // Another grant that still bans them is reported elsewhere.
        Act::Unban | Act::UnbanByHand if is_banned && !wanted.banned.contains_key(user) => {
            Some(unreached(seen, user, 0, looked.bot))
        }
        Act::Promote(_) | Act::Demote | Act::Mute | Act::Unmute if account.released => Some(Unmet::Released),
        Act::Promote(_) | Act::Demote | Act::Mute | Act::Unmute => {
            let Some(wish) = wanted.members.get(user) else { return Some(Unmet::NotMember) };
            if *wish == Presence::Stay && matches!(act, Act::Promote(_) | Act::Mute) {
                return Some(Unmet::Off);
            }
            let level = wanted.levels.get(user).copied().unwrap_or(seen.users_default());
            (seen.level_of(user) != level).then(|| unreached(seen, user, level, looked.bot))
        }
        _ => None,
    }
}

fn unreached(seen: &ObservedRoom, user: &UserId, wanted: i64, bot: &UserId) -> Unmet {
    let (level, bot) = (seen.level_of(user).max(wanted), seen.level_of(bot));
    if level >= bot { Unmet::OutOfReach { level, bot } } else { Unmet::NotYet }
}

/// Whether an act on an account is fulfilled; None if it is.
#[must_use]
pub fn of_account(act: Act, user: &OwnedUserId, looked: Looked<'_>) -> Option<Unmet> {
    let Some(seen) = looked.observed.accounts.list.get(user) else { return Some(Unmet::NoAccount) };
    let is_so = match act {
        Act::Lock => seen.locked || seen.deactivated,
        Act::Unlock => !seen.locked || seen.deactivated,
        Act::Deactivate => seen.deactivated,
        Act::Reactivate => !seen.deactivated,
        _ => true,
    };
    if is_so {
        return None;
    }
    Some(match looked.desired.accounts.get(user) {
        None => Unmet::Unclear,
        Some(account) if account.released && act == Act::Reactivate => Unmet::Released,
        Some(_) => Unmet::NotYet,
    })
}
