//! `siaga-hub asterisk-config`: makes an Asterisk the PBX of this hub, or says what differs from that.

use crate::seats_from_csv;
use anyhow::{Context, bail};
use clap::Args;
use siaga_switch_asterisk::provision::{Plan, differences, files, install};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What the command is told.
#[derive(Args)]
pub struct ConfigureAsterisk {
    /// The plan: deploy/asterisk/contoh.toml is one.
    #[arg(long)]
    plan: PathBuf,
    /// The root of the PBX's file system: `/` on the PBX, or a folder to look at first.
    #[arg(long)]
    out: PathBuf,
    /// Writes nothing; names each difference and fails if there is one.
    #[arg(long)]
    check: bool,
}

impl ConfigureAsterisk {
    /// Does it; what was done or found goes to standard output.
    ///
    /// # Errors
    /// A plan that cannot be used, with its line; what cannot be written; with `--check`, a difference.
    pub fn run(&self) -> anyhow::Result<()> {
        let plan_file = self.plan.display();
        let text = read(&self.plan)?;
        let plan = Plan::read(&text).with_context(|| format!("in {plan_file}"))?;
        let folder = self.plan.parent().unwrap_or(Path::new("."));
        let seats_file = folder.join(&plan.seats.file);
        let seats = seats_from_csv(&read(&seats_file)?)
            .with_context(|| format!("in {}", seats_file.display()))?;
        let units: BTreeSet<_> = seats.iter().map(|seat| &seat.unit).collect();
        if let Some(unit) = plan.seats.without_hub.iter().find(|unit| !units.contains(unit)) {
            let line = text.lines().position(|line| line.contains("without_hub")).unwrap_or(0) + 1;
            bail!(
                "in {plan_file}: line {line}: no seat of {unit} is in {}, so nobody would ring \
                 without a hub",
                seats_file.display()
            );
        }
        let files = files(&plan, &seats);
        if self.check {
            let found = differences(&plan, &files, &self.out);
            for difference in &found {
                println!("{difference}");
            }
            if !found.is_empty() {
                bail!("{} differences from {plan_file}", found.len());
            }
            println!("{} files are as {plan_file} wants them", files.len());
            return Ok(());
        }
        let changed = install(&plan, &files, &self.out).context("writing the PBX's files")?;
        for path in &changed {
            println!("{}", path.display());
        }
        println!("{} of {} files written", changed.len(), files.len() + 2);
        Ok(())
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}
