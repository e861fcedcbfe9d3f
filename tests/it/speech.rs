//! Texts are the same in both languages, all usable, and safe whatever names people have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use equipemed_bot::config::settings::Language;
use equipemed_bot::homeserver::Said;
use equipemed_bot::speech::{ARG_CHARS, Answer, Arg, Texts};
use fluent_bundle::FluentResource;
use ruma_common::{RoomId, UserId};

const LANGUAGES: [Language; 2] = [Language::PtBr, Language::En];

/// Texts and words of lists in a language's files, with the variables they use.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) texts: BTreeMap<String, BTreeSet<String>>,
    /// As `list.word`.
    words: BTreeSet<String>,
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, ending)?);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

pub(crate) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// Parses a Fluent file by lines: a text begins at the margin.
pub(crate) fn contents(source: &str) -> Contents {
    let mut contents = Contents::default();
    let mut id = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            id = line.chars().take_while(|c| is_name(*c)).collect();
            if line.trim_end() != format!("{id} =") {
                contents.texts.insert(id.clone(), BTreeSet::new());
            }
        } else if let Some(word) = line.trim_start().strip_prefix('.') {
            contents.words.insert(format!("{id}.{}", word.chars().take_while(|c| is_name(*c)).collect::<String>()));
        }
        let variables = line.split('$').skip(1).map(|rest| rest.chars().take_while(|c| is_name(*c)).collect());
        if let Some(text) = contents.texts.get_mut(&id) {
            text.extend(variables);
        }
    }
    contents
}

pub(crate) fn sources(language: Language) -> Result<Vec<(PathBuf, String)>> {
    let files = files(&project().join("locales").join(language.as_str()), "ftl")?;
    files.into_iter().map(|path| Ok((path.clone(), std::fs::read_to_string(path)?))).collect()
}

fn all(language: Language) -> Result<Contents> {
    let mut all = Contents::default();
    for (path, source) in sources(language)? {
        let Contents { texts, words } = contents(&source);
        for (id, variables) in texts {
            assert_eq!(all.texts.insert(id.clone(), variables), None, "{id} stands twice, in {path:?} as well");
        }
        all.words.extend(words);
    }
    assert!(all.texts.len() > 100 && all.words.len() > 50, "{}: the files were not read", language.as_str());
    Ok(all)
}

/// A name with static lifetime, as in the code.
pub(crate) fn fixed(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

fn said(text: &str) -> Said {
    Said { plain: text.to_owned(), html: text.to_owned() }
}

/// Only permitted tags, properly nested and closed.
#[track_caller]
fn assert_safe(html: &str) {
    let mut open = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').unwrap();
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else if tag != "br" {
            let (name, attribute) = tag.split_once(' ').unwrap_or((tag, ""));
            let link = name == "a" && attribute.starts_with("href=\"https://matrix.to/#/") && attribute.ends_with('"');
            let plain = ["strong", "code", "p", "ul", "li"].contains(&name) && attribute.is_empty();
            assert!(plain || link && attribute.matches('"').count() == 2, "<{tag}> in {html}");
            open.push(name);
        }
        rest = after;
    }
    assert_eq!(open, Vec::<&str>::new(), "{html}");
    assert!(!rest.contains('>') && !html.replace("<br>", "").contains('\n'), "{html}");
}

#[test]
fn both_languages_have_the_same_texts_about_the_same_things() -> Result<()> {
    let (portuguese, english) = (all(Language::PtBr)?, all(Language::En)?);
    let ids = |contents: &Contents| contents.texts.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(ids(&portuguese).symmetric_difference(&ids(&english)).collect::<Vec<_>>(), Vec::<&String>::new());
    for (id, variables) in &portuguese.texts {
        assert_eq!(Some(variables), english.texts.get(id), "{id}");
    }
    let only_one = portuguese.words.symmetric_difference(&english.words);
    assert_eq!(only_one.collect::<Vec<_>>(), Vec::<&String>::new());
    let bad = contents("a = x { $b }\n    { $c ->\n    }\nlist =\n    .one = 1\n# d = { $e }\n");
    assert_eq!(bad.texts["a"], BTreeSet::from(["b".to_owned(), "c".to_owned()]));
    assert_eq!((bad.texts.len(), bad.words), (1, BTreeSet::from(["list.one".to_owned()])));
    Ok(())
}

