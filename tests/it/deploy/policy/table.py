"""The policy module without a Synapse: what bytes are taken for, what damaged files do, what a wrong configuration
says, and what callbacks answer when everything below them fails. Run by start.rs with Synapse's Python."""

import asyncio
import atexit
import os
import random
import shutil
import struct
import sys
import tempfile
import time
import types

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

import equipemed_policy as policy  # noqa: E402
from synapse.module_api.errors import Codes, ConfigError, SynapseError  # noqa: E402

# --- Small files -----------------------------------------------------------------------------------------------------


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + kind + content


def track(handler: bytes = b"soun", sample: bytes = b"mp4a") -> bytes:
    description = box(b"stsd", struct.pack(">II", 0, 1), box(sample, bytes(28)))
    samples = box(b"minf", box(b"smhd", bytes(8)), box(b"stbl", description))
    return box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13)), samples))


def mp4(*tracks: bytes, brand: bytes = b"M4A ") -> bytes:
    movie = box(b"moov", box(b"mvhd", bytes(100)), *tracks)
    return box(b"ftyp", brand, bytes(4), brand) + movie + box(b"mdat", b"\xff" * 64)


def page(content: bytes, flags: int = 0) -> bytes:
    return b"OggS\0" + bytes([flags]) + bytes(20) + bytes([1, len(content)]) + content


def element(kind: int, content: bytes, unknown: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if unknown else struct.pack(">I", 0x10000000 | len(content))
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + size + content


def webm(*tracks: bytes, kind: bytes = b"webm", live: bool = False) -> bytes:
    clusters = element(0x1F43B675, element(0xE7, b"\0") + element(0xA3, b"\x81\0\0\x80" + b"\xfc" * 20), live)
    segment = element(0x1654AE6B, b"".join(tracks)) + clusters * 3
    return element(0x1A45DFA3, element(0x4282, kind)) + element(0x18538067, segment, live)


def entry(kind: int = 2, codec: bytes = b"A_OPUS", *more: bytes) -> bytes:
    return element(0xAE, element(0xD7, b"\x01") + element(0x83, bytes([kind])) + element(0x86, codec) + b"".join(more))


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0) + bytes(40)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01" + bytes(60) + b"\xff\xd9"
GIF = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f" + bytes(13)
WAV = b"RIFF\x34\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xbb\0\0\0\x77\x01\0\x02\0\x10\0data\x10\0\0\0" + bytes(16)
FLAC = b"fLaC\x80\0\0\x22" + bytes(80)
MP3 = (b"\xff\xfb\x90\x00" + bytes(413)) * 3
AAC = (b"\xff\xf1\x50\x80\x04\x1f\xfc" + bytes(25)) * 3
HEIC = box(b"ftyp", b"heic", bytes(4), b"mif1heic") + box(b"meta", bytes(60)) + box(b"mdat", b"\xff" * 64)
OPUS = page(b"OpusHead" + bytes(11), 2) + page(b"OpusTags" + bytes(20)) + page(b"\xfc" * 200) * 3
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n"
TEXT = "Plantão: 12 leitos, <3 livres.\nAté amanhã.\n".encode()

GOOD = {
    "png": ("image/png", PNG),
    "jpeg": ("image/jpeg", JPEG),
    "gif": ("image/gif", GIF),
    "webp": ("image/webp", WEBP),
    "heic": ("image/heic", HEIC),
    "pdf": ("application/pdf", PDF),
    "wav": ("audio/wav", WAV),
    "flac": ("audio/flac", FLAC),
    "mp3": ("audio/mpeg", MP3),
    "mp3 with a tag": ("audio/mpeg", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + MP3),
    "aac": ("audio/aac", AAC),
    "m4a": ("audio/mp4", mp4(track())),
    "m4a of two tracks": ("audio/mp4", mp4(track(), track(sample=b"alac"))),
    "opus in ogg": ("audio/ogg", OPUS),
    "vorbis in ogg": ("audio/ogg", page(b"\x01vorbis" + bytes(23), 2) + page(b"x" * 50)),
    "chained ogg": ("audio/ogg", OPUS + OPUS),
    "webm": ("audio/webm", webm(entry())),
    "webm of unknown length": ("audio/webm", webm(entry(), live=True)),
    "text": ("text/plain", TEXT),
    "text with a mark": ("text/plain", b"\xef\xbb\xbf" + TEXT),
    "text that mentions html": ("text/plain", b"x" * 1100 + b" <html> is no page here"),
}

