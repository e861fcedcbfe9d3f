//! The TLS certificate, as `openssl` sees it.
//!
//! That program is on every machine with nginx, and no certificate is read by code of our own.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Days before its end at which a certificate is found fault with: renewal failed for weeks then.
const DAYS: u32 = 14;

/// Group of nginx in its container.
const NGINX_IMAGE: u32 = 101;

/// Who may read the files and should not, or may not and should. `is_containers`: nginx is not root.
#[must_use]
pub(super) fn unreadable(certificate: &Path, key: &Path, is_containers: bool) -> Vec<(String, String, String)> {
    let mut faults = Vec::new();
    let mut add =
        |file: &Path, what: &str, fix: String| faults.push((file.display().to_string(), what.to_owned(), fix));
    for (file, is_key) in [(certificate, false), (key, true)] {
        let Ok(metadata) = std::fs::metadata(file) else { continue };
        let (mode, shown) = (metadata.mode(), file.display());
        if mode & 0o022 != 0 || (is_key && mode & 0o007 != 0) {
            let what = if is_key { "can be read or changed by others" } else { "can be changed by others" };
            let fix =
                if is_key { format!("`chmod 640 {shown}`; get a new one") } else { format!("`chmod 644 {shown}`") };
            add(file, what, fix);
        }
        let is_nginxs = metadata.gid() == NGINX_IMAGE && mode & 0o040 != 0;
        if is_containers && !is_nginxs && mode & 0o004 == 0 {
            let fix = format!("`chgrp {NGINX_IMAGE} {shown} && chmod 640 {shown}`");
            add(file, "cannot be read by nginx in its container", fix);
        }
    }
    faults
}

/// What is wrong with a certificate for these hosts.
#[must_use]
pub(super) fn faults(certificate: &Path, key: &Path, hosts: &[&str]) -> Vec<String> {
    for file in [certificate, key] {
        if let Err(error) = std::fs::metadata(file) {
            let which = if file == certificate { String::new() } else { format!("{} ", file.display()) };
            return vec![format!("{which}is not there ({error})")];
        }
    }
    let run = |arguments: &[&str], file: &Path| {
        let mut command = Command::new("openssl");
        command.args(arguments).arg("-in").arg(file).stdin(Stdio::null()).output()
    };
    let public = match run(&["x509", "-noout", "-pubkey"], certificate) {
        Ok(output) if output.status.success() => output.stdout,
        Ok(_) => return vec![format!("{} is no certificate", certificate.display())],
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return vec!["cannot be looked at: `openssl` is not installed".to_owned()];
        }
        Err(error) => return vec![format!("cannot be looked at: {error}")],
    };
    let mut faults = Vec::new();
    let holds = |arguments: &[&str]| {
        run(arguments, certificate).is_ok_and(|output| {
            output.status.success() && !String::from_utf8_lossy(&output.stdout).contains("does NOT match")
        })
    };
    if !holds(&["x509", "-noout", "-checkend", "0"]) {
        faults.push("has expired".to_owned());
    } else if !holds(&["x509", "-noout", "-checkend", &(DAYS * 86400).to_string()]) {
        faults.push(format!("expires within {DAYS} days, so its renewal does not work"));
    }
    for host in hosts {
        if !holds(&["x509", "-noout", "-checkhost", host]) {
            faults.push(format!("is not for {host}"));
        }
    }
    match run(&["pkey", "-pubout"], key) {
        Ok(output) if output.status.success() && output.stdout == public => {}
        Ok(output) if output.status.success() => faults.push(format!("{} is the key of another one", key.display())),
        _ => faults.push(format!("{} is no key, or cannot be read by you", key.display())),
    }
    faults
}
