//! Looks names up for the HTTP client and lets the guard see every address before one is connected to. The client
//! connects to the addresses that come from here and asks no one again: what was checked is what is connected to, so a
//! name that resolves to something else a moment later gains nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::Guard;

/// As the system resolves names: its hosts file, its name servers.
#[derive(Debug)]
pub(crate) struct System;

/// Another resolver, watched. One forbidden address spoils the name: whoever owns it either tries something or does not
/// know what they publish, and which of its addresses would be taken is chance.
#[derive(Debug)]
pub(crate) struct Guarded<R> {
    pub(crate) inner: R,
    pub(crate) guard: Arc<Guard>,
}

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The client puts the URL's port in place of none.
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

impl<R: Resolve> Resolve for Guarded<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let resolving = self.inner.resolve(name);
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = resolving.await?.collect();
            for address in &addresses {
                guard.check(address.ip())?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