#[test]
fn every_file_is_part_of_the_binary_and_can_be_read() -> Result<()> {
    for language in LANGUAGES {
        let listed = std::fs::read_to_string(project().join("src/speech/sources.rs"))?;
        for (path, source) in sources(language)? {
            let name = path.file_stem().and_then(|name| name.to_str()).context("a name")?;
            assert!(listed.contains(&format!("\"{name}\"")), "{name} is not in sources.rs");
            assert!(FluentResource::try_new(source.clone()).is_ok(), "{path:?} is not Fluent");
            let long = source.lines().find(|line| line.chars().count() > 160);
            assert_eq!(long, None, "{path:?}");
            let labels = source.lines().filter_map(|line| line.trim_start().trim_start_matches('*').strip_prefix('['));
            let word =
                labels.filter_map(|line| line.split(']').next()).find(|one| !["0", "one", "other"].contains(one));
            assert_eq!(word, None, "{path:?}: only numbers decide about a form, as words are not known to Fluent");
            let private = source.chars().find(|c| ('\u{E000}'..='\u{F8FF}').contains(c) || *c == '@' || *c == '<');
            assert_eq!(private, None, "{path:?}: arguments, mentions and tags are not for texts");
        }
    }
    Ok(())
}

#[test]
fn every_text_can_be_said_whatever_it_is_about() -> Result<()> {
    for language in LANGUAGES {
        let texts = Texts::new(language);
        let Contents { texts: all, words } = all(language)?;
        for (id, variables) in &all {
            let id = fixed(id);
            let samples =
                [Arg::Number(0), Arg::Number(1), Arg::Number(2_345), Arg::Text("x".to_owned()), Arg::Said(said("y"))];
            for sample in samples {
                let args: Vec<_> = variables.iter().map(|name| (fixed(name), sample.clone())).collect();
                for said in [texts.say(id, &args), texts.line(id, &args)] {
                    assert_ne!(said.plain, id, "{id} cannot be said with {sample:?}");
                    assert!(!said.plain.contains(['{', '}', '$', '`']) && !said.plain.contains("**"), "{said:?}");
                    assert!(said.plain.lines().all(|line| line.trim() == line && !line.contains("  ")), "{said:?}");
                    assert_safe(&said.html);
                }
                assert!(!texts.line(id, &args).plain.contains('\n'));
            }
        }
        for word in words {
            let (list, word) = word.split_once('.').context("a word")?;
            let said = texts.word(fixed(list), word);
            // Some English words equal their names in the code.
            assert!(said.plain != word || language == Language::En, "{list}.{word}");
            assert_safe(&said.html);
        }
    }
    Ok(())
}

#[test]
fn numbers_decide_about_the_plural() {
    let messages = |language, count| {
        let room = ("room", Arg::Room { room_id: None, name: "UTI".to_owned() });
        Texts::new(language).say("redacted", &[("count", Arg::Number(count)), room]).plain
    };
    assert_eq!(messages(Language::PtBr, 0), "Nenhuma mensagem apagada na sala UTI.");
    assert_eq!(messages(Language::PtBr, 1), "1 mensagem apagada na sala UTI.");
    assert_eq!(messages(Language::PtBr, 12_000), "12000 mensagens apagadas na sala UTI.");
    assert_eq!(messages(Language::En, 1), "1 message was deleted in the room UTI.");
    assert_eq!(messages(Language::En, 2), "2 messages were deleted in the room UTI.");
}

#[test]
fn people_and_rooms_are_shown_by_name_and_link() -> Result<()> {
    let texts = Texts::new(Language::En);
    let user = UserId::parse("@ana.souza:hospital.example")?;
    let named = Arg::User { user: user.clone(), name: Some("Ana <Souza>".to_owned()) };
    let said = texts.say("unlocked", &[("user", named)]);
    assert_eq!(said.plain, "The account Ana <Souza> (@ana.souza:hospital.example) is unlocked.");
    let link = "<a href=\"https://matrix.to/#/@ana.souza:hospital.example\">Ana &lt;Souza&gt;</a>";
    assert_eq!(said.html, format!("The account {link} is unlocked."));
    for name in [None, Some("\u{200B} \u{202E}".to_owned())] {
        let said = texts.say("unlocked", &[("user", Arg::User { user: user.clone(), name })]);
        assert_eq!(said.plain, "The account @ana.souza:hospital.example is unlocked.");
    }
    let room = Arg::Room { room_id: Some(RoomId::parse("!icu:hospital.example")?), name: "UTI & cia".to_owned() };
    let said = texts.say("in-room", &[("room", room)]);
    assert_eq!(said.plain, "in the room UTI & cia");
    assert_eq!(said.html, "in the room <a href=\"https://matrix.to/#/!icu:hospital.example\">UTI &amp; cia</a>");
    Ok(())
}

