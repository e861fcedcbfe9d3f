//! `users`: who gets an account, under which name, and what EquipeMed's statuses mean for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use equipemed_domain::directory::Profession;
use equipemed_domain::policy::{JoinMode, LocalpartSource, UsersPolicy};
use equipemed_domain::selector::Selector;
use equipemed_domain::standing::{KNOWN_STATUSES, SIGNED_OUT, Standing, StandingTable};
use ruma_common::{OwnedUserId, UserId};

use super::Context;
use super::selectors::selector;
use super::service::{list_or, or};
use crate::config::problems::{instead, nearest};
use crate::config::reader::Node;
use crate::config::settings::{ExternalIdSource, Language, Users};
use crate::config::values::{DAY, HOUR, MINUTE};

/// Names that people associate with administrators, or that machines use.
const RESERVED: [&str; 9] =
    ["admin", "administrator", "root", "support", "moderator", "synapse", "server", "matrix", "equipemed"];

const SOURCES: [(&str, LocalpartSource); 3] = [
    ("matrix_localpart", LocalpartSource::MatrixLocalpart),
    ("username", LocalpartSource::Username),
    ("public_id", LocalpartSource::PublicId),
];

const PLACEHOLDERS: [&str; 6] =
    ["full_name", "display_name", "username", "profession", "specialty", "current_specialty"];

/// What professions are called, in EquipeMed's order.
const PT_BR: [&str; 5] = ["Médico(a)", "Residente", "Enfermeiro(a)", "Fisioterapeuta", "Estudante"];
const EN: [&str; 5] = ["Doctor", "Resident", "Nurse", "Physiotherapist", "Student"];

pub(super) const JOIN_MODES: [(&str, JoinMode); 2] = [("force", JoinMode::Force), ("invite", JoinMode::Invite)];

pub(in crate::config) fn users(
    node: &Node<'_>,
    context: &Context<'_>,
    language: Language,
) -> Option<(Users, UsersPolicy)> {
    let mut map = node.map();
    let who = or(&map.get("who"), Selector::Any(true), |node| selector(node, &context.roles));
    let create = or(&map.get("create"), true, Node::boolean);
    let update_profiles = or(&map.get("update_profiles"), true, Node::boolean);
    let email = or(&map.get("email"), false, Node::boolean);
    let own_display_name = or(&map.get("own_display_name"), false, Node::boolean);
    let default = vec![LocalpartSource::MatrixLocalpart, LocalpartSource::Username];
    let localpart_node = map.get("localpart");
    let localpart = or(&localpart_node, default, localpart_sources);
    let display_name = or(&map.get("display_name"), "{full_name}".to_owned(), |node| {
        node.parsed(|text| check_template(text).map(|()| text.to_owned()))
    });
    let professions = professions(&map.get("professions"), language);
    let identity_provider = or(&map.get("identity_provider"), None, |node| node.parsed(check_provider).map(Some));
    let external_id = or(&map.get("external_id"), ExternalIdSource::PublicId, |node| {
        node.word(&[("public_id", ExternalIdSource::PublicId)])
    });
    let join = or(&map.get("join"), JoinMode::Force, |node| node.word(&JOIN_MODES));
    let standing = standing(&map.get("standing"));
    let sign_out = sign_out(&map.get("sign_out"), standing.as_ref());
    let deactivate_after =
        or(&map.get("deactivate_after"), Duration::from_secs(30 * DAY), |node| node.duration(MINUTE));
    let stale_after = or(&map.get("stale_after"), Duration::from_secs(HOUR), |node| node.duration(MINUTE));
    let listed = list_or(&mut map, "protected", Vec::new(), |node| local_user(node, context));
    let break_glass_node = map.get("break_glass");
    let break_glass = or(&break_glass_node, None, |node| local_user(node, context).map(Some));
    if let (Some(Some(account)), Some(bot)) = (&break_glass, &context.bot)
        && account == bot
    {
        break_glass_node.problem("is the bot itself; name an account of a person, whose password lies in the safe");
    }
    let extra = list_or(&mut map, "reserved", Vec::new(), |node| node.text());
    map.close();

    let break_glass = break_glass?;
    let mut protected: BTreeSet<OwnedUserId> = listed?.into_iter().collect();
    protected.extend(context.bot.clone());
    protected.extend(break_glass.clone());
    let mut reserved: BTreeSet<String> = RESERVED.iter().map(|name| (*name).to_owned()).collect();
    reserved.extend(extra?.iter().map(|name| name.trim().to_lowercase()));
    reserved.insert(crate::config::registration::BOT_LOCALPART.to_owned());
    // Otherwise somebody in EquipeMed could take the name of an account that approves.
    reserved.extend(context.bot.iter().chain(&break_glass).map(|user| user.localpart().to_lowercase()));
    let policy = UsersPolicy {
        who: who?,
        create: create?,
        update_profiles: update_profiles?,
        email: email?,
        own_display_name: own_display_name?,
        localpart: localpart?,
        display_name: display_name?,
        professions: professions?,
        identity_provider: identity_provider?,
        join: join?,
        standing: standing?,
        sign_out: sign_out?,
        deactivate_after: deactivate_after?,
        stale_after: stale_after?,
        protected,
        break_glass,
        reserved,
    };
    Some((Users { external_id: external_id? }, policy))
}

