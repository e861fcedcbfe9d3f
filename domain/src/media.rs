//! Which files are accepted in managed rooms: one function decides, for messages, stickers, pictures and reactions.
//!
//! Only the event is looked at, never a file's content, which may be a patient's. So this is what the sender's client
//! says: a missing type, one that contradicts the name or the message, and an encrypted file are not accepted. What the
//! bytes really are is checked by Synapse's policy module.

use std::collections::BTreeSet;

use mime::Mime;
use ruma_common::{OwnedMxcUri, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Accepted by default.
const DEFAULT: [Mime; 3] = [mime::TEXT_PLAIN, mime::IMAGE_STAR, mime::APPLICATION_PDF];
/// How deep addresses of files are looked for, and how many are noted of one event.
const DEEP: usize = 8;
const MOST: usize = 50;
/// Files within a message as extensible events (MSC1767), which clients send along with the older form.
const EXTENSIBLE: [&str; 2] = ["m.file", "org.matrix.msc1767.file"];

/// What a file is, as far as people care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Text,
    Audio,
    Image,
    Pdf,
    Video,
    /// A picture that may hold a program.
    Svg,
    /// A page that may hold a program.
    Html,
    Archive,
    Program,
    /// Of an office suite; these may hold programs.
    Office,
    Other,
}

/// Why a file is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// Its kind.
    Kind(FileKind),
    /// No type is given, or one that cannot be read.
    Untyped,
    /// Its type, its name and the message contradict each other.
    Contradictory,
    /// Nobody but the receivers can tell what it is.
    Encrypted,
}

impl FileKind {
    /// Its key in text lists and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Audio => "audio",
            Self::Image => "image",
            Self::Pdf => "pdf",
            Self::Video => "video",
            Self::Svg => "svg",
            Self::Html => "html",
            Self::Archive => "archive",
            Self::Program => "program",
            Self::Office => "office",
            Self::Other => "other",
        }
    }

    /// The kind of a media type or range.
    #[must_use]
    pub fn of(media: &Mime) -> Self {
        const ARCHIVES: [&str; 11] = [
            "zip",
            "x-zip",
            "x-zip-compressed",
            "gzip",
            "x-gzip",
            "x-tar",
            "x-bzip2",
            "x-7z-compressed",
            "vnd.rar",
            "x-rar-compressed",
            "x-rar",
        ];
        const PROGRAMS: [&str; 13] = [
            "x-msdownload",
            "x-msdos-program",
            "x-dosexec",
            "x-executable",
            "x-ms-installer",
            "x-msi",
            "x-sh",
            "x-bat",
            "javascript",
            "x-javascript",
            "java-archive",
            "vnd.android.package-archive",
            "vnd.microsoft.portable-executable",
        ];
        const OFFICE: [&str; 5] = ["vnd.ms-", "vnd.openxmlformats-", "vnd.oasis.opendocument", "msword", "rtf"];
        let subtype = media.subtype().as_str();
        match (media.type_().as_str(), subtype) {
            ("image", "svg") => Self::Svg,
            // What a browser shows as a page.
            (_, "html" | "xhtml") => Self::Html,
            ("text" | "application", "xml") => Self::Html,
            ("text", name) if PROGRAMS.contains(&name) => Self::Program,
            ("text", _) => Self::Text,
            ("audio", _) => Self::Audio,
            ("image", _) => Self::Image,
            ("video", _) => Self::Video,
            ("application", "pdf") => Self::Pdf,
            ("application", name) if ARCHIVES.contains(&name) => Self::Archive,
            ("application", name) if PROGRAMS.contains(&name) => Self::Program,
            ("application", name) if OFFICE.iter().any(|begin| name.starts_with(begin)) => Self::Office,
            _ => Self::Other,
        }
    }

    /// The kinds that the end of a name promises; none if it says nothing.
    fn of_name(name: &str) -> &'static [Self] {
        // Some systems ignore dots and spaces at the end.
        let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace() || !crate::visible::is_visible(c));
        let Some((_, end)) = name.rsplit_once('.') else { return &[] };
        match end.to_ascii_lowercase().as_str() {
            "png" | "jpg" | "jpeg" | "jpe" | "jfif" | "gif" | "webp" | "heic" | "heif" | "avif" | "bmp" | "tif"
            | "tiff" => &[Self::Image],
            "svg" | "svgz" => &[Self::Svg],
            "mp3" | "wav" | "flac" | "aac" | "m4a" | "opus" | "oga" | "amr" | "weba" | "aif" | "aiff" | "wma"
            | "caf" => &[Self::Audio],
            "mp4" | "webm" | "ogg" | "3gp" | "3gpp" | "mpeg" => &[Self::Audio, Self::Video],
            "avi" | "mov" | "mkv" | "wmv" | "m4v" | "mpg" | "flv" | "ogv" | "vob" => &[Self::Video],
            "pdf" => &[Self::Pdf],
            "txt" | "text" | "csv" | "tsv" | "log" | "md" => &[Self::Text],
            "html" | "htm" | "xhtml" | "xht" | "shtml" | "mht" | "mhtml" | "xml" => &[Self::Html],
            "zip" | "rar" | "7z" | "tar" | "gz" | "tgz" | "bz2" | "xz" | "zst" | "iso" | "img" | "dmg" | "cab"
            | "vhd" | "vhdx" => &[Self::Archive],
            "doc" | "docx" | "docm" | "dot" | "dotx" | "dotm" | "xls" | "xlsx" | "xlsm" | "xlsb" | "xlam" | "ppt"
            | "pptx" | "pptm" | "pps" | "ppsx" | "rtf" | "odt" | "ods" | "odp" | "one" => &[Self::Office],
            "exe" | "com" | "scr" | "bat" | "cmd" | "msi" | "msp" | "msix" | "ps1" | "psm1" | "vbs" | "vbe" | "js"
            | "jse" | "mjs" | "wsf" | "wsh" | "hta" | "jar" | "apk" | "ipa" | "app" | "deb" | "rpm" | "sh" | "bash"
            | "py" | "pl" | "rb" | "php" | "lnk" | "url" | "pif" | "cpl" | "dll" | "sys" | "reg" | "inf" | "elf"
            | "bin" | "run" | "appimage" | "desktop" | "command" | "scpt" | "swf" | "chm" => &[Self::Program],
            _ => &[],
        }
    }

    /// Whether no configuration accepts it: it may run a program where somebody only looks at it.
    #[must_use]
    pub fn is_never_accepted(self) -> bool {
        matches!(self, Self::Svg | Self::Html)
    }
}

