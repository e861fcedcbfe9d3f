//! Walks a parsed YAML file and tracks the position.
//!
//! An absent or wrong value reads as `None` and the walk goes on, so that one pass finds every problem. `values` says
//! what a value may be; this file only knows mappings, lists and positions.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use serde_yaml::{Mapping, Value};

use super::environment::Environment;
use super::lines::{LinePlace, Lines};
use super::problems::{Problem, Sink, instead};

/// A YAML file with its values and their positions. Not `Debug`, because it contains raw secrets.
pub(crate) struct Document {
    file: String,
    value: Value,
    text: String,
    /// Computed at the first problem, because it costs as much as reading the file.
    lines: OnceCell<Lines>,
    /// Values containing an environment variable.
    substituted: BTreeSet<LinePlace>,
    /// Values whose problem was already reported.
    broken: BTreeSet<LinePlace>,
}

impl Document {
    /// Parses the text; with an environment, replaces `${NAME}` in values. None after a problem that leaves nothing to
    /// read.
    pub(crate) fn parse(file: &str, text: &str, environment: Option<&Environment>, sink: &Sink) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parsed = serde_yaml::from_str::<Value>(text).and_then(|mut value| {
            value.apply_merge()?;
            Ok(value)
        });
        let value = match parsed {
            Ok(value) => value,
            Err(error) => {
                // serde_yaml stops at the first duplicate key; this reports all of them.
                if tell_twice(file, &Lines::of(text), sink) {
                    return None;
                }
                let at = error.location();
                sink.add(Problem {
                    file: file.to_owned(),
                    line: at.as_ref().map_or(0, serde_yaml::Location::line),
                    column: at.as_ref().map_or(0, serde_yaml::Location::column),
                    path: String::new(),
                    text: format!(
                        "is not valid YAML ({error}); check indentation, quotes and brackets just before this place"
                    ),
                });
                return None;
            }
        };
        let mut document = Self {
            file: file.to_owned(),
            value,
            text: text.to_owned(),
            lines: OnceCell::new(),
            substituted: BTreeSet::new(),
            broken: BTreeSet::new(),
        };
        if let Some(environment) = environment {
            let mut value = std::mem::take(&mut document.value);
            document.substitute(&mut value, &LinePlace::default(), environment, sink);
            document.value = value;
        }
        Some(document)
    }

    fn substitute(&mut self, value: &mut Value, place: &LinePlace, environment: &Environment, sink: &Sink) {
        match value {
            Value::String(text) => match environment.substitute(text) {
                Ok(None) => {}
                Ok(Some(new)) => {
                    *text = new;
                    self.substituted.insert(place.clone());
                }
                Err(wrong) => {
                    for text in wrong {
                        self.problem(sink, place, false, text);
                    }
                    self.broken.insert(place.clone());
                }
            },
            Value::Sequence(list) => {
                for (index, value) in list.iter_mut().enumerate() {
                    self.substitute(value, &place.index(index), environment, sink);
                }
            }
            Value::Mapping(map) => {
                for (key, value) in map.iter_mut() {
                    if let Some(key) = key.as_str() {
                        self.substitute(value, &place.key(key), environment, sink);
                    }
                }
            }
            Value::Tagged(tagged) => self.substitute(&mut tagged.value, place, environment, sink),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn problem(&self, sink: &Sink, place: &LinePlace, at_key: bool, text: impl Into<String>) {
        let at = if at_key { self.lines().of_key(place) } else { self.lines().of_value(place) };
        sink.add(Problem {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            path: place.to_string(),
            text: text.into(),
        });
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::of(&self.text))
    }

    /// The root of the file.
    pub(crate) fn root<'r>(&'r self, sink: &'r Sink) -> Node<'r> {
        Node { document: self, sink, place: LinePlace::default(), value: present(&self.value), muted: false }
    }
}

/// Reports duplicate keys in mappings, if any.
fn tell_twice(file: &str, lines: &Lines, sink: &Sink) -> bool {
    for twice in &lines.twice {
        sink.add(Problem {
            file: file.to_owned(),
            line: twice.at.line,
            column: twice.at.column,
            path: twice.place.to_string(),
            text: format!("stands here a second time, first in line {}; keep one of them", twice.first.line),
        });
    }
    !lines.twice.is_empty()
}

/// `key:` without a value is the same as no key.
fn present(value: &Value) -> Option<&Value> {
    if value.is_null() { None } else { Some(value) }
}

/// A value in the file, or the place of an absent one.
#[derive(Clone)]
pub(crate) struct Node<'r> {
    document: &'r Document,
    sink: &'r Sink,
    place: LinePlace,
    pub(super) value: Option<&'r Value>,
    /// A problem was already reported here or above.
    muted: bool,
}

impl<'r> Node<'r> {
    /// Whether there is a value, right or wrong.
    pub(crate) fn is_given(&self) -> bool {
        self.value.is_some() || self.muted
    }

    /// Whether the value came from the environment, where everything is text.
    pub(super) fn is_substituted(&self) -> bool {
        self.document.substituted.contains(&self.place)
    }