BAD = {
    "nothing": b"",
    "exe": b"MZ\x90\0" + bytes(60),
    "elf": b"\x7fELF\x02\x01\x01" + bytes(60),
    "zip, docx, apk": b"PK\x03\x04\x14\0" + bytes(60),
    "old office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "svg after a declaration": b'<?xml version="1.0"?>\n<svg/>',
    "svg after a comment": b"  \n<!-- --><svg/>",
    "svg after a mark": b"\xef\xbb\xbf<svg/>",
    "html": b"<!DOCTYPE html><p>",
    "html without a head": b"\n<b onclick=x>",
    "script in text": b"hello <script>alert(1)</script>",
    "script": b"#!/bin/sh\nrm -rf /\n",
    "rtf": b"{\\rtf1 hello}",
    "web archive": b"MIME-Version: 1.0\n",
    "internet shortcut": b"[InternetShortcut]\nURL=file:///x\n",
    "postscript": b"%!PS-Adobe\n",
    "late pdf": b"hello\n" + PDF[:40],
    "late pdf in text": b"hello\n%PDF-1.4\n",
    "latin-1": "Plantão".encode("latin-1"),
    "utf-16": "Plantão".encode("utf-16"),
    "text with NUL": b"hello\0there",
    "text with escapes": b"hello\x1b[2J",
    "half a character": "Plant\u00e3".encode()[:-1],
    "late half a character": b"x" * (policy.CHUNK - 1) + b"\xc3",
    "bmp": b"BM" + bytes(60),
    "tiff": b"II*\0" + bytes(60),
    "avi": b"RIFF\x24\0\0\0AVI LIST" + bytes(40),
    "mp4": mp4(track(), track(b"vide", b"avc1"), brand=b"isom"),
    "video that calls itself sound": mp4(track(b"soun", b"avc1")),
    "sound that calls itself video": mp4(track(b"vide", b"mp4a")),
    "second movie": mp4(track()) + box(b"moov", track(b"vide", b"hvc1")),
    "compressed movie": box(b"ftyp", b"M4A ", bytes(4)) + box(b"moov", box(b"cmov", bytes(20)), track()),
    "two handlers": mp4(track().replace(b"tkhd", b"tkhd")) + box(b"moov", box(b"trak", box(b"mdia") * 2)),
    "mp4 without tracks": mp4(),
    "box of no size": box(b"ftyp", b"M4A ", bytes(4)) + bytes(4) + b"moov" + track(),
    "box that is too long": box(b"ftyp", b"M4A ", bytes(4)) + struct.pack(">I", 1 << 30) + b"moov" + track(),
    "box of 64 bits": box(b"ftyp", b"M4A ", bytes(4)) + struct.pack(">I4sQ", 1, b"moov", 1 << 63) + track(),
    "heic with a movie": HEIC + box(b"moov", track(b"vide", b"hvc1")),
    "avif": box(b"ftyp", b"avif", bytes(4)) + box(b"meta", bytes(60)),
    "theora": page(b"\x80theora" + bytes(30), 2) + page(b"x"),
    "theora beside vorbis": page(b"\x01vorbis" + bytes(23), 2) + page(b"\x80theora" + bytes(30), 2) + page(b"x"),
    "video track beside the movie": mp4(track()) + track(b"vide", b"avc1"),
    "movie in the movie": box(b"ftyp", b"M4A ", bytes(4), b"M4A ")
    + box(b"moov", box(b"mvhd", bytes(100)), track(), box(b"moov", track(b"vide", b"avc1"))),
    "video track in free space": mp4(track()) + box(b"meta", track(b"vide", b"avc1")),
    "unknown box": mp4(track()) + box(b"zzzz", bytes(8)),
    "ogg stream that never began": OPUS + page(b"\x80theora" + bytes(30)).replace(bytes(20), bytes(8) + b"\7" * 4 + bytes(8), 1),
    "webm track hidden in a tag": webm(entry()) + element(0x1254C367, b"\x63\xa2\xff" + entry(1, b"V_VP8")),
    "theora chained": OPUS + page(b"\x80theora" + bytes(30), 2),
    "ogg with a gap": OPUS + b"x" + OPUS,
    "ogg without a beginning": page(b"OpusHead" + bytes(11)),
    "matroska": webm(entry(), kind=b"matroska"),
    "webm with video": webm(entry(), entry(1, b"V_VP8")),
    "webm with two types": webm(entry(1, b"A_OPUS", element(0x83, b"\x02"))),
    "webm with a video codec": webm(entry(2, b"V_VP9")),
    "webm with later video": webm(entry(), live=True) + element(0x1654AE6B, entry(1, b"V_VP8")),
    "webm without tracks": webm(),
    "webm twice": webm(entry()) + webm(entry()),
    "id3 and nothing": b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + b"hello",
    "one frame that lies": b"\xff\xfb\x90\x00" + bytes(600),
    "png without a header": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "pdf of no version": b"%PDF-hello",
}

