//! The window of a seat.
//!
//! A thin shell: it starts the desk's engine, opens one window, carries that window's intents to the
//! engine and the engine's states to the window. It decides nothing. The window holds no truth: when
//! its page dies or is reloaded it subscribes again and gets the whole state, and the call, which
//! lives in the engine, does not notice.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
#![forbid(unsafe_code)]

mod args;
mod engine;
mod feed;
mod manners;
mod page;
mod tel;
mod window;
mod words;

use anyhow::Context;
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise. The media libraries below us tell every step of
/// every connection, which hides what IT looks for.
const LOG: &str = "info,rtc=error,rtc_ice=error,rtc_dtls=error,webrtc=error";

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| LOG.into()))
        .with_writer(std::io::stderr)
        .init();
    window::prepare();
    let start = args::Args::parse().start(std::env::var("SIAGA_PASSWORD").ok());

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the threads of the engine")?;
    tauri::async_runtime::set(runtime.handle().clone());
    window::run(start)
}
