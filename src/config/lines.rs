//! Where in a YAML file each value stands.
//!
//! serde_yaml gives values without positions, so the same text is walked a
//! second time by its events. It also finds keys that occur twice, all of them;
//! it does not look at what values say.

use std::collections::BTreeMap;
use std::fmt;

use saphyr_parser::{Event, Marker, Parser};

/// One step into a YAML file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// The way from the top of a file to a value, shown as `rooms.icu.levels` or `people[3].id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(Vec<Step>);

impl Place {
    pub(crate) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, above) = self.0.split_last()?;
        Some(Self(above.to_vec()))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if depth == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl From<Marker> for Position {
    fn from(marker: Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col() + 1 }
    }
}

/// A key that stands in a mapping a second time.
#[derive(Clone, Debug)]
pub(crate) struct Twice {
    pub(crate) place: Place,
    pub(crate) at: Position,
    pub(crate) first: Position,
}

/// Positions by place.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    keys: BTreeMap<Place, Position>,
    values: BTreeMap<Place, Position>,
    /// Keys that occur twice.
    pub(crate) twice: Vec<Twice>,
}

/// A collection that is open while events go by.
enum Open {
    Map { place: Place, key: Option<String> },
    List { place: Place, next: usize },
}

impl Lines {
    /// Walks the text. Stops silently where it is not YAML: serde_yaml reports that.
    pub(crate) fn of(text: &str) -> Self {
        let mut lines = Self::default();
        let mut open: Vec<Open> = Vec::new();
        let mut parser = Parser::new_from_str(text);
        while let Some(Ok((event, span))) = parser.next_event() {
            let at = Position::from(span.start);
            match event {
                Event::Scalar(text, ..) => lines.scalar(&mut open, &text, at),
                Event::Alias(_) => lines.scalar(&mut open, "*", at),
                Event::MappingStart(..) => {
                    let place = lines.value(&mut open, at);
                    open.push(Open::Map { place, key: None });
                }
                Event::SequenceStart(..) => {
                    let place = lines.value(&mut open, at);
                    open.push(Open::List { place, next: 0 });
                }
                Event::MappingEnd | Event::SequenceEnd => drop(open.pop()),
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {}
            }
        }
        lines
    }

    fn scalar(&mut self, open: &mut [Open], text: &str, at: Position) {
        if let Some(Open::Map { place, key: key @ None }) = open.last_mut() {
            let place = place.key(text);
            *key = Some(text.to_owned());
            if let Some(first) = self.keys.get(&place) {
                // `<<` may be given several times in YAML 1.1.
                if text != "<<" {
                    self.twice.push(Twice { place, at, first: *first });
                }
            } else {
                self.keys.insert(place, at);
            }
        } else {
            self.value(open, at);
        }
    }

    /// Notes that a value begins, and says its place.
    fn value(&mut self, open: &mut [Open], at: Position) -> Place {
        let place = match open.last_mut() {
            None => Place::default(),
            // A mapping or list as a key: no setting has such a one, and the reader refuses it.
            Some(Open::Map { place, key }) => match key.take() {
                Some(text) => place.key(&text),
                None => {
                    *key = Some("?".to_owned());
                    return place.key("?");
                }
            },
            Some(Open::List { place, next }) => {
                let index = *next;
                *next += 1;
                place.index(index)
            }
        };
        self.values.entry(place.clone()).or_insert(at);
        place
    }

    /// Where the value stands; for one that came by an alias or a merge, where its surroundings do.
    pub(crate) fn of_value(&self, place: &Place) -> Position {
        self.search(place, |place| self.values.get(place).or_else(|| self.keys.get(place)))
    }

    /// Where the key stands that leads to the value.
    pub(crate) fn of_key(&self, place: &Place) -> Position {
        self.search(place, |place| self.keys.get(place).or_else(|| self.values.get(place)))
    }

    fn search<'a>(&'a self, place: &Place, find: impl Fn(&Place) -> Option<&'a Position>) -> Position {
        std::iter::successors(Some(place.clone()), Place::parent)
            .find_map(|place| find(&place).copied())
            .unwrap_or(Position { line: 1, column: 1 })
    }
}
