//! Many generated commands, as people in a hospital mix them: words of both languages, punctuation, quotation marks,
//! links, durations clear and not. For each is known what it says, so that nothing else may be understood.

use std::time::{Duration, Instant};

use equipemed_domain::command::word::WORDS;
use equipemed_domain::command::{Command, CommandPlace, Extent, Measure, Message, Misunderstood, Redaction, Who, Word};
use jiff::SignedDuration;
use ruma_common::OwnedEventId;

use super::command::{parse, plain, setting};

/// How many commands are tried.
const COMMANDS: usize = 200_000;

const HOUR: i64 = 3_600;

/// A generator of numbers that is the same everywhere (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Units and their seconds.
const UNITS: &[(&str, i64)] = &[
    ("s", 1),
    ("min", 60),
    ("minutos", 60),
    ("h", HOUR),
    ("H", HOUR),
    (" horas", HOUR),
    (" hours", HOUR),
    (" dias", 24 * HOUR),
    ("d", 24 * HOUR),
    (" semanas", 168 * HOUR),
];

/// Durations in words, and what they last.
const SPOKEN: &[(&str, i64)] = &[
    ("uma hora", HOUR),
    ("meia hora", HOUR / 2),
    ("½ hora", HOUR / 2),
    ("1½h", HOUR * 3 / 2),
    ("uma hora e meia", HOUR * 3 / 2),
    ("half an hour", HOUR / 2),
    ("an hour and a half", HOUR * 3 / 2),
    ("duas horas e quinze", HOUR * 9 / 4),
    ("um dia e meio", 36 * HOUR),
    ("vinte e quatro horas", 24 * HOUR),
    ("1h30", HOUR * 3 / 2),
    ("2 dias e 12 horas", 60 * HOUR),
    ("1 hora, 30 minutos", HOUR * 3 / 2),
];

/// What is not one clear duration, and may last nothing at all.
const UNCLEAR: &[&str] = &[
    "1, 5h",
    "1 5h",
    "1h, 5h",
    "1h 5h",
    "2-3h",
    "2 a 3 horas",
    "1.500h",
    "1,500h",
    "1h90",
    "30min 1h",
    "1,5h30",
    ",5h",
    "-2h",
    "umas horas",
    "ever",
    "1,5",
    "0h",
    "2/3 dias",
    "2 ou 3 dias",
    "1h5",
    "~2h",
    "10 anos",
    "2 ¼ horas",
    "½",
];

/// Moments, and how long it is until then at most.
const MOMENTS: &[(&str, i64)] = &[
    ("amanhã 7h", 9 * HOUR),
    ("amanhã às 7", 9 * HOUR),
    ("tomorrow 7am", 9 * HOUR),
    ("sexta", 26 * HOUR),
    ("sexta que vem", 26 * HOUR),
    ("next friday 7am", 9 * HOUR),
    ("semana que vem", 82 * HOUR),
    ("friday", 26 * HOUR),
    ("segunda-feira 8h", 82 * HOUR),
    ("30/11", 98 * HOUR),
    ("7h", 9 * HOUR),
    ("quinta", 0),
    ("ontem", 0),
    ("o fim do plantão", 0),
    ("2 horas", 0),
];

const PEOPLE: &[&str] = &[
    "ana",
    "@ana",
    "bruno.lima",
    "@ana:h.example",
    "\"Ana Souza\"",
    "“Bruno Lima”",
    "[Ana](https://matrix.to/#/@ana:h.example)",
    "https://matrix.to/#/@bruno:h.example",
    "JOÃO",
    "12345",
];

const OTHERS: &[&str] = &[
    "in icu",
    "na UTI",
    "em \"Plantão UTI\"",
    "in #icu:h.example",
    "because spam",
    "porque está de férias",
    "pq sim",
    "por que não",
    "por causa de spam",
    "motivo: \"troca de plantão\"",
    "last 3",
    "últimas 5",
    "lst 5",
    "since 1h",
    "--dry-run",
    "—simular",
    "--force",
    "moderator",
    "25",
    "level 50",
    "reactions",
    "reação 👍",
    "please",
    "foto errada",
    "👍🏽",
    "\"",
    "'",
    "—",
    "(",
    ")",
    "?",
    "…",
    "`icu`",
    "e",
    "and",
    "[x](y)",
    "5️⃣",
];

const BEHIND: &[&str] =
    &[" ", " ", " ", " ", ", ", ". ", "? ", "! ", " e ", ": ", "\u{200b} ", "\u{feff} ", "\n", "; ", "… "];

/// A command, and what it says.
struct Said {
    text: String,
    word: Word,
    /// The longest that anything in it lasts, in seconds.
    longest: i64,
}

fn duration(dice: &mut Dice) -> (String, i64) {
    match dice.below(5) {
        0 => (dice.of(UNCLEAR).to_owned(), 0),
        1 => {
            let (text, seconds) = dice.of(SPOKEN);
            (text.to_owned(), seconds)
        }
        2 => {
            let ((unit, seconds), tenths) = (dice.of(UNITS), 1 + dice.below(99));
            let tenths_said = i64::try_from(tenths).expect("small");
            (format!("{}{}{}{unit}", tenths / 10, dice.of(&[",", "."]), tenths % 10), tenths_said * seconds / 10)
        }
        _ => {
            let ((unit, seconds), number) = (dice.of(UNITS), 1 + dice.below(40));
            (format!("{number}{unit}"), i64::try_from(number).expect("small") * seconds)
        }
    }
}

