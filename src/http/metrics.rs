//! What is counted, for Prometheus.

use std::{fmt, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram, info::Info},
    registry::Registry,
};

use crate::http::decide::Decision;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Stands where a request is none of a service's operations.
const NONE: &str = "none";
/// Upper bounds in seconds, from what a list takes to what a client gives up at.
const BUCKETS: [f64; 12] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Operation, Histogram>,
    injected: Family<Operation, Counter>,
    limited: Family<Operation, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    service: &'static str,
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    service: &'static str,
    operation: &'static str,
    status: u16,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("locum");
        let requests = Family::default();
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let (injected, limited) = (Family::default(), Family::default());
        registry.register("build", "The running version", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register("requests", "Requests answered, by operation and status", requests.clone());
        registry.register("request_duration_seconds", "How long answers took", durations.clone());
        registry.register("faults_injected", "Requests that an injected fault hit", injected.clone());
        registry.register(
            "rate_limited",
            "Requests that came after the last one that a rate limit lets through",
            limited.clone(),
        );
        Self { registry, requests, durations, injected, limited }
    }
}

impl Metrics {
    /// Counts a request of the services.
    pub fn count(&self, decision: &Decision, status: u16, elapsed: Duration) {
        let service = decision.service.unwrap_or(NONE);
        let operation = decision.identified.operation.unwrap_or(NONE);
        let of = Operation { service, operation };
        self.requests.get_or_create(&Answered { service, operation, status }).inc();
        self.durations.get_or_create(&of).observe(elapsed.as_secs_f64());
        if decision.fault.is_some() {
            self.injected.get_or_create(&of).inc();
        }
        if decision.standing.as_ref().is_some_and(|standing| standing.exceeded) {
            self.limited.get_or_create(&of).inc();
        }
    }

    /// All of it, as `OpenMetrics` text, which is what Prometheus reads.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
