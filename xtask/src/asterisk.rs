//! `cargo xtask asterisk up | down | status`: the Asterisk of development and tests. It is not in
//! Debian 12, so it runs from a chroot of Debian's next release, built once into this user's cache.
//!
//! A mirror that cannot be reached is said as skipped, never counted as passed.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::cargo::{cargo, program};
use crate::machine::Machine;
use crate::packages::{self, Purpose};
use crate::stages::{Stages, ask, execute};

/// By which tests find the chroot.
pub(crate) const ROOT: &str = "SIAGA_ASTERISK_ROOT";

/// The release that has Asterisk 22.
const RELEASE: &str = "forky";
/// What is in it; a change of this list builds it anew.
const PACKAGES: &str = "asterisk,asterisk-modules";
/// By which keys its release file may be signed, the first that is there.
const KEYS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-trixie-automatic.gpg",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
];
/// Where the instance of `up` answers; `deploy/asterisk/latihan.toml` says the same.
const ARI: ([u8; 4], u16) = ([127, 0, 0, 1], 8_088);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the command.
///
/// # Errors
/// What failed, or how it is called.
pub(crate) fn asterisk(
    machine: &Machine,
    stages: &mut Stages,
    arguments: &[String],
) -> Result<(), String> {
    match arguments {
        [what] if what == "up" => up(machine, stages),
        [what] if what == "down" => down(machine),
        [what] if what == "status" => status(machine),
        _ => Err("usage: cargo xtask asterisk up | down | status".to_owned()),
    }
}

/// The chroot, built if it is not there yet.
///
/// # Errors
/// Why there is none, in words for a skip.
pub(crate) fn chroot(machine: &Machine) -> Result<PathBuf, String> {
    if !machine.can_do_everything() {
        return Err("it needs Debian and root".to_owned());
    }
    let folder = folder(machine);
    let (root, tarball) = (folder.join("root"), folder.join("root.tar"));
    let built = folder.join("built");
    // Written last, so that half a chroot is never taken for one.
    if !fs::read_to_string(&built).is_ok_and(|list| list == PACKAGES) {
        remove(&built)?;
        if root.exists() {
            execute(Command::new("rm").args(["-rf", "--one-file-system"]).arg(&root))?;
        }
        fs::create_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
        // The tarball's name says what is in it only together with `built`: it is made anew too.
        debootstrap(&tarball)?;
        execute(Command::new("tar").args(["-xpf"]).arg(&tarball).arg("-C").arg(&root))?;
        fs::write(&built, PACKAGES).map_err(|error| format!("{}: {error}", built.display()))?;
    } else if !root.join("usr/sbin/asterisk").is_file() {
        fs::create_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
        execute(Command::new("tar").args(["-xpf"]).arg(&tarball).arg("-C").arg(&root))?;
    }
    println!("{}", version(&root)?);
    Ok(root)
}

/// Builds the chroot's tarball from the mirror that apt uses anyway.
fn debootstrap(tarball: &Path) -> Result<(), String> {
    let mirror = mirror()?;
    let key = KEYS.into_iter().find(|key| Path::new(key).is_file());
    let key = key.ok_or("Debian's archive keys are not installed (debian-archive-keyring)")?;
    let fresh = tarball.with_extension("new.tar");
    let mut command = Command::new("mmdebstrap");
    command.args(["--quiet", "--mode=root", "--variant=minbase"]);
    // The mirror may be a day behind; the signature still has to be right.
    command.args(["--aptopt=Acquire::Check-Valid-Until \"false\"", "--keyring", key]);
    command.arg(format!("--include={PACKAGES}")).arg(RELEASE).arg(&fresh).arg(&mirror);
    execute(&mut command).map_err(|why| format!("{RELEASE} cannot be had from {mirror}: {why}"))?;
    fs::rename(&fresh, tarball).map_err(|error| format!("{}: {error}", tarball.display()))
}

/// The mirror that apt takes this release's packages from.
fn mirror() -> Result<String, String> {
    let known = ask(Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI)"]))?;
    main_mirror(&known).ok_or_else(|| "apt knows no mirror".to_owned())
}

fn main_mirror(known: &str) -> Option<String> {
    known
        .lines()
        .find(|uri| uri.contains("/debian") && !uri.contains("security"))
        .map(str::to_owned)
}

fn version(root: &Path) -> Result<String, String> {
    ask(Command::new("chroot").arg(root).args(["/usr/sbin/asterisk", "-V"]))
        .map(|said| said.trim().to_owned())
}

