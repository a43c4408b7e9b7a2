//! The plugins of this desk and the places that they ask: fetched from the hub by hash, kept for when
//! it is away, asked about every revision of the form.

use sha2::{Digest, Sha256};
use siaga_hub_api::{HubClient, PluginRelease};
use siaga_model::{Advice, Intake, PluginFault, Timestamp, Verdict};
use siaga_plugin_host::{
    Advisor, FormGazetteer, Limits, PastReport, Plugin, PluginHost, PluginStats,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Plugins that took longer than this are slow. The shipped ones take a tenth of it.
const QUICK: Duration = Duration::from_millis(5);

/// The plugins that could be had, and why others could not.
#[derive(Default)]
pub(crate) struct Advisory {
    advisor: Advisor,
    gazetteer: Option<Arc<FormGazetteer>>,
    faults: Vec<PluginFault>,
    /// How long they took last.
    took: Option<Duration>,
}

impl Advisory {
    /// Loads the hub's releases, from `folder` where they are there already. Never fails: what
    /// cannot be had is a fault that every advice then shows.
    pub(crate) async fn fetch(
        client: &HubClient,
        releases: &[PluginRelease],
        gazetteer: Option<&PluginRelease>,
        folder: &Path,
        limits: Limits,
    ) -> Self {
        let mut this = Self::default();
        // Without its places no plugin may speak: by those of another Polda it would send help wrong.
        let gazetteer = match places_of(client, gazetteer, folder).await {
            Ok(gazetteer) => this.gazetteer.insert(Arc::new(gazetteer)).clone(),
            Err(reason) => {
                this.faults.push(unloadable("gazetteer", &reason));
                return this;
            }
        };
        let host = match PluginHost::with_gazetteer(limits, gazetteer) {
            Ok(host) => Arc::new(host),
            Err(error) => {
                this.faults.push(unloadable("*", &error.to_string()));
                return this;
            }
        };
        for release in releases {
            match bytes_of(client, release, folder, "wasm").await {
                Ok(bytes) => match load(host.clone(), release.name.clone(), bytes).await {
                    Ok(plugin) => this.take(plugin),
                    Err(fault) => this.faults.push(fault),
                },
                Err(reason) => this.faults.push(unloadable(&release.name, &reason)),
            }
        }
        this
    }

    fn take(&mut self, plugin: Plugin) {
        if plugin.judges() {
            self.advisor.validity = Some(plugin.clone());
        }
        if plugin.routes() {
            self.advisor.routing = Some(plugin);
        }
    }

    /// The places, for the form to look them up as well.
    pub(crate) fn gazetteer(&self) -> Option<Arc<FormGazetteer>> {
        self.gazetteer.clone()
    }

    /// Whether every plugin that the hub wants is there.
    pub(crate) fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether they were quick when they were last asked. A machine that is busy for a moment makes
    /// quick ones slow for one letter.
    pub(crate) fn is_quick(&self) -> bool {
        self.took.is_some_and(|took| took < QUICK)
    }

    /// Asks about one state of a form.
    pub(crate) fn advise(
        &mut self,
        intake: &Intake,
        history: &[PastReport],
        rev: u64,
        now: Timestamp,
    ) -> Advice {
        let began = Instant::now();
        let mut advice = self.advisor.advise(intake, history, rev, now);
        self.took = Some(began.elapsed());
        if !self.is_whole() {
            advice.faults.extend_from_slice(&self.faults);
            if self.advisor.validity.is_none() {
                advice.verdict = Verdict::treat_as_valid();
            }
        }
        advice
    }

    /// The figures so far.
    pub(crate) fn stats(&self) -> Vec<PluginStats> {
        let mut stats: Vec<PluginStats> = [&self.advisor.validity, &self.advisor.routing]
            .into_iter()
            .flatten()
            .map(Plugin::stats)
            .collect();
        // One plugin may do both.
        stats.dedup_by(|a, b| a.sha256 == b.sha256);
        stats
    }
}

/// Compiling takes tens of milliseconds: off the engine's threads.
async fn load(host: Arc<PluginHost>, name: String, bytes: Vec<u8>) -> Result<Plugin, PluginFault> {
    let label = name.clone();
    tokio::task::spawn_blocking(move || host.load_bytes(&label, &bytes))
        .await
        .unwrap_or_else(|error| Err(unloadable(&name, &error.to_string())))
}

/// The gazetteer that the hub wants; the one of Polda Metro Jaya, if it wants none.
async fn places_of(
    client: &HubClient,
    release: Option<&PluginRelease>,
    folder: &Path,
) -> Result<FormGazetteer, String> {
    let file = match release {
        Some(release) => {
            Some((release.name.clone(), bytes_of(client, release, folder, "gazetteer").await?))
        }
        None => None,
    };
    // Making its index takes tens of milliseconds: off the engine's threads.
    let made = tokio::task::spawn_blocking(move || match file {
        Some((name, bytes)) => FormGazetteer::from_bytes(&name, &bytes),
        None => Ok(FormGazetteer::built_in()),
    });
    made.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

async fn bytes_of(
    client: &HubClient,
    release: &PluginRelease,
    folder: &Path,
    extension: &str,
) -> Result<Vec<u8>, String> {
    let path = folder.join(&release.sha256).with_extension(extension);
    if let Ok(bytes) = tokio::fs::read(&path).await
        && hex::encode(Sha256::digest(&bytes)) == release.sha256
    {
        return Ok(bytes);
    }
    let bytes = client.plugin(&release.sha256).await.map_err(|error| error.to_string())?;
    if let Err(error) = keep(folder.to_owned(), path, &bytes).await {
        tracing::warn!(%error, plugin = %release.name, "a plugin could not be kept for later");
    }
    Ok(bytes)
}

async fn keep(folder: PathBuf, path: PathBuf, bytes: &[u8]) -> std::io::Result<()> {
    tokio::fs::create_dir_all(&folder).await?;
    // Whole or not at all, so that a desk which dies here finds no half plugin.
    let partial = path.with_extension("partial");
    tokio::fs::write(&partial, bytes).await?;
    tokio::fs::rename(partial, path).await
}

fn unloadable(plugin: &str, reason: &str) -> PluginFault {
    PluginFault::Unloadable { plugin: plugin.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hub that is not there: whatever is needed is kept already, or missing.
    fn nobody() -> HubClient {
        HubClient::new("http://127.0.0.1:9").expect("an address")
    }

    #[tokio::test]
    async fn places_that_are_damaged_silence_the_plugins_and_say_so() {
        let dir = tempfile::tempdir().expect("a folder");
        let bytes = b"bukan tempat";
        let sha256 = hex::encode(Sha256::digest(bytes));
        let kept = dir.path().join(&sha256).with_extension("gazetteer");
        std::fs::write(kept, bytes).expect("writable");
        let places = PluginRelease { name: "jawa-barat".to_owned(), sha256 };
        let plugin = PluginRelease { name: "validitas-dasar".to_owned(), sha256: "0".repeat(64) };
        let mut advisory =
            Advisory::fetch(&nobody(), &[plugin], Some(&places), dir.path(), Limits::default())
                .await;
        assert!(!advisory.is_whole() && advisory.gazetteer().is_none());
        let advice = advisory.advise(&Intake::default(), &[], 1, Timestamp(0));
        let [PluginFault::Unloadable { plugin, .. }] = &advice.faults[..] else {
            panic!("{:?}", advice.faults);
        };
        assert_eq!(plugin, "gazetteer");
        assert_eq!(advice.verdict, Verdict::treat_as_valid());
    }

    #[tokio::test]
    async fn a_hub_without_places_of_its_own_has_those_of_polda_metro_jaya() {
        let dir = tempfile::tempdir().expect("a folder");
        let advisory = Advisory::fetch(&nobody(), &[], None, dir.path(), Limits::default()).await;
        assert!(advisory.is_whole() && advisory.gazetteer().is_some());
    }
}
