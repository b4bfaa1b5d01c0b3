//! What each client may still ask for.

use sfu_model::id::RoomId;

use crate::limits::Limits;
use crate::rate::{Budgets, ClientPrefix};

/// One budget per kind of request, and one for wrong credentials.
#[derive(Debug)]
pub(crate) struct ClientBudgets {
    pub(crate) posts: Budgets<ClientPrefix>,
    pub(crate) patches: Budgets<ClientPrefix>,
    pub(crate) deletes: Budgets<ClientPrefix>,
    /// By stream as well: who has another's key wrong locks nobody out who is behind the same address.
    pub(crate) failed_auths: Budgets<(ClientPrefix, RoomId)>,
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
        let tables = [&self.posts, &self.patches, &self.deletes];
        let n_shared: u64 = tables.iter().map(|budgets| budgets.n_shared()).sum();
        n_shared + self.failed_auths.n_shared()
    }
}