fn localpart_sources(node: &Node<'_>) -> Option<Vec<LocalpartSource>> {
    let mut sources = Vec::new();
    for entry in node.list_or_one()? {
        // The form that the documentation uses is accepted too.
        let source = match entry.text()?.as_str() {
            "u_{public_id}" => Some(LocalpartSource::PublicId),
            _ => entry.word(&SOURCES),
        };
        match source {
            Some(source) if sources.contains(&source) => {
                entry.problem("stands in the list already; remove one of the two")
            }
            Some(source) => sources.push(source),
            None => {}
        }
    }
    if sources.is_empty() {
        node.problem("names no source; list some of matrix_localpart, username, public_id, the first valid one counts");
        return None;
    }
    Some(sources)
}

/// Checks that braces are balanced, names are known and the result distinguishes people.
fn check_template(template: &str) -> Result<(), String> {
    let mut rest = template;
    let mut tells_apart = false;
    while let Some(at) = rest.find(['{', '}']) {
        let behind = rest.get(at + 1..).unwrap_or_default();
        let inside = if rest.get(at..=at) == Some("{") { behind.split_once('}') } else { None };
        let Some((name, behind)) = inside else {
            return Err("has a brace without its partner; write placeholders as {full_name}".to_owned());
        };
        match name {
            "full_name" | "display_name" | "username" => tells_apart = true,
            "email" | "e-mail" | "mail" => {
                return Err(
                    "must not show the e-mail address to the whole server; use {full_name} or {username}".to_owned()
                );
            }
            name if PLACEHOLDERS.contains(&name) => {}
            name => return Err(format!("has the unknown placeholder {{{name}}}; {}", instead(name, PLACEHOLDERS))),
        }
        rest = behind;
    }
    if tells_apart {
        Ok(())
    } else {
        Err("would call everybody the same; put {full_name} or {username} into it".to_owned())
    }
}

fn professions(node: &Node<'_>, language: Language) -> Option<BTreeMap<Profession, String>> {
    let words = match language {
        Language::PtBr => PT_BR,
        Language::En => EN,
    };
    let mut called: BTreeMap<Profession, String> = Profession::ALL.into_iter().zip(words.map(str::to_owned)).collect();
    let mut complete = true;
    for (word, value) in node.map().entries() {
        let Some(profession) = Profession::from_word(word) else {
            value.key_problem(format!("is no profession; {}", instead(word, Profession::ALL.map(Profession::as_str))));
            complete = false;
            continue;
        };
        value.missing("what the hospital calls it, such as Médico(a)");
        match value.text() {
            Some(text) => _ = called.insert(profession, text),
            None => complete = false,
        }
    }
    complete.then_some(called)
}

fn check_provider(text: &str) -> Result<String, String> {
    let named = text.strip_prefix("oidc-").is_some_and(|name| !name.is_empty());
    if named || text == "saml" {
        return Ok(text.to_owned());
    }
    Err(format!(
        "Synapse calls a provider oidc-<idp_id>, with the idp_id of oidc_providers in homeserver.yaml; write oidc-{}",
        text.trim_start_matches("oidc").trim_start_matches(['-', '_'])
    ))
}

fn standing(node: &Node<'_>) -> Option<StandingTable> {
    const MEANINGS: [(&str, Standing); 3] =
        [("active", Standing::Active), ("lock", Standing::Off), ("gone", Standing::Gone)];
    let mut table = StandingTable::default();
    let known = KNOWN_STATUSES.map(|(status, _)| status);
    let mut complete = true;
    for (status, value) in node.map().entries() {
        // Unknown statuses are accepted for future versions of EquipeMed, unless they look like a typo.
        if !known.contains(&status)
            && let Some(near) = nearest(status, known)
        {
            value.key_problem(format!("is not one of EquipeMed's statuses; did you mean \"{near}\"?"));
            complete = false;
            continue;
        }
        value.missing("active, lock or gone");
        let Some(meaning) = value.word(&MEANINGS) else {
            complete = false;
            continue;
        };
        if status == "active" && meaning != Standing::Active {
            value.problem("would lock out everybody; the status active can only mean active");
            complete = false;
        }
        table.0.insert(status.to_owned(), meaning);
    }
    complete.then_some(table)
}

/// Which reasons to lock an account end its sessions.
fn sign_out(node: &Node<'_>, standing: Option<&StandingTable>) -> Option<BTreeSet<String>> {
    or(node, SIGNED_OUT.map(str::to_owned).into(), |node| {
        let default = StandingTable::default();
        let known = standing.unwrap_or(&default).all_lock_words();
        let word = |node: &Node<'_>| {
            let word = node.text()?;
            if !known.contains(&*word) {
                node.problem(format!("{word:?} is no reason to lock an account here; there are: {}", list(&known)));
                return None;
            }
            Some(word)
        };
        Some(node.list()?.iter().filter_map(word).collect())
    })
}

fn list(words: &BTreeSet<&str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(", ")
}

fn local_user(node: &Node<'_>, context: &Context<'_>) -> Option<OwnedUserId> {
    node.parsed(|text| {
        let server = context.server.as_ref().map_or("hospital.example", |server| server.as_str());
        let user = UserId::parse(text).map_err(|_| {
            format!(
                "expected a whole Matrix id, such as @{}:{server}",
                text.trim_start_matches('@').split(':').next().unwrap_or("name")
            )
        })?;
        match &context.server {
            Some(server) if user.server_name() != server => Err(format!(
                "is an account of another server; only accounts that end in :{server} are this service's business"
            )),
            _ => Ok(user),
        }
    })
}
