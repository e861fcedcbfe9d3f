"""The hospital's rules inside Synapse: what people may do with rooms, files and passwords.

One file, no dependency but Synapse's own. Put it where Synapse's Python finds it (PYTHONPATH) and name it in
homeserver.yaml; docs/POLICY.md says what is refused, with which status, and what the module cannot see.

    modules:
      - module: equipemed_policy.Policy
        config: {bot: ..., service_accounts: [], break_glass: [], media: {...}}

Rooms. The bot and the listed service accounts make rooms and invite. Everybody else, server administrators too, makes
direct chats of two; nobody else ever gets into one, also after one of the two has left. Nothing is encrypted, public,
upgraded or given an alias by people. Encryption that a client asks for in a new direct chat is left out instead of
refused, because phones cannot start a direct chat without asking for it.

Files. Accepted by their first bytes, never by what they are called; audio containers must hold audio tracks and
nothing else. An event may refer only to files that its own sender uploaded: so forwarding one's own file works, and
forwarding somebody else's is refused (Element would send the same address on; save the file and send it instead).
Without that rule a lost address would open a file to everybody who can write anywhere.

Every callback ends in a safe answer, whatever goes wrong inside. Logs hold no people, messages or file names.
"""

from __future__ import annotations

import codecs
import functools
import hashlib
import html
import inspect
import logging
import os
import re
import sqlite3
import threading
import time
import unicodedata
from collections import OrderedDict
from typing import (
    AbstractSet,
    Any,
    Awaitable,
    Callable,
    Collection,
    Dict,
    FrozenSet,
    Iterator,
    List,
    Literal,
    Optional,
    Pattern,
    Set,
    Tuple,
    TypeVar,
    Union,
)

import attr
from prometheus_client import Counter, Gauge
from synapse.events import EventBase
from synapse.media._base import FileInfo
from synapse.media.media_storage import ReadableFileWrapper
from synapse.module_api import NOT_SPAM, ModuleApi
from synapse.module_api.errors import Codes, ConfigError, SynapseError
from synapse.storage.database import LoggingTransaction
from synapse.types import JsonDict, RoomAlias, StateMap
from twisted.internet.defer import CancelledError

logger = logging.getLogger("equipemed_policy")

STORED = Gauge("equipemed_media_store_bytes", "Size of Synapse's media store")
LIMIT = Gauge("equipemed_media_store_limit_bytes", "Size at which uploads are refused")
REFUSED = Counter("equipemed_media_refused", "Uploads and references to files that were refused", ["reason"])

# What a callback answers: "NOT_SPAM", or an error code and additional fields of the body.
Answer = Union[Literal["NOT_SPAM"], Tuple[Codes, JsonDict]]
Judgement = Union[Literal["NOT_SPAM"], Codes]


def _no(portuguese: str, english: str) -> Tuple[Codes, JsonDict]:
    """403 M_FORBIDDEN; clients show `error` to people."""
    return Codes.FORBIDDEN, {"error": f"{portuguese} / {english}"}


NO_ROOM = _no(
    "Aqui só se criam conversas diretas entre duas pessoas.", "Only direct chats of two people can be made here."
)
NO_INVITE = _no("Quem põe pessoas em salas é o hospital.", "The hospital puts people into rooms.")
NO_JOIN = _no("Só entra quem o hospital convida.", "Only whom the hospital invites comes in.")
NO_STATE = _no("Esta configuração da sala é do hospital.", "This setting of the room is the hospital's.")
NO_ENCRYPTION = _no("Mensagens cifradas não são permitidas.", "Encrypted messages are not allowed.")
NO_FILE = _no(
    "Este arquivo não é permitido: só imagens, PDF, áudio e texto enviados por você.",
    "This file is not allowed: only images, PDF, audio and text that you uploaded yourself.",
)
NO_PUBLISHING = _no("Salas não são públicas aqui.", "Rooms are not public here.")
NO_ANSWER = _no("Não foi possível verificar; tente mais tarde.", "This could not be checked; try again later.")
NO_PASSWORD = _no("Entre pelo EquipeMed.", "Sign in through EquipeMed.")


# --- Files: what the bytes are ---------------------------------------------------------------------------------------


class Refused(Exception):
    """The file is not one of the accepted types; the message is a fixed word for the metric, never part of the file."""


# Canonical type to every name by which clients declare it. Nothing outside this table can be allowed.
NAMES: Dict[str, FrozenSet[str]] = {
    "text/plain": frozenset({"text/plain"}),
    "application/pdf": frozenset({"application/pdf", "application/x-pdf"}),
    "image/png": frozenset({"image/png", "image/apng"}),
    "image/jpeg": frozenset({"image/jpeg", "image/jpg", "image/pjpeg"}),
    "image/gif": frozenset({"image/gif"}),
    "image/webp": frozenset({"image/webp"}),
    "image/heic": frozenset({"image/heic", "image/heif"}),
    "audio/ogg": frozenset({"audio/ogg", "audio/opus", "audio/vorbis", "audio/x-opus+ogg", "application/ogg"}),
    "audio/mpeg": frozenset({"audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/x-mpeg"}),
    "audio/mp4": frozenset({"audio/mp4", "audio/m4a", "audio/x-m4a", "audio/mp4a-latm", "audio/aac"}),
    "audio/wav": frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"}),
    "audio/webm": frozenset({"audio/webm"}),
    "audio/flac": frozenset({"audio/flac", "audio/x-flac"}),
    "audio/aac": frozenset({"audio/aac", "audio/x-aac", "audio/aacp", "audio/x-hx-aac-adts"}),
}

# Endings of names that a double click runs, or that a browser or an office program opens as something else. The bytes
# alone do not tell: a script is valid text.
ENDINGS: FrozenSet[str] = frozenset(
    """3gp 7z accdb ade adp ahk apk app appimage applescript appref-ms asf avi bash bat bin chm cmd com command cpl csh
    deb desktop diagcab dll dmg doc docm docx dot dotm dqy elf exe flv gadget grp hta htm html ics img inf ins iqy
    iso jar jnlp js jse jsp library-ms lnk m2ts m4v mad maf mda mdb mht mhtml mjs mkv mov mpg msc msi msp mst ods
    odt ogv oqy pcd php pif pl pot pps ppt pptm pptx prf ps ps1 ps1xml psc1 psd1 psm1 py pyc pyw rar rb rdp reg rgs
    rm rpm rtf scf scpt scr sct search-ms settingcontent-ms sh shb shs slk svg svgz swf sys tar terminal tgz udl url
    vb vba vbe vbs vhd vhdx vob wasm webarchive website wiz wmv ws wsc wsf wsh xbap xht xhtml xla xlam xll xls xlsb
    xlsm xlsx xml xsl xslt xz zip zsh""".split()
)

