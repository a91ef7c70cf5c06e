//! Random people on random networks.
