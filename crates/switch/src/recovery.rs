//! What a switch that was killed had recorded.

use crate::RecordingReport;
use siaga_model::CallId;
use siaga_recording::{Seal, recover};
use std::io;
use std::path::{Path, PathBuf};

/// What [`recover_recordings`] found.
#[derive(Debug, Default)]
pub struct RecoveredRecordings {
    /// Recordings that are sealed now, those of a call in the order in which they were made. Store
    /// them with their calls as if they had come as [`SwitchEvent::Recorded`](crate::SwitchEvent).
    pub sealed: Vec<RecordingReport>,
    /// Files with a recording's name that cannot be played, and why: for IT. They stay.
    pub broken: Vec<(PathBuf, String)>,
}

impl RecordingReport {
    /// The report of a file that was sealed.
    pub fn of(call: CallId, seal: Seal) -> Self {
        Self {
            call,
            file: seal.file,
            starts_at: seal.starts_at,
            seconds: seal.seconds,
            channels: seal.channels,
            sha256: seal.sha256,
        }
    }
}

/// Finds and seals what was being recorded when the process before this one was killed. Call it with
/// the switch's folder of recordings before the switch is started; it blocks while it reads. `is_known`
/// says of a file whether its report is stored. A second run finds the same until it is. At most the
/// last second of a recording is lost.
///
/// # Errors
/// When the folder cannot be read; one that does not exist holds nothing.
pub fn recover_recordings(
    folder: &Path,
    is_known: impl Fn(&Path) -> bool,
) -> io::Result<RecoveredRecordings> {
    let found = recover(folder, is_known)?;
    Ok(RecoveredRecordings {
        sealed: found
            .sealed
            .into_iter()
            .map(|one| RecordingReport::of(one.call, one.seal))
            .collect(),
        broken: found.broken.into_iter().map(|(path, why)| (path, why.to_string())).collect(),
    })
}
