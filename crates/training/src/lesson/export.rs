//! A score as a file, for whoever trains the operators: a page of text to read, and beside it the
//! same as JSON for whoever counts.

use siaga_desk::{LessonLevel, Said, Score, ScoreItem, ScoreKind, SpokenBy};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Writes both files into `folder`, which is made if missing; gives the one to read. One that is
/// there already is of the same lesson's end and is written again.
///
/// # Errors
/// When the folder does not take them.
pub(super) fn write(score: &Score, folder: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    // A name that every file system takes.
    let when: String = score.ended_at.chars().filter(char::is_ascii_digit).take(14).collect();
    let page = folder.join(format!("latihan-{}-{when}.txt", score.lesson));
    fs::write(page.with_extension("json"), serde_json::to_vec_pretty(score)?)?;
    fs::write(&page, text(score))?;
    Ok(page)
}

fn text(score: &Score) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = fill(&mut text, score);
    text
}

fn fill(text: &mut String, score: &Score) -> std::fmt::Result {
    writeln!(text, "Siaga 110: nilai latihan")?;
    writeln!(text)?;
    writeln!(text, "Pelajaran  {} ({})", score.title, level(score.level))?;
    writeln!(text, "Selesai    {}", score.ended_at)?;
    writeln!(text, "Nilai      {} dari 100", score.points)?;
    writeln!(text)?;
    for item in &score.items {
        let measured = item.measured.map(|value| shown(item.kind, value)).unwrap_or_default();
        let line = format!("{:>3}/{:<3} {:<28} {measured}", item.points, item.of, name(item));
        writeln!(text, "{}", line.trim_end())?;
        if !item.better.is_empty() {
            writeln!(text, "        {}", item.better)?;
        }
    }
    if !score.missed.is_empty() {
        writeln!(text)?;
        writeln!(text, "Belum ditanyakan:")?;
        for question in &score.missed {
            writeln!(text, "  - {question}")?;
        }
    }
    writeln!(text)?;
    writeln!(text, "Percakapan:")?;
    for Said { at_ms, by, text: line } in &score.said {
        let (minutes, seconds) = (at_ms / 60_000, at_ms / 1_000 % 60);
        writeln!(text, "  {minutes:02}:{seconds:02}  {:<10} {line}", who(*by))?;
    }
    Ok(())
}

const fn level(level: LessonLevel) -> &'static str {
    match level {
        LessonLevel::Easy => "mudah",
        LessonLevel::Middle => "sedang",
        LessonLevel::Hard => "sulit",
    }
}

const fn name(item: &ScoreItem) -> &'static str {
    match item.kind {
        ScoreKind::Answer => "Waktu angkat",
        ScoreKind::Presses => "Tombol di luar teks",
        ScoreKind::Questions => "Pertanyaan wajib",
        ScoreKind::Destination => "Tujuan",
        ScoreKind::Closing => "Penutupan",
        ScoreKind::NeverAlone => "Penelepon tidak sendirian",
    }
}

fn shown(kind: ScoreKind, value: u64) -> String {
    match kind {
        ScoreKind::Answer | ScoreKind::NeverAlone => {
            format!("{},{} detik", value / 1_000, value / 100 % 10)
        }
        ScoreKind::Presses => format!("{value} tombol"),
        ScoreKind::Questions => format!("{value} terlewat"),
        ScoreKind::Destination | ScoreKind::Closing => String::new(),
    }
}

const fn who(by: SpokenBy) -> &'static str {
    match by {
        SpokenBy::Caller => "Penelepon",
        SpokenBy::Operator => "Operator",
        SpokenBy::Line => "(saluran)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Score {
        let item = |kind, points, of, measured, better: &str| ScoreItem {
            kind,
            points,
            of,
            measured,
            better: better.to_owned(),
        };
        let said = |at_ms, by, text: &str| Said { at_ms, by, text: text.to_owned() };
        Score {
            lesson: "iseng".to_owned(),
            title: "Pesanan ayam goreng".to_owned(),
            level: LessonLevel::Easy,
            points: 85,
            items: vec![
                item(ScoreKind::Answer, 15, 15, Some(2_340), ""),
                item(ScoreKind::Questions, 15, 30, Some(1), ""),
                item(ScoreKind::Destination, 20, 20, None, ""),
                item(ScoreKind::Closing, 0, 10, None, "Ditutup sebagai: bukan laporan: iseng."),
            ],
            missed: vec!["Apakah Adik aman?".to_owned()],
            said: vec![
                said(700, SpokenBy::Caller, "Halo, pesan ayam goreng dua ya."),
                said(65_000, SpokenBy::Operator, "Apa yang terjadi?"),
            ],
            ended_at: "2026-11-27T08:15:30+07:00".to_owned(),
        }
    }

    #[test]
    fn the_page_says_everything_in_words() {
        let expected = "\
Siaga 110: nilai latihan

Pelajaran  Pesanan ayam goreng (mudah)
Selesai    2026-11-27T08:15:30+07:00
Nilai      85 dari 100

 15/15  Waktu angkat                 2,3 detik
 15/30  Pertanyaan wajib             1 terlewat
 20/20  Tujuan
  0/10  Penutupan
        Ditutup sebagai: bukan laporan: iseng.

Belum ditanyakan:
  - Apakah Adik aman?

Percakapan:
  00:00  Penelepon  Halo, pesan ayam goreng dua ya.
  01:05  Operator   Apa yang terjadi?
";
        assert_eq!(text(&some()), expected);
    }

    #[test]
    fn both_files_are_written_and_the_json_is_the_whole_score() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = write(&some(), &folder.path().join("nilai")).expect("written");
        assert_eq!(page.file_name().expect("a name"), "latihan-iseng-20261127081530.txt");
        let json = fs::read(page.with_extension("json")).expect("beside it");
        assert_eq!(serde_json::from_slice::<Score>(&json).expect("a score"), some());
        let nowhere = Path::new("/dev/null/nilai");
        assert!(write(&some(), nowhere).is_err(), "what cannot be written is said");
    }
}
