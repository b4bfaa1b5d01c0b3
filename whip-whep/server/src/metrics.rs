//! What operators see: requests by outcome, limits met, sessions open.

use std::sync::{Arc, Weak};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use whip_whep_core::limits::Limit;
use whip_whep_core::request::Endpoint;

use crate::exchange::Exchange;

/// Registers the counters that are kept here, and reads the rest from the core when somebody scrapes.
pub(crate) fn register(registry: &mut Registry, exchange: &Arc<Exchange>) {
    registry.register(
        "whip_whep_requests",
        "Requests to the WHIP and WHEP endpoints and session URLs",
        exchange.requests().clone(),
    );
    registry.register_collector(Box::new(CoreCollector(Arc::downgrade(exchange))));
}

/// Weak: a registry must not keep a stopped service alive.
#[derive(Debug)]
struct CoreCollector(Weak<Exchange>);

impl Collector for CoreCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Some(exchange) = self.0.upgrade() else {
            return Ok(());
        };
        let (hits, refusals, n_whip, n_whep, n_lenient, n_coalesced) = exchange.with_core(|core| {
            let n_of = |endpoint| i64::try_from(core.n_sessions(endpoint)).unwrap_or(i64::MAX);
            let (n_whip, n_whep) = (n_of(Endpoint::Whip), n_of(Endpoint::Whep));
            let refusals = core.refusals().clone();
            let n_lenient = core.n_lenient_patches();
            let n_coalesced = core.n_events_coalesced();
            (
                core.limit_hits(),
                refusals,
                n_whip,
                n_whep,
                n_lenient,
                n_coalesced,
            )
        });
        let limits = ConstCounter::<u64>::new(0);
        let mut of_limit = encoder.encode_descriptor(
            "whip_whep_limit_hits",
            "How often a limit was met",
            None,
            limits.metric_type(),
        )?;
        for limit in Limit::ALL {
            let labels = [("limit", limit.label())];
            let encoder = of_limit.encode_family(&labels)?;
            ConstCounter::new(hits.of(limit)).encode(encoder)?;
        }
        let mut of_code = encoder.encode_descriptor(
            "whip_whep_refusals",
            "Refused requests, by the code of the problem",
            None,
            ConstCounter::<u64>::new(0).metric_type(),
        )?;
        for (code, n) in refusals.by_code() {
            let labels = [("code", code)];
            ConstCounter::new(n).encode(of_code.encode_family(&labels)?)?;
        }
        let mut of_endpoint = encoder.encode_descriptor(
            "whip_whep_sessions",
            "Sessions whose URL exists",
            None,
            ConstGauge::new(n_whip).metric_type(),
        )?;
        for (endpoint, n) in [(Endpoint::Whip, n_whip), (Endpoint::Whep, n_whep)] {
            let labels = [("endpoint", endpoint.label())];
            let encoder = of_endpoint.encode_family(&labels)?;
            ConstGauge::new(n).encode(encoder)?;
        }
        let coalesced = ConstCounter::new(n_coalesced);
        let of_coalesced = encoder.encode_descriptor(
            "whip_whep_events_coalesced",
            "Events that gave way to a later one of their kind before they were pulled",
            None,
            coalesced.metric_type(),
        )?;
        coalesced.encode(of_coalesced)?;
        let lenient = ConstCounter::new(n_lenient);
        let of_lenient = encoder.encode_descriptor(
            "whip_whep_lenient_patches",
            "PATCHes that only compat.lenient_patch let through",
            None,
            lenient.metric_type(),
        )?;
        lenient.encode(of_lenient)
    }
}