impl Refused {
    /// Its name in text lists and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kind(kind) => kind.word(),
            Self::Untyped => "untyped",
            Self::Contradictory => "contradictory",
            Self::Encrypted => "encrypted",
        }
    }
}

/// The media types and ranges that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted(Vec<Mime>);

impl Default for Accepted {
    fn default() -> Self {
        let [text, image, pdf] = DEFAULT;
        let audio = "audio/*".parse().ok();
        Self([Some(text), audio, Some(image), Some(pdf)].into_iter().flatten().collect())
    }
}

impl Accepted {
    /// These types and ranges.
    #[must_use]
    pub fn new(ranges: Vec<Mime>) -> Self {
        Self(ranges)
    }

    /// The types and ranges, as configured.
    #[must_use]
    pub fn ranges(&self) -> &[Mime] {
        &self.0
    }

    /// Whether files of this type are accepted; parameters do not matter.
    #[must_use]
    pub fn takes(&self, media: &Mime) -> bool {
        let is_in = |range: &Mime| {
            (range.type_() == mime::STAR || range.type_() == media.type_())
                && (range.subtype() == mime::STAR
                    || (range.subtype() == media.subtype() && range.suffix() == media.suffix()))
        };
        !FileKind::of(media).is_never_accepted() && self.0.iter().any(is_in)
    }

    /// Whether a file of this type, as text, is accepted as a picture.
    #[must_use]
    pub fn takes_picture(&self, media: &str) -> bool {
        media.parse().is_ok_and(|media| FileKind::of(&media) == FileKind::Image && self.takes(&media))
    }

    /// Why an event with this type and content is not accepted; None if it holds no file or only accepted ones.
    #[must_use]
    pub fn refuses(&self, event: &str, content: &Value) -> Option<Refused> {
        let content = content.as_object()?;
        match event {
            // An image as a reaction (MSC4027) has no type.
            "m.reaction" => {
                let key = content.get("m.relates_to")?.get("key")?.as_str()?;
                is_address(key).then_some(Refused::Untyped)
            }
            "m.room.avatar" | "m.sticker" => self.refuses_part(content, Some(FileKind::Image)),
            _ => self.refuses_message(content),
        }
    }

    /// A message, and what an edit makes of it.
    fn refuses_message(&self, content: &Map<String, Value>) -> Option<Refused> {
        let edit = content.get("m.new_content").and_then(Value::as_object);
        [Some(content), edit].into_iter().flatten().find_map(|part| {
            let items = part.get("itemtypes").and_then(Value::as_array).into_iter().flatten();
            let items = items.filter_map(Value::as_object);
            let typed =
                |part: &Map<String, Value>, field: &str| part.get(field).and_then(Value::as_str).map(str::to_owned);
            let one = |part: &Map<String, Value>, kind: Option<String>| self.refuses_typed(part, kind.as_deref());
            one(part, typed(part, "msgtype"))
                .or_else(|| items.into_iter().find_map(|item| one(item, typed(item, "itemtype"))))
                .or_else(|| EXTENSIBLE.iter().find_map(|field| self.refuses_part(part.get(*field)?.as_object()?, None)))
                .or_else(|| shows_image(part).then_some(Refused::Untyped))
        })
    }