CHUNK = 64 * 1024
# Boxes of MP4, pages of Ogg, elements of WebM: an hour of speech stays far below, a file made to keep us busy does not.
STEPS = 200_000
TRACKS = 64 * 1024
CHILDREN = 256


class File:
    """Random access to a file with a bound on the number of steps."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._steps = 0
        self.size = os.fstat(descriptor).st_size

    def at(self, offset: int, length: int) -> bytes:
        """These bytes exactly; a file that ends before is malformed."""
        found = self.head(offset, length)
        if len(found) != length:
            raise Refused("malformed")
        return found

    def head(self, offset: int, length: int) -> bytes:
        """These bytes, or fewer at the end."""
        self._steps += 1
        if self._steps > STEPS:
            raise Refused("malformed")
        return os.pread(self._descriptor, length, offset)


def sniff_path(path: str) -> str:
    """The canonical type of a file by its bytes; raises `Refused` for everything else."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return sniff(File(descriptor))
    finally:
        os.close(descriptor)


def sniff(file: File) -> str:
    """The same for an open file."""
    head = file.head(0, 64)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _only("image/png", head[12:16] == b"IHDR")
    if head.startswith(b"\xff\xd8\xff"):
        return _only("image/jpeg", len(head) == 64)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _only("image/gif", len(head) > 13)
    if head.startswith(b"%PDF-"):
        return _only("application/pdf", re.match(rb"%PDF-[12]\.\d", head) is not None)
    if head.startswith(b"RIFF"):
        return _riff(file, head)
    if head[4:8] == b"ftyp":
        return _mp4(file)
    if head.startswith(b"OggS"):
        return _ogg(file)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _webm(file)
    if head.startswith(b"fLaC"):
        return _only("audio/flac", head[4:8] in (b"\0\0\0\x22", b"\x80\0\0\x22"))
    if head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return _mpeg(file, head)
    return _text(file)


def _only(kind: str, holds: bool) -> str:
    if not holds:
        raise Refused("malformed")
    return kind


def _riff(file: File, head: bytes) -> str:
    if head[8:12] == b"WEBP":
        return _only("image/webp", head[12:16] in (b"VP8 ", b"VP8L", b"VP8X"))
    if head[8:12] != b"WAVE":
        raise Refused("type")
    offset = 12
    for _ in range(64):
        chunk = file.at(offset, 8)
        if chunk[:4] == b"fmt ":
            return "audio/wav"
        offset += 8 + int.from_bytes(chunk[4:], "little")
        offset += offset & 1
    raise Refused("malformed")


# Sample descriptions of MP4 that are audio.
AUDIO_SAMPLES = frozenset(b"mp4a alac Opus fLaC ac-3 ec-3 samr sawb lpcm sowt twos ulaw alaw".split())
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})


def _boxes(file: File, start: int, end: int) -> Iterator[Tuple[bytes, int, int]]:
    """The boxes between two offsets: type, start and end of the content."""
    while start < end:
        header = file.at(start, 8)
        size, content = int.from_bytes(header[:4], "big"), start + 8
        if size == 1:
            size, content = int.from_bytes(file.at(start + 8, 8), "big"), start + 16
        if size < content - start or start + size > end:
            raise Refused("malformed")
        yield header[4:], content, start + size
        start += size


def _inside(file: File, start: int, end: int, name: bytes) -> Tuple[int, int]:
    """The only box of this type between two offsets."""
    found = [(first, last) for kind, first, last in _boxes(file, start, end) if kind == name]
    if len(found) != 1:
        raise Refused("malformed")
    return found[0]


# What a file of sound or a picture has outside its movie. Players look for tracks in others too.
BOXES = frozenset(b"ftyp moov mdat free skip wide udta meta moof mfra sidx styp uuid pdin prft".split())
DATA = frozenset(b"mdat free skip wide".split())
# An hour of sound has a header of some hundred kilobytes.
HEADER = 8 << 20


def _mp4(file: File) -> str:
    tracks = 0
    names: List[bytes] = []
    for kind, start, end in _boxes(file, 0, file.size):
        names.append(kind)
        if kind not in BOXES:
            raise Refused("malformed")
        if kind == b"moov":
            found = _audio_tracks(file, start, end)
            if end - start > HEADER or file.at(start, end - start).count(b"trak") != found:
                raise Refused("video")
            tracks += found
        elif kind not in DATA and b"trak" in file.head(start, min(end - start, HEADER)):
            raise Refused("video")
    if file.at(8, 4) in HEIC_BRANDS and names.count(b"meta") == 1 and b"moov" not in names:
        return "image/heic"
    if tracks == 0 or b"meta" in names:
        raise Refused("type")
    return "audio/mp4"


def _audio_tracks(file: File, start: int, end: int) -> int:
    tracks = 0
    for kind, first, last in _boxes(file, start, end):
        if kind == b"cmov":
            raise Refused("malformed")
        if kind == b"trak":
            tracks += 1
            media = _inside(file, first, last, b"mdia")
            handler = _inside(file, *media, b"hdlr")
            samples = _inside(file, *_inside(file, *_inside(file, *media, b"minf"), b"stbl"), b"stsd")
            if file.at(handler[0] + 8, 4) != b"soun":
                raise Refused("video")
            kinds = [kind for kind, _, _ in _boxes(file, samples[0] + 8, samples[1])]
            if not kinds or any(kind not in AUDIO_SAMPLES for kind in kinds):
                raise Refused("video")
    return tracks


OGG_AUDIO = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")


