# What is found in people, rules and Synapse. The English is that of the program's own reports; a test compares.

finding-no-public-id = person { $person } has no profile in EquipeMed, so no public id: they get no account until they have one
finding-no-localpart = person { $person } gets no account: no usable localpart. Give them a Matrix localpart in EquipeMed
finding-localpart-impossible = person { $person } gets no account: no usable localpart; { $tried }. Give them a Matrix localpart in EquipeMed
localpart-character = “{ $wish }”: the character { $odd } is not allowed (only a-z, 0-9 and . _ = - / +)
localpart-empty = “{ $wish }”: it is empty
localpart-digits = “{ $wish }”: it consists of digits only, which Synapse keeps for guests
localpart-underscore = “{ $wish }”: it begins with _, which Synapse refuses
localpart-too-long = “{ $wish }”: with the server's name it is longer than 255 bytes
localpart-reserved = “{ $wish }”: the name is reserved
finding-person-replaced = person { $person }, { $now }, has the number in EquipeMed that was { $was }'s, and another public id:
    a new person, who inherits nothing.
    { $user } stays { $was }'s, who counts as missing. If they are one and the same, run `equipemed-bot users adopt { $now } { $id }`{ $administrator }
finding-account-unclear = whose { $user } is cannot be told: it was bound before public ids were kept and has no external id on Synapse.
    Nothing is changed for it until you say so: `equipemed-bot users adopt USERNAME { $id }`{ $administrator }
finding-account-gone = the account { $user } of person { $person } is no longer on Synapse: it is made again
finding-external-id-lost = { $user }, the account of person { $person }, has lost its external id on Synapse: it is put back
finding-external-id-differs = { $user }, the account of person { $person }, has on Synapse the external id { $found },
    by which somebody else could sign in: the right one is put in its place. Find out who changed it
finding-localpart-collision = person { $person } and person { $others } both lead to { $user }:
    give one of them another Matrix localpart in EquipeMed
finding-localpart-held = person { $others } leads to { $user }, which is the account of person { $person }:
    give one of them another Matrix localpart in EquipeMed
finding-name-of-missing = person { $person } leads to { $user }, the account of a person ({ $holder }) who has been gone from EquipeMed since
    { $since }. If they are one and the same, run `equipemed-bot users adopt { $name } { $id }`{ $administrator }. If not,
    give { $person } another Matrix localpart in EquipeMed; `equipemed-bot users release { $account }` lets the old account go
finding-name-just-missing = person { $person } leads to { $user }, the account of a person ({ $holder }) whom EquipeMed no longer has.
    If they are one and the same, run `equipemed-bot users adopt { $name } { $id }`{ $administrator }
finding-localpart-reserved = person { $person } leads to { $user }, which is protected: give them another Matrix localpart
finding-account-twin = person { $person } would get { $user }, but { $twin } exists and differs in case only:
    give them another Matrix localpart
finding-account-not-theirs = person { $person } leads to { $user }, which exists without their external id:
    if it is theirs, run `equipemed-bot users adopt { $name } { $id }`{ $administrator }
finding-administrator = . It is a Synapse administrator: whoever signs in to it can undo everything here
finding-administrator-found = { $user } carries the external id of person { $person } and is not taken over by itself.
    If it is theirs, run `equipemed-bot users adopt { $name } { $id }`{ $administrator }
finding-external-id-taken = person { $person } gets no account: their external id is on { $user }, the account of person { $owner }.
    Take it away there if it is not theirs
finding-account-missing = person { $person } has no account ({ $user }) and users.create is off
finding-email-shared = the people { $people } have one e-mail address in EquipeMed: Synapse gets it for none of them. Give each their own
finding-email-taken = the e-mail address of person { $person } ({ $user }) belongs to { $holder } on Synapse, which did not get it from here:
    take it away there if it is not theirs
finding-unknown-status = person { $person } has the status “{ $status }”, which users.standing does not know: nothing is changed for them
finding-group-unknown = a rule names the group “{ $name }”, which EquipeMed does not have{ $near }
finding-group-of-nobody = a rule names the group “{ $name }”, and nobody is in it{ $near }
finding-specialty-unknown = a rule names the specialty “{ $name }”, which EquipeMed does not have in use{ $near }
finding-specialty-of-nobody = a rule names the specialty “{ $name }”, and nobody has it{ $near }
finding-name-near = ; did you mean “{ $near }”?
finding-room-matches-nobody = the rule of room { $room } matches nobody
finding-member-unbound = { $user } is in room { $room } and belongs to nobody in EquipeMed
finding-banned-by-hand = { $user } belongs in room { $room } and is banned there by hand
finding-invitations-declined = { $people } left room { $room } or declined its invitation, and belongs there: nobody is asked again. If they change their mind,
    somebody in the room invites them
