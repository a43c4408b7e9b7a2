//! Virtual clock, lossy network, scripted peers; for tests and training only