    /// Whether the value is a mapping.
    pub(crate) fn is_map(&self) -> bool {
        matches!(self.value, Some(Value::Mapping(_)))
    }

    /// Whether the value is a list.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.value, Some(Value::Sequence(_)))
    }

    /// Whether the value is this text.
    pub(crate) fn is_text(&self, text: &str) -> bool {
        self.value.and_then(Value::as_str) == Some(text)
    }

    /// Reports a problem with this value.
    pub(crate) fn problem(&self, text: impl Into<String>) {
        if !self.muted {
            self.document.problem(self.sink, &self.place, false, text);
        }
    }

    /// Reports a problem with the key that leads here.
    pub(crate) fn key_problem(&self, text: impl Into<String>) {
        if !self.muted {
            self.document.problem(self.sink, &self.place, true, text);
        }
    }

    /// Line of this value, from 1.
    pub(crate) fn line(&self) -> usize {
        self.document.lines().of_value(&self.place).line
    }

    /// Reports a missing required value; `what` describes it.
    pub(crate) fn missing(&self, what: &str) {
        if !self.is_given() {
            self.key_problem(format!("is missing; give {what}"));
        }
    }

    /// The value as a mapping. Absent reads as empty; any other type is a problem.
    pub(crate) fn map(&self) -> Map<'r> {
        let (entries, muted) = match self.value {
            None => (None, self.muted),
            Some(Value::Mapping(map)) => (Some(map), self.muted),
            Some(other) => {
                self.problem(format!("expected settings of the form `key: value`, found {}", kind(other)));
                (None, true)
            }
        };
        Map { node: Node { muted, ..self.clone() }, entries, known: Vec::new() }
    }

    /// The value as a list; None if absent or of another type.
    pub(crate) fn list(&self) -> Option<Vec<Node<'r>>> {
        match self.value? {
            Value::Sequence(list) => Some(self.elements(list)),
            other => {
                self.problem(format!("expected a list in [brackets] or with dashes, found {}", kind(other)));
                None
            }
        }
    }

    /// The value as a list; a single value needs no brackets.
    pub(crate) fn list_or_one(&self) -> Option<Vec<Node<'r>>> {
        match self.value? {
            Value::Sequence(list) => Some(self.elements(list)),
            _ => Some(vec![self.clone()]),
        }
    }

    fn elements(&self, list: &'r [Value]) -> Vec<Node<'r>> {
        let element = |(index, value)| {
            let node = self.below(self.place.index(index), Some(value));
            if !node.is_given() {
                node.problem("is empty; fill it in or remove it");
                return Node { muted: true, ..node };
            }
            node
        };
        list.iter().enumerate().map(element).collect()
    }

    fn below(&self, place: LinePlace, value: Option<&'r Value>) -> Node<'r> {
        let broken = self.document.broken.contains(&place);
        Node {
            document: self.document,
            sink: self.sink,
            value: if broken { None } else { value.and_then(present) },
            muted: self.muted || broken,
            place,
        }
    }
}

/// A mapping being read. Closing it reports keys that were not read.
pub(crate) struct Map<'r> {
    node: Node<'r>,
    entries: Option<&'r Mapping>,
    known: Vec<&'static str>,
}

impl<'r> Map<'r> {
    /// The mapping's own node.
    pub(crate) fn node(&self) -> &Node<'r> {
        &self.node
    }

    /// The value of a key, which counts as known from now on.
    pub(crate) fn get(&mut self, key: &'static str) -> Node<'r> {
        self.known.push(key);
        let value = self.entries.and_then(|map| map.get(key));
        self.node.below(self.node.place.key(key), value)
    }

    /// The value of a required key; `what` describes it.
    pub(crate) fn require(&mut self, key: &'static str, what: &str) -> Node<'r> {
        let node = self.get(key);
        node.missing(what);
        node
    }

    /// All keys and values, for mappings with user-defined keys.
    pub(crate) fn entries(&self) -> Vec<(&'r str, Node<'r>)> {
        let mut entries = Vec::new();
        for (key, value) in self.entries.into_iter().flatten() {
            match key.as_str() {
                Some(key) => entries.push((key, self.node.below(self.node.place.key(key), Some(value)))),
                None => self.odd_key(key),
            }
        }
        entries
    }

    /// Reports the keys that were not read.
    pub(crate) fn close(self) {
        for key in self.entries.into_iter().flat_map(Mapping::keys) {
            match key.as_str() {
                Some(key) if self.known.contains(&key) => {}
                Some(key) => {
                    let node = self.node.below(self.node.place.key(key), None);
                    node.key_problem(format!("unknown key; {}", instead(key, self.known.iter().copied())));
                }
                None => self.odd_key(key),
            }
        }
    }

    fn odd_key(&self, key: &Value) {
        let text = match key {
            Value::Bool(bool) => bool.to_string(),
            Value::Number(number) => number.to_string(),
            _ => "?".to_owned(),
        };
        let node = self.node.below(self.node.place.key(&text), None);
        node.key_problem("a key has to be text; put it in quotes");
    }
}

/// The type of a value, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a group of settings",
        Value::Tagged(_) => "a value with a !tag",
    }
}
