//! As much of a browser as a sign-in needs: redirects, cookies and one form.

use std::collections::BTreeMap;

use anyhow::Context as _;
use equipemed_testbed::client::encode;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, REFERER, SET_COOKIE};
use url::Url;

/// A browser with its cookies, by origin and name.
pub(super) struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<(String, String), String>,
}

/// A page, or where to go instead.
struct Page {
    status: u16,
    next: Option<Url>,
    text: String,
}

impl Browser {
    /// `http` must follow no redirect by itself.
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self { http, cookies: BTreeMap::new() }
    }

    /// Goes from an address to the form, fills it in and goes on until it gets to `back`, which has the login token; or
    /// to a page where it ends.
    pub(super) async fn sign_in(
        &mut self,
        begin: &str,
        user: &str,
        password: &str,
        back: &str,
    ) -> anyhow::Result<Result<String, (u16, String)>> {
        let mut at = Url::parse(begin)?;
        for _ in 0..12 {
            let mut page = self.ask(Method::GET, &at, None).await?;
            let field = "name=\"csrfmiddlewaretoken\" value=\"";
            if let Some((_, rest)) = page.text.split_once(field) {
                let token = rest.split('"').next().unwrap_or_default();
                let form = [("csrfmiddlewaretoken", token), ("username", user), ("password", password)];
                let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
                page = self.ask(Method::POST, &at, Some(form.join("&"))).await?;
                anyhow::ensure!(page.next.is_some(), "EquipeMed does not take the password: {}", page.text);
            }
            match page.next {
                Some(next) if next.as_str().starts_with(back) => {
                    let token = next.query_pairs().find(|(name, _)| name == "loginToken").map(|(_, value)| value);
                    return Ok(Ok(token.context("it came back without a token")?.into_owned()));
                }
                Some(next) => at = next,
                None => return Ok(Err((page.status, page.text))),
            }
        }
        anyhow::bail!("it is sent from page to page, at last to {at}")
    }

    async fn ask(&mut self, method: Method, url: &Url, form: Option<String>) -> anyhow::Result<Page> {
        let origin = url.origin().ascii_serialization();
        let own = self.cookies.iter().filter(|((place, _), _)| *place == origin);
        let cookies: Vec<String> = own.map(|((_, name), value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method, url.clone());
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if let Some(form) = form {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").header(REFERER, url.as_str());
            request = request.body(form);
        }
        let answer = request.send().await?;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            self.cookies.insert((origin.clone(), name.to_owned()), value.to_owned());
        }
        let next = answer.headers().get(LOCATION).map(|to| anyhow::Ok(url.join(to.to_str()?)?)).transpose()?;
        Ok(Page { status: answer.status().as_u16(), next, text: answer.text().await? })
    }
}