fn up(machine: &Machine, stages: &mut Stages) -> Result<(), String> {
    if let Some(pid) = running(machine) {
        println!("it runs already (process {pid})");
        return Ok(());
    }
    stages.need("system packages", || packages::ensure(machine, Purpose::Tests))?;
    let root = stages.need("chroot", || chroot(machine))?;
    stages.need("siaga-hub", || {
        execute(cargo(machine).args(["build", "-p", "siaga-hub", "--bin", "siaga-hub"]))
    })?;
    let home = folder(machine).join("latihan");
    stages.need("configuration", || {
        let plan = machine.root().join("deploy/asterisk/latihan.toml");
        let mut command = Command::new(program(machine, "siaga-hub"));
        command.arg("asterisk-config").arg("--plan").arg(plan).arg("--out").arg(&home);
        execute(&mut command)
    })?;
    stages.need("Asterisk", || start(machine, &root, &home))
}

/// Starts it in a mount namespace of its own in which the staged files lie over those of the chroot.
fn start(machine: &Machine, root: &Path, home: &Path) -> Result<(), String> {
    let script = r#"
set -e
mount --make-rprivate /
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2/etc/asterisk" "$1/etc/asterisk"
mount -t tmpfs tmpfs "$1/tmp"
for part in var/lib/asterisk var/spool var/log/asterisk run; do
  mkdir -p "$2/$part" "$1/$part"
  mount --bind "$2/$part" "$1/$part"
done
mkdir -p "$1/usr/share/asterisk/siaga" "$1/usr/share/asterisk/sounds/id"
mount --bind "$2/usr/share/asterisk/siaga" "$1/usr/share/asterisk/siaga"
mount --bind "$2/usr/share/asterisk/sounds/id" "$1/usr/share/asterisk/sounds/id"
exec chroot "$1" /usr/sbin/asterisk -f -C /etc/asterisk/asterisk.conf
"#;
    let file =
        |name: &str| fs::File::create(home.join(name)).map_err(|error| format!("{name}: {error}"));
    let mut command = Command::new("setsid");
    command.args(["unshare", "--mount", "sh", "-c", script, "sh"]).arg(root).arg(home);
    command.stdin(Stdio::null()).stdout(file("console")?).stderr(file("complaints")?);
    let child = command.spawn().map_err(|error| format!("cannot start it: {error}"))?;
    fs::write(pid_file(machine), child.id().to_string())
        .map_err(|error| format!("its process id cannot be kept: {error}"))?;
    let deadline = Instant::now() + PATIENCE;
    while !answers() {
        if Instant::now() > deadline || running(machine).is_none() {
            return Err(format!("it does not answer; see {}", home.join("console").display()));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("ARI and SIP over WebSocket at {}, the trunk at port 5060", SocketAddr::from(ARI));
    Ok(())
}

fn down(machine: &Machine) -> Result<(), String> {
    let Some(pid) = running(machine) else {
        println!("it does not run");
        return remove(&pid_file(machine));
    };
    execute(Command::new("kill").arg(pid.to_string()))?;
    let deadline = Instant::now() + PATIENCE;
    while running(machine).is_some() {
        if Instant::now() > deadline {
            return Err(format!("process {pid} does not end"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("it has ended");
    remove(&pid_file(machine))
}

fn status(machine: &Machine) -> Result<(), String> {
    let root = folder(machine).join("root");
    if root.join("usr/sbin/asterisk").is_file() {
        println!("{}, in {}", version(&root)?, root.display());
    } else {
        println!("there is no chroot yet");
    }
    match running(machine) {
        Some(pid) if answers() => println!("it runs (process {pid}) and answers"),
        Some(pid) => println!("it runs (process {pid}) and does not answer"),
        None => println!("it does not run"),
    }
    Ok(())
}

fn answers() -> bool {
    TcpStream::connect_timeout(&SocketAddr::from(ARI), Duration::from_secs(1)).is_ok()
}

/// Its process id, if it is ours and alive: a number that another program has now is not it.
fn running(machine: &Machine) -> Option<u32> {
    let pid: u32 = fs::read_to_string(pid_file(machine)).ok()?.trim().parse().ok()?;
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    (line.contains("/usr/sbin/asterisk")).then_some(pid)
}

fn remove(file: &Path) -> Result<(), String> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", file.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn folder(machine: &Machine) -> PathBuf {
    machine.cache().join("asterisk")
}

fn pid_file(machine: &Machine) -> PathBuf {
    folder(machine).join("pid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_of_packages_is_taken_and_not_that_of_security() {
        let known = "http://deb.debian.org/debian-security/\nhttp://deb.debian.org/debian/\n";
        assert_eq!(main_mirror(known).as_deref(), Some("http://deb.debian.org/debian/"));
        assert_eq!(main_mirror("http://deb.debian.org/debian-security/\n"), None);
    }
}