def _ogg(file: File) -> str:
    """Every page is visited: video may begin in a later part of a chained file."""
    offset = 0
    begun: Set[bytes] = set()
    while offset < file.size:
        page = file.head(offset, 27 + 255 + 8)
        if len(page) < 28 or page[:5] != b"OggS\x00":
            raise Refused("malformed")
        content = 27 + page[26]
        stream = page[14:18]
        if page[5] & 2:
            if not page[content:].startswith(OGG_AUDIO):
                raise Refused("video")
            begun.add(stream)
        elif stream not in begun:
            # A player takes it for a stream all the same.
            raise Refused("video")
        offset += content + sum(page[27:content])
    return _only("audio/ogg", offset == file.size)


def _number(data: bytes, is_id: bool) -> Tuple[int, int, bool]:
    """An EBML number: value, length, and whether it stands for "unknown"."""
    length = 9 - data[0].bit_length() if data and data[0] else 9
    if length > (4 if is_id else 8) or len(data) < length:
        raise Refused("malformed")
    value = int.from_bytes(data[:length], "big")
    if is_id:
        return value, length, False
    value &= (1 << 7 * length) - 1
    return value, length, value == (1 << 7 * length) - 1


def _element(file: File, offset: int) -> Tuple[int, int, int, bool]:
    """An EBML element: id, start of its content, its size, and whether the size is unknown."""
    header = file.head(offset, 12)
    kind, length, _ = _number(header, True)
    size, more, is_unknown = _number(header[length:], False)
    start = offset + length + more
    if not is_unknown and start + size > file.size:
        raise Refused("malformed")
    return kind, start, size, is_unknown


def _children(data: bytes) -> Iterator[Tuple[int, bytes]]:
    """The elements of one that is held in memory; few, as such elements have."""
    start = 0
    for _ in range(CHILDREN):
        if start == len(data):
            return
        kind, length, _ = _number(data[start : start + 12], True)
        size, more, is_unknown = _number(data[start + length : start + 12], False)
        start += length + more
        if is_unknown or start + size > len(data):
            raise Refused("malformed")
        yield kind, data[start : start + size]
        start += size
    raise Refused("malformed")


def _fields(data: bytes) -> Dict[int, bytes]:
    """The children by id, of which each may come once: players differ in which of two they believe."""
    found: Dict[int, bytes] = {}
    for kind, content in _children(data):
        if kind in found and kind != VOID:
            raise Refused("malformed")
        found[kind] = content
    return found


EBML, DOC_TYPE, SEGMENT, CLUSTER, LIST_OF_TRACKS, TRACK, TRACK_TYPE, CODEC, VOID = (
    0x1A45DFA3, 0x4282, 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0x83, 0x86, 0xEC
)  # fmt: skip


def _webm(file: File) -> str:
    """Segment and clusters are entered, so that a recording of unknown length is read to its end."""
    offset, tracks, lists = 0, 0, 0
    while offset < file.size:
        kind, start, size, is_unknown = _element(file, offset)
        if kind == EBML:
            if offset > 0 or is_unknown or size > CHUNK:
                raise Refused("malformed")
            if _fields(file.at(start, size)).get(DOC_TYPE, b"").rstrip(b"\0") != b"webm":
                raise Refused("type")
        elif kind == LIST_OF_TRACKS:
            lists += 1
            if is_unknown or size > TRACKS or lists > 8:
                raise Refused("malformed")
            tracks += _webm_tracks(file.at(start, size))
        elif is_unknown and kind not in (SEGMENT, CLUSTER):
            raise Refused("malformed")
        offset = start if kind in (SEGMENT, CLUSTER) else start + size
    _refuse_names(file, VIDEO_CODEC)
    return _only("audio/webm", tracks > 0)


# A player that is lost looks for the next element byte by byte, also inside others: so no part of the file may name one.
VIDEO_CODEC = re.compile(
    rb"V_(?:VP[89]|AV1|AVS[23]|MPEG|MS/VFW|THEORA|MJPEG|PRORES|FFV1|REAL|QUICKTIME|UNCOMPRESSED|DIRAC|SNOW|CAVS)"
)
LONGEST_NAME = 16


def _refuse_names(file: File, names: Pattern[bytes]) -> None:
    """Looks for them everywhere in the file."""
    before = b""
    for offset in range(0, file.size, CHUNK):
        chunk = before + file.head(offset, CHUNK)
        if names.search(chunk):
            raise Refused("video")
        before = chunk[-LONGEST_NAME:]


def _webm_tracks(data: bytes) -> int:
    count = 0
    for kind, track in _children(data):
        if kind == TRACK:
            fields = _fields(track)
            if fields.get(TRACK_TYPE) != b"\x02" or not fields.get(CODEC, b"").startswith(b"A_"):
                raise Refused("video")
            count += 1
    return count


BIT_RATES = {
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _frame(header: bytes) -> Tuple[str, int]:
    """Type and length of a frame of MPEG audio."""
    if len(header) < 6 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        raise Refused("type")
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    if layer == 0 and header[1] & 0xF0 == 0xF0:
        length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
        if header[2] >> 2 & 15 > 12 or length < 7:
            raise Refused("malformed")
        return "audio/aac", length
    rates = BIT_RATES.get((3 if version == 3 else 2, layer))
    bit_rate, sample_rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or rates is None or not 0 < bit_rate < 15 or sample_rate == 3:
        raise Refused("malformed")
    samples = 72 if version != 3 and layer == 1 else 144
    padding = header[2] >> 1 & 1
    return "audio/mpeg", samples * rates[bit_rate - 1] * 1000 // SAMPLE_RATES[version][sample_rate] + padding


def _mpeg(file: File, head: bytes) -> str:
    """Two frames in a row: two bytes alone would fit too much."""
    offset = 0
    if head.startswith(b"ID3"):
        sizes = head[6:10]
        if len(sizes) < 4 or any(byte > 127 for byte in sizes):
            raise Refused("malformed")
        offset = 10 + (sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3])
        padding = file.head(offset, 4096)
        offset += len(padding) - len(padding.lstrip(b"\0"))
    kind, length = _frame(file.head(offset, 6))
    if offset + length < file.size:
        again, _ = _frame(file.head(offset + length, 6))
        return _only(kind, again == kind)
    return _only(kind, offset + length == file.size)


CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
# Text that programs take for something else than text.
MARKUP = re.compile(
    rb"\s*(?:<[!?]|</?(?:html|head|body|script|style|iframe|svg|math|title|table|div|font|form|object|embed|link|meta"
    rb"|base|img|a|b|p|br|h1)\b|#!|%!PS|\{\\rtf|mime-version:|\[internetshortcut\]|\[autorun\]|begin:vcalendar)",
    re.IGNORECASE,
)
INSIDE = re.compile(rb"%PDF-[12]\.|<(?:html|svg|script)\b", re.IGNORECASE)


