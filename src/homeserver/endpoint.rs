//! The closed list of requests that this service may send to Synapse.
//!
//! It ensures that the service never acts as another user: a request that is not listed cannot be sent, and the tests
//! check every request on the wire against [`Endpoint::of`]. There is no `login` as a user, no `user_id=` and no
//! `make_room_admin`, and none may be added.

use std::fmt;

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident = $method:literal $path:literal;)*) => {
        /// A method and a path template of Synapse's API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Endpoint {
            $($(#[$doc])* $name,)*
        }

        impl Endpoint {
            /// All endpoints.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// HTTP method, upper-case.
            #[must_use]
            pub const fn method(self) -> &'static str {
                match self { $(Self::$name => $method,)* }
            }

            /// Path with `{}` for each identifier.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)* }
            }

            /// Name for logs and metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

endpoints! {
    /// Which versions of the client API Synapse speaks; needs no token.
    Versions = "GET" "/_matrix/client/versions";
    /// What Synapse can do, such as the versions in which it makes rooms.
    Capabilities = "GET" "/_matrix/client/v3/capabilities";
    /// Which account the token belongs to.
    WhoAmI = "GET" "/_matrix/client/v3/account/whoami";
    /// Creates the bot's own account.
    Register = "POST" "/_matrix/client/v3/register";
    /// Asks Synapse to call this service back.
    Ping = "POST" "/_matrix/client/v1/appservice/{}/ping";
    /// The bot's rooms.
    JoinedRooms = "GET" "/_matrix/client/v3/joined_rooms";
    /// A room's whole state.
    RoomState = "GET" "/_matrix/client/v3/rooms/{}/state";
    /// One state event's content.
    StateEvent = "GET" "/_matrix/client/v3/rooms/{}/state/{}/{}";
    /// A room's events from a position on.
    RoomEvents = "GET" "/_matrix/client/v3/rooms/{}/messages";
    /// One event of a room, by id.
    RoomEvent = "GET" "/_matrix/client/v3/rooms/{}/event/{}";
    /// Events that relate to another one, such as reactions.
    Relations = "GET" "/_matrix/client/v1/rooms/{}/relations/{}/{}/{}";
    /// Sends a message or a reaction as the bot.
    SendMessage = "PUT" "/_matrix/client/v3/rooms/{}/send/{}/{}";
    /// Marks a message as read by the bot.
    Receipt = "POST" "/_matrix/client/v3/rooms/{}/receipt/m.read/{}";
    /// Which room an alias leads to.
    ResolveAlias = "GET" "/_matrix/client/v3/directory/room/{}";
    /// Creates a room.
    CreateRoom = "POST" "/_matrix/client/v3/createRoom";
    /// Sets a state event.
    SendState = "PUT" "/_matrix/client/v3/rooms/{}/state/{}/{}";
    /// Publishes an alias.
    PutAlias = "PUT" "/_matrix/client/v3/directory/room/{}";
    /// Removes an alias.
    DeleteAlias = "DELETE" "/_matrix/client/v3/directory/room/{}";
    /// Joins the bot to a room that it is invited to.
    Join = "POST" "/_matrix/client/v3/rooms/{}/join";
    /// Takes the bot out of a room, or rejects an invitation.
    Leave = "POST" "/_matrix/client/v3/rooms/{}/leave";
    /// Invites a person.
    Invite = "POST" "/_matrix/client/v3/rooms/{}/invite";
    /// Removes a member or revokes an invitation.
    Kick = "POST" "/_matrix/client/v3/rooms/{}/kick";
    /// Bans a person.
    Ban = "POST" "/_matrix/client/v3/rooms/{}/ban";
    /// Lifts a ban.
    Unban = "POST" "/_matrix/client/v3/rooms/{}/unban";
    /// Redacts one event.
    Redact = "PUT" "/_matrix/client/v3/rooms/{}/redact/{}/{}";
    /// Uploads the bot's avatar or a file that it attaches.
    UploadMedia = "POST" "/_matrix/media/v3/upload";
    /// Who uploaded a file, and its type; never its content.
    MediaDetail = "GET" "/_synapse/admin/v1/media/{}/{}";
    /// Makes a redacted message's file unreachable for everybody.
    QuarantineMedia = "POST" "/_synapse/admin/v1/media/quarantine/{}/{}";
    /// Synapse's version.
    ServerVersion = "GET" "/_synapse/admin/v1/server_version";
    /// A page of the user list.
    Accounts = "GET" "/_synapse/admin/v2/users";
    /// One account with its external ids.
    Account = "GET" "/_synapse/admin/v2/users/{}";
    /// Creates or changes an account.
    PutAccount = "PUT" "/_synapse/admin/v2/users/{}";
    /// The devices of an account: they show whether anybody has signed in, and a sign-out deletes them.
    Devices = "GET" "/_synapse/admin/v2/users/{}/devices";
    /// Deletes devices of an account, which ends their sessions and pushers.
    DeleteDevices = "POST" "/_synapse/admin/v2/users/{}/delete_devices";
    /// Deactivates an account.
    Deactivate = "POST" "/_synapse/admin/v1/deactivate/{}";
    /// The account that holds an external id.
    Holder = "GET" "/_synapse/admin/v1/auth_providers/{}/users/{}";
    /// The account that holds an e-mail address.
    EmailHolder = "GET" "/_synapse/admin/v1/threepid/email/users/{}";
    /// A page of the room list.
    Rooms = "GET" "/_synapse/admin/v1/rooms";
    /// Only names and memberships in the history of a room without members.
    EmptyRoomHistory = "GET" "/_synapse/admin/v1/rooms/{}/messages";
    /// A room's whole state, even if the bot is not in it.
    AnyRoomState = "GET" "/_synapse/admin/v1/rooms/{}/state";
    /// Deletes an empty room in the background.
    DeleteRoom = "DELETE" "/_synapse/admin/v2/rooms/{}";
    /// Progress of a deletion.
    DeleteStatus = "GET" "/_synapse/admin/v2/rooms/delete_status/{}";
    /// Joins a local user to a room that the bot is in.
    AdminJoin = "POST" "/_synapse/admin/v1/join/{}";
    /// What people reported, without what the reported messages say.
    EventReports = "GET" "/_synapse/admin/v1/event_reports";
    /// Deletes a report that was answered.
    DeleteEventReport = "DELETE" "/_synapse/admin/v1/event_reports/{}";
    /// The nonce for registration with the shared secret. A server that does not manage its accounts has none.
    Nonce = "GET" "/_synapse/admin/v1/register";
    /// Registers the temporary administrator; setup only.
    RegisterAdministrator = "POST" "/_synapse/admin/v1/register";
}

impl Endpoint {
    /// The endpoint of a request; `path` is a sent path or a template, without the query.
    #[must_use]
    pub fn of(method: &str, path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|endpoint| endpoint.method() == method && matches(endpoint.path(), path))
    }

    /// The filter of every request to it, where Synapse would otherwise show more than this program is to read.
    #[must_use]
    pub const fn filter(self) -> Option<&'static str> {
        match self {
            Self::EmptyRoomHistory => Some(r#"{"types":["m.room.member","m.room.name"],"lazy_load_members":false}"#),
            _ => None,
        }
    }

    /// Fills percent-encoded identifiers into the path. None when their number is wrong or one would change the path.
    pub(super) fn fill(self, identifiers: &[&str]) -> Option<String> {
        if identifiers.iter().any(|identifier| matches!(*identifier, "" | "." | "..")) {
            return None;
        }
        let mut rest = identifiers.iter();
        let mut path = String::with_capacity(self.path().len() + 64);
        for (index, literal) in self.path().split("{}").enumerate() {
            if index > 0 {
                encode(rest.next()?, &mut path);
            }
            path.push_str(literal);
        }
        rest.next().is_none().then_some(path)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), self.path())
    }
}

/// Compares segment by segment: a literal must be equal, and of identifiers only a state key may be empty.
fn matches(template: &str, path: &str) -> bool {
    let given = match template.ends_with("/state/{}/{}") {
        true => path.strip_suffix('/').unwrap_or(path),
        false => path,
    };
    let is_like =
        |(wanted, segment): (&str, &str)| if wanted == "{}" { !segment.is_empty() } else { wanted == segment };
    let whole = template.split('/').count() == path.split('/').count();
    whole && template.split('/').zip(given.split('/')).all(is_like)
}

/// Keeps only RFC 3986's unreserved characters.
fn encode(identifier: &str, path: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in identifier.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            _ => {
                path.push('%');
                path.push(char::from(HEX[usize::from(byte >> 4)]));
                path.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}
