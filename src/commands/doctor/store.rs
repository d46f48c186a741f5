//! The checks of the store: whether it answers, takes changes, and keeps what it took.

use tokio::time::{Instant, timeout_at};

use super::check::Check;
use super::fixes::Fixes;
use crate::app::App;
use crate::config::{Deployment, RedisTarget, ServerAddress, Settings, StoreSettings};
use crate::error::{Error, Exit};
use crate::otp::Hint;

pub(super) async fn state(app: &App, settings: &Settings, end: Instant) -> Vec<Check> {
    let fixes = Fixes::new(app, settings);
    let mut checks = match timeout_at(end, app.examined_store()).await {
        Ok(Ok(symptoms)) => symptoms.into_iter().map(|symptom| Check::of(symptom, &fixes)).collect(),
        Ok(Err(error)) => vec![Check::fail("store.reach", &app.explained(error))],
        Err(_) => {
            let late = Error::said(Exit::StoreUnreachable, "the store does not answer in time");
            vec![Check::fail("store.reach", &late.hint(Hint::run(&["config", "show", "--origin"])))]
        }
    };
    checks.extend(tls(settings));
    checks
}

/// What travels: phones, users, and what is left of codes; and the password of the store.
fn tls(settings: &Settings) -> Option<Check> {
    let StoreSettings::Redis(redis) = &settings.store else { return None };
    let nodes: &[ServerAddress] = match &redis.deployment {
        Deployment::Alone(RedisTarget::Unix { .. }) => &[],
        Deployment::Alone(RedisTarget::Tcp { node, .. }) => std::slice::from_ref(node),
        Deployment::Cluster(nodes) => nodes,
        Deployment::Sentinel(own) => &own.nodes,
    };
    let encrypted =
        redis.tls.is_some() || matches!(redis.deployment, Deployment::Alone(RedisTarget::Tcp { tls: true, .. }));
    Some(match nodes.iter().find(|node| !is_here(&node.host)) {
        _ if encrypted => Check::ok("store.tls", "in use, and certificates are verified"),
        None => Check::ok("store.tls", "not in use, within this machine"),
        Some(ServerAddress { host, .. }) => {
            let text = format!("phones, users and the password travel to {host} unencrypted");
            Check::warn("store.tls", text, "under [store.redis]: rediss:// in `url`, or `tls`")
        }
    })
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}