def _text(file: File) -> str:
    if file.size == 0:
        raise Refused("empty")
    head = file.head(0, 4096)
    if MARKUP.match(head[3:] if head.startswith(codecs.BOM_UTF8) else head):
        raise Refused("markup")
    if INSIDE.search(head[:1024]):
        raise Refused("markup")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for offset in range(0, file.size, CHUNK):
            part = file.head(offset, CHUNK)
            if CONTROL.search(part):
                raise Refused("type")
            decoder.decode(part)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        raise Refused("type") from None
    return "text/plain"


def essence(declared: object) -> str:
    """A declared type without parameters, in small letters."""
    return declared.split(";")[0].strip().lower() if isinstance(declared, str) else ""


def has_bad_ending(name: object) -> bool:
    """Whether a file of this name does something when it is opened. Systems leave out what a name cannot end in."""
    if not isinstance(name, str):
        return False
    visible = "".join(char for char in name if unicodedata.category(char)[0] != "C")
    _, dot, ending = visible.rstrip(" ./\\:?*|<>\"").rpartition(".")
    return bool(dot) and ending.strip().lower() in ENDINGS


# --- Events: which files they refer to -------------------------------------------------------------------------------

MXC = re.compile(r"mxc://", re.IGNORECASE)
# Nothing may follow the id: a client puts the address into a path, where `…/own-file/../another` is another file.
ADDRESS = r"mxc://(?P<server>[A-Za-z0-9.:\-\[\]]+)/(?P<id>[A-Za-z0-9_\-]+)"
WHOLE_ADDRESS = re.compile(ADDRESS)
QUOTED_ADDRESS = re.compile(r"""(?P<quote>["'])""" + ADDRESS + r"(?P=quote)")
# An event of 64 KB has fewer parts; the check is made before Synapse measures it.
PARTS = 50_000


@attr.s(auto_attribs=True, frozen=True)
class Reference:
    """A file that an event refers to."""

    server: str
    media_id: str
    # As the event declares it, if it does.
    declared: Optional[str] = None
    # How its type must begin there.
    family: str = ""


@attr.s(auto_attribs=True)
class Content:
    """What the check needs to know of an event's content."""

    references: Set[Reference] = attr.Factory(set)
    # Types declared anywhere, also beside no file.
    declared: Set[str] = attr.Factory(set)


FAMILIES = {"m.image": "image/", "m.audio": "audio/", "m.file": ""}
PICTURES = frozenset({"m.sticker", "m.room.avatar"})


def read_content(content: object) -> Content:
    """Goes through all of it, edits and unknown keys included; raises `Refused` for what no event may hold."""
    found = Content()
    waiting: List[object] = [content]
    for _ in range(PARTS):
        if not waiting:
            return found
        part = waiting.pop()
        if isinstance(part, dict):
            _read_fields(part, found)
            waiting.extend(part.keys())
            waiting.extend(part.values())
        elif isinstance(part, (list, tuple)):
            waiting.extend(part)
        elif isinstance(part, str):
            found.references.update(_addresses(part))
    raise Refused("size")


def _read_fields(fields: Dict[str, Any], found: Content) -> None:
    if isinstance(fields.get("file"), dict) or isinstance(fields.get("thumbnail_file"), dict) or "iv" in fields:
        raise Refused("encrypted")
    if "mimetype" in fields:
        found.declared.add(essence(fields["mimetype"]))
    kind = fields.get("msgtype")
    family = FAMILIES.get(kind, "") if isinstance(kind, str) else ""
    for key, beside, begins in (
        ("url", "info", family),
        ("thumbnail_url", "thumbnail_info", "image/"),
        ("avatar_url", "info", "image/"),
    ):
        info = fields.get(beside)
        declared = info.get("mimetype") if isinstance(info, dict) else fields.get("mimetype")
        for reference in _addresses(fields.get(key)):
            kept = essence(declared) if declared is not None else None
            found.references.add(attr.evolve(reference, declared=kept, family=begins))
    if kind == "m.video":
        raise Refused("video")
    if isinstance(kind, str) and kind in FAMILIES:
        info = fields.get("info")
        if not isinstance(fields.get("url"), str) or not isinstance(info, dict) or not essence(info.get("mimetype")):
            raise Refused("undeclared")
    # Clients differ in which kinds of message they offer for download, and by which of these names.
    if "url" in fields:
        name = fields.get("filename")
        if "filename" in fields and not (isinstance(name, str) and name.strip()):
            raise Refused("name")
        if has_bad_ending(fields.get("body") if name is None else name) or has_bad_ending(fields.get("name")):
            raise Refused("name")


def _addresses(text: object) -> Set[Reference]:
    """The addresses in a string, which is one, or HTML with some in quotes; anything else is an attempt."""
    found: Set[Reference] = set()
    for form in {text, html.unescape(text)} if isinstance(text, str) else ():
        whole = WHOLE_ADDRESS.fullmatch(form)
        matches = [whole] if whole else list(QUOTED_ADDRESS.finditer(form))
        if len(matches) != len(MXC.findall(form)):
            raise Refused("address")
        found.update(Reference(match["server"], match["id"]) for match in matches)
    return found


# --- Rooms: what people may ask for ----------------------------------------------------------------------------------

DIRECT_KEYS = frozenset(
    {"invite", "is_direct", "preset", "visibility", "initial_state", "power_level_content_override"}
)
# State that clients ask for in a direct chat without being told to, and its form. `None`: it is left out.
DIRECT_STATE: Dict[str, Optional[Callable[[JsonDict], bool]]] = {
    "m.room.encryption": None,
    "m.room.guest_access": None,
    "m.room.join_rules": lambda content: content == {"join_rule": "invite"},
    "m.room.history_visibility": lambda content: content
    in [{"history_visibility": value} for value in ("shared", "invited", "joined")],
}