finding-other-faces = in room { $room } another name or picture than everywhere else is used (`/myroomnick`) by { $people }. Nothing is put back:
    set `allow_per_room_profiles: false` in homeserver.yaml, and a change of the name or picture ends it
finding-creator-stays = { $user } made room { $room } and no longer belongs there: nobody can remove who made a room of version 12.
    They leave it themselves, or a new one takes its place: `equipemed-bot rooms replace { $key }`
finding-email-invalid = what EquipeMed has as e-mail address of person { $person } is none, and Synapse does not get it: correct it there
finding-level-creator = { $user } made room { $room } and should stand at { $wanted } there:
    who made a room of version 12 stands above every level. Only a new one can change it: `equipemed-bot rooms replace { $key }`
finding-level-like-bot = { $user } stands at { $has } in room { $room } and should stand at { $wanted }:
    the bot stands at { $bot } there and gives nobody its own level. Give the bot more, or make a new room
finding-level-like-bot-at-top = { $user } stands at { $has } in room { $room } and should stand at { $wanted }:
    the bot stands at { $bot } there, gives nobody its own level, and nobody can give it more. Only a new room can change it
finding-level-above-bot = { $user } stands at { $has } in room { $room } and should stand at { $wanted }:
    the bot's own { $bot } is not above that. Only they themselves, or a new room, can change it
finding-levels-full = the level event of room { $room } holds { $entries } people and { $waiting } wait: with them it would have
    { $bytes } bytes, and Synapse takes { $most }. Give the level that most of them have to everybody, with `default_level` in the
    configuration
finding-default-level-too-high = `default_level` { $level } of room { $room } is not given to everybody: { $needs } is enough to
    moderate there. Choose a lower one
finding-power-missing = the bot may not { $what } in room { $room }: that needs { $needs }, it stands at { $bot }
finding-bot-not-in-room = the bot is not in room { $room } ({ $id }): invite it there, or make a new one in its place:
    `equipemed-bot rooms replace { $key }`
finding-room-unreadable = room { $room } ({ $id }) could not be read: { $why }
finding-room-gone = room { $room } ({ $id }) was deleted, or is out of the bot's reach: { $why }.
    To make a new one in its place: `equipemed-bot rooms replace { $key }`
finding-room-encrypted = room { $room } is encrypted: what is said there cannot be moderated.
    Make a new one in its place: `equipemed-bot rooms replace { $key }`
finding-room-replaced = room { $room } was replaced by another room by hand, and nothing is changed in it any more.
    To make a new one in its place: `equipemed-bot rooms replace { $key }`
finding-room-replaced-by = room { $room } was upgraded by { $user }, and people were sent to { $id }, where the bot manages nothing.
    To make a new one in its place: `equipemed-bot rooms replace { $key }`.
    To take theirs over, once the bot is invited there: `equipemed-bot rooms adopt { $id } { $key } --instead --accept-creators { $user }`
finding-room-version = room { $room } has version { $has }, the policy says { $wanted }: that cannot be changed in an existing room
finding-version-missing = room { $room } is not made: Synapse does not have room version { $wanted }, only { $has }.
    Say `version: best`, or update Synapse
finding-room-is-space = room { $room } is a space, the policy says room: that cannot be changed in an existing room
finding-room-is-no-space = room { $room } is no space, the policy says space: that cannot be changed in an existing room
finding-room-no-level-event = room { $room } has no level event: that cannot be changed in an existing room
finding-room-key-twice = there are several rooms for { $room }, made or marked by the bot itself ({ $ids }): none of them is used and no other is made.
    Choose one by its id: `equipemed-bot rooms adopt ID { $key }`
finding-control-room-twice = there are several control rooms, made or marked by the bot itself ({ $ids }): none of them is used and no other is made.
    Choose one by its id: `equipemed-bot setup --control-room ID`
finding-room-no-longer-managed = room { $room } ({ $id }) left the policy: it is left alone and no longer managed
finding-directory-shrank = EquipeMed had { $before } people at the last read and has { $now } now: nothing is destroyed
    and nobody new is made until the people are back, or somebody releases what is held for it
finding-control-room-missing = there is no control room yet: run `equipemed-bot setup`
finding-control-room-open = the control room is not private: { $rule } may come in
