//! `locum exec --as-vendors`: what makes the clients of a command take Locum for the services' hosts.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::{
    cli::{Failure, serve::Running},
    core::ids::random_bytes,
};

/// Name the proxy. Both spellings, because each program reads its own.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"];

/// Name the file of certificates to trust: of OpenSSL, Go and many others; of Python's requests; of curl; of Node.js.
const AUTHORITY_VARIABLES: [&str; 4] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

/// Lets Node.js read the variables of the proxy.
const NODE: &str = "NODE_USE_ENV_PROXY";

pub(super) struct AsVendors {
    /// The proxy, which is Locum.
    pub(super) url: String,
    hosts: Vec<&'static str>,
    /// The certificate of the authority. Dropped, it is removed.
    certificate: PathBuf,
}

impl AsVendors {
    /// Writes the certificate down. Everybody may read it, because it is no secret, and the command may change users.
    pub(super) fn prepare(running: &Running) -> Result<Self, Failure> {
        let authority = running.app.config.proxy.as_ref().and_then(|identity| identity.authority());
        let authority = authority.ok_or_else(|| Failure::Failed("--as-vendors: there is no authority".to_owned()))?;
        // Nobody guesses the name, and nothing that is there already is written to.
        let name = format!("locum-ca-{}.crt", hex::encode(random_bytes::<8>()));
        let certificate = std::env::temp_dir().join(name);
        write_new(&certificate, authority).map_err(|e| {
            let path = certificate.display();
            Failure::Failed(format!("--as-vendors: cannot write {path}: {e}; TMPDIR says where temporary files go"))
        })?;
        Ok(Self { url: running.proxy_url.clone(), hosts: running.services.hosts(), certificate })
    }

    /// The variables of the command.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let proxy = PROXY_VARIABLES.into_iter().map(|name| (name, self.url.clone()));
        let certificate = self.certificate.display().to_string();
        let authority = AUTHORITY_VARIABLES.into_iter().map(move |name| (name, certificate.clone()));
        proxy.chain(authority).chain([(NODE, "1".to_owned())])
    }

    /// Takes from a value of `NO_PROXY` what would keep requests for the services' hosts from Locum, and says so.
    pub(super) fn keep_reachable(&self, no_proxy: &str) -> String {
        let entries = no_proxy.split([',', ' ']).filter(|entry| !entry.is_empty());
        let (in_the_way, kept): (Vec<&str>, Vec<&str>) =
            entries.partition(|entry| self.hosts.iter().any(|host| is_kept_away(host, entry)));
        if !in_the_way.is_empty() {
            let left_out = in_the_way.join(",");
            tracing::warn!(
                left_out,
                "NO_PROXY would keep the command from the services' hosts: the command has less of it"
            );
        }
        kept.join(",")
    }
}

impl Drop for AsVendors {
    fn drop(&mut self) {
        // Nothing is to be done about a failure here: whoever cleared the place did the same.
        let _ = fs::remove_file(&self.certificate);
    }
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    file.write_all(text.as_bytes())
}

/// Whether an entry of `NO_PROXY` keeps a host, whose first label may be `*`, or one that this means, from the proxy.
/// Clients write what is below a name as `name`, `.name` or `*.name`.
fn is_kept_away(host: &str, entry: &str) -> bool {
    let name = entry.trim_start_matches(['*', '.']).to_ascii_lowercase();
    let name = name.split(':').next().unwrap_or_default();
    if name.is_empty() {
        return entry.starts_with('*');
    }
    let is_below =
        |below: &str, above: &str| below.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    match host.strip_prefix("*.") {
        None => is_below(host, name),
        Some(above) => is_below(above, name) || is_below(name, above),
    }
}

#[cfg(test)]
mod tests {
    use super::is_kept_away;

    #[test]
    fn what_keeps_a_host_from_the_proxy() {
        for (entry, exact, all_below) in [
            ("*", true, true),
            ("example.test", true, true),
            (".example.test", true, true),
            ("*.example.test", true, true),
            ("TEST", true, true),
            ("a.example.test:443", true, false),
            ("b.a.example.test", false, false),
            ("other.example.test", false, false),
            ("ample.test", false, false),
            ("x.vaults.example.test", false, true),
            ("vaults.example.test", false, true),
            ("127.0.0.1", false, false),
            ("::1", false, false),
            (".", false, false),
        ] {
            assert_eq!(is_kept_away("a.example.test", entry), exact, "{entry}");
            assert_eq!(is_kept_away("*.vaults.example.test", entry), all_below, "{entry}");
        }
    }
}
