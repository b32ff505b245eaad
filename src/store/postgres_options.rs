//! How PostgreSQL is reached, by its URL. As libpq reads it, where sqlx reads it differently.

use std::fs::File;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::core::suggest::describe_unknown;

/// A parameter of the URL that names a file.
struct FileParameter {
    /// The first one is libpq's.
    names: &'static [&'static str],
    /// Holds it where the URL does not.
    variable: &'static str,
}

const AUTHORITY: FileParameter =
    FileParameter { names: &["sslrootcert", "ssl-root-cert", "ssl-ca"], variable: "PGSSLROOTCERT" };
const CERTIFICATE: FileParameter = FileParameter { names: &["sslcert", "ssl-cert"], variable: "PGSSLCERT" };
const KEY: FileParameter = FileParameter { names: &["sslkey", "ssl-key"], variable: "PGSSLKEY" };

impl FileParameter {
    /// What it says, in the URL or else around it.
    fn find(&self, url: &str) -> Option<String> {
        let named =
            parameters(url).filter(|(name, _)| self.names.contains(&&**name)).map(|(_, value)| value.into_owned());
        named.last().or_else(|| std::env::var(self.variable).ok())
    }

    /// Opens the file, so that a wrong name is said with the name, and at once.
    fn check(&self, url: &str) -> Result<(), sqlx::Error> {
        let Some(path) = self.find(url).filter(|value| *value != SYSTEM && !is_inline(value)) else {
            return Ok(());
        };
        let name = self.names.first().copied().unwrap_or_default();
        let unreadable = |error| format!("{name} names the file {path}, which cannot be read: {error}");
        File::open(&path).map_or_else(|error| Err(sqlx::Error::Configuration(unreadable(error).into())), |_| Ok(()))
    }
}

/// Stands in place of a file for the system's authorities, and wants the host name checked too.
const SYSTEM: &str = "system";

/// A variable may hold a certificate itself.
fn is_inline(value: &str) -> bool {
    value.trim_start().starts_with("-----BEGIN")
}

/// What a URL's parameters are called, by sqlx.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

fn parameters(url: &str) -> form_urlencoded::Parse<'_> {
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    let (_, query) = url.split_once('?').unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
}

/// Refuses what sqlx would leave out with a warning that shows the value: one who misspells `sslmode` wants TLS, and
/// the value may be a password.
fn check_parameters(url: &str) -> Result<(), String> {
    let is_known = |name: &str| PARAMETERS.contains(&name) || (name.starts_with("options[") && name.ends_with(']'));
    match parameters(url).find(|(name, _)| !is_known(name)) {
        Some((name, _)) => Err(describe_unknown(&name, "a parameter of the URL", PARAMETERS)),
        None => Ok(()),
    }
}

/// Reads a URL.
///
/// # Errors
/// What is wrong with it, in words for whoever wrote it.
pub(crate) fn read(url: &str) -> Result<PgConnectOptions, String> {
    check_parameters(url)?;
    let options: PgConnectOptions = url.parse().map_err(|e| format!("no URL of a PostgreSQL database: {e}"))?;
    let authority = AUTHORITY.find(url);
    match options.get_ssl_mode() {
        PgSslMode::Allow => Err("sslmode=allow is not supported: take `prefer`, which uses TLS where PostgreSQL has \
                                 it, or one of `disable`, `require`, `verify-ca` and `verify-full`"
            .to_owned()),
        PgSslMode::Prefer | PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull
            if authority.as_deref() == Some(SYSTEM) =>
        {
            // No authority beside those of the system.
            Ok(options.ssl_root_cert_from_pem(Vec::new()).ssl_mode(PgSslMode::VerifyFull))
        }
        // Who names an authority wants to be told when it has not signed.
        PgSslMode::Require if authority.is_some() => Ok(options.ssl_mode(PgSslMode::VerifyCa)),
        PgSslMode::Disable | PgSslMode::Prefer | PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => {
            Ok(options)
        }
    }
}

/// Whether the files that are read for a connection can be.
pub(crate) fn check_files(url: &str, options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    match options.get_ssl_mode() {
        PgSslMode::Disable => return Ok(()),
        PgSslMode::VerifyCa | PgSslMode::VerifyFull => AUTHORITY.check(url)?,
        PgSslMode::Allow | PgSslMode::Prefer | PgSslMode::Require => {}
    }
    CERTIFICATE.check(url)?;
    KEY.check(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_of_libpq() {
        for (parameters, mode) in [
            ("", "Prefer"),
            ("?sslmode=disable&sslrootcert=a.pem", "Disable"),
            ("?sslmode=prefer&sslrootcert=a.pem", "Prefer"),
            ("?sslmode=require", "Require"),
            ("?sslmode=require&sslrootcert=a.pem", "VerifyCa"),
            ("?ssl-ca=a.pem&ssl-mode=require", "VerifyCa"),
            ("?sslmode=verify-full&sslrootcert=a.pem", "VerifyFull"),
            ("?sslmode=require&sslrootcert=system", "VerifyFull"),
            ("?sslrootcert=system", "VerifyFull"),
        ] {
            let options = read(&format!("postgres://locum@localhost/locum{parameters}")).unwrap();
            assert_eq!(format!("{:?}", options.get_ssl_mode()), mode, "{parameters}");
        }
        for (parameters, named) in [
            ("?sslmod=verify-full", "did you mean `sslmode`?"),
            ("?sslmode=require&channel_binding=secret", "`channel_binding`"),
            ("?sslpassword=secret", "`sslpassword`"),
            ("?options[search_path=secret", "`options[search_path`"),
        ] {
            let refused = read(&format!("postgres://locum@localhost/locum{parameters}")).unwrap_err();
            assert!(refused.contains(named) && !refused.contains("secret"), "{refused}");
        }
        let refused = read("postgres://locum:secret@localhost/locum?sslmode=allow").unwrap_err();
        assert!(refused.contains("sslmode=allow") && !refused.contains("secret"), "{refused}");
    }

    #[test]
    fn only_files_that_are_read_have_to_be_there() {
        for (parameters, named) in [
            ("sslmode=verify-full&sslrootcert=/none/ca.pem", Some("sslrootcert names the file /none/ca.pem")),
            ("sslmode=require&sslrootcert=/none/ca.pem", Some("sslrootcert names the file /none/ca.pem")),
            ("sslmode=require&sslcert=/none/c.pem&sslkey=k", Some("sslcert names the file /none/c.pem")),
            ("sslmode=prefer&sslrootcert=/none/ca.pem", None),
            ("sslmode=disable&sslcert=/none/c.pem", None),
            ("sslmode=verify-full&sslrootcert=system", None),
        ] {
            let url = format!("postgres://locum@localhost/locum?{parameters}");
            let checked = check_files(&url, &read(&url).unwrap()).map_err(|error| error.to_string());
            match named {
                Some(named) => assert!(checked.as_ref().unwrap_err().contains(named), "{checked:?}"),
                None => checked.unwrap(),
            }
        }
    }
}
