//! Which request meets which fault.

use std::time::Duration;

use serde_json::Value;

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Passed on later.
    Delay(Duration),
    /// The connection is closed; Synapse never sees the request.
    Cut,
    /// Passed on, then the connection is closed: the write happened, the answer is lost.
    CutAfterForward,
    /// Answered with this status and body; Synapse never sees the request.
    Status(u16, Value),
    /// Answered 429 `M_LIMIT_EXCEEDED`, in the body and as a `Retry-After` header.
    Limited {
        /// Milliseconds to wait.
        retry_after_ms: u64,
    },
    /// Answered 200 with a web page, as a portal or a wrong address would.
    NotMatrix,
    /// Passed on, but of the answer's body only the first half is sent before the connection is closed.
    Truncated,
}

/// A fault and the requests that meet it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Upper-case; any when absent.
    pub method: Option<String>,
    /// A part of the path, as sent or decoded; "" is any.
    pub path_contains: String,
    /// How many matching requests meet it; all when absent.
    pub times: Option<u32>,
    /// How many matching requests pass first.
    pub skip: u32,
    /// What they meet.
    pub fault: Fault,
}

impl Rule {
    /// A fault for every request whose path contains this.
    pub fn new(path_contains: &str, fault: Fault) -> Self {
        Self { method: None, path_contains: path_contains.to_owned(), times: None, skip: 0, fault }
    }

    /// For this method only.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// At most so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// After so many matching requests passed.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }
}

/// A rule in use, with how often it matched.
#[derive(Debug)]
pub(super) struct Placed {
    rule: Rule,
    matched: u32,
}

impl Placed {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule, matched: 0 }
    }

    /// Counts the request when it matches, and gives the fault when it is due.
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
