//! What each client may still ask for.

use crate::limits::Limits;
use crate::rate::{Budgets, ClientPrefix};

/// One budget per kind of request, and one for wrong credentials.
#[derive(Debug)]
pub(crate) struct ClientBudgets {
    pub(crate) posts: Budgets<ClientPrefix>,
    pub(crate) patches: Budgets<ClientPrefix>,
    pub(crate) deletes: Budgets<ClientPrefix>,
    pub(crate) failed_auths: Budgets<ClientPrefix>,
}

impl ClientBudgets {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            posts: Budgets::new(limits.posts_per_client),
            patches: Budgets::new(limits.patches_per_client),
            deletes: Budgets::new(limits.deletes_per_client),
            failed_auths: Budgets::new(limits.failed_auths_per_client),
        }
    }

    /// How often a newcomer met a full table.
    pub(crate) fn n_shared(&self) -> u64 {
        let tables = [
            &self.posts,
            &self.patches,
            &self.deletes,
            &self.failed_auths,
        ];
        tables.iter().map(|budgets| budgets.n_shared()).sum()
    }
}
