//! Puts the files where they belong, and says what differs from them.

use super::system::SECRET;
use super::{File, Plan};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why a PBX cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct InstallError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// A file that is not as the plan wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is not there.
    Missing(PathBuf),
    /// A line of a text differs; the first one.
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is installed; empty: the file ends before it.
        installed: String,
        /// What the plan wants; empty: the file should end before it.
        planned: String,
    },
    /// Another sound.
    Sound(PathBuf),
    /// A secret can be read by others.
    Readable(PathBuf),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{}: missing", path.display()),
            Self::Line { path, line, installed, planned } => {
                write!(f, "{}:{line}: installed {installed:?}, planned {planned:?}", path.display())
            }
            Self::Sound(path) => write!(f, "{}: another sound", path.display()),
            Self::Readable(path) => write!(f, "{}: others may read this secret", path.display()),
        }
    }
}

/// Writes `files` below `root` (`/` on the PBX itself, or a chroot or staging folder), with the folders
/// that Asterisk needs, and makes ARI's password if there is none. Gives what was changed.
///
/// # Errors
/// The first file that cannot be read or written.
pub fn install(plan: &Plan, files: &[File], root: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let p = &plan.paths;
    let raw = plan.pbx.recordings.join(crate::names::RAW);
    let keys = p.db.join("keys");
    for folder in [&p.etc, &p.db, &p.spool, &p.run, &p.log] {
        make(&below(root, folder))?;
    }
    for folder in [raw, keys] {
        make(&below(root, &folder))?;
    }
    let mut changed = Vec::new();
    for file in files {
        let path = below(root, &file.path);
        if fs::read(&path).is_ok_and(|there| there == file.contents) {
            continue;
        }
        if let Some(folder) = path.parent() {
            make(folder)?;
        }
        // A reader sees the old file or the new one.
        let fresh = path.with_extension("siaga-new");
        let fault = |source| InstallError { path: path.clone(), source };
        fs::write(&fresh, &file.contents).map_err(fault)?;
        fs::rename(&fresh, &path).map_err(fault)?;
        changed.push(file.path.clone());
    }
    changed.extend(secret(plan, root)?);
    Ok(changed)
}

/// What below `root` differs from `files`.
pub fn differences(plan: &Plan, files: &[File], root: &Path) -> Vec<Difference> {
    let mut found = Vec::new();
    for file in files {
        match fs::read(below(root, &file.path)) {
            Err(_) => found.push(Difference::Missing(file.path.clone())),
            Ok(there) if there == file.contents => {}
            Ok(there) => found.push(difference(file, &there)),
        }
    }
    for secret in [plan.ari.password_file.to_path_buf(), plan.paths.etc.join(SECRET)] {
        let path = below(root, &secret);
        if !path.is_file() {
            found.push(Difference::Missing(secret));
        } else if others_may_read(&path) {
            found.push(Difference::Readable(secret));
        }
    }
    found
}

fn difference(file: &File, there: &[u8]) -> Difference {
    let path = file.path.clone();
    if file.path.extension().is_none_or(|extension| extension != "conf") {
        return Difference::Sound(path);
    }
    let (installed, planned) =
        (String::from_utf8_lossy(there), String::from_utf8_lossy(&file.contents));
    let (mut a, mut b) = (installed.lines(), planned.lines());
    let mut line = 1;
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) if a == b => line += 1,
            (a, b) => {
                let text = |line: Option<&str>| line.unwrap_or_default().to_owned();
                return Difference::Line { path, line, installed: text(a), planned: text(b) };
            }
        }
    }
}

/// ARI's password: what is there stays; the hub reads the one file, Asterisk the other.
fn secret(plan: &Plan, root: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let (hub, pbx) = (plan.ari.password_file.to_path_buf(), plan.paths.etc.join(SECRET));
    let mut changed = Vec::new();
    let file = below(root, &hub);
    let password = match fs::read_to_string(&file) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let password = hex::encode(rand::random::<[u8; 16]>());
            write_secret(&file, &password)?;
            changed.push(hub);
            password
        }
        Err(source) => return Err(InstallError { path: file, source }),
    };
    let file = below(root, &pbx);
    let line = format!("password={password}\n");
    if !fs::read_to_string(&file).is_ok_and(|there| there == line) {
        write_secret(&file, line.trim_end())?;
        changed.push(pbx);
    }
    Ok(changed)
}

fn write_secret(path: &Path, secret: &str) -> Result<(), InstallError> {
    let fault = |source| InstallError { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        make(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(fault)?;
    writeln!(file, "{secret}").map_err(fault)
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_path: &Path) -> bool {
    false
}

fn make(folder: &Path) -> Result<(), InstallError> {
    fs::create_dir_all(folder).map_err(|source| InstallError { path: folder.to_owned(), source })
}

/// A path of the PBX below the root that it has here.
fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}
