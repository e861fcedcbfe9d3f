//! The demo's servers and first steps, from an empty Synapse to one that agrees with the roster.

use std::fmt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use equipemed_testbed::proxy::Recorded;
use equipemed_testbed::synapse::Options;
use equipemed_testbed::{Client, Proxy, Synapse};

use crate::roster::{Person, Roster};
use crate::say::{self, Checks};
use crate::service::Service;

/// All running parts.
pub(crate) struct Place {
    pub(crate) service: Service,
    pub(crate) roster: Roster,
    pub(crate) people: Vec<Person>,
    /// Between the service and Synapse, to show requests.
    pub(crate) proxy: Proxy,
    pub(crate) synapse: Synapse,
    /// Created with the shared secret; unknown to the service.
    pub(crate) administrator: Client,
    /// Password of all people who get one.
    pub(crate) password: String,
}

/// Recorded requests of a period.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) reads: usize,
    pub(crate) writes: usize,
}

impl Traffic {
    pub(crate) fn of(recorded: &[Recorded]) -> Self {
        let writes = recorded.iter().filter(|request| request.writes()).count();
        Self { reads: recorded.len() - writes, writes }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} of them writes", self.reads + self.writes, self.writes)
    }
}

impl Place {
    /// Starts an empty Synapse with the service's registration, behind a proxy.
    pub(crate) async fn open(root: &Path, binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let binary = binary
            .canonicalize()
            .with_context(|| format!("there is no {}: build it with `cargo build`", binary.display()))?;
        let root = root.canonicalize().context("the workspace is not there")?;
        if folder.exists() {
            std::fs::remove_dir_all(folder).context("cannot remove the folder of the last demo")?;
        }
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let roster = Roster::copy(&root.join("roster.example.yaml"), folder.join("roster.yaml"))?;
        let service = Service::prepare(binary, folder, &root.join("config.example.yaml")).await?;
        say::line("Starting a real Synapse; the very first time it is installed, which takes a minute or two …");
        let begin = Instant::now();
        let options = Options { registrations: vec![service.registration()], ..Options::default() };
        let synapse = Synapse::start(options).await?;
        let proxy = Proxy::start(&synapse.url()).await?;
        service.point_at(&proxy.url())?;
        say::line(&format!("Synapse answers after {:.1} s.", begin.elapsed().as_secs_f64()));
        let administrator = Client::administrator(&synapse).await?;
        let password = format!("demo-{}", equipemed_testbed::random_hex(3)?);
        let people = roster.people()?;
        Ok(Self { service, roster, people, proxy, synapse, administrator, password })
    }

    /// Runs `setup`, a dry run, the first sync, and a second one without changes. Returns the first one's request
    /// counts.
    pub(crate) async fn first_steps(&self, checks: &mut Checks) -> anyhow::Result<String> {
        let secret = ("SYNAPSE_REGISTRATION_SHARED_SECRET", self.synapse.shared_secret());
        say::title("equipemed-bot setup");
        let setup = self.service.run_with(&["setup"], &[secret]).await?;
        // Omits the plan at the end, which the dry run shows.
        say::quoted(setup.output.split("\nWhat the first sync would do").next().unwrap_or_default());
        ensure!(setup.code == 0, "setup ended with {}: {}", setup.code, setup.output);

        self.proxy.take_recorded();
        let dry = self.service.show(&["sync", "--dry-run"], &[]).await?;
        ensure!(dry.code == 0, "the dry run ended with {}", dry.code);
        let looked = Traffic::of(&self.proxy.take_recorded());
        checks.same("the dry run wrote nothing", &looked.writes, &0);

        let begin = Instant::now();
        let sync = self.service.show(&["sync"], &[]).await?;
        let first = Traffic::of(&self.proxy.take_recorded());
        let first = format!("{first} in {:.1} s", begin.elapsed().as_secs_f64());
        checks.same(&format!("the first sync did everything: {first}"), &sync.code, &0);

        let again = self.service.show(&["sync"], &[]).await?;
        let second = Traffic::of(&self.proxy.take_recorded());
        checks.same("the second sync ends with 0", &again.code, &0);
        checks.same(&format!("the second sync wrote nothing: {second}"), &second.writes, &0);

        for person in self.people.iter().filter(|person| person.has_account) {
            self.administrator.set_password(&self.user_id(person), &self.password).await?;
        }
        Ok(first)
    }

    pub(crate) fn user_id(&self, person: &Person) -> String {
        self.synapse.user_id(&person.localpart)
    }

    /// A client with the bot's token.
    pub(crate) fn bot(&self) -> anyhow::Result<Client> {
        Client::new(&self.synapse.url(), &self.synapse.user_id("equipemed_bot"), &self.service.as_token()?)
    }

    /// A person's own client.
    pub(crate) async fn sign_in(&self, localpart: &str) -> anyhow::Result<Client> {
        Client::login(&self.synapse, localpart, &self.password).await
    }

    /// Stops Synapse in order.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.synapse.stop().await
    }
}
