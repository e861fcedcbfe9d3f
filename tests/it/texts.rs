//! The page of each language: every text with real arguments, as chat shows it, kept as a snapshot to be read and
//! reviewed. `cargo xtask texts` writes the pages, `cargo xtask texts --accept` accepts a change.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use equipemed_bot::config::settings::Language;
use equipemed_bot::homeserver::Said;
use equipemed_bot::speech::{Arg, Texts};
use equipemed_domain::command::word::WORDS;
use equipemed_domain::command::{Command, CommandPlace, Message, Misunderstood, Setting, Word, parse};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ruma_common::{RoomId, UserId, event_id, user_id};

use super::speech::{contents, fixed, is_name, sources};
use super::text_values::{VALUES, Value};

/// Names the folder that `cargo xtask texts` wants the pages in.
const FOLDER: &str = "EQUIPEMED_TEXTS";
/// How often texts are inside each other; a circle of values would have no end.
const DEEPEST: usize = 5;

/// A text, or a word of a list, as its file has it.
struct Entry {
    id: &'static str,
    word: Option<&'static str>,
    variables: BTreeSet<String>,
    /// Variables that decide about the form.
    selectors: BTreeSet<String>,
}

/// The texts of a file in its order.
fn entries(source: &str) -> Vec<Entry> {
    let known = contents(source);
    let mut entries: Vec<Entry> = Vec::new();
    let mut list = "";
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        let name = |text: &str| fixed(&text.chars().take_while(|c| is_name(*c)).collect::<String>());
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            list = name(line);
            if let Some(variables) = known.texts.get(list) {
                let (variables, selectors) = (variables.clone(), BTreeSet::new());
                entries.push(Entry { id: list, word: None, variables, selectors });
            }
        } else if let Some(word) = line.trim_start().strip_prefix('.') {
            let word = Some(name(word));
            entries.push(Entry { id: list, word, variables: BTreeSet::new(), selectors: BTreeSet::new() });
        }
        let decides = line.split('$').skip(1).filter(|rest| rest.contains("->"));
        if let Some(last) = entries.last_mut() {
            last.selectors.extend(decides.map(|rest| name(rest).to_owned()));
        }
    }
    entries
}

/// The page of one language.
struct Page {
    texts: Texts,
    language: Language,
    /// Rows of the table of values that were needed.
    used: BTreeSet<usize>,
    missing: BTreeSet<String>,
}

impl Page {
    fn argument(&mut self, id: &str, name: &str, deep: usize) -> Option<Value> {
        let fits = |texts: &str| match texts.split_once('*') {
            None => texts == id,
            Some((start, end)) => id.strip_prefix(start).is_some_and(|rest| rest.contains(end.trim_end_matches('*'))),
        };
        let found = VALUES.iter().position(|(texts, argument, _)| *argument == name && fits(texts));
        let Some(row) = found.filter(|_| deep < DEEPEST) else {
            self.missing.insert(format!("{id}: {name}"));
            return None;
        };
        self.used.insert(row);
        VALUES.get(row).map(|(_, _, value)| *value)
    }

    fn arg(&mut self, value: Value, deep: usize) -> Result<Arg> {
        let text = |text: &str| Arg::Text(text.to_owned());
        let texts = self.texts.clone();
        Ok(match value {
            Value::Text(said) => text(said),
            Value::Two(portuguese, english) => text(if self.language == Language::PtBr { portuguese } else { english }),
            Value::Typed(command) => Arg::Code(self.texts.typed(command)),
            Value::Code(code) => Arg::Code(code.to_owned()),
            Value::Number(number) => Arg::Number(number),
            Value::Time(time) => Arg::Time(time.to_owned()),
            Value::User(name, user) => {
                let user = UserId::parse(format!("@{user}:hospital.example"))?;
                Arg::User { user, name: Some(name.to_owned()).filter(|name| !name.is_empty()) }
            }
            Value::Room(name) => {
                Arg::Room { room_id: Some(RoomId::parse("!icu:hospital.example")?), name: name.to_owned() }
            }
            Value::Word(list, word) => Arg::Said(self.texts.word(list, word)),
            Value::Passage(list, name) => Arg::Said(self.texts.passage(list, name).context(name)?),
            Value::Line(id) => Arg::Said(self.line(id, deep + 1)?),
            Value::List(values) => Arg::Said(texts.list(self.shown(values, deep)?)),
            Value::Choice(values) => Arg::Said(texts.choice(self.shown(values, deep)?)),
            Value::Phrases(values) => Arg::Said(texts.phrases(self.shown(values, deep)?)),
        })
    }

