//! A network of its own for a desk: a namespace with a cable to this machine, to be pulled and moved.
//!
//! Needs Linux, `ip` and the right to make namespaces. Whoever has not got that is told why, so that
//! what cannot be played is skipped by name. The addresses are those set aside for trying networks
//! (RFC 2544).

use anyhow::{Context, ensure};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

/// What our namespaces and interfaces are called, before the id of our process.
const NAME: &str = "siaga";

/// The end of the cable inside the namespace.
const INSIDE: &str = "siaga0";

/// Counts the networks of this process.
static NETWORKS: AtomicU8 = AtomicU8::new(0);

/// This machine does not let us do what a scenario needs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotAllowed(pub String);

/// A namespace with a cable. Both are gone when this is dropped.
pub(crate) struct Network {
    name: String,
    /// The third number of all its addresses.
    number: u8,
    /// How often the cable was replaced, which is in the second number of the addresses.
    cable: Mutex<u8>,
}

impl Network {
    /// Lays the cable.
    ///
    /// # Errors
    /// [`NotAllowed`] where this cannot be done.
    pub(crate) fn lay() -> Result<Self, NotAllowed> {
        sweep();
        let pid = std::process::id();
        let nth = NETWORKS.fetch_add(1, Ordering::Relaxed);
        // Two processes at once seldom meet, and then one of them says so.
        let number = (pid.wrapping_mul(7).wrapping_add(u32::from(nth)) % 250) as u8 + 2;
        let network = Self { name: format!("{NAME}-{pid}-{nth}"), number, cable: Mutex::new(0) };
        network.set_up().map_err(|error| NotAllowed(format!("{error:#}")))?;
        Ok(network)
    }

    fn set_up(&self) -> anyhow::Result<()> {
        ip(&["netns", "add", &self.name])?;
        self.inside(&["link", "set", "lo", "up"])?;
        // The hub's address is no end of a cable, so that it outlives each of them.
        let label = format!("lo:sg{}", std::process::id());
        ip(&["addr", "add", &format!("{}/32", self.hub()), "dev", "lo", "label", &label])?;
        self.connect(0)
    }

    /// The address of this machine that stays the same whatever becomes of the cable.
    pub(crate) fn hub(&self) -> Ipv4Addr {
        Ipv4Addr::new(198, 18, self.number, 254)
    }

    /// The command that runs a program in there.
    pub(crate) fn command(&self, program: &Path) -> Vec<String> {
        let program = program.to_string_lossy().into_owned();
        ["ip", "netns", "exec", &self.name]
            .map(str::to_owned)
            .into_iter()
            .chain([program])
            .collect()
    }

    /// Pulls the cable out of the desk, or puts it back.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn pull(&self, pulled: bool) -> anyhow::Result<()> {
        if pulled {
            return self.inside(&["link", "set", INSIDE, "down"]);
        }
        self.inside(&["link", "set", INSIDE, "up"])?;
        self.route(*self.cable())
    }

    /// Another network: the cable is gone with its addresses, and there is a new one with others.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn change(&self) -> anyhow::Result<()> {
        let next = {
            let mut cable = self.cable();
            *cable ^= 1;
            *cable
        };
        self.inside(&["link", "del", INSIDE])?;
        self.connect(next)
    }

    fn cable(&self) -> std::sync::MutexGuard<'_, u8> {
        self.cable.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn connect(&self, cable: u8) -> anyhow::Result<()> {
        // At most 15 characters.
        let host = format!("sg{}{}", std::process::id(), (b'a' + self.number % 25) as char);
        // This machine keeps the address when the cable is gone: it is the desk that moves, and whoever
        // else talks to us over that address is not to notice.
        let kept = format!("{}/32", self.address(cable, 1));
        let label = format!("lo:sg{}", std::process::id());
        ip(&["addr", "replace", &kept, "dev", "lo", "label", &label])?;
        ip(&["link", "add", &host, "type", "veth", "peer", "name", INSIDE, "netns", &self.name])?;
        ip(&["addr", "add", &format!("{}/24", self.address(cable, 1)), "dev", &host])?;
        ip(&["link", "set", &host, "up"])?;
        self.inside(&["addr", "add", &format!("{}/24", self.address(cable, 2)), "dev", INSIDE])?;
        self.inside(&["link", "set", INSIDE, "up"])?;
        self.route(cable)
    }

    fn route(&self, cable: u8) -> anyhow::Result<()> {
        let gateway = self.address(cable, 1).to_string();
        self.inside(&["route", "replace", "default", "via", &gateway])
    }

    fn address(&self, cable: u8, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(198, 18 + cable, self.number, host)
    }

    fn inside(&self, words: &[&str]) -> anyhow::Result<()> {
        ip(&[&["-n", self.name.as_str()], words].concat())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The cable goes with the namespace.
        let _ = ip(&["netns", "del", &self.name]);
        for address in [self.hub(), self.address(0, 1), self.address(1, 1)] {
            // The second network may never have been there.
            let _ = ip(&["addr", "del", &format!("{address}/32"), "dev", "lo"]);
        }
    }
}

/// Takes away what processes of ours that were killed have left.
fn sweep() {
    let Ok(found) = std::fs::read_dir("/run/netns") else { return };
    for entry in found.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let mut parts = name.split('-');
        let (Some(NAME), Some(pid)) = (parts.next(), parts.next()) else { continue };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            let _ = ip(&["netns", "del", &name]);
            let _ = ip(&["addr", "flush", "dev", "lo", "label", &format!("lo:sg{pid}")]);
        }
    }
}

fn ip(words: &[&str]) -> anyhow::Result<()> {
    let done = Command::new("ip").args(words).output().context("`ip` cannot be run")?;
    ensure!(
        done.status.success(),
        "`ip {}`: {}",
        words.join(" "),
        String::from_utf8_lossy(&done.stderr).trim()
    );
    Ok(())
}
