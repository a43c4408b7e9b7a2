//! A real Asterisk of a test's own: its own folder, loopback address and processes, so that several run
//! at once.
//!
//! It runs from a chroot that `cargo xtask test` builds and names in `SIAGA_ASTERISK_ROOT`; where there
//! is none, tests skip themselves ([`root_or_skip`]). The folder has the same path inside and outside,
//! so that a hub beside it reads what it records. The configuration in the folder's `etc` is the
//! caller's business. It ends when the handle does, and when the program that holds the handle is
//! killed.

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// Names the chroot.
const ROOT: &str = "SIAGA_ASTERISK_ROOT";

/// How long a start may take; it takes two seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often its console socket is looked for meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// In a mount namespace of its own: `$1` the chroot, `$2` the folder. Says Asterisk's process id and
/// lives until its standard input is closed.
const SCRIPT: &str = r#"
set -e
mount --make-rprivate /
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/tmp"
mkdir -p "$1$2"
mount --rbind "$2" "$1$2"
chroot "$1" /usr/sbin/asterisk -f -C "$2/etc/asterisk.conf" </dev/null >>"$2/console" 2>&1 &
pid=$!
echo "$pid"
cat >/dev/null || true
kill -KILL "$pid"
# Its ports are free only when it is gone.
wait "$pid" || true
"#;

/// The chroot, or a skip of `test`.
pub fn root_or_skip(test: &str) -> Option<PathBuf> {
    let root = std::env::var_os(ROOT).filter(|root| !root.is_empty()).map(PathBuf::from);
    if root.is_none() {
        crate::skip(test, "no Asterisk: `cargo xtask test` builds it on Debian as root");
    }
    root
}

/// Where an Asterisk of a test's own lives.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its folder.
    pub folder: PathBuf,
    /// Its address; every port of it is free.
    pub address: IpAddr,
    /// An address beside it for whoever plays the trunk's provider.
    pub trunk: IpAddr,
}

impl Place {
    /// A place in `folder`, which exists, at a loopback address that nobody uses (all of 127.0.0.0/8
    /// is this machine).
    ///
    /// # Errors
    /// When no free address is found, or the folder has no absolute path.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let folder = folder.canonicalize()?;
        for _ in 0..64 {
            let [a, b] = rand::random::<[u8; 2]>();
            let address = |last| Ipv4Addr::new(127, 64 + a % 64, b, last);
            // ARI's port stands for all of them.
            if TcpListener::bind((address(1), 8_088)).is_ok() {
                let (address, trunk) = (address(1).into(), address(2).into());
                return Ok(Self { folder, address, trunk });
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "no free loopback address"))
    }
}

/// A running Asterisk.
#[derive(Debug)]
pub struct Asterisk {
    root: PathBuf,
    place: Place,
    pid: u32,
    /// Closing its standard input ends it.
    keeper: Child,
}

impl Asterisk {
    /// Starts it with the configuration in the folder's `etc`; it is fully booted then.
    ///
    /// # Errors
    /// When it does not start; with the end of what it said.
    pub async fn start(root: &Path, place: &Place) -> io::Result<Self> {
        // What Asterisk itself brings, beside our own sounds.
        let data = place.folder.join("data");
        std::fs::create_dir_all(&data)?;
        for part in ["documentation", "rest-api"] {
            let link = data.join(part);
            if link.symlink_metadata().is_err() {
                #[cfg(unix)]
                std::os::unix::fs::symlink(Path::new("/usr/share/asterisk").join(part), link)?;
            }
        }
        let (pid, keeper) = launch(root, place).await?;
        let asterisk = Self { root: root.to_owned(), place: place.clone(), pid, keeper };
        asterisk.boot().await?;
        Ok(asterisk)
    }

    /// Where it lives.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What a command of its command line answers.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn command(&self, line: &str) -> io::Result<String> {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.pid.to_string(), "-m", "chroot"]).arg(&self.root);
        command.args(["/usr/sbin/asterisk", "-C"]).arg(self.place.folder.join("etc/asterisk.conf"));
        let answer = command.args(["-rx", line]).kill_on_drop(true).output().await?;
        if answer.status.success() {
            Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&answer.stderr).into_owned()))
        }
    }

    /// What it has written to its console since it first started.
    pub fn console(&self) -> String {
        std::fs::read(self.place.folder.join("console"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The warnings and errors among that.
    pub fn complaints(&self) -> Vec<String> {
        let bad = |line: &&str| {
            ["WARNING", "ERROR", "Could not", "Unable to"].iter().any(|word| line.contains(word))
        };
        self.console().lines().filter(bad).map(str::to_owned).collect()
    }

    /// `kill -9`. It is dead when this returns.
    ///
    /// # Errors
    /// When its keeper cannot be waited for.
    pub async fn kill(&mut self) -> io::Result<()> {
        drop(self.keeper.stdin.take());
        self.keeper.wait().await.map(drop)
    }

    /// Starts it again, where it was.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_again(&mut self) -> io::Result<()> {
        self.kill().await?;
        // A dead Asterisk leaves its socket behind.
        let _ = std::fs::remove_file(self.place.folder.join("run/asterisk.ctl"));
        (self.pid, self.keeper) = launch(&self.root, &self.place).await?;
        self.boot().await
    }

    async fn boot(&self) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let socket = self.place.folder.join("run/asterisk.ctl");
        loop {
            if socket.exists() {
                let booted = self.command("core waitfullybooted").await;
                if booted.is_ok_and(|answer| answer.contains("fully booted")) {
                    return Ok(());
                }
            }
            if Instant::now() > deadline {
                let console = self.console();
                let end = console.len().saturating_sub(2_000);
                let end = (end..console.len()).find(|at| console.is_char_boundary(*at));
                let said = &console[end.unwrap_or(console.len())..];
                return Err(io::Error::other(format!("Asterisk does not start: {said}")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

async fn launch(root: &Path, place: &Place) -> io::Result<(u32, Child)> {
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", SCRIPT, "sh"]).arg(root).arg(&place.folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut keeper = command.spawn()?;
    let said = keeper.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
    let mut line = String::new();
    tokio::time::timeout(PATIENCE, BufReader::new(said).read_line(&mut line))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let pid = line.trim().parse().map_err(|_| {
        io::Error::other("no mount namespace for Asterisk (root is needed), or no chroot")
    })?;
    Ok((pid, keeper))
}
