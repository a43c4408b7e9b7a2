//! Tables of places, for those who keep them.

use anyhow::{Context, bail};
use clap::Subcommand;
use siaga_gazetteer::source;
use siaga_plugin_host::{FormGazetteer, Gazetteer, Place, PlaceKind};
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Names every faulty row of a folder of tables; says what it holds when there is none
    Check {
        /// The folder, with the tables of `crates/plugin-host/data`
        tables: PathBuf,
        /// Write what was checked into this file, for `siaga-hub --gazetteer`
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
    },
    /// Lists the places that words may mean, best first, as plugins see them
    Find {
        /// Words as an operator types them
        #[arg(required = true)]
        words: Vec<String>,
        /// The places to look in [default: those of Polda Metro Jaya]
        #[arg(long, value_name = "FILE")]
        gazetteer: Option<PathBuf>,
    },
}

pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let answer = match command {
        Command::Check { tables, write } => check(tables, write.as_deref())?,
        Command::Find { words, gazetteer } => {
            table(&open(gazetteer.as_deref())?.by_name(&words.join(" ")))?
        }
    };
    std::io::stdout().lock().write_all(answer.as_bytes())?;
    Ok(())
}

/// The gazetteer in a file; that of Polda Metro Jaya without one.
pub(crate) fn open(file: Option<&Path>) -> anyhow::Result<FormGazetteer> {
    match file {
        None => Ok(FormGazetteer::built_in()),
        Some(file) => FormGazetteer::open(file)
            .with_context(|| format!("{} is of no use as a gazetteer", file.display())),
    }
}

fn check(tables: &Path, write: Option<&Path>) -> anyhow::Result<String> {
    let form = source::read(tables).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let count = faults.len();
        anyhow::anyhow!("{} has {count} faults:\n{}", tables.display(), lines.join("\n"))
    })?;
    let bytes = form.to_bytes();
    // What a desk would refuse is refused here: the id of a unit, for one.
    let name = tables.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    let gazetteer = FormGazetteer::from_bytes(&name, &bytes)?;
    let mut answer = format!("{}, {} bytes\n", gazetteer.summary(), bytes.len());
    if let Some(file) = write {
        if file.starts_with(tables) {
            bail!("{} lies among the tables; write it elsewhere", file.display());
        }
        std::fs::write(file, &bytes)
            .with_context(|| format!("{} cannot be written", file.display()))?;
        writeln!(answer, "written to {}", file.display())?;
    }
    Ok(answer)
}

fn table(places: &[Place]) -> anyhow::Result<String> {
    if places.is_empty() {
        return Ok("no place\n".to_owned());
    }
    let mut table = format!(
        "{:>5}  {:<10} {:<32} {:<14} {:<24} {}\n",
        "score", "kind", "name", "code", "unit", "words"
    );
    for place in places {
        let name = match place.within.as_str() {
            "" => place.name.clone(),
            within => format!("{}, {within}", place.name),
        };
        writeln!(
            table,
            "{:>5}  {:<10} {name:<32} {:<14} {:<24} {}",
            place.score,
            kind(place.kind),
            place.code,
            place.unit.as_str(),
            place.words
        )?;
    }
    Ok(table)
}

fn kind(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Province => "province",
        PlaceKind::Region => "region",
        PlaceKind::Kecamatan => "kecamatan",
        PlaceKind::Kelurahan => "kelurahan",
        PlaceKind::Quarter => "quarter",
        PlaceKind::Landmark => "landmark",
        PlaceKind::Street => "street",
        PlaceKind::TollRoad => "toll road",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-host/data")
    }

    fn copied(to: &Path) {
        for file in source::TABLES.iter().chain([&source::BORDERS]) {
            std::fs::copy(tables().join(file), to.join(file)).unwrap();
        }
    }

    #[test]
    fn sound_tables_become_a_file_in_which_places_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("metro-jaya.gazetteer");
        let answer = check(&tables(), Some(&file)).unwrap();
        assert!(answer.contains("185 kecamatan"), "{answer}");
        let found = open(Some(&file)).unwrap().by_name("Kby Lama");
        assert_eq!(found, FormGazetteer::built_in().by_name("Kby Lama"));
        let table = table(&found).unwrap();
        assert!(table.contains("Kebayoran Lama") && table.contains("pmj.jaksel"), "{table}");
    }

    #[test]
    fn every_faulty_row_is_named_with_its_file_and_line_and_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        copied(dir.path());
        let broken = |file: &str, change: &dyn Fn(&str) -> String| {
            let path = dir.path().join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, change(&text)).unwrap();
            text.lines().count()
        };
        let lines = broken("kecamatan.csv", &|text| format!("{text}31.74.99,Tanpa Satuan\n"));
        broken("jalan.csv", &|text| text.replacen("31.7", "99.9", 1));
        let file = dir.path().with_extension("gazetteer");
        let error = check(dir.path(), Some(&file)).unwrap_err().to_string();
        assert!(error.contains(&format!("kecamatan.csv:{}: ", lines + 1)), "{error}");
        assert!(error.contains("jalan.csv:"), "{error}");
        assert!(!file.exists());
    }

    #[test]
    fn a_file_that_is_no_gazetteer_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("surat.txt");
        std::fs::write(&file, "bukan").unwrap();
        let error = open(Some(&file)).err().expect("a letter is no gazetteer");
        assert!(format!("{error:#}").contains("surat.txt"), "{error:#}");
    }
}
