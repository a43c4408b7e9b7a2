//! What kind of machine this is, and where things lie on it. It looks; it changes nothing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The machine and the checkout this program works on.
#[derive(Debug)]
pub(crate) struct Machine {
    root: PathBuf,
    cache: PathBuf,
    target_dir: PathBuf,
    system: System,
    user: User,
}

/// Systems that differ in how they are set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Debian,
    Ubuntu,
    Windows,
    /// Nothing is installed here; the commands say what is missing.
    Other,
}

/// How this user can install packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    Root,
    /// `sudo -n` answers without a password.
    Sudo,
    Plain,
}

impl Machine {
    /// Finds the checkout, the cache and the kind of system.
    ///
    /// # Errors
    /// When there is no home folder to keep the build in.
    pub(crate) fn look_around() -> Result<Self, String> {
        // At run time, because with a shared target folder this program may have been compiled for
        // another checkout.
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().ok_or("xtask has no parent folder")?.to_path_buf();
        let cache = user_cache()?.join("siaga110");
        let target_dir = env::var_os("CARGO_TARGET_DIR").map_or_else(
            || cache.join("target"),
            |dir| {
                let dir = PathBuf::from(dir);
                if dir.is_absolute() { dir } else { root.join(dir) }
            },
        );
        let system = if cfg!(windows) {
            System::Windows
        } else {
            system_of(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
        };
        let user = if cfg!(windows) { User::Plain } else { user() };
        Ok(Self { root, cache, target_dir, system, user })
    }

    /// The checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where tools that are built once are kept, outside every checkout.
    pub(crate) fn cache(&self) -> &Path {
        &self.cache
    }

    /// The target folder, shared by every checkout of this user: a fresh clone then compiles only
    /// our own crates.
    pub(crate) fn target_dir(&self) -> &Path {
        &self.target_dir
    }

    /// The component files of the shipped plugins are written here.
    pub(crate) fn plugins_dir(&self) -> PathBuf {
        self.target_dir.join("plugins")
    }

    pub(crate) fn system(&self) -> System {
        self.system
    }

    pub(crate) fn user(&self) -> User {
        self.user
    }

    /// Whether everything can be installed here, so that nothing has an excuse to be skipped.
    pub(crate) fn can_do_everything(&self) -> bool {
        self.system == System::Debian && self.user == User::Root
    }

    /// Whether a window can be opened.
    pub(crate) fn has_display(&self) -> bool {
        !cfg!(target_os = "linux")
            || ["DISPLAY", "WAYLAND_DISPLAY"]
                .iter()
                .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
    }
}

/// Whether `program` can be started.
pub(crate) fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn user_cache() -> Result<PathBuf, String> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        return named("LOCALAPPDATA").ok_or_else(|| "LOCALAPPDATA is not set".to_owned());
    }
    named("XDG_CACHE_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".cache")))
        .ok_or_else(|| "neither XDG_CACHE_HOME nor HOME is set".to_owned())
}

fn system_of(os_release: &str) -> System {
    let id = os_release.lines().find_map(|line| line.strip_prefix("ID="));
    match id.map(|id| id.trim_matches('"')) {
        Some("debian") => System::Debian,
        Some("ubuntu") => System::Ubuntu,
        _ => System::Other,
    }
}

fn user() -> User {
    let id = Command::new("id").arg("-u").output();
    if id.is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        return User::Root;
    }
    let sudo = Command::new("sudo").args(["-n", "true"]).output();
    if sudo.is_ok_and(|output| output.status.success()) { User::Sudo } else { User::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_is_told_by_its_id_and_not_by_what_it_is_like() {
        assert_eq!(system_of("NAME=\"Debian\"\nID=debian\n"), System::Debian);
        assert_eq!(system_of("ID=ubuntu\nID_LIKE=debian\n"), System::Ubuntu);
        assert_eq!(system_of("ID=\"fedora\"\n"), System::Other);
        assert_eq!(system_of(""), System::Other);
    }
}