#[test]
fn what_people_write_is_never_markup() -> Result<()> {
    let long = "a".repeat(ARG_CHARS + 1);
    let hostile: &[(&str, &str, &str)] = &[
        ("<b>x</b>", "<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        (
            "<img src=\"mxc://a/b\" onerror='x'>",
            "<img src=\"mxc://a/b\" onerror='x'>",
            "&lt;img src=&quot;mxc://a/b&quot; onerror=&#39;x&#39;&gt;",
        ),
        (
            "</code><a href=\"javascript:x\">",
            "</code><a href=\"javascript:x\">",
            "&lt;/code&gt;&lt;a href=&quot;javascript:x&quot;&gt;",
        ),
        ("**bold** `code`", "**bold** `code`", "**bold** `code`"),
        ("[x](https://x.example)", "[x](https://x.example)", "[x](https://x.example)"),
        ("{ $x } { -y }", "{ $x } { -y }", "{ $x } { -y }"),
        ("&lt;", "&lt;", "&amp;lt;"),
        ("a\nb\r\nc\td", "a b  c d", "a b  c d"),
        ("a\u{2028}b\u{0}\u{1b}[31m", "a b[31m", "a b[31m"),
        ("ab\u{202E}cd\u{2066}\u{200B}\u{FEFF}\u{AD}", "abcd", "abcd"),
        ("\u{E000}\u{E001}\u{F8FF}x\u{E0041}", "x", "x"),
        ("oi @room", "oi @\u{200B}room", "oi @\u{200B}room"),
        ("@ROOM@Room", "@\u{200B}ROOM@\u{200B}Room", "@\u{200B}ROOM@\u{200B}Room"),
        ("@\u{200B}room", "@\u{200B}room", "@\u{200B}room"),
        (&long, &format!("{}…", &long[1..]), &format!("{}…", &long[1..])),
        ("", "", ""),
    ];
    for language in LANGUAGES {
        let texts = Texts::new(language);
        let frame = texts.say("no-such-word", &[("said", Arg::Text("SAID".to_owned()))]);
        for (text, plain, html) in hostile {
            let said = texts.say("no-such-word", &[("said", Arg::Text((*text).to_owned()))]);
            assert_eq!(said.plain, frame.plain.replace("SAID", plain), "{text:?}");
            assert_eq!(said.html, frame.html.replace("SAID", html), "{text:?}");
            let text = (*text).to_owned();
            let user = UserId::parse("@room:hospital.example")?;
            let room_id = Some(RoomId::parse("!a\"><b>:hospital.example").or_else(|_| RoomId::parse("!a:b.example"))?);
            let others = [
                Arg::Code(text.clone()),
                Arg::Time(text.clone()),
                Arg::User { user, name: Some(text.clone()) },
                Arg::Room { room_id, name: text.clone() },
                Arg::Room { room_id: None, name: text.clone() },
            ];
            for arg in others {
                let said = texts.say("usage", &[("usage", arg)]);
                assert_safe(&said.html);
                assert!(!said.plain.to_lowercase().contains("@room"), "{said:?}");
                assert!(!said.html.to_lowercase().replace("/#/@room", "").contains("@room"), "{said:?}");
            }
            assert_safe(&texts.word("right", &text).html);
        }
    }
    Ok(())
}

#[test]
fn code_in_code_is_code_once() {
    let texts = Texts::new(Language::En).with_prefix("?");
    let args = [("code", Arg::Code("K7QF".to_owned())), ("minutes", Arg::Number(5))];
    let said = texts.say("confirm-how", &args);
    assert!(said.html.contains("type <code>?confirm K7QF</code> within 5 minutes."), "{said:?}");
    assert!(said.plain.contains("type ?confirm K7QF within 5 minutes."), "{said:?}");
}

#[test]
fn a_missing_text_or_argument_is_said_by_its_name() {
    for language in LANGUAGES {
        let texts = Texts::new(language);
        assert_eq!(texts.say("no-such-text", &[]), said("no-such-text"));
        assert_eq!(texts.say("unlocked", &[]), said("unlocked"));
        assert_eq!(texts.word("right", "fly"), said("fly"));
        assert_eq!(texts.word("no-such-list", "<b>").html, "&lt;b&gt;");
    }
}

#[test]
fn things_are_listed_as_one_says_them() {
    let texts = Texts::new(Language::PtBr);
    let list = |items: &[&str]| texts.list(items.iter().map(|item| said(item)).collect()).plain;
    assert_eq!(list(&[]), "");
    assert_eq!(list(&["a"]), "a");
    assert_eq!(list(&["a", "b"]), "a e b");
    assert_eq!(list(&["a", "b", "c"]), "a, b e c");
}

