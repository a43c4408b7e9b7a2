//! Complaints about police: they go to Propam, and not to the unit that they are about.

use siaga_plugin_sdk::lists::{Row, count, rows};
use siaga_plugin_sdk::text::Words;
use siaga_plugin_sdk::types::{Destination, Form};

const CSV: &str = include_str!("propam.csv");
static PHRASES: [Row<2>; count(CSV)] = rows(CSV);

/// The leaves of the tree of kinds that are such complaints.
const KINDS: [&str; 2] = ["perilaku_polisi", "pelayanan_polri"];

/// Bidpropam of the Polda.
const PROPAM: &str = "pmj.propam";

/// Where a complaint about police goes; `None` when it is none.
pub(crate) fn about_police(form: &Form) -> Option<Destination> {
    let by_kind = form.kind.rsplit('/').next().is_some_and(|leaf| KINDS.contains(&leaf));
    let narrative = Words::of(&form.narrative);
    let mut said = None;
    for (typed, [_, meaning]) in narrative.find_rows(&PHRASES) {
        match *meaning {
            "kecuali" if !by_kind => return None,
            "keluhan" if said.is_none() => said = Some(typed),
            _ => {}
        }
    }
    let reason = match said {
        Some(words) => format!("Keluhan tentang polisi (\u{201c}{}\u{201d}): Propam", short(words)),
        None if by_kind => "Keluhan tentang polisi (jenis laporan): Propam".to_owned(),
        None => return None,
    };
    Some(Destination {
        unit: PROPAM.to_owned(),
        reason: format!("{reason}, bukan satuan yang dikeluhkan"),
        confidence: if by_kind { 95 } else { 85 },
        question: "Siapa dan dari satuan mana anggota yang dikeluhkan?".to_owned(),
    })
}

fn short(words: &str) -> String {
    words.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_plugin_sdk::samples::intake;

    fn goes_to_propam(narrative: &str) -> bool {
        about_police(&intake("Tebet", narrative).form).is_some()
    }

    #[test]
    fn whoever_complains_about_police_is_heard_by_propam() {
        for narrative in [
            "Oknum polantas minta uang damai 200rb di lampu merah",
            "saya dipukul polisi pas ditilang",
            "mau lapor PROPAM pak",
            "polisi gak mau terima laporan saya",
        ] {
            assert!(goes_to_propam(narrative), "{narrative}");
        }
        let mut call = intake("Tebet", "dibentak di kantor");
        call.form.kind = "pengaduan/perilaku_polisi".to_owned();
        assert!(about_police(&call.form).is_some());
    }

    #[test]
    fn who_only_asks_for_police_or_met_a_false_one_is_not_sent_to_propam() {
        for narrative in [
            "minta polisi segera, ada begal",
            "ditipu orang ngaku polisi, oknum polisi katanya",
            "dipukul preman, polisi belum datang",
        ] {
            assert!(!goes_to_propam(narrative), "{narrative}");
        }
    }

    #[test]
    fn every_row_of_the_list_has_a_meaning_that_is_known() {
        for row in &PHRASES {
            assert!(["keluhan", "kecuali"].contains(&row.cells()[1]), "{:?}", row.cells());
        }
    }
}