    fn shown(&mut self, values: &[Value], deep: usize) -> Result<Vec<Said>> {
        let texts = self.texts.clone();
        values.iter().map(|value| Ok(texts.shown(&self.arg(*value, deep)?))).collect()
    }

    /// A text inside another one, in its usual form.
    fn line(&mut self, id: &'static str, deep: usize) -> Result<Said> {
        let mut all = sources(self.language)?.into_iter().flat_map(|(_, source)| entries(&source));
        let entry = all.find(|entry| entry.id == id && entry.word.is_none());
        let mut args = Vec::new();
        for name in entry.with_context(|| format!("there is no text {id}"))?.variables {
            if name != "prefix"
                && let Some(value) = self.argument(id, &name, deep)
            {
                args.push((fixed(&name), self.arg(value, deep)?));
            }
        }
        Ok(self.texts.line(id, &args))
    }

    /// A text in all its forms, each with the count that decides.
    fn forms(&mut self, entry: &Entry) -> Result<Vec<(Option<i64>, Said)>> {
        if let Some(word) = entry.word {
            return Ok(vec![(None, self.texts.passage(entry.id, word).context(word)?)]);
        }
        let mut args = Vec::new();
        for name in entry.variables.iter().filter(|name| *name != "prefix") {
            if let Some(value) = self.argument(entry.id, name, 0) {
                args.push((fixed(name), self.arg(value, 0)?));
            }
        }
        let decides = |name: &str, arg: &Arg| match arg {
            Arg::Number(many) => Some(*many).filter(|_| entry.selectors.contains(name)),
            _ => None,
        };
        let Some(many) = args.iter().find_map(|(name, arg)| decides(name, arg)) else {
            return Ok(vec![(None, self.texts.say(entry.id, &args))]);
        };
        let said = [0, 1, many].map(|count| {
            let counted = args.iter().map(|(name, arg)| match decides(name, arg) {
                Some(many) => (*name, Arg::Number(if count < 2 { count } else { many })),
                None => (*name, arg.clone()),
            });
            (Some(count), self.texts.say(entry.id, &counted.collect::<Vec<_>>()))
        });
        Ok(said.into())
    }
}

