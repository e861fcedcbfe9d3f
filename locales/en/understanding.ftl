# When a text is no command that can be carried out, or names nobody and nothing.

no-such-word = I do not know the command “{ $said }”. `{ $prefix }help` shows all of them.
no-such-word-near = I do not know the command “{ $said }”. Did you mean { $nearest }?
missing = What is missing: { $what }.
missing-reply = Use { $word } in reply to the message that is to go.
for-example = For example:

    { $examples }
room-in-quotes = A room’s name with a space needs quotation marks.
unexpected = I do not understand “{ $said }” in this command.
unexpected-near = I do not understand “{ $said }” in this command. Did you mean { $nearest }?
wrong = “{ $said }” will not do here. What is needed: { $what }.
usage = Type it like this: { $usage }
ambiguous = “{ $said }” shows one name and leads to another. I do not guess: please type the name.
reason-or-person = Is “{ $said }” the reason, or a person? For a reason type `{ $prefix }redact because …`,
    for that person’s messages `{ $prefix }redact WHO last 3`.
unclosed = The closing quotation mark is missing.
not-here = { $word } works in the control room only.

nobody = I know nobody called “{ $said }”.
nobody-near = I know nobody called “{ $said }”. Did you mean { $nearest }?
several-people = “{ $said }” may be several people: { $list }. Please say which one.
no-room = I know no room called “{ $said }”. A name with a space needs quotation marks.
no-room-near = I know no room called “{ $said }”. Did you mean { $nearest }?
person-or-room = “{ $said }” is the name of a person and of a room. Please use the full address of the one you mean.
not-managed = I do not manage the room { $room }, so I change nothing there.
no-account = { $user } has no account on this server.
no-event = I cannot find that message. Was it deleted, or is it in a room that I am not in?
need-room = Please say in which room: add `in` and the room’s name.
too-many = That is too much at once for { $word }: at most { $most }.

edited = I read a message only as it was first sent. Please send the corrected command as a new message.
hint-goes = This is only a hint for you: I delete it in a minute.
too-often = That was the third message in a row that I did not understand. I answer again after a minute without one,
    or when I understand a command of yours.
unquoted = Did you mean “{ $said }”? A name with a space goes in quotation marks.
reason-or-room = Is “{ $said }” part of the reason, or the room? For a reason say `{ $prefix }redact because …`,
    for messages in that room `{ $prefix }redact WHO in ROOM last 3`.
