//! A plan as people read it in a room: what would be done to whom, grouped by kind, with before and after.

use std::collections::BTreeMap;

use equipemed_domain::action::Action;
use equipemed_domain::review::Held;
use equipemed_domain::summary::Summary;

use super::Chat;
use crate::engine::report::Report;
use crate::homeserver::Said;
use crate::operations::Scene;
use crate::speech::{Answer, Arg, number};

impl Chat {
    /// Adds what these reports would do to an answer.
    pub(super) fn plan_text(&self, answer: Answer, scene: &Scene, reports: &[Report]) -> Answer {
        let texts = self.texts();
        let steps = || reports.iter().flat_map(|report| &report.plan.steps);
        let count = steps().filter(|step| !step.action.is_local()).count();
        let mut answer = answer.line(match count {
            0 => texts.say("dry-run-nothing", &[]),
            count => texts.say("dry-run-intro", &[("count", number(count))]),
        });
        let mut kinds: BTreeMap<usize, (&'static str, Vec<Said>)> = BTreeMap::new();
        let mut order: Vec<&'static str> = Vec::new();
        for step in steps().filter(|step| !step.action.is_local()) {
            let kind = step.action.kind();
            let place = order.iter().position(|other| *other == kind).unwrap_or_else(|| {
                order.push(kind);
                order.len() - 1
            });
            kinds.entry(place).or_insert_with(|| (kind, Vec::new())).1.push(self.step_text(scene, &step.action));
        }
        for (kind, lines) in kinds.into_values() {
            let args = [("action", Arg::Said(texts.word("action", kind))), ("count", number(lines.len()))];
            answer = answer.paragraph(texts.line("plan-kind", &args)).items(lines);
        }
        for summary in reports.iter().map(|report| &report.summary) {
            for held in &summary.held {
                answer = answer.item(self.held_line(held, summary, scene));
            }
        }
        for finding in reports.iter().flat_map(|report| &report.summary.found) {
            answer = answer.item(self.to_look_at(finding));
        }
        answer
    }

    /// A held part, with how many consents it waits for.
    pub(super) fn held_line(&self, held: &Held, summary: &Summary, scene: &Scene) -> Said {
        let reason = ("reason", self.held_reason(&held.reason, scene));
        let line = if summary.one_more.contains(&held.id) { "sync-held-one-more" } else { "sync-held" };
        self.texts().line(line, &[("id", Arg::Text(held.id.clone())), reason, ("count", number(held.effects.len()))])
    }

    fn step_text(&self, scene: &Scene, action: &Action) -> Said {
        let texts = self.texts();
        let room = |key| scene.room(key);
        let shown = |from: Option<String>, to: String| {
            let from = Arg::Text(from.unwrap_or_else(|| "–".to_owned()));
            texts.line("plan-change", &[("from", from), ("to", Arg::Text(to))])
        };
        match action {
            Action::SetDisplayName { user, from, to } => {
                let change = ("change", Arg::Said(shown(from.clone(), to.clone())));
                texts.line("plan-subject-change", &[("subject", scene.user(user)), change])
            }
            Action::SetName { room: key, from, to }
            | Action::SetTopic { room: key, from, to }
            | Action::SetAvatar { room: key, from, to }
            | Action::SetAlias { room: key, from, to } => {
                let change = ("change", Arg::Said(shown(from.clone(), to.clone())));
                texts.line("plan-subject-change", &[("subject", room(key)), change])
            }
            Action::SetJoinRule { room: key, from, to } => {
                let rule = |rule: &String| Arg::Said(texts.word("join-rule", rule));
                let from = from.as_ref().map_or_else(|| Arg::Text("–".to_owned()), rule);
                let change = ("change", Arg::Said(texts.line("plan-change", &[("from", from), ("to", rule(to))])));
                texts.line("plan-subject-change", &[("subject", room(key)), change])
            }
            Action::SetLevels { room: key, changes } => {
                let level = |level: Option<i64>| level.unwrap_or(0).to_string();
                let each = changes.users.iter().map(|(user, change)| {
                    let change = ("change", Arg::Said(shown(Some(level(change.from)), level(change.to))));
                    texts.line("plan-subject-change", &[("subject", scene.user(user)), change])
                });
                let mut each: Vec<Said> = each.collect();
                let settings = changes.events.len() + changes.keys.len();
                if settings > 0 {
                    each.push(texts.line("plan-settings", &[("count", number(settings))]));
                }
                let change = ("change", Arg::Said(texts.list(each)));
                texts.line("plan-subject-change", &[("subject", room(key)), change])
            }
            Action::CreateRoom { room: key, new } => {
                let change = texts.shown(&Arg::Code(key.to_string()));
                let change = ("change", Arg::Said(change));
                texts.line("plan-subject-change", &[("subject", Arg::Text(new.name.clone())), change])
            }
            action => match (action.user(), action.room()) {
                (Some(user), Some(key)) => {
                    let change = ("change", Arg::Said(texts.shown(&room(&key))));
                    texts.line("plan-subject-change", &[("subject", scene.user(user)), change])
                }
                (Some(user), None) => texts.shown(&scene.user(user)),
                (None, Some(key)) => texts.shown(&room(&key)),
                (None, None) => Said::default(),
            },
        }
    }
}
