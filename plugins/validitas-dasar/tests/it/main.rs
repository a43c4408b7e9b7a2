//! What must always hold of a verdict, over random variations of what was typed.

use proptest::prelude::*;
use siaga_plugin_sdk::samples::{Nowhere, intake};
use siaga_plugin_sdk::types::{FindingLevel, Validity, Verdict};

fn judge(narrative: &str) -> Verdict {
    validitas_dasar::assess(&intake("Tebet", narrative), &[], &Nowhere)
}

/// Whole sentences of everyday reports and of calls that are none, so that any of them may stand
/// before any other.
const SENTENCES: [&str; 24] = [
    "ada motor ketabrak mobil",
    "krbn tdk sadar",
    "darahnya banyak",
    "tidak ada korban luka",
    "bukan kebakaran",
    "pelaku sudah kabur ke arah pasar",
    "hp diambil 2 orang naik nmax",
    "tetangga karaokean sampai malam",
    "motor saya hilang di parkiran",
    "kemarin rumah saya dibobol",
    "tanya syarat bikin sim",
    "salah sambung",
    "anak kecil ketawa",
    "diam saja",
    "teknisi tes jalur",
    "mau pesan martabak dua",
    "suami saya ngamuk bawa pisau",
    "balap liar di jalan raya",
    "kalau ada kebakaran telepon ke mana",
    "sudah bubar",
    "plp minta identitas dirahasiakan",
    "warga sudah ramai",
    "asap tebal dari gudang",
    "diancam dc pinjol lewat wa",
];

const FILLERS: [&str; 8] = ["pak", "ya", "sih", "nih", "anu", "eh", "bang", "dong"];

const DANGERS: [&str; 8] = [
    "ada yang dibacok",
    "kebakaran besar",
    "dia bawa golok",
    "ada yg terjebak",
    "korban tidak sadar",
    "mau bunuh diri",
    "ditodong pistol",
    "ada bom",
];

fn outcome(verdict: &Verdict) -> (Validity, u8, Vec<&str>) {
    let questions = verdict.findings.iter().filter(|found| found.level == FindingLevel::AskNow);
    (verdict.validity, verdict.priority as u8, questions.map(|found| found.rule.as_str()).collect())
}

fn sentences() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(SENTENCES.to_vec(), 1..5).prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_sentences_does_not_change_a_verdict(
        (given, other) in sentences().prop_flat_map(|given| (Just(given.clone()), Just(given).prop_shuffle()))
    ) {
        let (a, b) = (judge(&given.join(". ")), judge(&other.join(". ")));
        prop_assert_eq!(outcome(&a), outcome(&b));
        prop_assert_eq!(a.reason, b.reason);
    }

    #[test]
    fn capitals_do_not_change_a_verdict(given in sentences(), upper in any::<u64>()) {
        let text = given.join(". ");
        let other: String = text
            .chars()
            .enumerate()
            .map(|(n, c)| if upper >> (n % 64) & 1 == 1 { c.to_ascii_uppercase() } else { c })
            .collect();
        let (a, b) = (judge(&text), judge(&other));
        prop_assert_eq!(outcome(&a), outcome(&b));
    }

    #[test]
    fn punctuation_within_and_around_sentences_does_not_change_a_verdict(
        given in sentences(),
        mark in proptest::sample::select(vec!["!!!", " . ", "...", "\n", "; ", " -- . "]),
        between in proptest::sample::select(vec![" ", "  ", " - ", " \" ", " ( ", "/", " : "]),
    ) {
        let other = given.iter().map(|s| s.replace(' ', between)).collect::<Vec<_>>().join(mark);
        let (a, b) = (judge(&given.join(". ")), judge(&other));
        prop_assert_eq!(outcome(&a), outcome(&b));
    }

    #[test]
    fn filler_words_do_not_change_a_verdict(
        given in sentences(),
        filler in proptest::sample::select(FILLERS.to_vec()),
        every in 1_usize..4,
    ) {
        let text = given.join(". ");
        let mut other = String::new();
        for (n, word) in text.split(' ').enumerate() {
            if n > 0 {
                other.push(' ');
            }
            if n % every == 0 {
                other.push_str(filler);
                other.push(' ');
            }
            other.push_str(word);
        }
        let (a, b) = (judge(&text), judge(&other));
        prop_assert_eq!(outcome(&a), outcome(&b));
    }

    #[test]
    fn a_danger_word_never_lowers_a_priority_and_is_never_not_valid(
        given in sentences(),
        danger in proptest::sample::select(DANGERS.to_vec()),
        at in any::<proptest::sample::Index>(),
    ) {
        let before = judge(&given.join(". "));
        let mut with = given.clone();
        with.insert(at.index(given.len() + 1), danger);
        let after = judge(&with.join(". "));
        prop_assert!(after.priority as u8 <= before.priority as u8, "{:?}", with);
        prop_assert_ne!(after.validity, Validity::NotValid);
    }

    #[test]
    fn no_text_breaks_it_and_one_question_is_asked_at_most(text in "\\PC{0,300}") {
        let verdict = judge(&text);
        prop_assert!(outcome(&verdict).2.len() <= 1);
        for found in verdict.findings.iter().filter(|found| found.field == "narrative") {
            prop_assert!(found.words.iter().all(|words| text.contains(words.as_str())));
        }
        prop_assert!(verdict.findings.len() <= 20);
    }
}