/// HTML of a text as Markdown.
fn markdown(said: &Said, indent: usize) -> String {
    let mut text = said.html.replace("<strong>", "**").replace("</strong>", "**");
    text = text.replace("<code>", "`").replace("</code>", "`");
    text = text.replace("<br>", &format!("  \n{:indent$}", ""));
    // A link is shown by its name.
    while let Some((before, rest)) = text.split_once("<a href=") {
        let (_, shown) = rest.split_once('>').unwrap_or_default();
        text = format!("{before}{}", shown.replacen("</a>", "", 1));
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

fn page(language: Language) -> Result<(String, BTreeSet<usize>)> {
    let mut page = Page { texts: Texts::new(language), language, used: BTreeSet::new(), missing: BTreeSet::new() };
    let mut written = format!("# {}\n", language.as_str());
    for (path, source) in sources(language)? {
        let file = path.file_stem().and_then(|name| name.to_str()).context("a name")?;
        written.push_str(&format!("\n## {file}\n\n"));
        for entry in entries(&source) {
            let word = entry.word.map(|word| format!(".{word}")).unwrap_or_default();
            let (id, forms) = (format!("- `{}{word}`", entry.id), page.forms(&entry)?);
            match forms.as_slice() {
                [(_, said)] => written.push_str(&format!("{id} {}\n", markdown(said, 2))),
                forms => {
                    written.push_str(&format!("{id}\n"));
                    for (count, said) in forms {
                        let count = count.unwrap_or_default();
                        written.push_str(&format!("  - {count}: {}\n", markdown(said, 4)));
                    }
                }
            }
        }
    }
    assert_eq!(page.missing, BTreeSet::new(), "these arguments have no value in tests/it/text_values.rs");
    Ok((written, page.used))
}

#[test]
fn the_pages_of_all_texts_are_as_they_were_read() -> Result<()> {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../samples/texts");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut pages = Vec::new();
    for language in [Language::PtBr, Language::En] {
        let (written, used) = page(language)?;
        let idle = VALUES.iter().enumerate().filter(|(row, _)| !used.contains(row));
        let idle: Vec<_> = idle.map(|(_, (texts, name, _))| format!("{texts}: {name}")).collect();
        assert_eq!(idle, Vec::<String>::new(), "no text needs these values");
        pages.push((language.as_str(), written));
    }
    if let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) {
        std::fs::create_dir_all(&folder)?;
        for (name, written) in &pages {
            std::fs::write(folder.join(format!("{name}.md")), written)?;
        }
    }
    for (name, written) in pages {
        settings.bind(|| insta::assert_snapshot!(name, written));
    }
    Ok(())
}

/// What a text says in the control room or a ward's, in reply to a message or not.
pub(crate) fn parsed(text: &str, place: CommandPlace, in_reply: bool) -> Option<Result<Command, Misunderstood>> {
    let bot: &UserId = user_id!("@bot:h.example");
    let setting = Setting { prefix: "!", bot, bot_name: "EquipeMed", place };
    let reply_to = in_reply.then(|| event_id!("$said:h.example").to_owned());
    let now = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    parse(&Message { body: text.into(), formatted_body: None, reply_to, thread: None }, &setting, &now)
}

pub(crate) fn understood(text: &str, in_reply: bool) -> Option<Command> {
    parsed(text, CommandPlace::Control, in_reply)?.ok()
}

/// The commands in a text, as it is shown.
fn commands(said: &Said) -> Vec<String> {
    let code = said.html.split("<code>").skip(1).filter_map(|rest| rest.split("</code>").next());
    code.filter(|code| code.starts_with('!')).map(|code| code.replace("&quot;", "\"")).collect()
}

#[test]
fn every_command_in_a_text_is_in_its_language() -> Result<()> {
    for language in [Language::PtBr, Language::En] {
        for (path, source) in sources(language)? {
            for rest in source.split("{ $prefix }").skip(1) {
                let said: String = rest.chars().take_while(|c| c.is_alphabetic() || *c == '-').collect();
                let word = Word::named(&said).with_context(|| format!("{path:?}: there is no command {said}"))?;
                assert_eq!(format!("!{said}"), Texts::new(language).spelled(word), "{path:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn every_example_of_help_is_understood_as_its_command_and_redact_begins_with_replying() -> Result<()> {
    for language in [Language::PtBr, Language::En] {
        let texts = Texts::new(language);
        for entry in WORDS {
            let Some(examples) = texts.passage("examples", entry.name) else { continue };
            let commands = commands(&examples);
            assert!(!commands.is_empty(), "{}", entry.name);
            for said in commands {
                let command = understood(&said, true).with_context(|| format!("{said} is not understood"))?;
                assert_eq!(command.word(), entry.word, "{said}");
            }
        }
        let redact = texts.passage("examples", "redact").context("redact")?.plain;
        let first = redact.lines().next().unwrap_or_default();
        assert!(first.ends_with(&format!(": {}", texts.spelled(Word::Redact))), "{redact}");
        assert_eq!(redact.lines().count(), 3);
    }
    Ok(())
}

fn why(text: &str, place: CommandPlace, language: Language) -> String {
    let why = parsed(text, place, false).map(|parsed| parsed.unwrap_err());
    Texts::new(language).misunderstood(&why.unwrap()).said().plain
}

#[test]
fn what_is_misunderstood_is_answered_with_the_way_to_say_it() {
    let (room, control) = (CommandPlace::Managed, CommandPlace::Control);
    let (portuguese, english) = (Language::PtBr, Language::En);
    assert_eq!(why("!apagar", room, portuguese), "Use !apagar em resposta à mensagem que deve sair.");
    assert_eq!(why("!apagar", room, english), "Use !redact in reply to the message that is to go.");
    assert_eq!(why("!banir \"Ana", control, portuguese), "Faltou fechar as aspas.");
    for text in ["!confirmar", "!aprovar", "!banir", "!salas adotar", "!salas criar", "!silenciar ana.souza por x"] {
        let said = why(text, control, portuguese);
        assert!(!said.contains("preciso de") && !said.contains(" de o ") && !said.contains(" de a "), "{said}");
    }
    let said = why("!expulsar ana.souza em UTI Adulto", control, portuguese);
    assert!(said.contains("Nome com espaço vai entre aspas."), "{said}");
    let said = why("!banir ana.souza em uti por x", control, portuguese);
    assert!(said.contains("Por exemplo:\n!banir bruno.lima em uti até sexta"), "{said}");
}