    /// A message, or an item of a gallery (MSC4274), of this `msgtype`.
    fn refuses_typed(&self, part: &Map<String, Value>, msgtype: Option<&str>) -> Option<Refused> {
        let promised = match msgtype {
            Some("m.image") => Some(FileKind::Image),
            Some("m.audio") => Some(FileKind::Audio),
            Some("m.video") => Some(FileKind::Video),
            Some("m.file") => None,
            // Other messages hold no file, so an address in their place is looked at as one of any kind.
            _ if part.get("url").is_some_and(|url| !url.as_str().is_some_and(is_address)) => {
                return self.refuses_picture_of(part);
            }
            _ => None,
        };
        self.refuses_part(part, promised)
    }

    /// A file with `url` or `file`, of the promised kind, and its preview.
    fn refuses_part(&self, part: &Map<String, Value>, promised: Option<FileKind>) -> Option<Refused> {
        if part.get("file").is_some_and(Value::is_object) {
            return Some(Refused::Encrypted);
        }
        let has_file = part.get("url").and_then(Value::as_str).is_some_and(|url| !url.is_empty());
        let info = part.get("info");
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let media = text(info.and_then(|info| info.get("mimetype"))).or_else(|| text(part.get("mimetype")));
        // Without a `filename` the body is the name; with one, it is a caption.
        let name = ["filename", "name", "body"].iter().find_map(|field| text(part.get(*field)));
        let refused = has_file.then(|| self.refuses_file(media.as_deref(), name.as_deref(), promised)).flatten();
        refused.or_else(|| self.refuses_picture_of(part))
    }

    /// The preview of a file or place. Clients may leave its type out, but must not give another.
    fn refuses_picture_of(&self, part: &Map<String, Value>) -> Option<Refused> {
        let info = part.get("info")?;
        if info.get("thumbnail_file").is_some_and(Value::is_object) {
            return Some(Refused::Encrypted);
        }
        info.get("thumbnail_url")?.as_str()?;
        let media = info.get("thumbnail_info")?.get("mimetype")?;
        self.refuses_file(media.as_str(), None, Some(FileKind::Image))
    }

    fn refuses_file(&self, media: Option<&str>, name: Option<&str>, promised: Option<FileKind>) -> Option<Refused> {
        let Some(media) = media.and_then(|media| media.trim().parse::<Mime>().ok()) else {
            return Some(Refused::Untyped);
        };
        let (kind, named) = (FileKind::of(&media), name.map_or(&[][..], FileKind::of_name));
        if let Some(never) = named.iter().find(|named| named.is_never_accepted()) {
            return Some(Refused::Kind(*never));
        }
        if !self.takes(&media) {
            // A client that does not know the type says so, and the name may know more.
            return Some(match named.first().filter(|_| kind == FileKind::Other) {
                Some(named) if self.0.iter().any(|range| FileKind::of(range) == *named) => Refused::Untyped,
                Some(named) => Refused::Kind(*named),
                None => Refused::Kind(kind),
            });
        }
        let is_promised = promised.is_none_or(|promised| promised == kind);
        let is_named = named.is_empty() || named.contains(&kind) || kind == FileKind::Other;
        let is_honest = is_promised && is_named && !name.is_some_and(turns_around);
        (!is_honest).then_some(Refused::Contradictory)
    }
}

fn is_address(text: &str) -> bool {
    text.starts_with("mxc://")
}

/// Whether a name is shown in another order than it is written in, so that `exe` may look like its middle.
fn turns_around(name: &str) -> bool {
    name.contains(|c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
}

/// Whether formatted text shows an image. It has no type.
fn shows_image(part: &Map<String, Value>) -> bool {
    let Some(html) = part.get("formatted_body").and_then(Value::as_str) else { return false };
    let html = html.to_ascii_lowercase();
    html.split("<img").skip(1).any(|tag| tag.split('>').next().is_some_and(|tag| tag.contains("mxc://")))
}

/// The addresses of the files in an event's content.
#[must_use]
pub fn files_in(content: &Value) -> BTreeSet<OwnedMxcUri> {
    fn collect(value: &Value, depth: usize, found: &mut BTreeSet<OwnedMxcUri>) {
        match value {
            Value::String(text) if is_address(text) && found.len() < MOST => {
                let address = OwnedMxcUri::from(text.as_str());
                if address.is_valid() {
                    found.insert(address);
                }
            }
            Value::Array(values) if depth < DEEP => values.iter().for_each(|value| collect(value, depth + 1, found)),
            Value::Object(map) if depth < DEEP => map.values().for_each(|value| collect(value, depth + 1, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(content, 0, &mut found);
    found
}

/// Whether a redacted message's file is made unreachable, too: only a file of its sender, and not by the sender's own
/// wish, because Synapse does the same to everybody's files with the same bytes.
#[must_use]
pub fn goes_along(sender: &UserId, asker: &str) -> bool {
    sender.as_str() != asker
}