#[test]
fn an_answer_is_lines_and_lists() {
    let line = Answer::new().line(said("a")).line(said("b"));
    assert_eq!(line.said(), Said { plain: "a\nb".to_owned(), html: "a<br>b".to_owned() });
    let answer = Answer::new()
        .line(said("a"))
        .line(said("b"))
        .items([said("c"), said("d")])
        .line(said("e"))
        .paragraph(said("f"))
        .item(Said { plain: "g\nh".to_owned(), html: "g<br>h".to_owned() })
        .said();
    assert_eq!(answer.plain, "a\nb\n• c\n• d\ne\n\nf\n• g\n  h");
    assert_eq!(answer.html, "<p>a<br>b</p><ul><li>c</li><li>d</li></ul><p>e</p><p>f</p><ul><li>g<br>h</li></ul>");
    assert!(Answer::new().is_empty());
    assert_eq!(Answer::new().pieces(Answer::PIECE), []);
}

#[test]
fn a_long_answer_comes_in_pieces_that_synapse_takes() -> Result<()> {
    let texts = Texts::new(Language::PtBr);
    let awkward = "\"\\ \u{1F469} ç <&>".repeat(12);
    let items = (0..900).map(|number| {
        let name = Arg::Text(format!("{number} {awkward}"));
        texts.line("nobody", &[("said", name)])
    });
    let answer = Answer::new().line(said("first")).items(items).paragraph(said(&"ø".repeat(40_000))).line(said("last"));
    let max = Answer::PIECE;
    let pieces = answer.pieces(max);
    assert!(pieces.len() > 5);
    for piece in &pieces {
        let bytes = serde_json::to_string(&[&piece.plain, &piece.html])?.len();
        assert!(bytes <= max + 16, "{bytes}");
        assert_safe(&piece.html);
    }
    let together: String = pieces.iter().map(|piece| piece.plain.as_str()).collect();
    assert!((0..900).all(|number| together.contains(&format!("“{number} "))), "an item is lost");
    assert!(together.contains("ø…") && together.ends_with("last"));
    let one = Answer::new().line(said("a")).item(said("b"));
    assert_eq!(one.pieces(max), [one.said()]);
    Ok(())
}

/// The first literal after each `call(`.
fn literals<'s>(source: &'s str, calls: &[&str]) -> Vec<&'s str> {
    let behind = calls.iter().flat_map(|call| source.split(call).skip(1));
    behind.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next()).collect()
}

#[test]
fn every_text_that_the_code_names_exists() -> Result<()> {
    let contents = all(Language::En)?;
    let lists: BTreeSet<&str> = contents.words.iter().filter_map(|word| Some(word.split_once('.')?.0)).collect();
    for path in files(&project().join("src"), "rs")? {
        let source = std::fs::read_to_string(&path)?;
        // Other types have methods with these names.
        if !source.contains("Texts") {
            continue;
        }
        for id in literals(&source, &[".say(", ".line("]) {
            assert!(contents.texts.contains_key(id), "{path:?}: there is no text {id}");
        }
        for list in literals(&source, &[".word("]) {
            assert!(lists.contains(list), "{path:?}: there is no list {list}");
        }
    }
    assert_eq!(literals("a.say(\"x\", b.line(\n  \"y\", c.say(d", &[".say(", ".line("]), ["x", "y"]);
    Ok(())
}

/// Texts that no literal in these sources names.
fn unused<'c>(contents: &'c Contents, sources: &[String]) -> Vec<&'c str> {
    let lists = contents.words.iter().filter_map(|word| Some(word.split_once('.')?.0));
    let names: BTreeSet<&str> = contents.texts.keys().map(String::as_str).chain(lists).collect();
    names.into_iter().filter(|name| !sources.iter().any(|source| source.contains(&format!("\"{name}\"")))).collect()
}

#[test]
fn every_command_has_its_line_of_help() -> Result<()> {
    let contents = all(Language::En)?;
    let table = std::fs::read_to_string(project().join("domain/src/command/word.rs"))?;
    let table = table.split("words! {").nth(1).context("the table of words")?;
    let names = table.lines().filter(|line| line.contains(", managed ")).filter_map(|line| line.split('"').nth(1));
    let names: BTreeSet<&str> = names.collect();
    assert!(names.len() > 20, "{names:?}");
    for name in &names {
        for list in ["brief", "effect", "undo"] {
            assert!(contents.words.contains(&format!("{list}.{name}")), "{list}.{name}");
        }
    }
    Ok(())
}

#[test]
fn no_text_is_left_over() -> Result<()> {
    let some = contents("a = x\nb = y\nlist =\n    .one = 1\n");
    assert_eq!(unused(&some, &["say(\"a\")".to_owned()]), ["b", "list"]);
    let sources = files(&project().join("src"), "rs")?;
    let sources = sources.iter().map(std::fs::read_to_string).collect::<std::io::Result<Vec<_>>>()?;
    assert_eq!(unused(&all(Language::En)?, &sources), Vec::<&str>::new());
    Ok(())
}
