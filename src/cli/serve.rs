//! `locum serve`: opens the ports, gets ready, says where things are, and stops when told.

use std::{
    error::Error as _,
    future::poll_fn,
    io::{self, Write},
    net::{Ipv4Addr, Ipv6Addr},
    ops::ControlFlow,
    pin::Pin,
    process::ExitCode,
    sync::{Arc, OnceLock},
    task::Poll,
    time::Duration,
};

use axum::{Router, serve::Listener};
use rustix::process::Signal;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    app::{App, StartError},
    cli::{
        Failure,
        connections::{self, Behind},
        endpoints::{EndpointsFile, base_url},
        killed_by,
        log::PROGRESS,
        orphans, output,
        progress::Watch,
        proxy::Proxy,
        signals::Signals,
        tls::{TlsListener, TlsPlace, ca_certificate_url},
    },
    config::{Config, Listen},
    control::{known_credentials, variables::Endpoints},
    core::{error::Error, progress::Progress, token::PlainToken},
    domain::organization::DEFAULT_SPACE,
    http::connection::{Breakable, BreakableListener},
    reload::Reloader,
    router,
    seed::credential::SeededCredential,
    services::{self, Service, Services},
    startup::{self, Locum},
    store::Location,
};

/// Serves until SIGTERM or SIGINT.
pub(super) async fn serve(
    prepare: impl FnOnce() -> Result<Config, Failure> + Send + 'static,
) -> Result<ExitCode, Failure> {
    let mut running = match start(prepare).await? {
        ControlFlow::Continue(running) => running,
        ControlFlow::Break(_) => return Ok(ExitCode::SUCCESS),
    };
    // An error is of no interest, because it means that nobody reads standard output.
    let _ = announce(&running, &mut io::BufWriter::new(output::stdout()));
    tokio::select! {
        () = running.wait_for_end() => {}
        () = orphans::reap(None) => {}
    }
    tracing::info!("stopping");
    match running.stop().await {
        ControlFlow::Continue(stopped) => stopped.map(|()| ExitCode::SUCCESS),
        ControlFlow::Break(signal) => Ok(killed_by(signal.as_raw())),
    }
}

/// A server that is ready, and says so nowhere but in its endpoints file.
pub(super) struct Running {
    pub(super) app: App,
    pub(super) services: Services,
    /// Where it is reached.
    pub(super) base: String,
    tls: Option<TlsPlace>,
    /// Where it is reached as a proxy, if it is one: not by a URL that something else stands at.
    pub(super) proxy_url: String,
    /// What a client needs.
    pub(super) endpoints: Endpoints,
    /// What ends it.
    pub(super) signals: Signals,
    credentials: Vec<SeededCredential>,
    file: Option<EndpointsFile>,
    stop: watch::Sender<bool>,
    /// What reads seeds again, if anything does.
    reloader: Option<Arc<Reloader>>,
    servers: JoinSet<()>,
    timeout: Duration,
}

