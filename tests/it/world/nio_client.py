"""Signs in with matrix-nio, says one thing in a room, and prints as JSON what a client makes of the bot's answer.

Arguments: address, account, room, bot, what to say. The password is read from standard input.
"""

import asyncio
import json
import sys

from nio import AsyncClient, BadEvent, ReactionEvent, RedactionEvent, RoomMessage, UnknownBadEvent

FILTER = {"room": {"timeline": {"limit": 200}}}
WITHIN = 90


async def main(address, account, room, bot, text):
    client = AsyncClient(address, account)
    seen = {"sent": None, "messages": {}, "order": [], "edits": 0, "reactions": {}, "taken_back": [], "bad": []}
    try:
        login = await client.login(sys.stdin.readline().strip())
        assert client.logged_in, login
        first = await client.sync(timeout=0, sync_filter=FILTER)
        sent = await client.room_send(room, "m.room.message", {"msgtype": "m.text", "body": text})
        seen["sent"] = sent.event_id
        since = first.next_batch
        while not is_over(seen):
            answer = await client.sync(timeout=5000, since=since, sync_filter=FILTER)
            since = answer.next_batch
            for event in answer.rooms.join[room].timeline.events if room in answer.rooms.join else []:
                note(seen, bot, event)
    except asyncio.CancelledError:
        print(json.dumps(seen), file=sys.stderr)
        raise
    finally:
        await client.close()
    print(json.dumps(seen))


def is_over(seen):
    """Answered, and marked as done if it is something that is done."""
    about = [message for message in seen["messages"].values() if message["reply_to"] == seen["sent"]]
    marks = {"✅", "⚠️", "❌"} & {reaction["key"] for reaction in seen["reactions"].values()}
    return bool(about) and (bool(marks) or seen["edits"] == 0 and "EquipeMed bot" in about[0]["body"])


def note(seen, bot, event):
    if event.sender != bot:
        return
    if isinstance(event, (BadEvent, UnknownBadEvent)):
        seen["bad"].append(event.source)
    elif isinstance(event, ReactionEvent):
        seen["reactions"][event.event_id] = {"key": event.key, "to": event.reacts_to}
    elif isinstance(event, RedactionEvent):
        seen["taken_back"].append(event.redacts)
        seen["reactions"].pop(event.redacts, None)
    elif isinstance(event, RoomMessage):
        content = event.source["content"]
        relation = content.get("m.relates_to", {})
        if relation.get("rel_type") == "m.replace":
            # As clients do: the newest version takes the place of the text, the relation of the first one stays.
            shown = seen["messages"][relation["event_id"]]
            new = content["m.new_content"]
            shown.update(body=new["body"], formatted_body=new.get("formatted_body"), msgtype=new["msgtype"])
            seen["edits"] += 1
            return
        seen["order"].append(event.event_id)
        seen["messages"][event.event_id] = {
            "class": type(event).__name__,
            "msgtype": content["msgtype"],
            "body": event.body,
            "formatted_body": event.formatted_body,
            "format": event.format,
            "mentions": content.get("m.mentions"),
            "reply_to": relation.get("m.in_reply_to", {}).get("event_id"),
        }


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), WITHIN))