fn command(dice: &mut Dice) -> Said {
    let entry = &WORDS[dice.below(WORDS.len())];
    let names: Vec<&str> = entry.names().collect();
    let mut said = Said { text: format!("!{}", dice.of(&names)), word: entry.word, longest: 0 };
    for _ in 0..dice.below(6) {
        said.text.push_str(dice.of(BEHIND));
        match dice.below(6) {
            0 | 1 => said.text.push_str(dice.of(PEOPLE)),
            2 => {
                let (text, seconds) = duration(dice);
                said.text.push_str(dice.of(&["for ", "por ", "durante ", "--for=", "for: ", ""]));
                said.text.push_str(&text);
                said.longest += seconds;
            }
            3 => {
                let (text, seconds) = dice.of(MOMENTS);
                said.text.push_str(dice.of(&["até ", "until ", "ate "]));
                said.text.push_str(text);
                said.longest += seconds;
            }
            _ => said.text.push_str(dice.of(OTHERS)),
        }
    }
    said.text.push_str(dice.of(&["", "", "", ".", ",", "?", "!", "\u{200d}", "\u{fe0f}"]));
    said
}

/// The text as it is read: no invisible characters, one space between words, small letters.
fn read(text: &str) -> String {
    let seen: String =
        text.chars().filter(|c| !matches!(c, '\u{200b}' | '\u{200d}' | '\u{feff}' | '\u{fe0f}')).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn lasts_at_most(said: &Said, lasts: Option<SignedDuration>) {
    let lasts = lasts.map_or(0, |lasts| lasts.as_secs());
    assert!(lasts <= said.longest, "{:?} lasts {lasts} s and says {} s at most", said.text, said.longest);
}

fn check_measure(said: &Said, text: &str, measure: &Measure) {
    lasts_at_most(said, measure.lasts);
    check_people(said, text, &measure.who);
    let room = measure.room.as_ref().map(|room| room.to_string().to_lowercase());
    assert!(room.as_ref().is_none_or(|room| text.contains(room)), "{:?}: {room:?}", said.text);
    check_reason(said, text, measure.because.as_deref());
}

fn check_people(said: &Said, text: &str, who: &[Who]) {
    for one in who {
        assert!(text.contains(&one.to_string().to_lowercase()), "{:?}: {one}", said.text);
        let is_option = ["horas", "até", "por", "for", "in", "na", "last", "porque"].contains(&&*one.to_string());
        assert!(!is_option, "{:?}: {one} is nobody", said.text);
    }
}

fn check_reason(said: &Said, text: &str, because: Option<&str>) {
    for word in because.unwrap_or_default().split(' ') {
        let word = read(word);
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        assert!(text.contains(word), "{:?}: because {word}", said.text);
    }
}

/// Nothing is in the command that its text does not say.
fn check_command(said: &Said, text: &str, command: &Command) {
    assert_eq!(command.word(), said.word, "{:?}: {command:?}", said.text);
    if command.changes_something() {
        assert!(!text.contains("--dry-run") && !text.contains("—simular"), "{:?}: {command:?}", said.text);
    }
    match command {
        Command::Measure { measure, .. } | Command::Promote { measure, .. } | Command::Demote { measure, .. } => {
            check_measure(said, text, measure);
        }
        Command::Redact { what, because, .. } => {
            check_reason(said, text, because.as_deref());
            if let Redaction::Of { who, extent, .. } = what {
                check_people(said, text, who);
                match extent {
                    Extent::Last(number) => assert!(text.contains(&format!(" {number}")), "{:?}", said.text),
                    Extent::Since(long) => assert!(long.as_secs() <= said.longest.max(HOUR), "{:?}", said.text),
                }
            }
        }
        _ => {}
    }
}

/// The answer names what was not understood, as it was written, or what is missing.
fn check_answer(said: &Said, text: &str, why: &Misunderstood) {
    let named = match why {
        Misunderstood::NoSuchWord { said, .. } | Misunderstood::Ambiguous { said } => said,
        Misunderstood::Unexpected { said: what, word, .. } | Misunderstood::Wrong { said: what, word, .. } => {
            assert_eq!(*word, said.word, "{:?}: {why:?}", said.text);
            what
        }
        Misunderstood::Missing { what, .. } => {
            assert!(!what.is_empty(), "{:?}: {why:?}", said.text);
            return;
        }
        Misunderstood::Unquoted { said: what, word } => {
            assert_eq!(*word, said.word, "{:?}: {why:?}", said.text);
            what
        }
        Misunderstood::Unclosed | Misunderstood::TooMany { .. } => return,
    };
    let named = read(named.trim_end_matches('…'));
    // How a flag was spelled, and which marks were around nothing, is not repeated.
    let is_other = named == "--dry-run" && text.contains("—simular") || named == "\"\"";
    assert!(is_other || !named.is_empty() && text.contains(&named), "{:?}: {why:?}", said.text);
}

#[test]
fn no_command_means_more_than_its_words_say() {
    let reply: OwnedEventId = "$replied".try_into().expect("an event id");
    let mut dice = Dice(0x005e_ed0f_c0de);
    let (mut understood, started) = (0, Instant::now());
    for number in 0..COMMANDS {
        let said = command(&mut dice);
        let place = if number % 4 == 0 { CommandPlace::Managed } else { CommandPlace::Control };
        let message = Message { reply_to: (number % 3 == 0).then(|| reply.clone()), ..plain(&said.text) };
        // As typed, and as a link is shown.
        let shown = said.text.replace("[Ana](https://matrix.to/#/@ana:h.example)", "Ana");
        let text = format!("{}\n{}", read(&said.text), read(&shown));
        match parse(&message, &setting(place)) {
            None => assert_eq!(place, CommandPlace::Managed, "{:?} is not heard", said.text),
            Some(Ok(command)) => {
                understood += 1;
                check_command(&said, &text, &command);
            }
            Some(Err(why)) => check_answer(&said, &text, &why),
        }
    }
    assert!(understood > COMMANDS / 20, "{understood} were understood");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
}