/// Starts a server by what `prepare` reads, and waits until it is ready or a signal breaks that off.
pub(super) async fn start(
    prepare: impl FnOnce() -> Result<Config, Failure> + Send + 'static,
) -> Result<ControlFlow<Signal, Running>, Failure> {
    static READY: OnceLock<Router> = OnceLock::new();
    // Before anything that may take long: the first process of a container gets no signal that it does not listen to.
    let mut signals = Signals::new()?;
    let config = tokio::select! {
        config = tokio::task::spawn_blocking(prepare) => {
            config.map_err(|e| Failure::Failed(format!("cannot start: {e}")))??
        }
        signal = signals.next() => return Ok(ControlFlow::Break(signal)),
    };
    let mut file = config.endpoints_file.as_deref().map(EndpointsFile::prepare).transpose()?;
    let (listeners, port) = listen(&config.listen, "--listen").await?;
    let base = base_url(config.public_url.as_deref(), &config.listen, port);
    let proxy_url = base_url(None, &config.listen, port);
    let stop = watch::Sender::new(false);
    let mut servers = JoinSet::new();
    let services = services::registry();
    let proxy = config.proxy.as_ref().map(|identity| Proxy::new(identity, services.hosts(), config.own_hosts(), port));
    let behind = Behind { router: router::front(&READY), proxy: proxy.map(Arc::new) };
    for listener in listeners {
        serve_on(BreakableListener::new(listener), behind.clone(), &mut servers, &stop);
    }
    let mut place = None;
    if let Some(tls) = &config.tls {
        let (listeners, port) = listen(&tls.listen, "--tls-listen").await?;
        for listener in listeners {
            let behind = Behind { proxy: None, ..behind.clone() };
            serve_on(TlsListener::new(listener, tls), behind, &mut servers, &stop);
        }
        let authority = config.control && tls.identity.authority().is_some();
        place = Some(TlsPlace::new(config.public_url.as_deref(), &base, &tls.listen, port, authority));
    }

    let timeout = config.shutdown_timeout;
    let progress = Progress::default();
    let watch = Watch::start(&progress, |line| tracing::info!(target: PROGRESS, "{line}"));
    let opened = OnceLock::new();
    let is_file = matches!(config.location, Location::File(_));
    let mut starting = Box::pin(startup::start_with(config, services, &progress, &opened));
    let started = tokio::select! {
        started = &mut starting => started,
        signal = signals.next() => {
            drop(watch);
            tokio::select! {
                closed = close_early(starting, &opened, is_file) => closed?,
                _ = signals.next() => {}
            }
            return Ok(ControlFlow::Break(signal));
        }
    };
    let Locum { app, services, seeds, plan, router } = started.map_err(|error| describe_start(&error))?;
    drop(watch);
    let _ = READY.set(router);
    let reloader = Reloader::new(&app, &services, &seeds);
    if let Some(reloader) = &reloader {
        servers.spawn(Arc::clone(reloader).watch());
    }
    let found = match plan {
        Some(plan) => Some((plan.credentials(), plan)),
        None => known_credentials::find(&app, &seeds).await,
    };
    let (credentials, plan) = found.unzip();
    let credentials = credentials.unwrap_or_default();
    let works = |token: &PlainToken| credentials.iter().any(|shown| shown.token.expose() == token.expose());
    let endpoints =
        Endpoints::new(&base, DEFAULT_SPACE, plan.as_ref(), &works).with(place.iter().flat_map(TlsPlace::variables));
    if let Some(file) = &mut file {
        file.write(&endpoints)?;
    }
    let tls = place;
    Ok(ControlFlow::Continue(Running {
        app,
        services,
        base,
        tls,
        proxy_url,
        endpoints,
        signals,
        credentials,
        file,
        stop,
        reloader,
        servers,
        timeout,
    }))
}

/// Closes what a start has opened that is broken off. A file is opened first, because a process that ends while SQLite
/// opens or closes it leaves a log behind of which nobody can say whether it is needed.
async fn close_early(
    mut starting: Pin<Box<impl Future<Output = Result<Locum, StartError>>>>,
    opened: &OnceLock<App>,
    is_file: bool,
) -> Result<(), Failure> {
    if is_file && opened.get().is_none() {
        poll_fn(|context| match starting.as_mut().poll(context) {
            Poll::Pending if opened.get().is_none() => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(describe_start(&error))),
            _ => Poll::Ready(Ok(())),
        })
        .await?;
    }
    // Before the database is closed, because it may be in the middle of a write.
    drop(starting);
    match opened.get() {
        Some(app) => app.db.close().await.map_err(|error| describe_stop(&error)),
        None => Ok(()),
    }
}

fn describe_start(error: &StartError) -> Failure {
    if error.is_usage() { Failure::Usage(error.to_string()) } else { Failure::Failed(with_causes(error)) }
}

/// Makes a failed stop of what closing the database fails with, because the exit code tells that the file is not whole.
fn describe_stop(error: &Error) -> Failure {
    let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Failure::Failed(format!("stopped, but {why}"))
}

