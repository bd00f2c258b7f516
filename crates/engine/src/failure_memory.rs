//! Failure memory: remembers for a short time which sources could not be decoded or were too large. Such a source is
//! then not downloaded and tried again for each request. Asked and filled by `produce`, emptied by `purge`.

use std::time::Instant;

use moka::sync::Cache;
use resizer_imaging::Limits;
use resizer_plugin_api::engine::MountedSource;
use resizer_plugin_api::{ByteSize, CacheKey, Error, ErrorKind, SourceKey, Validator};

use crate::purge_epoch::PurgeEpoch;
use crate::site::Site;

/// How many failures are remembered at most.
const MOST: u64 = 10_000;

/// The memory: failures by source and version.
pub(crate) struct FailureMemory(Cache<(SourceKey, Validator), Failure>);

#[derive(Clone, Debug)]
struct Failure {
    error: Error,
    at: Instant,
    /// The limits that were in force.
    limits: (Limits, ByteSize),
}

/// The source and the version that a request asks for, and the limits that are in force for it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'r> {
    pub(crate) site: &'r Site,
    pub(crate) mount: &'r MountedSource,
    pub(crate) key: &'r CacheKey,
}

impl FailureMemory {
    pub(crate) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// The error that this version of the source ended with, within `failure_memory`. An error about size counts only
    /// while the limits are the same, and one about damage while damaged sources are shown or refused as then.
    pub(crate) fn known(&self, asked: Asked<'_>) -> Option<Error> {
        let Asked { site, key, .. } = asked;
        let failure = self.0.get(&(key.source.clone(), key.validator.clone()))?;
        let fresh = failure.at.elapsed() < site.server().failure_memory.0;
        let (now, then) = (asked.limits(), &failure.limits);
        let holds = match failure.error.kind() {
            ErrorKind::TooLarge => now == *then,
            _ => now.0.show_damaged == then.0.show_damaged,
        };
        (fresh && holds).then_some(failure.error)
    }

    /// Notes a failure that lies in the source itself; other errors are ignored. Noted under the version that was asked
    /// for and under the version that came.
    pub(crate) fn note(&self, asked: Asked<'_>, epoch: &PurgeEpoch, came: &Validator, error: &Error) {
        let key = asked.key;
        if !matches!(
            error.kind(),
            ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::TooLarge
        ) {
            return;
        }
        let failure = Failure {
            error: error.clone(),
            at: Instant::now(),
            limits: asked.limits(),
        };
        for validator in [came, &key.validator] {
            let version = (key.source.clone(), validator.clone());
            epoch.remember(&key.source, || self.0.insert(version, failure.clone()));
        }
    }

    pub(crate) fn remove_all(&self, is_meant: impl Fn(&SourceKey) -> bool) {
        let meant = self.0.iter().filter(|(version, _)| is_meant(&version.0));
        meant.for_each(|(version, _)| self.0.invalidate(&*version));
    }
}

impl Asked<'_> {
    fn limits(self) -> (Limits, ByteSize) {
        (self.site.limits(self.mount), self.site.server().max_source_bytes)
    }
}
