//! Checks accounts: who should have one, who should not, and what the service's token cannot do.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use equipemed_testbed::Client;
use equipemed_testbed::client::{ADMINISTRATOR, encode};
use serde_json::{Value, json};

use crate::place::Place;
use crate::roster::Person;
use crate::say::{self, Checks};

/// The identity provider that the example configuration names.
const PROVIDER: &str = "oidc-equipemed";
const BOT: &str = "equipemed_bot";
/// Excludes deactivated accounts, such as setup's temporary administrator; includes locked ones.
const LIST: &str = "/_synapse/admin/v2/users?limit=500&deactivated=false&locked=true";

pub(crate) async fn check(place: &Place, checks: &mut Checks) -> anyhow::Result<()> {
    say::title("accounts, as a Synapse administrator sees them");
    let accounts = accounts(place).await?;
    let (with, without): (Vec<_>, Vec<_>) = place.people.iter().partition(|person| person.has_account);
    let known: BTreeSet<String> = accounts.keys().cloned().collect();
    let mut wanted: BTreeSet<String> = with.iter().map(|person| place.user_id(person)).collect();
    wanted.extend([ADMINISTRATOR, BOT].map(|localpart| place.synapse.user_id(localpart)));
    checks.same(&format!("{} people have accounts, and nobody else", with.len()), &known, &wanted);
    for person in with {
        check_account(place, checks, person, accounts.get(&place.user_id(person))).await?;
    }
    for person in without {
        let (status, _) = place.administrator.get(&account_path(&place.user_id(person))).await?;
        // Their Matrix names collide, so neither gets one.
        checks.that(&format!("{} has none", person.full_name), matches!(status, 400 | 404), &status.to_string());
    }
    let bot = accounts.get(&place.synapse.user_id(BOT)).cloned().unwrap_or_default();
    checks.same("the bot is a server administrator", &flag(&bot, "admin"), &true);
    let admins = accounts.values().filter(|account| flag(account, "admin")).count();
    checks.same("and no other account but the testbed's own", &admins, &2);
    check_token(place, checks).await
}

async fn check_account(
    place: &Place,
    checks: &mut Checks,
    person: &Person,
    listed: Option<&Value>,
) -> anyhow::Result<()> {
    let user_id = place.user_id(person);
    let account = place.administrator.account(&user_id).await?;
    let seen = json!({
        "name": account.get("displayname"),
        "external_ids": account.get("external_ids"),
        "locked": account.get("locked"),
        "listed": listed.is_some(),
    });
    let wanted = json!({
        "name": person.full_name,
        "external_ids": [{"auth_provider": PROVIDER, "external_id": person.public_id}],
        "locked": false,
        "listed": true,
    });
    let what = format!("{user_id} is {}, bound to {PROVIDER} {}", person.full_name, person.public_id);
    checks.same(&what, &seen, &wanted);
    Ok(())
}

/// The registration's namespace contains only the bot, and Synapse enforces that.
async fn check_token(place: &Place, checks: &mut Checks) -> anyhow::Result<()> {
    say::title("what the service's token cannot do");
    let service = Client::new(&place.synapse.url(), "", &place.service.as_token()?)?;
    let victim = place.synapse.user_id("marcia.silva");
    let (status, answer) = service.get("/_matrix/client/v3/account/whoami").await?;
    let own = answer.get("user_id").and_then(Value::as_str).unwrap_or_default();
    checks.same("alone it is the bot", &(status, own), &(200, place.synapse.user_id(BOT).as_str()));
    let path = format!("/_matrix/client/v3/account/whoami?user_id={}", encode(&victim));
    let (status, answer) = service.get(&path).await?;
    checks.that("?user_id= of a person is refused: 403", status == 403, &format!("{status} {answer}"));
    let path = format!("/_matrix/client/v3/joined_rooms?user_id={}", encode(&victim));
    let (status, answer) = service.get(&path).await?;
    checks.that("also for reading their rooms: 403", status == 403, &format!("{status} {answer}"));
    let body = json!({
        "type": "m.login.application_service",
        "identifier": {"type": "m.id.user", "user": "marcia.silva"},
    });
    let (status, answer) = service.post("/_matrix/client/v3/login", body).await?;
    let refused = matches!(status, 400 | 403) && answer.get("access_token").is_none();
    checks.that(&format!("signing in as a person is refused: {status}"), refused, &answer.to_string());
    Ok(())
}

async fn accounts(place: &Place) -> anyhow::Result<BTreeMap<String, Value>> {
    let answer = place.administrator.get_ok(LIST).await?;
    let users = answer.get("users").and_then(Value::as_array).context("no users in the answer")?;
    let named = users.iter().filter_map(|user| Some((user.get("name")?.as_str()?.to_owned(), user.clone())));
    Ok(named.collect())
}

fn account_path(user_id: &str) -> String {
    format!("/_synapse/admin/v2/users/{}", encode(user_id))
}

/// Synapse returns 1 or true, depending on the endpoint.
fn flag(account: &Value, name: &str) -> bool {
    account.get(name).is_some_and(|value| value.as_bool().unwrap_or_else(|| value.as_i64() == Some(1)))
}