FOLDER = tempfile.mkdtemp(prefix="policy-table-")
atexit.register(shutil.rmtree, FOLDER)


def sniff(data: bytes) -> str:
    descriptor = os.memfd_create("file")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        return policy.sniff(policy.File(descriptor))
    except policy.Refused as reason:
        return f"refused: {reason}"
    finally:
        os.close(descriptor)


def types_of_files() -> None:
    for name, (kind, data) in GOOD.items():
        assert sniff(data) == kind, f"{name}: {sniff(data)}"
    for name, data in BAD.items():
        assert sniff(data).startswith("refused"), f"{name}: {sniff(data)}"
    for _, data in GOOD.values():
        for end in range(len(data)):
            sniff(data[:end])


def damaged_files() -> None:
    """Ten thousand mutations: never anything but a type or a refusal, none of them slow."""
    chance = random.Random(20261129)
    whole = [data for _, data in GOOD.values()] + list(BAD.values())
    slowest = 0.0
    for _ in range(10_000):
        data = bytearray(chance.choice(whole) or b"x")
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(data))
            change = chance.randrange(5)
            if change == 0:
                data[place] = chance.randrange(256)
            elif change == 1:
                sizes = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x01", b"\0\0\0\x08")
                data[place : place + 4] = chance.choice(sizes)
            elif change == 2:
                del data[place : place + chance.randint(1, 16)]
            elif change == 3:
                data[place:place] = data[: chance.randint(1, 32)]
            else:
                data += bytes(chance.randrange(256) for _ in range(8))
            data = data or bytearray(b"x")
        start = time.process_time()
        found = sniff(bytes(data))
        slowest = max(slowest, time.process_time() - start)
        assert found in policy.NAMES or found.startswith("refused"), found
    assert slowest < 1, f"one took {slowest:.2f} s"