def direct_chat(config: JsonDict, own_id: str) -> Optional[str]:
    """The invited person if a `createRoom` asks for a direct chat of two and nothing else."""
    invited = config.get("invite")
    if not DIRECT_KEYS.issuperset(config) or config.get("is_direct") is not True:
        return None
    if not isinstance(invited, list) or len(invited) != 1 or not isinstance(invited[0], str) or invited[0] == own_id:
        return None
    if config.get("preset", "private_chat") not in ("private_chat", "trusted_private_chat"):
        return None
    if config.get("visibility", "private") != "private":
        return None
    # Element sends the levels of its calls; they are left out, and users or defaults are an attempt.
    levels = config.get("power_level_content_override", {})
    if not isinstance(levels, dict) or not {"events"}.issuperset(levels):
        return None
    states = config.get("initial_state", [])
    if not isinstance(states, list) or not all(_is_direct_state(state) for state in states):
        return None
    return invited[0]


def _is_direct_state(state: object) -> bool:
    if not isinstance(state, dict) or state.get("state_key", "") != "" or not isinstance(state.get("content"), dict):
        return False
    kind = state.get("type")
    if not isinstance(kind, str) or kind not in DIRECT_STATE:
        return False
    is_fine = DIRECT_STATE[kind]
    return is_fine is None or is_fine(state["content"])


def strip_direct_chat(config: JsonDict) -> None:
    """Leaves out what clients ask for and the hospital does not have."""
    config.pop("power_level_content_override", None)
    states = config.get("initial_state", [])
    config["initial_state"] = [state for state in states if DIRECT_STATE[state["type"]] is not None]


# State that people may send later, as far as the room's own levels let them.
STATE_IN_CHATS = frozenset({"m.room.member", "m.room.pinned_events"})
STATE_IN_ROOMS = STATE_IN_CHATS | {"m.room.name", "m.room.topic", "m.room.avatar", "m.room.power_levels"}


# --- Configuration ---------------------------------------------------------------------------------------------------

USER_ID = re.compile(r"@[a-z0-9._=/+\-]+:[A-Za-z0-9.:\-\[\]]+")
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@attr.s(auto_attribs=True, frozen=True)
class Settings:
    """The module's configuration."""

    bot: str
    service_accounts: FrozenSet[str]
    break_glass: FrozenSet[str]
    allow: FrozenSet[str]
    store: str
    limit: int
    per_person_and_day: int
    state: str


def _wrong(what: str, *path: str) -> ConfigError:
    return ConfigError(f"equipemed_policy: {what}", path)


def _known(section: object, keys: Set[str], *path: str) -> Dict[str, Any]:
    if not isinstance(section, dict):
        raise _wrong(f"must be a mapping with {', '.join(sorted(keys))}", *path)
    for key in section:
        if key not in keys:
            raise _wrong(f"unknown setting; known are {', '.join(sorted(keys))}", *path, str(key))
    return section


def _user(value: object, *path: str) -> str:
    if not isinstance(value, str) or USER_ID.fullmatch(value) is None:
        raise _wrong("must be a full Matrix id such as '@equipemed_bot:hospital.example' (in quotes)", *path)
    return value


def _users(value: object, *path: str) -> FrozenSet[str]:
    if not isinstance(value, list):
        raise _wrong("must be a list of full Matrix ids; [] for nobody", *path)
    return frozenset(_user(user, *path, str(place)) for place, user in enumerate(value))


def _size(value: object, *path: str) -> int:
    match = re.fullmatch(r"(\d+)([KMGT]?)", str(value)) if not isinstance(value, bool) else None
    if match is None or int(match[1]) == 0:
        raise _wrong("must be a size above zero such as 500M or 50G", *path)
    return int(match[1]) * UNITS[match[2]]


def _types(value: object, *path: str) -> FrozenSet[str]:
    if not isinstance(value, list) or not value:
        raise _wrong("must be a list of types such as [text/plain, image/png]", *path)
    for kind in value:
        if not isinstance(kind, str) or kind not in NAMES:
            raise _wrong(f"{kind!r} cannot be allowed; possible are {', '.join(sorted(NAMES))}", *path)
    return frozenset(value)


def _path(value: object, *path: str) -> str:
    if not isinstance(value, str) or not os.path.isabs(value):
        raise _wrong("must be an absolute path", *path)
    return value


def parse_settings(config: object) -> Settings:
    """Reads the configuration; raises `ConfigError` that says where and what to do."""
    known = _known(config, {"bot", "service_accounts", "break_glass", "media"})
    media = _known(known.get("media"), {"allow", "store", "limit", "per_person_and_day", "state"}, "media")
    state = _path(media.get("state"), "media", "state")
    if not os.access(os.path.dirname(state), os.W_OK):
        raise _wrong(f"make the folder {os.path.dirname(state)} and let Synapse's user write there", "media", "state")
    return Settings(
        bot=_user(known.get("bot"), "bot"),
        service_accounts=_users(known.get("service_accounts", []), "service_accounts"),
        break_glass=_users(known.get("break_glass", []), "break_glass"),
        allow=_types(media.get("allow"), "media", "allow"),
        store=_path(media.get("store"), "media", "store"),
        limit=_size(media.get("limit"), "media", "limit"),
        per_person_and_day=_size(media.get("per_person_and_day"), "media", "per_person_and_day"),
        state=state,
    )


# --- How much is stored ----------------------------------------------------------------------------------------------


