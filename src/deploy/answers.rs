//! The answers that a set is made from: `deploy.yaml`.
//!
//! Each is a text under the key of its question. They go into files of nginx, Synapse and Compose as they are, so what is
//! let in is narrow. None of them is a secret. Comments in the file are not kept.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_yaml::{Mapping, Value};

use super::questions::{QUESTIONS, Question};
use crate::config::problems::{Problems, Sink};
use crate::config::reader::{Document, Node};

/// Answers, some of which may be missing or wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft(BTreeMap<&'static str, String>);

impl Draft {
    /// Reads answers without checking them.
    ///
    /// # Errors
    /// What keeps the file from being read, and unknown keys.
    pub fn read(file: &str, text: &str) -> Result<Self, Problems> {
        let sink = Sink::default();
        let draft = Document::parse(file, text, None, &sink).map(|document| Self::of(&document, &sink).0);
        sink.finish(file, draft)
    }

    fn of<'r>(document: &'r Document, sink: &'r Sink) -> (Self, Vec<(&'static Question, Node<'r>)>) {
        let mut map = document.root(sink).map();
        let (mut draft, mut nodes) = (Self::default(), Vec::new());
        for question in QUESTIONS {
            let node = map.get(question.key);
            if let Some(answer) = answer(&node) {
                draft.set(question, &answer);
            }
            nodes.push((question, node));
        }
        map.close();
        (draft, nodes)
    }

    /// The answer to a question, or its default.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<String> {
        let question = QUESTIONS.iter().find(|question| question.key == key)?;
        self.0.get(key).cloned().or_else(|| question.default_for(self))
    }

    /// Whether a question was answered.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Answers a question.
    pub fn set(&mut self, question: &Question, answer: &str) {
        self.0.insert(question.key, answer.trim().to_owned());
    }
}

/// Checked answers to all questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers(BTreeMap<&'static str, String>);

impl Answers {
    /// Reads answers in YAML; `file` is the name in problems.
    ///
    /// # Errors
    /// All problems, not only the first.
    pub fn read(file: &str, text: &str) -> Result<Self, Problems> {
        let sink = Sink::default();
        let answers = Document::parse(file, text, None, &sink).map(|document| {
            let (draft, nodes) = Draft::of(&document, &sink);
            let mut all = BTreeMap::new();
            for (question, node) in nodes {
                match draft.get(question.key).map(|answer| (question.check(&answer, &draft), answer)) {
                    Some((Ok(()), answer)) => {
                        all.insert(question.key, answer);
                    }
                    Some((Err(why), _)) if node.is_given() => node.problem(why),
                    Some((Err(why), _)) => node.key_problem(format!("by default {why}")),
                    None => node.missing(question.what),
                }
            }
            Self(all)
        });
        sink.finish(file, answers)
    }

    /// Text for `deploy.yaml`.
    ///
    /// # Errors
    /// None that is known.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::Error> {
        let head = "# What this server is made from: change it, then run `equipemed-bot deploy init` again.\n";
        Ok(format!("{head}{}", serde_yaml::to_string(self)?))
    }

    /// An answer; empty only where a question allows it.
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// The answer of a question that takes several.
    #[must_use]
    pub fn list(&self, key: &str) -> Vec<String> {
        listed(self.get(key)).map(str::to_owned).collect()
    }
}

impl Serialize for Answers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(QUESTIONS.len()))?;
        for question in QUESTIONS {
            match question.is_list {
                true => map.serialize_entry(question.key, &self.list(question.key))?,
                false => map.serialize_entry(question.key, self.get(question.key))?,
            }
        }
        map.end()
    }
}

/// A file's answers with others over them, as text for [`Answers::read`].
///
/// # Errors
/// What keeps the file from being read, and unknown keys.
pub fn merged(file: &str, text: &str, others: &[(String, String)]) -> Result<String, Problems> {
    let sink = Sink::default();
    let mut map = match Document::parse(file, text, None, &sink) {
        Some(_) => serde_yaml::from_str::<Option<Mapping>>(text).ok().flatten().unwrap_or_default(),
        None => return sink.finish(file, None),
    };
    for (key, answer) in others {
        map.insert(Value::String(key.clone()), Value::String(answer.clone()));
    }
    let text = serde_yaml::to_string(&map).ok();
    sink.finish(file, text)
}

/// Several ids in one text.
pub(super) fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).map(str::trim).filter(|one| !one.is_empty())
}

fn answer(node: &Node<'_>) -> Option<String> {
    if node.is_text("") {
        return Some(String::new());
    }
    if !node.is_list() {
        return node.text_or_number();
    }
    let all: Vec<_> = node.list()?.iter().filter_map(Node::text).collect();
    Some(all.join(", "))
}
