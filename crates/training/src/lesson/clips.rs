//! What simulated callers say, spoken: one file a line, named by the line, so that a line that was
//! changed and not spoken again is found.

use anyhow::Context;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/voices.rs"));

/// The name of the file with this line: FNV-1a, 64 bit, of `voice`, a line feed and the line. The
/// program that renders them, `lessons/render.py`, names them alike.
fn name(voice: &str, line: &str) -> String {
    let bytes = voice.bytes().chain([b'\n']).chain(line.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The line as it is spoken with this voice, 48 kHz mono.
///
/// # Errors
/// When it was never rendered.
pub(crate) fn spoken(voice: &str, line: &str) -> anyhow::Result<Arc<[i16]>> {
    let name = name(voice, line);
    let found = FILES.binary_search_by_key(&name.as_str(), |(name, _)| name);
    let (_, bytes) =
        FILES[found.ok().with_context(|| format!("nobody speaks “{line}” ({name})"))?];
    let (mono, _) = siaga_recording::decode_from(Cursor::new(bytes), Path::new(&name))?;
    Ok(mono.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::Lesson;

    #[test]
    fn every_line_of_every_lesson_is_spoken_and_nothing_else() {
        let lessons = Lesson::all().expect("the files are sound");
        let mut names = std::collections::BTreeSet::new();
        for lesson in &lessons {
            for line in lesson.lines() {
                let samples = spoken(&lesson.voice, line).expect("lessons/render.py speaks it");
                let seconds = samples.len() as f64 / 48_000.0;
                assert!((0.3..12.0).contains(&seconds), "{seconds} s: {line}");
                let peak = samples.iter().map(|sample| sample.unsigned_abs()).max();
                assert!(peak > Some(3_000), "too soft to be heard: {line}");
                names.insert(name(&lesson.voice, line));
            }
        }
        let stale: Vec<_> =
            FILES.iter().map(|(name, _)| *name).filter(|name| !names.contains(*name)).collect();
        assert_eq!(stale, Vec::<&str>::new(), "lines that nobody says any more");
    }
}
