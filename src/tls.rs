//! The certificate that is served over TLS: the user's, or one of an authority that Locum makes.

use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{Datelike as _, TimeDelta};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::core::{clock::Time, secret_file};

/// This machine's names, which every made certificate is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The same each time, because a kept authority is known by its name and its key.
const AUTHORITY: &str = "Locum (an authority for tests)";
const AUTHORITY_DAYS: i64 = 3650;
/// Some clients take no certificate that is good for longer.
const LEAF_DAYS: i64 = 800;
/// Clocks of clients may be behind.
const DAYS_BEFORE: i64 = 2;

/// A certificate with its key, ready to serve.
#[derive(Clone)]
pub struct Identity {
    server: Arc<ServerConfig>,
    authority: Option<String>,
    /// A new authority with its key, PEM, and where it is to be kept.
    unkept: Option<(PathBuf, String)>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// A certificate of the user's, with those that lead to its authority, and its key; both PEM.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn of(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.map_err(|e| TlsError::Certificate(format!("is not PEM: {e}")))?;
        if chain.is_empty() {
            return Err(TlsError::Certificate("holds no certificate in PEM".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|e| TlsError::Key(format!("holds no private key in PEM, one without a password: {e}")))?;
        Ok(Self { server: server(chain, key).map_err(TlsError::Pair)?, authority: None, unkept: None })
    }

    /// A new certificate, good for `names` and this machine, from the authority that is kept in `file`. Where that is
    /// not there the authority is new too, see [`Self::keep`]; without one its key is never written down. `now` is the
    /// machine's time, because clients go by theirs.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn made<'a>(names: impl Iterator<Item = &'a str>, file: Option<&Path>, now: Time) -> Result<Self, String> {
        let kept = match file {
            None => None,
            Some(file) => secret_file::load(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?,
        };
        let is_new = kept.is_none();
        let kept = match kept {
            None => authority(now).map_err(|e| e.to_string())?,
            Some(kept) => String::from_utf8_lossy(&kept).into_owned(),
        };
        let broken = |why: &dyn std::fmt::Display| match file {
            Some(file) => {
                format!("{} does not hold a key and a certificate: {why}. Delete it to get new ones", file.display())
            }
            None => why.to_string(),
        };
        let certificate = kept.find("-----BEGIN CERTIFICATE").and_then(|at| kept.get(at..));
        let certificate = certificate.ok_or_else(|| broken(&"no certificate"))?;
        let authority = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|e| broken(&e))?;
        let issuer = Issuer::new(of_authority(), KeyPair::from_pem(&kept).map_err(|e| broken(&e))?);
        let mut all: Vec<String> = NAMES.map(ToOwned::to_owned).into();
        for name in names {
            // No client connects to the address that means all addresses.
            let means_all = name.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified());
            if !means_all && !all.iter().any(|known| known == name) {
                all.push(name.to_owned());
            }
        }
        let unfit = |e: rcgen::Error| format!("cannot make a certificate for {}: {e}", all.join(", "));
        let key = KeyPair::generate().map_err(unfit)?;
        let leaf = leaf(all.clone(), now).and_then(|params| params.signed_by(&key, &issuer)).map_err(unfit)?;
        let chain = vec![leaf.der().clone(), authority];
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(ToOwned::to_owned)?;
        let (server, authority) = (server(chain, key)?, Some(certificate.to_owned()));
        let unkept = file.filter(|_| is_new).map(|file| (file.to_owned(), kept));
        Ok(Self { server, authority, unkept })
    }

    /// Writes a new authority down, if it is to be kept, once it is known that what it belongs to is there.
    ///
    /// # Errors
    /// The file, and why it cannot be made.
    pub fn keep(&self) -> Result<(), (PathBuf, io::Error)> {
        let Some((file, authority)) = &self.unkept else { return Ok(()) };
        let kept = secret_file::load_or_create(file, || Ok(authority.clone().into_bytes()));
        kept.map(drop).map_err(|error| (file.clone(), error))
    }

    /// What a TLS server needs.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// The certificate of the authority, PEM, if Locum made it.
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }
}

/// What is wrong with a certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsError {
    /// The certificate.
    Certificate(String),
    /// The key.
    Key(String),
    /// They do not go together.
    Pair(String),
}

fn server(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Arc<ServerConfig>, String> {
    let text = |e: tokio_rustls::rustls::Error| e.to_string();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(text)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(text)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Key and certificate of a new authority, PEM.
fn authority(now: Time) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = of_authority();
    set_validity(&mut params, now, AUTHORITY_DAYS);
    let certificate = params.self_signed(&key)?;
    Ok(key.serialize_pem() + &certificate.pem())
}

/// What of an authority does not change, and all that its leaves repeat.
fn of_authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(names: Vec<String>, now: Time) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Locum");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, now, LEAF_DAYS);
    Ok(params)
}

fn set_validity(params: &mut CertificateParams, now: Time, days: i64) {
    let day = |days| {
        let at = now.checked_add_signed(TimeDelta::days(days)).unwrap_or(now);
        let [month, day] = [at.month(), at.day()].map(|n| u8::try_from(n).unwrap_or(1));
        date_time_ymd(at.year(), month, day)
    };
    params.not_before = day(-DAYS_BEFORE);
    params.not_after = day(days);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::Clock;

    #[test]
    fn a_kept_authority_stays_and_a_broken_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.ca.key");
        let made = || Identity::made(["locum.test", "0.0.0.0"].into_iter(), Some(&file), Clock::Real.now());
        let first = made().unwrap();
        assert!(!file.exists());
        first.keep().unwrap();
        assert_eq!(first.authority(), made().unwrap().authority());
        assert!(!first.authority().unwrap().contains("PRIVATE KEY"));
        assert_ne!(first.authority(), Identity::made(std::iter::empty(), None, Clock::Real.now()).unwrap().authority());
        for broken in ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "nothing"] {
            std::fs::write(&file, broken).unwrap();
            assert!(made().unwrap_err().contains("x.ca.key"));
        }
    }

    #[test]
    fn what_is_wrong_with_ones_own_is_said() {
        let pair = || {
            let key = KeyPair::generate().unwrap();
            (
                leaf(vec!["locum.test".to_owned()], Clock::Real.now()).unwrap().self_signed(&key).unwrap().pem(),
                key.serialize_pem(),
            )
        };
        let ((certificate, key), (_, other)) = (pair(), pair());
        let of = |certificate: &str, key: &str| Identity::of(certificate.as_bytes(), key.as_bytes()).map(drop);
        assert_eq!(of(&certificate, &key), Ok(()));
        assert!(matches!(of(&certificate, &other), Err(TlsError::Pair(_))));
        assert!(matches!(of(&key, &key), Err(TlsError::Certificate(_))));
        assert!(matches!(of(&certificate, &certificate), Err(TlsError::Key(_))));
    }
}