def files_made_to_be_slow() -> None:
    """Twenty megabytes of the smallest parts there are end by their number."""
    size = 20_000_000
    for name, data in {
        "boxes": box(b"ftyp", b"M4A ", bytes(4)) + box(b"free") * (size // 8),
        "boxes in a movie": box(b"ftyp", b"M4A ", bytes(4)) + box(b"moov", box(b"free") * (size // 8)),
        "pages": page(b"OpusHead" + bytes(11), 2) + page(b"x") * (size // 29),
        "elements": webm(entry(), live=True) + b"\xec\x80" * (size // 2),
        "tracks": element(0x1A45DFA3, element(0x4282, b"webm")) + element(0x1654AE6B, b"\xec\x80" * 30_000) * 300,
        "chunks": b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * (size // 8),
        "text": b"x" * size + b"\0",
        "spaces": b" " * size + b"\0",
        "open tags": b"<" * size + b"\0",
    }.items():
        start = time.process_time()
        found = sniff(data)
        took = time.process_time() - start
        assert found.startswith("refused"), f"{name}: {found}"
        assert took < 5, f"{name} took {took:.1f} s"


# --- Configuration ---------------------------------------------------------------------------------------------------


def configuration() -> dict:
    return {
        "bot": "@equipemed_bot:hospital.example",
        "service_accounts": [],
        "break_glass": ["@glass:hospital.example"],
        "media": {
            "allow": sorted(policy.NAMES),
            "store": FOLDER,
            "limit": "50G",
            "per_person_and_day": "500M",
            "state": os.path.join(FOLDER, "state.db"),
        },
    }


def wrong_configurations() -> None:
    assert policy.Policy.parse_config(configuration()).limit == 50 << 30
    for path, value in {
        "bot": "equipemed_bot",
        "service_accounts": "@service:hospital.example",
        "break_glass.0": "glass",
        "brake_glass": [],
        "media": None,
        "media.allow": [],
        "media.allow ": ["image/svg+xml"],
        "media.allow  ": ["text/html"],
        "media.allow   ": ["video/mp4"],
        "media.allow    ": [["image/png"]],
        "media.store": "media",
        "media.limit": "50 GB",
        "media.limit ": 0,
        "media.limit  ": True,
        "media.per_person_and_day": None,
        "media.state": "/nowhere/policy.db",
        "media.colour": 1,
    }.items():
        config = configuration()
        where = config
        parts = path.strip().split(".")
        for part in parts[:-1]:
            where = where[part]
        where[int(parts[-1]) if parts[-1].isdigit() else parts[-1]] = value
        try:
            policy.Policy.parse_config(config)
        except ConfigError as error:
            assert list(error.path) == parts, f"{path}: {list(error.path)}"
        else:
            raise AssertionError(f"{path} = {value!r} was taken")


# --- Events ----------------------------------------------------------------------------------------------------------


def references(content: object) -> object:
    try:
        return {reference.media_id for reference in policy.read_content(content).references}
    except policy.Refused as reason:
        return str(reason)


def contents() -> None:
    own, image = "mxc://hospital.example/own", {"mimetype": "image/png"}
    picture = {"msgtype": "m.image", "body": "a.png", "url": own, "info": image}
    deep: object = own
    for _ in range(5_000):
        deep = [deep]
    for content, found in (
        ({"msgtype": "m.text", "body": "hello"}, set()),
        (picture, {"own"}),
        ({"m.new_content": picture}, {"own"}),
        ({own: 1}, {"own"}),
        ({"x": deep}, {"own"}),
        ({"formatted_body": f"<img src='{own}'>"}, {"own"}),
        ({"formatted_body": '<img src="mxc&#58;//hospital.example/own">'}, {"own"}),
        ({"formatted_body": f"<img src={own}>"}, "address"),
        ({"url": own + "/../other"}, "address"),
        ({"url": own + "\n/../other"}, "address"),
        ({"url": own + "?x"}, "address"),
        ({"url": own + "#x"}, "address"),
        ({"url": " " + own}, "address"),
        ({"url": "MXC://hospital.example/own"}, "address"),
        ({"url": "mxc://hospital.example/"}, "address"),
        ({"formatted_body": "<img src=\"mxc://hospital.example/own'/../other\">"}, "address"),
        ({"formatted_body": '<img src="mxc://hospital.example/own&quot;/../other">'}, "address"),
        ({"formatted_body": '<img src="mxc://hospital.example/own /../other">'}, "address"),
        ({"file": {"url": own}}, "encrypted"),
        ({"info": {"thumbnail_file": {"url": own}}}, "encrypted"),
        ({"a": [{"iv": 1}]}, "encrypted"),
        ({"msgtype": "m.video", "body": "x"}, "video"),
        ({"m.new_content": {"msgtype": "m.video"}}, "video"),
        ({"msgtype": "m.file", "body": "x", "url": own}, "undeclared"),
        ({"msgtype": "m.file", "body": "x", "info": image}, "undeclared"),
        ({**picture, "body": "a.bat"}, "name"),
        ({**picture, "body": "a.BAT. "}, "name"),
        ({**picture, "body": "see www.example.com", "filename": "a.png"}, {"own"}),
        ({**picture, "filename": "gnp.\u202egpj.exe"}, "name"),
        ([0] * 100_000, "size"),
    ):
        assert references(content) == found, f"{str(content)[:200]}: {references(content)}"


# --- When everything below fails -------------------------------------------------------------------------------------


class Failing:
    """A Synapse in which nothing works any more."""

    server_name = "hospital.example"
    _hs = types.SimpleNamespace(config=types.SimpleNamespace(media=types.SimpleNamespace(media_store_path=FOLDER)))

    def __init__(self) -> None:
        self.registered: dict = {}

    def register_spam_checker_callbacks(self, user_may_send_state_event: object = None, **callbacks: object) -> None:
        self.registered.update(callbacks, user_may_send_state_event=user_may_send_state_event)

    def register_third_party_rules_callbacks(self, **callbacks: object) -> None:
        self.registered.update(callbacks)

    def register_media_repository_callbacks(self, **callbacks: object) -> None:
        self.registered.update(callbacks)

    def looping_background_call(self, *_: object, **__: object) -> None:
        pass

    delayed_background_call = looping_background_call

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(f"{name} of @ana:hospital.example is broken")


def failures() -> None:
    """Each callback answers with a refusal, or does nothing; nothing is raised, and no name reaches the log."""
    api, lines = Failing(), []
    module = policy.Policy(policy.Policy.parse_config(configuration()), api)
    module._sums = None
    policy.logger.error = lambda text, *values: lines.append(text % values)
    event = types.SimpleNamespace(
        sender="@ana:hospital.example", room_id="!r", type="m.room.name", is_state=lambda: True, content={"name": "x"}
    )
    picture = types.SimpleNamespace(avatar_url="mxc://hospital.example/abcdef")
    requester = types.SimpleNamespace(user=types.SimpleNamespace(to_string=lambda: "@ana:hospital.example"))
    direct = {"is_direct": True, "invite": ["@bruno:hospital.example"]}
    ana, refused = "@ana:hospital.example", Codes.FORBIDDEN
    info = types.SimpleNamespace(thumbnail=None, server_name=None, file_id="x")
    for name, arguments, expected in (
        ("user_may_create_room", (ana, {}), refused),
        ("user_may_create_room", (ana, {"invite": direct, "is_direct": True}), refused),
        ("user_may_create_room", (ana,), refused),
        ("user_may_invite", (ana, "@bruno:hospital.example", "!r"), refused),
        ("check_threepid_can_be_invited", ("email", "a@b", {}), False),
        ("user_may_join_room", (ana, "!r", True), refused),
        ("user_may_create_room_alias", (ana, "#x:y"), refused),
        ("user_may_publish_room", (ana, "!r"), refused),
        ("user_may_send_state_event", (ana, "!r", "m.room.name", "", {}), refused),
        ("check_event_for_spam", (event,), refused),
        ("check_media_file_for_spam", (types.SimpleNamespace(path="/nowhere"), info), refused),
        ("check_login_for_spam", (ana, None, None, (), None), refused),
        ("is_user_allowed_to_upload_media_of_size", (ana, 1), False),
        ("on_profile_update", (ana, picture, False, False), None),
    ):
        answer = asyncio.run(api.registered[name](*arguments))
        answer = answer[0] if isinstance(answer, tuple) else answer
        assert answer == expected, f"{name}: {answer}"
    try:
        asyncio.run(api.registered["on_create_room"](requester, direct, False))
    except SynapseError as error:
        assert error.code == 403 and error.errcode == Codes.FORBIDDEN
    else:
        raise AssertionError("on_create_room let it pass")
    assert lines and not any("ana" in line or "mxc" in line for line in lines), lines


def counting() -> None:
    """The sums survive a new start, are counted anew, and hold with several at once."""
    store = os.path.join(FOLDER, "store")
    os.makedirs(os.path.join(store, "a", "b"))
    with open(os.path.join(store, "a", "b", "c"), "wb") as file:
        file.write(bytes(1000))
    config = configuration()
    config["media"].update(store=store, limit=10_000, per_person_and_day=300, state=os.path.join(FOLDER, "sums.db"))
    settings = policy.Policy.parse_config(config)
    sums = policy.Sums(settings)
    assert sums._stored == 1000
    assert sums.add(5000, must_fit=True) and not sums.add(4000, must_fit=True) and sums.add(4000, must_fit=False)
    assert not sums.room_for(1)
    assert [sums.person("@ana:hospital.example", 150) for _ in range(3)] == [True, True, False]
    assert sums.person("@bruno:hospital.example", 300)
    again = policy.Sums(settings)
    assert again._stored == 10_000 and not again.person("@ana:hospital.example", 1)
    again.recount()
    assert again._stored == 1000 and again.room_for(5000)
    with open(settings.state, "rb") as file:
        assert b"ana" not in file.read()
    assert os.stat(settings.state).st_mode & 0o777 == 0o600


for part in (types_of_files, damaged_files, files_made_to_be_slow, wrong_configurations, contents, failures, counting):
    start = time.time()
    part()
    print(f"{part.__name__}: {time.time() - start:.1f} s")