def folder_size(path: str) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile does not count."""
    size, waiting = 0, [path]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        size += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return size


class Sums:
    """The running sum of the store and of each person's day, kept in a small file. Used from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limit = settings.limit
        self._lock = threading.Lock()
        self._file = sqlite3.connect(settings.state, timeout=10, isolation_level=None, check_same_thread=False)
        os.chmod(settings.state, 0o600)
        # Without a wait for the disk at each upload: what a crash loses is counted anew at the start.
        self._file.execute("pragma journal_mode = wal")
        self._file.execute("pragma synchronous = normal")
        self._file.execute("create table if not exists store (one integer primary key, bytes integer not null)")
        self._file.execute(
            "create table if not exists days"
            " (day integer, person text, bytes integer not null, primary key (day, person))"
        )
        self._is_near = False
        self._stored = 0
        stored = self._file.execute("select bytes from store").fetchone()
        self._set(stored[0] if stored else folder_size(settings.store))
        LIMIT.set(settings.limit)

    def room_for(self, size: int) -> bool:
        """Whether the store holds so much more. The last 2 % (64 MB at most) are kept for thumbnails."""
        return self._stored + size <= self._limit - min(self._limit // 50, 64 << 20)

    def add(self, size: int, must_fit: bool) -> bool:
        """Counts a file that was just written."""
        with self._lock:
            if must_fit and not self.room_for(size):
                return False
            self._set(self._stored + size)
            return True

    def recount(self) -> None:
        """Counts the store anew: files are also deleted. What comes meanwhile may count twice, until the next time."""
        with self._lock:
            before = self._stored
        counted = folder_size(self._settings.store)
        with self._lock:
            self._set(counted + max(0, self._stored - before))
            self._file.execute("delete from days where day < ?", (self._today(),))

    def person(self, user_id: str, size: int) -> bool:
        """Counts an upload of today, and says whether it stays within the quota. Refused attempts count too."""
        person = hashlib.sha256(user_id.encode()).hexdigest()
        with self._lock:
            key = (self._today(), person)
            row = self._file.execute("select bytes from days where day = ? and person = ?", key).fetchone()
            used = size + (row[0] if row else 0)
            self._file.execute("insert or replace into days values (?, ?, ?)", (*key, used))
        return bool(used <= self._settings.per_person_and_day)

    def _set(self, stored: int) -> None:
        self._stored = stored
        self._file.execute("insert or replace into store values (1, ?)", (stored,))
        STORED.set(stored)
        is_near = stored >= self._limit * 0.8
        if is_near and not self._is_near:
            logger.warning("The media store holds %d of %d bytes; a full one takes no uploads", stored, self._limit)
        self._is_near = is_near

    @staticmethod
    def _today() -> int:
        return int(time.time() // 86_400)


# --- The module ------------------------------------------------------------------------------------------------------

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
RECOUNT_EVERY = 6 * 60 * 60 * 1000
KEPT = 20_000


def safely(answer: object) -> Callable[[F], F]:
    """Whatever goes wrong inside a callback, Synapse gets this answer. The log gets the place, not the content."""

    def around(callback: F) -> F:
        @functools.wraps(callback)
        async def safe(*args: Any, **kwargs: Any) -> Any:
            try:
                return await callback(*args, **kwargs)
            except (SynapseError, CancelledError):
                raise
            except Exception as error:
                trace, place = error.__traceback__, 0
                while trace is not None:
                    if trace.tb_frame.f_code.co_filename == __file__:
                        place = trace.tb_lineno
                    trace = trace.tb_next
                logger.error("%s failed with %s at line %d", callback.__name__, type(error).__name__, place)
                return answer

        return safe  # type: ignore[return-value]

    return around


@attr.s(auto_attribs=True, frozen=True)
class Stored:
    """A file as Synapse stored it."""

    user_id: Optional[str]
    media_type: Optional[str]
    upload_name: Optional[str]
    is_usable: bool


class Policy:
    """The module: registers each callback on purpose."""

    def __init__(self, config: Settings, api: ModuleApi) -> None:
        self._settings = config
        self._api = api
        for user_id in {config.bot} | config.service_accounts | config.break_glass:
            if user_id.split(":", 1)[1] != api.server_name:
                raise _wrong(f"{user_id} is not an account of this server, {api.server_name}")
        # Files are read there; Synapse has no public way to say so.
        store = api._hs.config.media.media_store_path
        if os.path.realpath(store) != os.path.realpath(config.store):
            raise _wrong(f"must be Synapse's media_store_path, {store}", "media", "store")
        self._privileged = config.service_accounts | {config.bot}
        self._declarable = {name for kind in config.allow for name in NAMES[kind]}
        self._sums = Sums(config)
        self._creators: OrderedDict[str, str] = OrderedDict()
        self._pairs: OrderedDict[str, FrozenSet[str]] = OrderedDict()
        self._kinds: OrderedDict[str, str] = OrderedDict()
        # Whose `createRoom` has just passed `on_create_room`; see `user_may_create_room`.
        self._just_asked: Optional[str] = None
        self._register()

    @staticmethod
    def parse_config(config: JsonDict) -> Settings:
        """Called by Synapse at its start."""
        return parse_settings(config)

    def _register(self) -> None:
        api = self._api
        known = inspect.signature(api.register_spam_checker_callbacks).parameters
        # Older releases do not have this one, and call `user_may_create_room` with one argument.
        varying: Dict[str, Any] = {"user_may_create_room": self.user_may_create_room}
        if "user_may_send_state_event" in known:
            varying["user_may_send_state_event"] = self.user_may_send_state_event
        api.register_spam_checker_callbacks(
            user_may_invite=self.user_may_invite,
            user_may_join_room=self.user_may_join_room,
            user_may_create_room_alias=self.user_may_create_room_alias,
            user_may_publish_room=self.user_may_publish_room,
            check_event_for_spam=self.check_event_for_spam,
            check_media_file_for_spam=self.check_media_file_for_spam,
            check_login_for_spam=self.check_login_for_spam,
            **varying,
        )
        api.register_third_party_rules_callbacks(
            on_create_room=self.on_create_room,
            check_threepid_can_be_invited=self.check_threepid_can_be_invited,
            on_profile_update=self.on_profile_update,
        )
        # Older releases tell nobody who uploads before the file is there.
        register = getattr(api, "register_media_repository_callbacks", None)
        self._has_upload_check = register is not None
        if register is not None:
            register(is_user_allowed_to_upload_media_of_size=self.is_user_allowed_to_upload_media_of_size)
        api.looping_background_call(self._recount, RECOUNT_EVERY, desc="equipemed_policy_recount")
        api.delayed_background_call(1, self._recount, desc="equipemed_policy_recount_at_start")

    async def _recount(self) -> None:
        try:
            await self._api.defer_to_thread(self._sums.recount)
        except Exception as error:
            logger.error("The media store could not be counted: %s", type(error).__name__)

    # Rooms

    async def on_create_room(self, requester: Any, config: JsonDict, is_administrator: bool) -> None:
        """The whole request of everybody, administrators too, on every release; may edit it."""
        user_id = requester.user.to_string()
        if user_id in self._privileged:
            return
        code, fields = NO_ROOM
        try:
            invited = direct_chat(config, user_id)
            is_known = invited is not None and await self._is_account(invited)
            if is_known:
                strip_direct_chat(config)
        except Exception as error:
            logger.error("on_create_room failed with %s", type(error).__name__)
            is_known = False
        if not is_known:
            raise SynapseError(403, fields["error"], code)
        # Nothing is awaited between this and Synapse's next call.
        self._just_asked = None if is_administrator else user_id

    async def _is_account(self, user_id: str) -> bool:
        if not self._api.is_mine(user_id):
            return False
        info = await self._api.get_userinfo_by_id(user_id)
        return info is not None and not info.is_deactivated

    @safely(NO_ROOM)
    async def user_may_create_room(self, user_id: str, config: Optional[JsonDict] = None) -> Answer:
        """`createRoom` again, and room upgrades. Older releases hand over no request: there only what comes directly
        after `on_create_room` is a `createRoom`."""
        asked, self._just_asked = self._just_asked, None
        if user_id in self._privileged:
            return NOT_SPAM
        if config is None:
            return NOT_SPAM if asked == user_id else NO_ROOM
        return NOT_SPAM if direct_chat(config, user_id) is not None else NO_ROOM

    @safely(NO_INVITE)
    async def user_may_invite(self, inviter: str, invitee: str, room_id: str) -> Answer:
        """People invite only while a direct chat is made, and each other back into it; and the bot into a larger room
        that was there before the module, so that it can be adopted."""
        if inviter in self._privileged:
            return NOT_SPAM
        if await self._creator(room_id) in self._privileged:
            return NO_INVITE
        pair = await self._pair(room_id)
        if invitee == self._settings.bot and len(await self._others(room_id)) > 1:
            return NOT_SPAM
        if inviter in pair and (invitee in pair or len(pair) == 1):
            return NOT_SPAM
        return NO_INVITE

    async def check_threepid_can_be_invited(self, medium: str, address: str, state: StateMap[EventBase]) -> bool:
        """Nobody is invited by e-mail. Asked before Synapse looks the address up at the server that a client names."""
        return False

    @safely(NO_JOIN)
    async def user_may_join_room(self, user_id: str, room_id: str, is_invited: bool) -> Answer:
        """Whom the bot invites comes in. Else: into a room that people made its two, and into the hospital's whoever
        needs no invitation there. An administrator's invitation counts for nothing: Synapse let it pass unasked."""
        if user_id in self._privileged:
            return NOT_SPAM
        membership = await self._state(room_id, "m.room.member", user_id)
        is_invited = membership is not None and membership.content.get("membership") == "invite"
        if membership is not None and is_invited and membership.sender in self._privileged:
            return NOT_SPAM
        if await self._creator(room_id) in self._privileged:
            return NO_JOIN if is_invited else NOT_SPAM
        return NOT_SPAM if user_id in await self._pair(room_id) else NO_JOIN

    @safely(NO_PUBLISHING)
    async def user_may_create_room_alias(self, user_id: str, alias: RoomAlias) -> Answer:
        """Not called for application services."""
        return NOT_SPAM if user_id in self._privileged else NO_PUBLISHING

    @safely(NO_PUBLISHING)
    async def user_may_publish_room(self, user_id: str, room_id: str) -> Answer:
        """The room directory; `createRoom` does not ask here."""
        return NOT_SPAM if user_id in self._privileged else NO_PUBLISHING

    @safely(NO_PASSWORD)
    async def check_login_for_spam(
        self,
        user_id: str,
        device_id: Optional[str],
        initial_display_name: Optional[str],
        request_info: Collection[Tuple[Optional[str], str]],
        auth_provider_id: Optional[str] = None,
    ) -> Answer:
        """After the right password or the identity provider's yes. Only the latter has a provider."""
        return NOT_SPAM if auth_provider_id or user_id in self._settings.break_glass else NO_PASSWORD

    # Events

    @safely(Codes.FORBIDDEN)
    async def user_may_send_state_event(
        self, user_id: str, room_id: str, event_type: str, state_key: str, content: JsonDict
    ) -> Judgement:
        """State at the moment it is asked for, memberships and delayed events included; not on older releases. Synapse
        takes no text here."""
        if user_id in self._privileged:
            return NOT_SPAM
        answer = await self._check_event(user_id, room_id, event_type, state_key, content)
        return NOT_SPAM if answer == NOT_SPAM else Codes.FORBIDDEN

    @safely(NO_ANSWER)
    async def check_event_for_spam(self, event: EventBase) -> Answer:
        """Messages and state of everybody; not memberships and what `createRoom` sends."""
        if event.sender in self._privileged:
            return NOT_SPAM
        key = event.get_state_key()
        return await self._check_event(event.sender, event.room_id, event.type, key, _plain(event.content))

    async def _check_event(
        self, sender: str, room_id: str, kind: str, state_key: Optional[str], content: object
    ) -> Answer:
        if kind in ("m.room.encrypted", "m.room.encryption"):
            return NO_ENCRYPTION
        if state_key is not None:
            # One event of each kind: every client loads all of a room's state.
            if state_key and kind != "m.room.member":
                return NO_STATE
            if kind not in (STATE_IN_ROOMS if await self._is_hospitals(room_id) else STATE_IN_CHATS):
                return NO_STATE
        try:
            found = read_content(content)
            if not found.declared <= self._declarable:
                raise Refused("declared")
            for reference in found.references:
                family = "image/" if kind in PICTURES else reference.family
                await self._check_reference({sender}, attr.evolve(reference, family=family))
        except Refused as reason:
            REFUSED.labels(str(reason)).inc()
            return NO_FILE
        return NOT_SPAM

    async def _check_reference(self, uploaders: AbstractSet[str], reference: Reference) -> None:
        if reference.server != self._api.server_name:
            raise Refused("elsewhere")
        stored = await self._stored(reference.media_id)
        if stored is None or not stored.is_usable or stored.user_id not in uploaders:
            raise Refused("owner")
        kind = self._kinds.get(reference.media_id)
        if kind is None:
            try:
                kind = await self._api.defer_to_thread(sniff_path, self._file_path(reference.media_id))
            except OSError:
                raise Refused("gone") from None
            _keep(self._kinds, reference.media_id, kind)
        names = NAMES[kind] if kind in self._settings.allow else frozenset()
        if essence(stored.media_type) not in names or not kind.startswith(reference.family):
            raise Refused("lying")
        if reference.declared is not None and reference.declared not in names:
            raise Refused("lying")
        if has_bad_ending(stored.upload_name):
            raise Refused("name")

    # Files

    @safely(Codes.FORBIDDEN)
    async def check_media_file_for_spam(self, file: ReadableFileWrapper, info: FileInfo) -> Judgement:
        """Each file that was just written, thumbnails too. Neither who nor the declared type: look at the bytes."""
        size = os.stat(file.path).st_size
        if info.thumbnail is not None:
            self._sums.add(size, must_fit=False)
            return NOT_SPAM
        try:
            kind = await self._api.defer_to_thread(sniff_path, file.path)
            if kind not in self._settings.allow:
                raise Refused("type")
            if not self._has_upload_check and not self._is_within_quota(_uploader(), size):
                raise Refused("quota")
            if not self._sums.add(size, must_fit=True):
                raise Refused("full")
        except Refused as reason:
            REFUSED.labels(str(reason)).inc()
            return Codes.FORBIDDEN
        if info.server_name is None:
            _keep(self._kinds, info.file_id, kind)
        return NOT_SPAM

    @safely(False)
    async def is_user_allowed_to_upload_media_of_size(self, user_id: str, size: int) -> bool:
        """The bound of the store and the quota of the day, before the file is written; not on older releases."""
        if not self._sums.room_for(size):
            REFUSED.labels("full").inc()
            return False
        if not self._is_within_quota(user_id, size):
            REFUSED.labels("quota").inc()
            return False
        return True

    def _is_within_quota(self, user_id: Optional[str], size: int) -> bool:
        return user_id is None or user_id in self._privileged or self._sums.person(user_id, size)

    @safely(None)
    async def on_profile_update(self, user_id: str, profile: Any, by_admin: bool, deactivation: bool) -> None:
        """Synapse asks nobody before it sets an avatar. What is not a picture of one's own is taken back at once,
        before it reaches rooms."""
        avatar = getattr(profile, "avatar_url", None)
        if deactivation or by_admin or user_id in self._privileged or not avatar:
            return
        try:
            match = WHOLE_ADDRESS.fullmatch(avatar)
            if match is None:
                raise Refused("address")
            reference = Reference(match["server"], match["id"], family="image/")
            await self._check_reference(self._privileged | {user_id}, reference)
        except Refused as reason:
            REFUSED.labels(str(reason)).inc()
            await self._remove_avatar(user_id)

    async def _remove_avatar(self, user_id: str) -> None:
        # There is no public way; the names are the same on both releases that are tested.
        from synapse.types import UserID, create_requester

        user = UserID.from_string(user_id)
        handler = self._api._hs.get_profile_handler()
        await handler.set_avatar_url(
            target_user=user, requester=create_requester(user), new_avatar_url="", by_admin=True, propagate=False
        )

    # What Synapse knows

    async def _state(self, room_id: str, kind: str, key: str) -> Optional[EventBase]:
        return (await self._api.get_room_state(room_id, [(kind, key)])).get((kind, key))

    async def _creator(self, room_id: str) -> Optional[str]:
        """Who made a room; that never changes."""
        creator = self._creators.get(room_id)
        if creator is None:
            event = await self._state(room_id, "m.room.create", "")
            if event is None:
                return None
            creator = event.sender
            _keep(self._creators, room_id, creator)
        return creator

    async def _is_hospitals(self, room_id: str) -> bool:
        """Also a larger room that was there before the module, once the bot is invited: to adopt it, the bot needs a
        level from somebody there."""
        if await self._creator(room_id) in self._privileged:
            return True
        bot = await self._state(room_id, "m.room.member", self._settings.bot)
        is_bot_asked = bot is not None and bot.content.get("membership") in ("invite", "join")
        return is_bot_asked and len(await self._others(room_id)) > 1

    async def _pair(self, room_id: str) -> FrozenSet[str]:
        """The two of a direct chat: its creator, and whoever was invited or came first, still there or not."""
        pair = self._pairs.get(room_id)
        if pair is None:
            creator = await self._creator(room_id)
            pair = frozenset(([creator] if creator is not None else []) + (await self._others(room_id))[:1])
            if len(pair) == 2:
                _keep(self._pairs, room_id, pair)
        return pair

    async def _others(self, room_id: str) -> List[str]:
        """The first two beside the creator who were ever invited or came."""
        creator = await self._creator(room_id)
        return await self._api.run_db_interaction("equipemed_policy_others", _first_two, room_id, creator)

    async def _stored(self, media_id: str) -> Optional[Stored]:
        return await self._api.run_db_interaction("equipemed_policy_file", _file, media_id)

    def _file_path(self, media_id: str) -> str:
        return os.path.join(self._settings.store, "local_content", media_id[:2], media_id[2:4], media_id[4:])


def _first_two(txn: LoggingTransaction, room_id: str, creator: Optional[str]) -> List[str]:
    txn.execute(
        "SELECT m.user_id FROM room_memberships AS m INNER JOIN events AS e USING (event_id)"
        " WHERE m.room_id = ? AND m.user_id <> ? AND m.membership IN ('invite', 'join')"
        " GROUP BY m.user_id ORDER BY MIN(e.stream_ordering) LIMIT 2",
        (room_id, creator or ""),
    )
    return [str(row[0]) for row in txn.fetchall()]


def _file(txn: LoggingTransaction, media_id: str) -> Optional[Stored]:
    txn.execute(
        "SELECT user_id, media_type, upload_name, media_length, quarantined_by FROM local_media_repository"
        " WHERE media_id = ?",
        (media_id,),
    )
    row = txn.fetchone()
    return None if row is None else Stored(row[0], row[1], row[2], row[3] is not None and row[4] is None)


def _uploader() -> Optional[str]:
    """Who is uploading, where Synapse does not say: its log knows for each request."""
    try:
        from synapse.logging.context import current_context

        request = getattr(current_context(), "request", None)
        requester = getattr(request, "requester", None)
        return requester if isinstance(requester, str) else None
    except ImportError:
        return None


V = TypeVar("V")


def _keep(cache: OrderedDict[str, V], key: str, value: V) -> None:
    cache[key] = value
    if len(cache) > KEPT:
        cache.popitem(last=False)


def _plain(content: object) -> object:
    """An event's content as dictionaries and lists: Synapse may freeze it."""
    if hasattr(content, "items"):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(part) for part in content]
    return content
