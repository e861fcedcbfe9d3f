//! The closed list of what this service may ask of Synapse.
//!
//! It is how "never acts as another user" is kept: what is not here cannot be sent, and the tests hold every
//! request seen on the wire against [`Endpoint::of`]. There is no `login` as somebody, no `user_id=`, and no
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
            /// All of them.
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

            /// Its name, for logs and metrics.
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
    /// Whose token it is.
    WhoAmI = "GET" "/_matrix/client/v3/account/whoami";
    /// Makes the bot's own account exist.
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
    /// One event of a room.
    RoomEvent = "GET" "/_matrix/client/v3/rooms/{}/event/{}";
    /// Events that relate to one, such as reactions.
    Relations = "GET" "/_matrix/client/v1/rooms/{}/relations/{}/{}/{}";
    /// Says something as the bot: a message or a reaction.
    SendMessage = "PUT" "/_matrix/client/v3/rooms/{}/send/{}/{}";
    /// Marks a message as read by the bot.
    Receipt = "POST" "/_matrix/client/v3/rooms/{}/receipt/m.read/{}";
    /// Which room an alias leads to.
    ResolveAlias = "GET" "/_matrix/client/v3/directory/room/{}";
    /// Makes a room.
    CreateRoom = "POST" "/_matrix/client/v3/createRoom";
    /// Sets a state event.
    SendState = "PUT" "/_matrix/client/v3/rooms/{}/state/{}/{}";
    /// Publishes an alias.
    PutAlias = "PUT" "/_matrix/client/v3/directory/room/{}";
    /// Gives an alias up.
    DeleteAlias = "DELETE" "/_matrix/client/v3/directory/room/{}";
    /// Brings the bot itself into a room that it is invited to.
    Join = "POST" "/_matrix/client/v3/rooms/{}/join";
    /// Takes the bot itself out of a room, or turns an invitation of it down.
    Leave = "POST" "/_matrix/client/v3/rooms/{}/leave";
    /// Invites.
    Invite = "POST" "/_matrix/client/v3/rooms/{}/invite";
    /// Removes a member or takes an invite back.
    Kick = "POST" "/_matrix/client/v3/rooms/{}/kick";
    /// Bans.
    Ban = "POST" "/_matrix/client/v3/rooms/{}/ban";
    /// Lifts a ban.
    Unban = "POST" "/_matrix/client/v3/rooms/{}/unban";
    /// Redacts one event.
    Redact = "PUT" "/_matrix/client/v3/rooms/{}/redact/{}/{}";
    /// Uploads the bot's own picture, or a file that it attaches.
    UploadMedia = "POST" "/_matrix/media/v3/upload";
    /// Synapse's version.
    ServerVersion = "GET" "/_synapse/admin/v1/server_version";
    /// A page of the accounts.
    Accounts = "GET" "/_synapse/admin/v2/users";
    /// One account with its external ids.
    Account = "GET" "/_synapse/admin/v2/users/{}";
    /// Makes or changes an account.
    PutAccount = "PUT" "/_synapse/admin/v2/users/{}";
    /// Whether anybody has signed in to an account.
    Devices = "GET" "/_synapse/admin/v2/users/{}/devices";
    /// Deactivates an account.
    Deactivate = "POST" "/_synapse/admin/v1/deactivate/{}";
    /// Who holds an external id.
    Holder = "GET" "/_synapse/admin/v1/auth_providers/{}/users/{}";
    /// Who holds an e-mail address.
    EmailHolder = "GET" "/_synapse/admin/v1/threepid/email/users/{}";
    /// A page of the rooms.
    Rooms = "GET" "/_synapse/admin/v1/rooms";
    /// Deletes a room in the background; only one that nobody is in.
    DeleteRoom = "DELETE" "/_synapse/admin/v2/rooms/{}";
    /// How far a deletion is.
    DeleteStatus = "GET" "/_synapse/admin/v2/rooms/delete_status/{}";
    /// Lets Synapse join a local user to a room the bot is in.
    AdminJoin = "POST" "/_synapse/admin/v1/join/{}";
    /// The nonce for registering with the shared secret; setup only.
    Nonce = "GET" "/_synapse/admin/v1/register";
    /// Registers the temporary administrator; setup only.
    RegisterAdministrator = "POST" "/_synapse/admin/v1/register";
}

impl Endpoint {
    /// The endpoint that a request went to; `path` as sent or as a template, without the query.
    #[must_use]
    pub fn of(method: &str, path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|endpoint| endpoint.method() == method && matches(endpoint.path(), path))
    }

    /// The path with its identifiers filled in, each percent-encoded; None when their number is wrong, or when one
    /// of them would change which path it is.
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

/// Segment by segment: a literal must agree, and of identifiers only a state key may be empty.
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

/// RFC 3986's unreserved characters stay.
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
