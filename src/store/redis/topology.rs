//! Which server a command is for: the only one, the node of a Cluster that has its keys, or the master that the
//! Sentinels name.

use redis::cluster_routing::Slot;

use super::cluster::Slots;
use super::connection::{Patience, name};
use super::sentinel::Master;
use super::server::{Deployment, Endpoint, Server};
use crate::store::StoreError;

/// The destination of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// The server that has this slot.
    Slot(Slot),
    /// This node, and no other.
    Node(Endpoint),
    /// Any server that knows the others.
    Any,
}

/// How the servers belong together.
pub(super) enum Topology {
    Alone(Endpoint),
    Cluster(Slots),
    Sentinel(Box<Master>),
}

impl Topology {
    pub(super) fn new(server: &Server) -> Self {
        match &server.deployment {
            Deployment::Alone(endpoint) => Self::Alone(endpoint.clone()),
            Deployment::Cluster(seeds) => Self::Cluster(Slots::new(seeds.clone())),
            Deployment::Sentinel(sentinels) => {
                Self::Sentinel(Box::new(Master::new(sentinels, &Patience::with(server))))
            }
        }
    }

    /// What messages call the servers when none in particular is meant.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Alone(endpoint) => name(endpoint),
            Self::Cluster(_) => "the Redis Cluster".to_owned(),
            Self::Sentinel(master) => format!("the Redis that the Sentinels call `{}`", master.name()),
        }
    }

    /// The server for a command.
    pub(super) async fn endpoint(&self, to: &Destination) -> Result<Endpoint, StoreError> {
        match (self, to) {
            (_, Destination::Node(endpoint)) | (Self::Alone(endpoint), _) => Ok(endpoint.clone()),
            (Self::Cluster(slots), Destination::Slot(slot)) => slots.get(*slot),
            (Self::Cluster(slots), Destination::Any) => slots.any(),
            (Self::Sentinel(master), _) => master.get().await,
        }
    }

    /// Whether any server would do as well: it is not known which one a command is for.
    pub(super) fn guesses(&self, to: &Destination) -> bool {
        match (self, to) {
            (Self::Cluster(slots), Destination::Slot(slot)) => !slots.knows(*slot),
            (Self::Cluster(_), Destination::Any) => true,
            _ => false,
        }
    }

    /// How many servers there are to guess from.
    pub(super) fn seeds(&self) -> usize {
        if let Self::Cluster(slots) = self { slots.seeds() } else { 1 }
    }

    /// A server cannot be reached, or does not fulfill its role: the topology is determined again.
    pub(super) fn forget(&self, endpoint: &Endpoint) {
        match self {
            Self::Alone(_) => {}
            Self::Cluster(slots) => slots.forget(endpoint),
            Self::Sentinel(master) => master.forget(),
        }
    }

    /// Whether another server may replace one that was not reached, after this many that were not, and this
    /// many with which TLS failed.
    pub(super) fn recovers(&self, unreached: usize, tls_failures: usize) -> bool {
        match self {
            Self::Alone(_) => false,
            // If none of them answers, nothing says which has the slot now.
            Self::Cluster(slots) => unreached <= slots.seeds() && tls_failures < slots.seeds(),
            // As long as a Sentinel answers it may yet name another. The one that it names is not made trusted by time.
            Self::Sentinel(_) => tls_failures == 0,
        }
    }
}
