//! Debian's nginx on loopback with the given configuration and a throw-away certificate.
//!
//! The configuration is what a hospital gets; only ports and the folder of the log are replaced. Beside the port with
//! TLS there is one without, with the same servers behind it: for requests that no client library would send.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::child::{self, Child, Server, Signal};
use crate::{Folder, LOOPBACK, eventually, tools};

/// Where an nginx will be, known before its configuration is written.
#[derive(Debug)]
pub struct Place {
    folder: Folder,
    /// The port with TLS, instead of 443.
    pub https: u16,
    /// The port that only redirects, instead of 80.
    pub http: u16,
    /// The port with 443's servers, without TLS.
    pub plain: u16,
}

impl Place {
    /// A place with a certificate for these names and 127.0.0.1.
    pub fn new(names: &[&str]) -> anyhow::Result<Self> {
        let [https, http, plain] = [crate::free_port()?, crate::free_port()?, crate::free_port()?];
        let place = Self { folder: Folder::new("nginx")?, https, http, plain };
        place.certify(names)?;
        Ok(place)
    }

    /// Path of the certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// Path of its key.
    pub fn certificate_key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// Path of the authority's certificate, to be trusted.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    fn certify(&self, names: &[&str]) -> anyhow::Result<()> {
        let key = ["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
        let request = |arguments: &[&str]| {
            let mut openssl = Command::new("openssl");
            openssl.args(key).args(arguments).current_dir(self.folder.path());
            tools::run(&mut openssl).context("cannot make a certificate: apt-get install openssl")
        };
        request(&["-subj", "/CN=testbed", "-keyout", "authority.key", "-out", "authority.pem"])?;
        let names: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
        let names = format!("subjectAltName=IP:{LOOPBACK},{}", names.join(","));
        let signed = ["-CA", "authority.pem", "-CAkey", "authority.key", "-keyout", "key.pem", "-out", "cert.pem"];
        let of_a_server = ["-subj", "/CN=server", "-addext", &names, "-addext", "basicConstraints=critical,CA:FALSE"];
        request(&[signed.as_slice(), of_a_server.as_slice()].concat())?;
        Ok(())
    }

    /// The configuration with our ports and log.
    fn adapted(&self, configuration: &str) -> String {
        let mut adapted = String::with_capacity(configuration.len() + 1024);
        for line in configuration.lines() {
            let indent = " ".repeat(line.len() - line.trim_start().len());
            match line.trim() {
                listen if listen.starts_with("listen [::]") => {}
                "listen 80;" => adapted.push_str(&format!("{indent}listen {LOOPBACK}:{};\n", self.http)),
                "listen 443 ssl http2;" => adapted.push_str(&format!(
                    "{indent}listen {LOOPBACK}:{} ssl http2;\n{indent}listen {LOOPBACK}:{};\n",
                    self.https, self.plain
                )),
                _ => {
                    adapted.push_str(&line.replace("/var/log/nginx", &self.folder.path().to_string_lossy()));
                    adapted.push('\n');
                }
            }
        }
        adapted
    }
}

/// A running nginx; dropping it ends it.
#[derive(Debug)]
pub struct Nginx {
    // Before the place: the process must end before its files are removed.
    child: Child,
    /// Where it is.
    pub place: Place,
}

impl Nginx {
    /// Starts it with this as the content of `http { … }` and waits until it listens.
    pub async fn start(place: Place, configuration: &str) -> anyhow::Result<Self> {
        let folder = place.folder.path();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.display()))
            .collect();
        let text = format!(
            "pid {}/nginx.pid;\nevents {{ worker_connections 512; }}\nhttp {{\n{temporary}{}}}\n",
            folder.display(),
            place.adapted(configuration)
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, text).context("cannot write nginx.conf")?;
        let output = folder.join("output.log");
        let arguments = ["-p", &folder.to_string_lossy(), "-c", &file.to_string_lossy(), "-e", "stderr"];
        // One process: there is nobody to hand connections to, and its end is the end.
        let alone = ["-g", "daemon off; master_process off;"];
        let mut child = Child::start(Server {
            name: "nginx",
            program: tools::nginx()?,
            arguments: arguments.iter().chain(&alone).map(|argument| (*argument).to_owned()).collect(),
            folder,
            output: output.clone(),
            user: None,
            environment: Vec::new(),
            ending: Signal::Term,
        })?;
        let listens = || {
            let ended = child.ended();
            let (output, port) = (output.clone(), place.plain);
            async move {
                ensure!(ended.is_none(), "nginx ended while starting:\n{}", child::tail(&output, 20));
                Ok(TcpStream::connect((LOOPBACK, port)).await.is_ok().then_some(()))
            }
        };
        eventually("nginx", Duration::from_secs(10), listens).await?;
        Ok(Self { child, place })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// A file of its log: `access.log` or `error.log`.
    pub fn log(&self, name: &str) -> anyhow::Result<String> {
        fs::read_to_string(self.folder().join(name)).with_context(|| format!("cannot read {name}"))
    }

    /// Folder of its files.
    pub fn folder(&self) -> &Path {
        self.place.folder.path()
    }

    /// Sends bytes as they are to a loopback port; returns the whole answer, empty if there was none.
    pub async fn raw(port: u16, request: &[u8]) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect((LOOPBACK, port)).await.context("cannot connect")?;
        stream.write_all(request).await.context("cannot send")?;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        // A connection may be reset, which is an answer too.
        let _ = read.context("the connection stays open")?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}
