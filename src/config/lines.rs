//! Finds the position of each value in a YAML file.
//!
//! serde_yaml returns values without positions, so the text is parsed a second time as events. This also finds all
//! duplicate keys; it ignores the values themselves.

use std::collections::BTreeMap;
use std::fmt;

use saphyr_parser::{Event, Marker, Parser};

/// One step of a path into a YAML file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PathStep {
    Key(String),
    Index(usize),
}

/// The path from the root of a file to a value, shown as `rooms.icu.levels` or `people[3].id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinePlace(Vec<PathStep>);

impl LinePlace {
    pub(crate) fn key(&self, key: &str) -> Self {
        self.then(PathStep::Key(key.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.then(PathStep::Index(index))
    }

    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, above) = self.0.split_last()?;
        Some(Self(above.to_vec()))
    }

    fn then(&self, step: PathStep) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for LinePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Key(key) if depth == 0 => f.write_str(key)?,
                PathStep::Key(key) => write!(f, ".{key}")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
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

/// A duplicate key in a mapping.
#[derive(Clone, Debug)]
pub(crate) struct Twice {
    pub(crate) place: LinePlace,
    pub(crate) at: Position,
    pub(crate) first: Position,
}

/// Positions by path.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    keys: BTreeMap<LinePlace, Position>,
    values: BTreeMap<LinePlace, Position>,
    /// Duplicate keys.
    pub(crate) twice: Vec<Twice>,
}

/// A mapping or list whose end has not been reached.
enum Open {
    Map { place: LinePlace, key: Option<String> },
    List { place: LinePlace, next: usize },
}

impl Lines {
    /// Parses the text. Stops silently at a syntax error, which serde_yaml reports.
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
                // YAML 1.1 allows several `<<`.
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

    /// Stores the position of a value and returns its path.
    fn value(&mut self, open: &mut [Open], at: Position) -> LinePlace {
        let place = match open.last_mut() {
            None => LinePlace::default(),
            // The key is a mapping or list: no setting has one, and the reader refuses it.
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

    /// Position of a value; inside an alias or a merge, position of the enclosing value.
    pub(crate) fn of_value(&self, place: &LinePlace) -> Position {
        self.search(place, |place| self.values.get(place).or_else(|| self.keys.get(place)))
    }

    /// Position of the key that leads to the value.
    pub(crate) fn of_key(&self, place: &LinePlace) -> Position {
        self.search(place, |place| self.keys.get(place).or_else(|| self.values.get(place)))
    }

    fn search<'a>(&'a self, place: &LinePlace, find: impl Fn(&LinePlace) -> Option<&'a Position>) -> Position {
        std::iter::successors(Some(place.clone()), LinePlace::parent)
            .find_map(|place| find(&place).copied())
            .unwrap_or(Position { line: 1, column: 1 })
    }
}
