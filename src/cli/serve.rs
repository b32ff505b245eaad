//! `locum serve`: opens the ports, gets ready, says where things are, and stops when told.

use std::{
    io::IsTerminal as _,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    process,
    sync::OnceLock,
};

use axum::Router;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::{
    app::App,
    config::{Config, Listen, LogFormat},
    core::token::PlainToken,
    domain::organization::DEFAULT_SPACE,
    http::emulated::Emulated as _,
    router,
    seed::{
        apply,
        atlassian::NewKey,
        file::SeedFile,
        plan::{self, Plan},
        vault::NewToken,
    },
    services::{
        atlassian::Atlassian,
        jetbrains_account::JetBrainsAccount,
        license_vault::{self, LicenseVault},
    },
    store::{self, vault::TokenKind},
};

pub(super) fn start_logging(format: LogFormat, filter: &str) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // A second call in one process keeps the first one's choice.
    let _ = match format {
        LogFormat::Text => builder.compact().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
}

/// Serves until SIGTERM or SIGINT.
pub(super) async fn serve(config: Config) -> Result<(), Failure> {
    static READY: OnceLock<Router> = OnceLock::new();
    let listeners = listen(&config.listen).await?;
    let addresses: Vec<SocketAddr> = listeners.iter().filter_map(|l| l.local_addr().ok()).collect();
    let (stop, stopping) = watch::channel(false);
    let mut servers = JoinSet::new();
    for listener in listeners {
        let mut stopping = stopping.clone();
        let told = async move {
            // An error means that the sender is gone, which is a stop too.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let server = axum::serve(listener, router::front(&READY)).with_graceful_shutdown(told);
        servers.spawn(server.into_future());
    }

    let timeout = config.shutdown_timeout;
    let mut signals = Signals::new()?;
    let app = tokio::select! {
        started = App::start(config) => {
            let (app, plan) = started.map_err(|e| {
                if e.is_usage() { Failure::Usage(e.to_string()) } else { Failure::Failed(with_causes(&e)) }
            })?;
            let _ = READY.set(router::router(app.clone()));
            announce(&app, plan, &addresses).await;
            app
        }
        () = signals.next() => return Ok(()),
    };

    signals.next().await;
    tracing::info!("stopping");
    let _ = stop.send(true);
    let drained = async { while servers.join_next().await.is_some() {} };
    tokio::select! {
        _ = tokio::time::timeout(timeout, drained) => {}
        () = signals.next() => process::exit(0),
    }
    servers.abort_all();
    let _ = tokio::time::timeout(timeout, app.db.close()).await;
    Ok(())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// `localhost` is both loopbacks; one of them is enough, as in a container without IPv6.
async fn listen(listen: &Listen) -> Result<Vec<TcpListener>, Failure> {
    let failed = |e: &std::io::Error| {
        let hint = match e.kind() {
            std::io::ErrorKind::AddrInUse => {
                " (something listens there already: choose another with --listen, port 0 is any free one)"
            }
            _ => "",
        };
        Failure::Failed(format!("cannot listen on {listen}: {e}{hint}"))
    };
    if listen.host != "localhost" {
        let listener = TcpListener::bind((listen.host.as_str(), listen.port)).await.map_err(|e| failed(&e))?;
        return Ok(vec![listener]);
    }
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, listen.port)).await;
    let port = match &first {
        Ok(listener) => listener.local_addr().map_err(|e| failed(&e))?.port(),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => return Err(failed(error)),
        Err(_) => listen.port,
    };
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await;
    match (first, second) {
        (Ok(first), Ok(second)) => Ok(vec![first, second]),
        (Ok(_), Err(error)) if error.kind() == std::io::ErrorKind::AddrInUse => Err(failed(&error)),
        (Ok(only), Err(_)) | (Err(_), Ok(only)) => Ok(vec![only]),
        (Err(error), Err(_)) => Err(failed(&error)),
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let on = |kind| signal(kind).map_err(|e| Failure::Failed(format!("cannot listen to signals: {e}")));
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Prints where things are, and how to call them.
async fn announce(app: &App, plan: Option<Plan>, addresses: &[SocketAddr]) {
    let config = &app.config;
    let port = addresses.first().map_or(config.listen.port, SocketAddr::port);
    let host = match config.listen.host.as_str() {
        "0.0.0.0" | "::" => "localhost".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    let base = config.public_url.clone().unwrap_or_else(|| format!("http://{host}:{port}"));
    println!("locum {} ({}, id seed {})", env!("CARGO_PKG_VERSION"), config.location.describe(), config.id_seed.0);
    let credentials = match &plan {
        Some(plan) => seeded(plan),
        None => known(app, &config.seeds).await,
    };
    for (service, title, base_path) in [
        (JetBrainsAccount::NAME, "JetBrains Account", JetBrainsAccount::BASE),
        (LicenseVault::NAME, "License Vault", license_vault::BASE),
        (Atlassian::NAME, "Atlassian API Access", Atlassian::BASE),
    ] {
        println!("{title:<21} {base}{base_path}");
        for shown in credentials.iter().filter(|shown| shown.service == service).take(SHOWN_PER_SERVICE) {
            println!("  {:<33} {}  {}", shown.who, shown.organization, shown.headers.join("  "));
        }
    }
    if config.control {
        println!("{:<21} {base}{}", "Control API", crate::control::BASE);
    }
    let mut services = Vec::new();
    for shown in &credentials {
        if services.contains(&shown.service) {
            continue;
        }
        if services.is_empty() {
            println!("Try it:");
        }
        services.push(shown.service);
        let headers = shown.headers.iter().map(|header| format!(" -H '{}'", header.replace('\'', "'\\''")));
        println!("  curl -s{} '{base}{}'", headers.collect::<String>(), shown.path);
    }
    println!("locum ready {base}");
}

/// Credentials that the banner shows of one service: enough to start with.
const SHOWN_PER_SERVICE: usize = 10;

/// A credential, and how to use it.
struct Shown {
    service: &'static str,
    who: String,
    organization: String,
    token: PlainToken,
    headers: Vec<String>,
    /// Something to ask for.
    path: String,
}

fn seeded(plan: &Plan) -> Vec<Shown> {
    plan.organizations
        .iter()
        .flat_map(|o| jetbrains_tokens(o).into_iter().chain(vault_tokens(o)).chain(api_keys(o)))
        .collect()
}

fn jetbrains_tokens(o: &plan::Organization) -> Vec<Shown> {
    let tokens = o.jetbrains_account.as_ref().map(|account| account.tokens.as_slice()).unwrap_or_default();
    let shown = |t: &plan::Token| Shown {
        service: JetBrainsAccount::NAME,
        who: format!("{} ({})", t.email, t.profile),
        organization: o.name.clone(),
        headers: vec![format!("X-Customer-Code: {}", o.customer_code), format!("X-Api-Key: {}", t.token.expose())],
        token: t.token.clone(),
        path: format!("{}/token", JetBrainsAccount::BASE),
    };
    tokens.iter().map(shown).collect()
}

fn vault_tokens(o: &plan::Organization) -> Vec<Shown> {
    let Some(vault) = &o.license_vault else { return Vec::new() };
    let shown = |new: &NewToken| Shown {
        service: LicenseVault::NAME,
        who: match new.kind {
            TokenKind::Vault => vault.name.clone(),
            TokenKind::Automation => format!("{} (automation)", new.name),
            TokenKind::Reporting => "License Server".to_owned(),
        },
        organization: o.name.clone(),
        headers: match new.kind {
            TokenKind::Vault => vec![format!("Authorization: Bearer {}", new.token.expose())],
            TokenKind::Automation => vec![format!("Authorization: Automation {}", new.token.expose())],
            TokenKind::Reporting => vec![format!("?token={}", new.token.expose())],
        },
        token: new.token.clone(),
        path: format!("{}/licenses/usage", license_vault::BASE),
    };
    vault.tokens.iter().map(shown).collect()
}

fn api_keys(o: &plan::Organization) -> Vec<Shown> {
    let keys = o.atlassian.as_ref().map(|section| section.api_keys.as_slice()).unwrap_or_default();
    let shown = |new: &NewKey| Shown {
        service: Atlassian::NAME,
        who: match &new.key.scopes {
            None => new.key.label.clone(),
            Some(scopes) => format!("{} ({})", new.key.label, scopes.join(" ")),
        },
        organization: format!("{} {}", o.name, o.org_id),
        headers: vec![format!("Authorization: Bearer {}", new.token.expose())],
        token: new.token.clone(),
        path: format!("{}/orgs/{}/api-tokens?pageSize=5", Atlassian::BASE, o.org_id),
    };
    keys.iter().map(shown).collect()
}

/// A database that held data was not seeded now. The credentials that the seed spells out may still be good.
async fn known(app: &App, seeds: &[SeedFile]) -> Vec<Shown> {
    let mut ids = app.config.id_seed.of_write(DEFAULT_SPACE, 0);
    let Ok(plan) = apply::check(seeds, &mut ids) else { return Vec::new() };
    let Ok(mut db) = app.db.read().await else { return Vec::new() };
    let mut known = Vec::new();
    for shown in seeded(&plan) {
        let fingerprint = app.keyring.fingerprint(&shown.token);
        if let Ok(Some(_)) = store::credential::find(&mut db, shown.service, fingerprint).await {
            known.push(shown);
        }
    }
    known
}
