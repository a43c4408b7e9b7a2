//! What a recorder that was killed left behind: found, and sealed as it is.

use crate::{Seal, VerifyError, reader, verify};
use siaga_model::CallId;
use std::io;
use std::path::{Path, PathBuf};

/// The ending of every recording's name.
pub(crate) const EXTENSION: &str = "opus";

/// What [`recover`] found.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Playable files, sealed now, in the order of their names: for one call in the order in which
    /// they were recorded.
    pub sealed: Vec<Recovered>,
    /// Files with a recording's name that hold none, e.g. of no length because the disk was full.
    /// They are left where they are.
    pub broken: Vec<(PathBuf, VerifyError)>,
}

/// A file that nobody had sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovered {
    /// Its call.
    pub call: CallId,
    /// Its seal, over every byte as the recorder left it; its length is that of what can be played.
    pub seal: Seal,
    /// Whether its recorder ended it, so that only the seal was lost. Otherwise at most the last
    /// second of the call is missing.
    pub complete: bool,
}

/// Seals the recordings in a folder that a killed process left unsealed. `is_known` says of a file
/// whether its seal is stored; those are not read. No file is changed, so that a second run gives the
/// same. Call it before anything is recorded into the folder: a file that is still written would get a
/// seal that is wrong a moment later. Files that are not named like a recording, and folders, are
/// passed over. Reads everything it seals; for 1 h that is 15 MB.
///
/// # Errors
/// When the folder cannot be read. One that does not exist holds nothing.
pub fn recover(directory: &Path, is_known: impl Fn(&Path) -> bool) -> io::Result<Recovery> {
    let mut files = Vec::new();
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Recovery::default()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_file()
            && let Some(name) = name_of(&path)
            && !is_known(&path)
        {
            files.push((name, path));
        }
    }
    files.sort();
    let mut recovery = Recovery::default();
    for ((call, _), path) in files {
        match recover_one(call, &path) {
            Ok(recovered) => recovery.sealed.push(recovered),
            Err(error) => recovery.broken.push((path, error)),
        }
    }
    Ok(recovery)
}

fn recover_one(call: CallId, path: &Path) -> Result<Recovered, VerifyError> {
    let verified = verify(path)?;
    if verified.call.is_some_and(|tagged| tagged != call) {
        return Err(VerifyError::OtherCall { path: path.to_owned() });
    }
    let complete = verified.complete;
    Ok(Recovered { call, seal: reader::seal_of(path.to_owned(), verified), complete })
}

/// The call and the number among its files that a recording's name says.
fn name_of(path: &Path) -> Option<(CallId, u32)> {
    if path.extension()? != EXTENSION {
        return None;
    }
    let stem = path.file_stem()?.to_str()?;
    if let Ok(call) = stem.parse() {
        return Some((call, 1));
    }
    let (call, number) = stem.rsplit_once('-')?;
    Some((call.parse().ok()?, number.parse().ok()?))
}

/// The name of a call's file, counted from 1.
pub(crate) fn file_name(call: CallId, number: u32) -> String {
    if number == 1 { format!("{call}.{EXTENSION}") } else { format!("{call}-{number}.{EXTENSION}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_its_call_and_its_number_and_foreign_names_say_nothing() {
        let call = CallId::from_parts(1_795_000_000_000, 110);
        for number in [1, 2, 17] {
            let path = Path::new("/somewhere").join(file_name(call, number));
            assert_eq!(name_of(&path), Some((call, number)));
        }
        for name in ["notes.txt", "music.opus", "-2.opus", "a-2.opus"] {
            assert_eq!(name_of(Path::new(name)), None, "{name}");
        }
        assert_eq!(name_of(Path::new(&format!("{call}.ogg"))), None);
        assert_eq!(name_of(Path::new(&format!("{call}-x.opus"))), None);
    }
}
