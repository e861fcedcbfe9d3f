//! Rules that cause faults for certain requests.

use std::time::Duration;

use serde_json::Value;

/// A fault.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The request is delayed.
    Delay(Duration),
    /// The connection is closed before Synapse sees the request.
    Cut,
    /// The connection is closed after Synapse has handled the request: the response is lost.
    CutAfterForward,
    /// This status and body are returned; Synapse never sees the request.
    Status(u16, Value),
    /// 429 `M_LIMIT_EXCEEDED` is returned, with a `Retry-After` header.
    Limited {
        /// Milliseconds to wait.
        retry_after_ms: u64,
    },
    /// A web page with status 200 is returned, as by a portal or at a wrong address.
    NotMatrix,
    /// Only half of the response's body is sent before the connection is closed.
    Truncated,
}

/// A fault and the requests it applies to.
#[derive(Debug, Clone)]
pub struct Rule {
    /// In upper case; None matches any.
    pub method: Option<String>,
    /// A part of the path, encoded or decoded; "" matches any.
    pub path_contains: String,
    /// How many matching requests are affected; None means all.
    pub times: Option<u32>,
    /// How many matching requests pass first.
    pub skip: u32,
    /// The fault.
    pub fault: Fault,
}

impl Rule {
    /// A fault for every request whose path contains this.
    pub fn new(path_contains: &str, fault: Fault) -> Self {
        Self { method: None, path_contains: path_contains.to_owned(), times: None, skip: 0, fault }
    }

    /// Restricts the rule to a method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Limits how often the fault occurs.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The fault occurs once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Lets this many matching requests pass first.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }
}

/// A rule in use, with its number of matches.
#[derive(Debug)]
pub(super) struct Placed {
    rule: Rule,
    matched: u32,
}

impl Placed {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule, matched: 0 }
    }

    /// Counts the request if it matches; returns the fault if it applies.
    pub(super) fn meets(&mut self, method: &str, path: &str, decoded: &str) -> Option<Fault> {
        let rule = &self.rule;
        let part = rule.path_contains.as_str();
        let matches = rule.method.as_deref().is_none_or(|wanted| wanted == method)
            && (path.contains(part) || decoded.contains(part));
        if !matches {
            return None;
        }
        self.matched = self.matched.saturating_add(1);
        let due =
            self.matched > rule.skip && rule.times.is_none_or(|times| self.matched <= rule.skip.saturating_add(times));
        due.then(|| rule.fault.clone())
    }
}
