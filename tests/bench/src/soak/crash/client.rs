//! Clients that know the right answer. A request may fail while servers come and go; a body may not differ.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::http::{Response, get};

/// A request and the one right body.
#[derive(Clone)]
pub(super) struct Image {
    pub(super) target: String,
    pub(super) body: Vec<u8>,
}

pub(super) struct Clients<'i> {
    images: &'i [Image],
    address: Mutex<String>,
    compared: AtomicU64,
    hits: AtomicU64,
    failed: AtomicU64,
    wrong: AtomicU64,
}

/// Marsaglia's xorshift with the shifts 13, 7 and 17.
pub(super) struct Random(u64);

impl<'i> Clients<'i> {
    pub(super) fn new(images: &'i [Image]) -> Self {
        Self {
            images,
            address: Mutex::default(),
            compared: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
        }
    }

    /// From now on this server is asked.
    pub(super) fn meet(&self, address: &str) {
        address.clone_into(&mut self.address.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Asks for one image after the other, for some more often than for others.
    pub(super) fn ask_until(&self, over: &AtomicBool, mut random: Random) {
        while !over.load(Ordering::Relaxed) {
            let count = self.images.len() as u64;
            let at = random.next() % (random.next() % count + 1);
            if self.ask(&self.images[at as usize]).is_err() {
                self.failed.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(5));
            }
        }
    }

    /// Asks for each image once.
    pub(super) fn ask_for_each(&self) -> Result<()> {
        self.images.iter().try_for_each(|image| self.ask(image))
    }

    fn ask(&self, image: &Image) -> Result<()> {
        let address = self.address.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let response = get(&address, &image.target)?;
        let promised: usize = response
            .header("content-length")
            .context("no Content-Length")?
            .parse()?;
        // A body that is cut off has to be a part of the right one, too.
        let is_right = promised == image.body.len() && image.body.starts_with(&response.body);
        if !is_right {
            self.wrong.fetch_add(1, Ordering::Relaxed);
            println!("wrong: {} from {}", image.target, said(&response));
        }
        self.compared.fetch_add(1, Ordering::Relaxed);
        self.hits
            .fetch_add(u64::from(said(&response) == "hit"), Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn compared(&self) -> u64 {
        self.compared.load(Ordering::Relaxed)
    }

    pub(super) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(super) fn wrong(&self) -> u64 {
        self.wrong.load(Ordering::Relaxed)
    }
}

fn said(response: &Response) -> &str {
    response.header("x-cache").unwrap_or_default()
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Fisher and Yates.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.next() % (last as u64 + 1);
            items.swap(last, other as usize);
        }
    }
}
