//! EquipeMed's sign-in: a small real Django site with django-oidc-provider, as EquipeMed has it, and EquipeMed's claims.
//!
//! People sign in with a form. They can be changed while it runs.

use std::fmt;
use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{Folder, LOOPBACK, Program, eventually, tools};

const SITE: &str = include_str!("provider.py");

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Django's username, the claim `nickname`.
    pub username: String,
    /// The claim `sub`.
    pub public_id: String,
    /// The claim `matrix_localpart`, if set.
    pub matrix_localpart: Option<String>,
    /// The password of the form.
    pub password: String,
}

/// A client of the provider.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// How browsers and Synapse reach it, such as a TLS port before it.
    pub url: &'a str,
    /// The loopback port to listen on.
    pub port: u16,
    /// Synapse's id.
    pub client_id: &'a str,
    /// Synapse's secret.
    pub client_secret: &'a str,
    /// Synapse's address for the way back.
    pub redirect_uri: &'a str,
    /// Who can sign in.
    pub people: &'a [Person],
}

/// A running site. Dropping it ends it.
pub struct Provider {
    running: Mutex<Option<Program>>,
    folder: Folder,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("folder", &self.folder.path()).finish_non_exhaustive()
    }
}

impl Provider {
    /// Starts it and waits until it responds. The first start on a machine installs Django, which needs the network.
    pub async fn start(wanted: Wanted<'_>) -> anyhow::Result<Self> {
        let folder = Folder::new("oidc")?;
        let people: Vec<Value> = wanted.people.iter().map(entry).collect();
        let settings = json!({
            "url": wanted.url,
            "port": wanted.port,
            "client_id": wanted.client_id,
            "client_secret": wanted.client_secret,
            "redirect_uri": wanted.redirect_uri,
            "people": people,
        });
        let path = |name: &str| folder.path().join(name);
        fs::write(path("settings.json"), settings.to_string()).context("cannot write the settings of the provider")?;
        fs::write(path("provider.py"), SITE).context("cannot write the provider")?;
        let python = tools::provider_python().await?;
        let script = path("provider.py").to_string_lossy().into_owned();
        let program = Program::start(&python, &[&script, &folder.path().to_string_lossy()], &path("output.log"))?;
        let provider = Self { running: Mutex::new(Some(program)), folder };
        let discovery = format!("http://{LOOPBACK}:{}/o/.well-known/openid-configuration", wanted.port);
        let http = reqwest::Client::builder().no_proxy().build()?;
        let ready = || async {
            let answer = http.get(&discovery).send().await;
            Ok(answer.is_ok_and(|answer| answer.status().is_success()).then_some(()))
        };
        let started = eventually("the OpenID Connect provider", Duration::from_secs(60), ready).await;
        started.with_context(|| crate::child::tail(&provider.folder.path().join("output.log"), 20))?;
        Ok(provider)
    }

    /// Stops it, as when EquipeMed is down.
    pub async fn stop(&self) -> anyhow::Result<()> {
        let running = self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        running.context("it does not run")?.stop().await
    }
}

fn entry(person: &Person) -> Value {
    json!({
        "username": person.username,
        "public_id": person.public_id,
        "matrix_localpart": person.matrix_localpart,
        "password": person.password,
        "first_name": person.username,
        "last_name": "Souza",
        "email": format!("{}@hospital.example", person.username),
        "active": true,
        "role": "medical_doctor",
    })
}
