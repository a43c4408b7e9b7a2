//! What the recorder of a killed hub left behind.

use crate::core::AuditEvent;
use siaga_hub_store::{EventRecord, RecordingRecord, Store, StoreError, Write};
use siaga_model::Timestamp;
use siaga_switch::{RecordingReport, recover_recordings as seal};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Why what was recorded could not be brought in. A hub starts all the same: the files stay.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The folder cannot be read.
    #[error("the folder of recordings cannot be read: {0}")]
    Folder(#[from] std::io::Error),
    /// The store does not work.
    #[error("recovered recordings could not be stored: {0}")]
    Store(#[from] StoreError),
}

/// Seals what was being recorded when the process before this one was killed, and stores it with its
/// calls. Call it before a switch that is built in is started with the same folder. Gives what was
/// found, in the order of calls; a second run finds nothing.
///
/// # Errors
/// See [`RecoveryError`].
pub async fn recover_recordings(
    store: &dyn Store,
    folder: &Path,
    at: Timestamp,
) -> Result<Vec<RecordingReport>, RecoveryError> {
    // By name: the folder may have been moved, or be given in another way.
    let known: BTreeSet<OsString> = store
        .recording_files()
        .await?
        .into_iter()
        .filter_map(|file| PathBuf::from(file).file_name().map(OsString::from))
        .collect();
    let folder = folder.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        seal(&folder, |file| file.file_name().is_some_and(|name| known.contains(name)))
    });
    let found = reading.await.map_err(std::io::Error::other)??;
    for (file, why) in found.broken {
        tracing::error!(file = %file.display(), why, "a recording cannot be played");
    }
    for report in &found.sealed {
        let sealed = AuditEvent::RecordingRecovered { call: report.call, sha256: &report.sha256 };
        let body = serde_json::to_string(&sealed)
            .map_err(|error| StoreError::Damaged { what: "event", why: error.to_string() })?;
        let record = RecordingRecord {
            call: report.call,
            number: None,
            file: report.file.to_string_lossy().into_owned(),
            starts_at: report.starts_at,
            seconds: report.seconds,
            channels: report.channels,
            sha256: report.sha256.clone(),
        };
        let event = EventRecord { at, call: Some(report.call), body };
        store.apply(&[Write::Event(event), Write::Recording(record)]).await?;
        tracing::warn!(call = %report.call, seconds = report.seconds, "a recording was recovered");
    }
    Ok(found.sealed)
}
