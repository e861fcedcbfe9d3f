//! Changes memberships and redacts events, always as the bot.
//!
//! One exception is Synapse's: for the admin join, the bot invites and the server writes the join as the person.

use equipemed_domain::fault::HomeserverError;
use equipemed_domain::observed::Membership;
use matrix_sdk::ruma::api::client::membership::{
    ban_user, invite_user, join_room_by_id, kick_user, leave_room, unban_user,
};
use matrix_sdk::ruma::api::client::redact::redact_event;
use matrix_sdk::ruma::{EventId, OwnedEventId, OwnedTransactionId, RoomId, UserId};

use super::{Done, Writer};
use crate::homeserver::endpoint::Endpoint;
use crate::homeserver::transport::Sending;
use crate::homeserver::wire::{Anything, Join};

/// A membership; None when there never was one.
type Seat = Option<Membership>;

impl Writer {
    /// Joins a local person to a room that the bot is in; the person need not accept an invitation.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with `M_BAD_STATE` when the person is banned there.
    pub async fn admin_join(&self, room_id: &RoomId, user: &UserId) -> Result<Done, HomeserverError> {
        let transport = &self.reader.transport;
        let body = Join { user_id: user.as_str() };
        let answer = transport
            .json::<Anything>(Endpoint::AdminJoin, &[room_id.as_str()], &[], Some(&body), Sending::WRITE)
            .await;
        self.settle(room_id, user, answer, |seat| seat == Some(Membership::Join)).await
    }

    /// Accepts an invitation of the bot.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with 403 when the bot is not invited.
    pub async fn join(&self, room_id: &RoomId) -> Result<Done, HomeserverError> {
        let request = join_room_by_id::v3::Request::new(room_id.to_owned());
        self.reader.transport.client(request, Sending::WRITE).await.map(|_| Done::Changed)
    }

    /// Leaves a room or rejects an invitation.
    pub async fn leave(&self, room_id: &RoomId) -> Result<Done, HomeserverError> {
        let request = leave_room::v3::Request::new(room_id.to_owned());
        match self.reader.transport.client(request, Sending::WRITE).await {
            Ok(_) => Ok(Done::Changed),
            Err(error @ (HomeserverError::Refused { status: 403, .. } | HomeserverError::NotFound { .. })) => {
                if self.reader.joined_rooms().await?.contains(room_id) { Err(error) } else { Ok(Done::Already) }
            }
            Err(error) => Err(error),
        }
    }

    /// Invites a person.
    pub async fn invite(&self, room_id: &RoomId, user: &UserId) -> Result<Done, HomeserverError> {
        let recipient =
            invite_user::v3::InvitationRecipient::UserId(invite_user::v3::InviteUserId::new(user.to_owned()));
        let request = invite_user::v3::Request::new(room_id.to_owned(), recipient);
        let answer = self.reader.transport.client(request, Sending::WRITE).await;
        self.settle(room_id, user, answer, |seat| matches!(seat, Some(Membership::Join | Membership::Invite))).await
    }

    /// Removes a member, or revokes an invitation or a knock.
    pub async fn kick(&self, room_id: &RoomId, user: &UserId, reason: Option<&str>) -> Result<Done, HomeserverError> {
        let mut request = kick_user::v3::Request::new(room_id.to_owned(), user.to_owned());
        request.reason = reason.map(str::to_owned);
        let answer = self.reader.transport.client(request, Sending::WRITE).await;
        self.settle(room_id, user, answer, |seat| {
            !matches!(seat, Some(Membership::Join | Membership::Invite | Membership::Knock))
        })
        .await
    }

    /// Bans a person from a room.
    pub async fn ban(&self, room_id: &RoomId, user: &UserId, reason: Option<&str>) -> Result<Done, HomeserverError> {
        let mut request = ban_user::v3::Request::new(room_id.to_owned(), user.to_owned());
        request.reason = reason.map(str::to_owned);
        let answer = self.reader.transport.client(request, Sending::WRITE).await;
        self.settle(room_id, user, answer, |seat| seat == Some(Membership::Ban)).await
    }

    /// Lifts a ban; does not join the person.
    pub async fn unban(&self, room_id: &RoomId, user: &UserId) -> Result<Done, HomeserverError> {
        let request = unban_user::v3::Request::new(room_id.to_owned(), user.to_owned());
        let answer = self.reader.transport.client(request, Sending::WRITE).await;
        self.settle(room_id, user, answer, |seat| seat != Some(Membership::Ban)).await
    }

    /// Redacts one event. A repeated transaction id gives the same redaction. Synapse need not know the event.
    pub async fn redact(
        &self,
        room_id: &RoomId,
        event_id: &EventId,
        reason: Option<&str>,
        transaction: &str,
    ) -> Result<OwnedEventId, HomeserverError> {
        let transaction = OwnedTransactionId::from(transaction);
        let mut request = redact_event::v3::Request::new(room_id.to_owned(), event_id.to_owned(), transaction);
        request.reason = reason.map(str::to_owned);
        Ok(self.reader.transport.client(request, Sending::WRITE).await?.event_id)
    }

    /// Synapse refuses a membership change that has already been made, as after a repeat whose first response was lost.
    /// So a refusal is compared with the actual membership.
    async fn settle<T>(
        &self,
        room_id: &RoomId,
        user: &UserId,
        answer: Result<T, HomeserverError>,
        wanted: impl Fn(Seat) -> bool,
    ) -> Result<Done, HomeserverError> {
        match answer {
            Ok(_) => Ok(Done::Changed),
            Err(error @ HomeserverError::Refused { status: 403, .. }) => match self.seat(room_id, user).await {
                Ok(seat) if wanted(seat) => Ok(Done::Already),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn seat(&self, room_id: &RoomId, user: &UserId) -> Result<Seat, HomeserverError> {
        let content = self.reader.state(room_id, "m.room.member", user.as_str()).await?;
        let word = content.as_ref().and_then(|content| content.get("membership")?.as_str());
        Ok(match word {
            Some("join") => Some(Membership::Join),
            Some("invite") => Some(Membership::Invite),
            Some("knock") => Some(Membership::Knock),
            Some("ban") => Some(Membership::Ban),
            Some("leave") => Some(Membership::Left),
            _ => None,
        })
    }
}
