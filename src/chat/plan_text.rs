//! Formats a plan for a room: what would be done to whom, grouped by kind, with old and new values.

use std::collections::BTreeMap;

use equipemed_domain::action::Action;
use equipemed_domain::finding::Finding;
use equipemed_domain::setting::{Form, SettingValue};

use super::words::Wording;
use crate::engine::report::Report;
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};

impl Wording {
    /// Adds the changes planned in these reports to an answer.
    pub(super) fn plan_text(&self, answer: Answer, reports: &[Report]) -> Answer {
        let steps = || reports.iter().flat_map(|report| &report.plan.steps);
        let found = || reports.iter().flat_map(|report| &report.summary.found);
        let count = steps().filter(|step| !step.action.is_local()).count();
        let mut answer = answer.line(match count {
            0 if found().any(Finding::is_idle_room) => self.say("sync-nothing-but", &[]),
            0 => self.say("dry-run-nothing", &[]),
            count => self.say("dry-run-intro", &[("count", number(count))]),
        });
        let mut kinds: BTreeMap<usize, (&'static str, Vec<Said>)> = BTreeMap::new();
        let mut order: Vec<&'static str> = Vec::new();
        for step in steps().filter(|step| !step.action.is_local()) {
            let kind = step.action.kind();
            let place = order.iter().position(|other| *other == kind).unwrap_or_else(|| {
                order.push(kind);
                order.len() - 1
            });
            kinds.entry(place).or_insert_with(|| (kind, Vec::new())).1.push(self.step_text(&step.action));
        }
        for (kind, lines) in kinds.into_values() {
            answer = answer.paragraph(self.kind_of_change(kind, lines.len())).items(lines);
        }
        for summary in reports.iter().map(|report| &report.summary) {
            for held in &summary.held {
                answer = answer.item(self.held_line(held, summary));
            }
        }
        for finding in found() {
            answer = answer.item(self.to_look_at(finding));
        }
        answer
    }

    fn step_text(&self, action: &Action) -> Said {
        let room = |key| self.room(key);
        let shown = |from: Option<String>, to: String| {
            let from = Arg::Text(from.unwrap_or_else(|| "–".to_owned()));
            self.line("plan-change", &[("from", from), ("to", Arg::Text(to))])
        };
        match action {
            Action::SetDisplayName { user, from, to } => {
                let change = ("change", Arg::Said(shown(from.clone(), to.clone())));
                self.line("plan-subject-change", &[("subject", self.user(user)), change])
            }
            Action::Set { setting, room: key, from, to } => {
                let said = |value: &SettingValue| match (setting.row().form, value) {
                    (Form::Words | Form::Address, SettingValue::Text(text)) => Some(Arg::Text(text.clone())),
                    (Form::Listed(list), SettingValue::Text(word)) => Some(Arg::Said(self.word(list, word))),
                    _ => None,
                };
                let Some(to) = said(to) else { return self.shown(&room(key)) };
                let from = from.as_ref().and_then(said).unwrap_or_else(|| Arg::Text("–".to_owned()));
                let change = ("change", Arg::Said(self.line("plan-change", &[("from", from), ("to", to)])));
                self.line("plan-subject-change", &[("subject", room(key)), change])
            }
            Action::SetLevels { room: key, changes } => {
                let level = |level: Option<i64>| level.unwrap_or(0).to_string();
                let each = changes.users.iter().map(|(user, change)| {
                    let change = ("change", Arg::Said(shown(Some(level(change.from)), level(change.to))));
                    self.line("plan-subject-change", &[("subject", self.user(user)), change])
                });
                let mut each: Vec<Said> = each.collect();
                let settings = changes.events.len() + changes.keys.len();
                if settings > 0 {
                    each.push(self.line("plan-settings", &[("count", number(settings))]));
                }
                let change = ("change", Arg::Said(self.list(each)));
                self.line("plan-subject-change", &[("subject", room(key)), change])
            }
            Action::CreateRoom { room: key, new } => {
                let change = self.shown(&Arg::Code(key.to_string()));
                let change = ("change", Arg::Said(change));
                self.line("plan-subject-change", &[("subject", Arg::Text(new.name.clone())), change])
            }
            action => match (action.user(), action.room()) {
                (Some(user), Some(key)) => {
                    let change = ("change", Arg::Said(self.shown(&room(&key))));
                    self.line("plan-subject-change", &[("subject", self.user(user)), change])
                }
                (Some(user), None) => self.shown(&self.user(user)),
                (None, Some(key)) => self.shown(&room(&key)),
                (None, None) => Said::default(),
            },
        }
    }
}
