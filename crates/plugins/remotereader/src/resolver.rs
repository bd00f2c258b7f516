//! DNS resolver with a guard: resolves names for the HTTP client and checks every address. The client connects to the
//! checked addresses and resolves no name again, so a name that resolves to another address a moment later (DNS
//! rebinding) gains nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::Guard;

/// The system's resolver: its hosts file and name servers.
#[derive(Debug)]
pub(crate) struct System;

/// Another resolver behind the guard. One forbidden address makes the whole name forbidden: its owner attacks this
/// server or has published the address by mistake, and chance would decide which address is connected to.
#[derive(Debug)]
pub(crate) struct Guarded<R> {
    pub(crate) inner: R,
    pub(crate) guard: Arc<Guard>,
}

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // Port 0: the client replaces it by the port of the URL.
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