/// Serves what comes to one listener, until it is told to stop.
fn serve_on<L: Listener<Io: Breakable + Sync>>(
    listener: L,
    behind: Behind,
    servers: &mut JoinSet<()>,
    stop: &watch::Sender<bool>,
) {
    let mut stopping = stop.subscribe();
    let described = async move {
        // An error means that the sender is gone, which is a stop too.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    servers.spawn(connections::serve(listener, behind, described));
}

impl Running {
    /// Until a signal ends it. SIGHUP reads the seeds again, where that is asked for.
    async fn wait_for_end(&mut self) {
        let Some(reloader) = &self.reloader else {
            self.signals.next().await;
            return;
        };
        let reload = || {
            let reloader = Arc::clone(reloader);
            self.servers.spawn(async move { reloader.reload().await });
        };
        self.signals.next_but_hangups(reload).await;
    }

    /// Lets requests end that are under way, for as long as the settings say, and closes the database; breaks off at
    /// one more signal. What fails is that the database is not closed as it should be.
    pub(super) async fn stop(mut self) -> ControlFlow<Signal, Result<(), Failure>> {
        self.app.stop();
        // Nobody who looks for the server from here on should find it.
        drop(self.file.take());
        let _ = self.stop.send(true);
        let drained = async { while self.servers.join_next().await.is_some() {} };
        tokio::select! {
            _ = tokio::time::timeout(self.timeout, drained) => {}
            signal = self.signals.next() => return ControlFlow::Break(signal),
        }
        self.servers.abort_all();
        tokio::select! {
            closed = self.app.db.close() => ControlFlow::Continue(closed.map_err(|error| describe_stop(&error))),
            signal = self.signals.next() => ControlFlow::Break(signal),
        }
    }
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

/// Opens what a setting names, and tells the port. `localhost` is both loopbacks; one of them is enough, as in a
/// container without IPv6.
async fn listen(listen: &Listen, setting: &str) -> Result<(Vec<TcpListener>, u16), Failure> {
    let listeners = open(listen, setting).await?;
    let port = listeners.iter().find_map(|l| l.local_addr().ok()).map_or(listen.port, |address| address.port());
    Ok((listeners, port))
}

async fn open(listen: &Listen, setting: &str) -> Result<Vec<TcpListener>, Failure> {
    let failed = |e: &std::io::Error| {
        let hint = match e.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!(" (something listens there already: choose another with {setting}, port 0 is any free one)")
            }
            _ => String::new(),
        };
        Failure::Failed(format!("cannot listen on {listen}: {e}{hint}"))
    };
    if listen.host != "localhost" {
        let bind = async |host: &str| TcpListener::bind((host, listen.port)).await;
        let listener = or_by_ipv4(&listen.host, setting, bind).await.map_err(|e| failed(&e))?;
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

/// Binds to a host. Where that is every address of both families, and the kernel has no IPv6, every one of IPv4 is
/// meant.
async fn or_by_ipv4<T>(host: &str, setting: &str, bind: impl AsyncFn(&str) -> io::Result<T>) -> io::Result<T> {
    use io::ErrorKind::{AddrNotAvailable, Unsupported};
    match bind(host).await {
        Err(error)
            if host == "::"
                && (is_without_family(&error) || [AddrNotAvailable, Unsupported].contains(&error.kind())) =>
        {
            tracing::warn!(%error, "there is no IPv6 here: {setting} takes connections by IPv4 alone");
            bind("0.0.0.0").await
        }
        done => done,
    }
}

/// The kernel does not know the family of the address.
fn is_without_family(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

/// Prints where things are, and how to call them.
fn announce(running: &Running, out: &mut impl Write) -> io::Result<()> {
    let Running { app, base, tls, proxy_url, credentials, .. } = running;
    let config = &app.config;
    writeln!(
        out,
        "locum {} ({}, id seed {})",
        env!("CARGO_PKG_VERSION"),
        config.location.describe(),
        config.id_seed.0
    )?;
    for service in running.services.iter() {
        let Service { name, title, base_path, .. } = *service;
        writeln!(out, "{title:<21} {base}{base_path}")?;
        for shown in credentials.iter().filter(|shown| shown.service == name).take(SHOWN_PER_SERVICE) {
            writeln!(out, "  {:<33} {}  {}", shown.who, shown.organization, shown.headers.join("  "))?;
        }
    }
    if config.control {
        writeln!(out, "{:<21} {base}{}", "Control API", crate::control::BASE)?;
        writeln!(out, "{:<21} {base}{}/", "Pages", crate::web::BASE)?;
        writeln!(out, "{:<21} {base}{}/docs", "Documents", crate::control::BASE)?;
    }
    if let Some(tls) = tls {
        writeln!(out, "{:<21} {}", "Over TLS", tls.url)?;
    }
    if config.proxy.is_some() {
        writeln!(out, "{:<21} {proxy_url}", "Proxy")?;
    }
    if config.control && config.authority().is_some() {
        let authority = ca_certificate_url(base);
        writeln!(out, "  {:<33} curl -s -o locum-ca.crt '{authority}'", "for clients to trust")?;
    }
    let mut services = Vec::new();
    for shown in credentials {
        if services.contains(&shown.service) {
            continue;
        }
        if services.is_empty() {
            writeln!(out, "Try it:")?;
        }
        services.push(shown.service);
        writeln!(out, "  {}", shown.write_curl(base))?;
    }
    writeln!(out, "locum ready {base}")
}

/// Credentials that the banner shows of one service: enough to start with.
const SHOWN_PER_SERVICE: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_there_is_no_ipv6_every_address_is_every_one_of_ipv4() {
        let by_ipv4_alone = async |host: &str| match host {
            "0.0.0.0" => Ok("bound"),
            _ => Err(io::Error::from_raw_os_error(rustix::io::Errno::AFNOSUPPORT.raw_os_error())),
        };
        assert_eq!(or_by_ipv4("::", "--listen", by_ipv4_alone).await.unwrap(), "bound");
        assert!(or_by_ipv4("::1", "--listen", by_ipv4_alone).await.is_err());
        let in_use = async |_: &str| Err::<(), _>(io::ErrorKind::AddrInUse.into());
        assert_eq!(or_by_ipv4("::", "--listen", in_use).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
