//! `api` and `web`: access for programs and browsers, off unless an address is given.

use std::collections::BTreeSet;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::service::{list_or, or};
use crate::config::reader::Node;
use crate::config::secret::{Given, secret};
use crate::config::settings::{Api, ApiScope, ApiToken, Web};

const SCOPES: [(&str, ApiScope); 6] = [
    ("read", ApiScope::Read),
    ("sync", ApiScope::Sync),
    ("moderate", ApiScope::Moderate),
    ("audit", ApiScope::Audit),
    ("grants", ApiScope::Grants),
    ("approve", ApiScope::Approve),
];

/// Tokens of this length cannot be guessed.
const LEAST_TOKEN: usize = 32;

/// `Some(None)` means off.
pub(in crate::config) fn api(node: &Node<'_>, folder: &Path) -> Option<Option<Api>> {
    let mut map = node.map();
    let listen_node = map.get("listen");
    let listen = listen_node.listen();
    let tokens_node = map.get("tokens");
    let tokens = tokens_node.list();
    let tokens: Vec<_> = tokens.unwrap_or_default().iter().map(|node| token(node, folder)).collect();
    let mut names = BTreeSet::new();
    for (node, token) in tokens_node.list().unwrap_or_default().iter().zip(&tokens) {
        if let Some(token) = token
            && !names.insert(token.name.clone())
        {
            node.problem("has the name of another token; give each its own, because the audit shows it");
        }
    }
    let webhook = secret(&mut map, "webhook_secret", "webhook_secret_file", folder);
    let webhook_node = map.get("webhook_secret");
    map.close();
    let webhook_secret = match webhook {
        Given::Nothing => Some(None),
        Given::Wrong => None,
        Given::Secret(key) if is_webhook_key(&key) => Some(Some(key)),
        Given::Secret(_) => {
            webhook_node.problem(
                "expected whsec_ followed by 24 to 64 bytes in base64, as `openssl rand -base64 32` prints them",
            );
            None
        }
    };
    let settles = webhook_secret?;
    if !listen_node.is_given() {
        if !tokens.is_empty() || settles.is_some() {
            listen_node.missing(
                "an address such as 127.0.0.1:9010, or remove tokens and webhook_secret: without one the API is off",
            );
        }
        return Some(None);
    }
    let tokens: Option<Vec<_>> = tokens.into_iter().collect();
    Some(Some(Api { listen: listen?, tokens: tokens?, webhook_secret: settles }))
}

fn token(node: &Node<'_>, folder: &Path) -> Option<ApiToken> {
    let mut map = node.map();
    let name = map.require("name", "a name for the caller, such as equipemed; the audit shows it").text();
    let token = secret(&mut map, "token", "token_file", folder);
    let token_node = map.get("token");
    let scopes = list_or(&mut map, "scopes", ApiScope::DEFAULT.to_vec(), |node| node.word(&SCOPES));
    map.close();
    let token = match token {
        Given::Nothing => {
            token_node.missing("a long random text, or its file as token_file; `openssl rand -hex 32` makes one");
            None
        }
        given => given.secret().filter(|token| {
            let long = token.expose_secret().len() >= LEAST_TOKEN;
            if !long {
                token_node.problem(format!(
                    "is shorter than {LEAST_TOKEN} characters; `openssl rand -hex 32` makes a good one"
                ));
            }
            long
        }),
    };
    Some(ApiToken { name: name?, token: token?, scopes: scopes? })
}

/// Standard Webhooks format: `whsec_` and 24 to 64 bytes in base64.
fn is_webhook_key(key: &SecretString) -> bool {
    let Some(coded) = key.expose_secret().strip_prefix("whsec_") else { return false };
    let plain = coded.trim_end_matches('=');
    let bytes = plain.len() * 3 / 4;
    coded.len() % 4 == 0
        && coded.len() - plain.len() <= 2
        && plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/')
        && (24..=64).contains(&bytes)
}

/// `Some(None)` means off.
pub(in crate::config) fn web(node: &Node<'_>) -> Option<Option<Web>> {
    let mut map = node.map();
    let listen_node = map.get("listen");
    let listen = listen_node.listen();
    let url_node = map.get("public_url");
    let public_url = or(&url_node, None, |node| node.http_url().map(Some));
    map.close();
    let public_url = public_url?;
    if !listen_node.is_given() {
        if public_url.is_some() {
            listen_node
                .missing("an address such as 127.0.0.1:9011, or remove public_url: without one the pages are off");
        }
        return Some(None);
    }
    url_node.missing("the address of the pages in a browser, such as https://equipemed-bot.hospital.example");
    Some(Some(Web { listen: listen?, public_url: public_url? }))
}
