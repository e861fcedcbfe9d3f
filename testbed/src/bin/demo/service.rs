//! Runs the service as an operator would: the binary as a process, with the shipped configuration adjusted to the
//! demo's servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use equipemed_testbed::{LOOPBACK, Program};
use tokio::process::Command;

use crate::say;

/// Locations of the binary and the demo's files.
#[derive(Debug)]
pub(crate) struct Service {
    binary: PathBuf,
    folder: PathBuf,
    port: u16,
}

/// Result of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) output: String,
}

impl Service {
    /// Recreates the folder with config.yaml and registration.yaml. Synapse's address is set later, because Synapse
    /// needs the registration before it starts.
    pub(crate) async fn prepare(binary: PathBuf, folder: PathBuf, shipped_config: &Path) -> anyhow::Result<Self> {
        let service = Self { binary, folder, port: equipemed_testbed::free_port()? };
        let text =
            fs::read_to_string(shipped_config).with_context(|| format!("cannot read {}", shipped_config.display()))?;
        let text = replaced(&text, "mode: observe", "mode: enforce")?;
        let text = replaced(&text, "  listen: 127.0.0.1:9009", &format!("  listen: {LOOPBACK}:{}", service.port))?;
        let text = replaced(&text, "  roster: roster.example.yaml", "  roster: roster.yaml")?;
        let text = replaced(&text, "  log: json", "  log: text")?;
        fs::write(service.config(), text).context("cannot write config.yaml")?;
        let registration = service.registration();
        let ended = service.run(&["registration", "--output", &registration.to_string_lossy()]).await?;
        anyhow::ensure!(ended.code == 0, "no registration was written: {}", ended.output);
        Ok(service)
    }

    /// Sets Synapse's address.
    pub(crate) fn point_at(&self, synapse: &str) -> anyhow::Result<()> {
        let text = fs::read_to_string(self.config()).context("cannot read config.yaml")?;
        let text = replaced(&text, "  url: http://127.0.0.1:8008", &format!("  url: {synapse}"))?;
        fs::write(self.config(), text).context("cannot write config.yaml")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("config.yaml")
    }

    pub(crate) fn registration(&self) -> PathBuf {
        self.folder.join("registration.yaml")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("serve.log")
    }

    /// The command line to type, with full paths.
    pub(crate) fn command_line(&self, arguments: &str) -> String {
        format!("{} -c {} {arguments}", self.binary.display(), self.config().display())
    }

    /// The token of the generated registration.
    pub(crate) fn as_token(&self) -> anyhow::Result<String> {
        let text = fs::read_to_string(self.registration()).context("cannot read the registration")?;
        let token = text.lines().find_map(|line| line.strip_prefix("as_token: "));
        Ok(token.context("the registration has no as_token")?.trim_matches(['"', '\'']).to_owned())
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> anyhow::Result<Ended> {
        self.run_with(arguments, &[]).await
    }

    /// The same with additional environment variables.
    pub(crate) async fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Ended> {
        let output = Command::new(&self.binary)
            .arg("-c")
            .arg(self.config())
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("cannot run {}", self.binary.display()))?;
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ok(Ended { code: output.status.code().unwrap_or(-1), output: text })
    }

    /// Runs a command and prints it with its output.
    pub(crate) async fn show(&self, arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Ended> {
        say::title(&format!("equipemed-bot {}", arguments.join(" ")));
        let ended = self.run_with(arguments, environment).await?;
        say::quoted(&ended.output);
        Ok(ended)
    }

    /// Starts `serve` and waits until it responds.
    pub(crate) async fn serve(&self) -> anyhow::Result<Program> {
        let config = self.config();
        let mut serving = Program::start(&self.binary, &["-c", &config.to_string_lossy(), "serve"], &self.log())?;
        let ready = format!("http://{LOOPBACK}:{}/ready", self.port);
        let http = reqwest::Client::builder().no_proxy().build()?;
        let looked = || {
            let ended = serving.ended().map(|status| format!("serve ended ({status}): {}", serving.output_tail()));
            let asked = http.get(&ready).send();
            async move {
                match ended {
                    Some(why) => bail!(why),
                    None => Ok(asked.await.is_ok_and(|answer| answer.status().is_success()).then_some(())),
                }
            }
        };
        equipemed_testbed::eventually("a ready service", Duration::from_secs(30), looked).await?;
        Ok(serving)
    }
}

/// Requires exactly one such line, so that the demo notices changes of the shipped example.
fn replaced(text: &str, line: &str, by: &str) -> anyhow::Result<String> {
    let count = text.lines().filter(|present| *present == line).count();
    anyhow::ensure!(count == 1, "config.example.yaml has {count} lines {line:?}, the demo expects one");
    let lines: Vec<&str> = text.lines().map(|present| if present == line { by } else { present }).collect();
    Ok(lines.join("\n") + "\n")
}
