//! One vault for the clients of one life of the app.

use std::sync::{Arc, Mutex, PoisonError};

use bellwire_client::native::Vault;
use bellwire_core::Record;

/// Hands the same vault to one client after the other: when a page with its own peer connections
/// was loaded anew, another core takes over.
#[derive(Clone)]
pub(super) struct SharedVault(Arc<Mutex<Box<dyn Vault>>>);

impl SharedVault {
    pub(super) fn new(vault: Box<dyn Vault>) -> Self {
        Self(Arc::new(Mutex::new(vault)))
    }
}

impl Vault for SharedVault {
    fn load(&mut self) -> Vec<Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).load()
    }

    fn keep(&mut self, record: Record) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(record);
    }
}
