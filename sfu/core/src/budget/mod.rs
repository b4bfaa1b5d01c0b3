//! Policy: which layer a subscription should get. It knows nothing of packets; the selector knows nothing of budgets.

pub(crate) mod plan;
