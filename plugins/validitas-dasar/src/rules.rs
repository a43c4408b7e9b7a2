//! From words, answers and history to a verdict.

use crate::questions::{Known, next};
use crate::words::{Matter, matters, not_report, question};
use siaga_plugin_sdk::text::Words;
use siaga_plugin_sdk::types::{
    Danger, Finding, FindingLevel, Intake, PastReport, Priority, Tri, Validity, Verdict,
};

/// More would only hide the first ones.
const SHOWN_MATTERS: usize = 4;

/// How long a prank from the same number is worth mentioning, in milliseconds: 30 days.
const PRANK_MEMORY_MS: i64 = 30 * 24 * 3600 * 1000;

/// Judges an intake. `history` only ever adds a remark: a prank number can be in real danger.
pub fn assess(intake: &Intake, history: &[PastReport]) -> Verdict {
    let form = &intake.form;
    let narrative = Words::of(&form.narrative);
    let matters = matters(&narrative);
    let mut findings: Vec<Finding> = Vec::new();

    // The answers to the four questions weigh as much as any word.
    let answered = answered(&form.danger);
    if let Some((priority, what)) = answered {
        findings.push(finding("bahaya.jawaban", level_of(priority), "danger", &[], what, ""));
    }
    findings.extend(matters.iter().take(SHOWN_MATTERS).map(|matter| {
        finding(
            if is_danger(matter.priority) { "bahaya.kata" } else { "perihal.kata" },
            level_of(matter.priority),
            "narrative",
            &[matter.words],
            matter.situation,
            "",
        )
    }));

    let sign = not_report(&narrative);
    let by_kind = by_kind(&form.kind);
    let asks = question(&narrative);
    let urgent = urgency(answered, &matters);
    let (validity, priority, reason) = if let Some((priority, reason)) = urgent {
        // Also over any sign of a prank.
        (Validity::Valid, priority, reason)
    } else if let Some((priority, reason)) = by_kind {
        (Validity::Valid, priority, reason.to_owned())
    } else if let Some((words, kind)) = sign {
        let title = title_of(kind);
        findings.push(finding(rule_of(kind), FindingLevel::Note, "narrative", &[words], title, ""));
        // A silent line is not yet an empty one: somebody may be unable to speak.
        let validity = if kind == SILENT { Validity::Ask } else { Validity::NotValid };
        (validity, Priority::P4, title.to_owned())
    } else if let Some(words) = asks {
        findings.push(finding(
            "informasi.kata",
            FindingLevel::Note,
            "narrative",
            &[words],
            "Permintaan informasi",
            "",
        ));
        (Validity::Valid, Priority::P4, "Permintaan informasi".to_owned())
    } else {
        (Validity::Ask, Priority::P3, "Belum jelas apa yang terjadi".to_owned())
    };

    let known = Known {
        silent: validity == Validity::Ask && sign.is_some_and(|(_, kind)| kind == SILENT),
        not_report: validity == Validity::NotValid,
        what: urgent_or(&matters, answered.is_some()) || by_kind.is_some() || asks.is_some(),
        information: validity == Validity::Valid
            && matters.is_empty()
            && answered.is_none()
            && (asks.is_some() || form.kind.starts_with("informasi")),
        injured: matters.iter().any(|matter| {
            matter.situation.contains("luka")
                || matter.situation.contains("korban")
                || matter.situation.contains("berdarah")
        }),
    };
    // Below what is dangerous, above what is merely worth knowing.
    let place = findings.iter().take_while(|f| f.level == FindingLevel::Danger).count();
    findings.insert(place, next(form, &known).now());
    findings.extend(prank_history(intake, history));
    Verdict { validity, priority, reason, findings, duplicate_of: None }
}

const SILENT: &str = "kosong";

fn urgent_or(matters: &[Matter<'_>], answered: bool) -> bool {
    answered || !matters.is_empty()
}

fn is_danger(priority: Priority) -> bool {
    matches!(priority, Priority::P1 | Priority::P2)
}

fn level_of(priority: Priority) -> FindingLevel {
    if priority == Priority::P1 { FindingLevel::Danger } else { FindingLevel::Note }
}

/// The strongest of answers and words, with its reason.
fn urgency(
    answered: Option<(Priority, &'static str)>,
    matters: &[Matter<'_>],
) -> Option<(Priority, String)> {
    let word = matters
        .first()
        .map(|m| (m.priority, format!("{} (\u{201c}{}\u{201d})", m.situation, m.words)));
    match (answered, word) {
        (Some((by_answer, _)), Some((by_word, reason))) if (by_word as u8) < by_answer as u8 => {
            Some((by_word, reason))
        }
        (Some((priority, what)), _) => Some((priority, what.to_owned())),
        (None, word) => word,
    }
}

fn answered(danger: &Danger) -> Option<(Priority, &'static str)> {
    if danger.trapped == Tri::Yes {
        Some((Priority::P1, "Ada yang terjebak"))
    } else if danger.weapon == Tri::Yes {
        Some((Priority::P1, "Ada senjata"))
    } else if danger.injured == Tri::Yes && danger.ongoing == Tri::Yes {
        Some((Priority::P1, "Ada yang terluka dan masih berlangsung"))
    } else if danger.injured == Tri::Yes {
        Some((Priority::P2, "Ada yang terluka"))
    } else if danger.ongoing == Tri::Yes {
        Some((Priority::P2, "Masih berlangsung"))
    } else {
        None
    }
}

/// What the kind that the operator chose says, where the words say nothing.
fn by_kind(kind: &str) -> Option<(Priority, &'static str)> {
    let branch = kind.split('/').next().unwrap_or_default();
    match branch {
        "pelaporan" => Some((Priority::P2, "Jenis: pelaporan")),
        "pengaduan" | "permintaan" => Some((Priority::P3, "Jenis: pengaduan atau permintaan")),
        "informasi" => Some((Priority::P4, "Jenis: informasi")),
        _ => None,
    }
}

fn rule_of(kind: &str) -> &'static str {
    match kind {
        "dering-sekali" => "bukan-laporan.dering-sekali",
        "iseng" => "bukan-laporan.iseng",
        "salah-sambung" => "bukan-laporan.salah-sambung",
        "uji-coba" => "bukan-laporan.uji-coba",
        _ => "bukan-laporan.kosong",
    }
}

fn title_of(kind: &str) -> &'static str {
    match kind {
        "dering-sekali" => "Dering sekali",
        "iseng" => "Tanda panggilan iseng",
        "salah-sambung" => "Tanda salah sambung",
        "uji-coba" => "Tanda uji coba",
        _ => "Tidak ada suara",
    }
}

fn prank_history(intake: &Intake, history: &[PastReport]) -> Option<Finding> {
    let count = history
        .iter()
        .filter(|past| past.same_number && past.disposition == "prank")
        .filter(|past| intake.now.saturating_sub(past.at) <= PRANK_MEMORY_MS)
        .count();
    (count > 0).then(|| {
        finding(
            "riwayat.iseng",
            FindingLevel::Note,
            "",
            &[],
            &format!("Nomor ini {count} kali iseng dalam 30 hari"),
            "Tetap layani: nomor iseng pun bisa benar-benar dalam bahaya.",
        )
    })
}

fn finding(
    rule: &str,
    level: FindingLevel,
    field: &str,
    words: &[&str],
    title: &str,
    advice: &str,
) -> Finding {
    Finding {
        rule: rule.to_owned(),
        level,
        field: field.to_owned(),
        words: words.iter().map(|&word| word.to_owned()).collect(),
        title: title.to_owned(),
        advice: advice.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_plugin_sdk::samples::{MORNING, intake};

    fn judge(location: &str, narrative: &str) -> Verdict {
        assess(&intake(location, narrative), &[])
    }

    fn asked_now(verdict: &Verdict) -> Vec<&str> {
        verdict
            .findings
            .iter()
            .filter(|finding| finding.level == FindingLevel::AskNow)
            .map(|finding| finding.advice.as_str())
            .collect()
    }

    #[test]
    fn an_empty_form_is_asked_about_and_never_judged() {
        let verdict = judge("", "");
        assert_eq!(verdict.validity, Validity::Ask);
        assert_eq!(asked_now(&verdict), ["Apa yang sedang terjadi?"]);
    }

    #[test]
    fn danger_outranks_every_sign_of_a_prank() {
        let verdict = judge("Depok", "anak tertawa iseng, tapi ada yang dibacok");
        assert_eq!((verdict.validity, verdict.priority), (Validity::Valid, Priority::P1));
        assert_eq!(verdict.findings[0].words, ["dibacok"]);
    }

    #[test]
    fn danger_outranks_a_history_of_pranks() {
        let prank = PastReport {
            at: MORNING - 1,
            same_number: true,
            location: String::new(),
            area_code: String::new(),
            point: None,
            kind: String::new(),
            disposition: "prank".to_owned(),
            narrative: String::new(),
            case_number: String::new(),
        };
        let verdict = assess(&intake("Depok", "kebakaran, ada yg terjebak"), &vec![prank; 20]);
        assert_eq!((verdict.validity, verdict.priority), (Validity::Valid, Priority::P1));
        assert!(verdict.findings.iter().any(|finding| finding.rule == "riwayat.iseng"));
    }

    #[test]
    fn a_silent_line_is_asked_and_not_closed() {
        let verdict = judge("", "Diam, ada suara tv");
        assert_eq!(verdict.validity, Validity::Ask);
        assert_eq!(asked_now(&verdict).len(), 1);
    }

    #[test]
    fn a_prank_a_misdial_and_a_test_are_kept_apart() {
        for (words, rule) in [
            ("cuma anak2 ketawa2", "bukan-laporan.iseng"),
            ("salah sambung, cari pln", "bukan-laporan.salah-sambung"),
            ("uji coba dari kantor", "bukan-laporan.uji-coba"),
            ("misscall", "bukan-laporan.dering-sekali"),
        ] {
            let verdict = judge("", words);
            assert_eq!(verdict.validity, Validity::NotValid, "{words}");
            assert!(verdict.findings.iter().any(|finding| finding.rule == rule), "{words}");
        }
    }

    #[test]
    fn answers_alone_make_it_urgent() {
        let mut call = intake("Depok", "");
        call.form.danger.trapped = Tri::Yes;
        assert_eq!(assess(&call, &[]).priority, Priority::P1);
    }

    #[test]
    fn exactly_one_question_is_to_be_asked_now() {
        for (location, narrative) in
            [("", ""), ("", "kebakaran"), ("Depok", "kebakaran"), ("", "iseng"), ("", "tanya SIM")]
        {
            assert_eq!(asked_now(&judge(location, narrative)).len(), 1, "{narrative}");
        }
        assert_eq!(
            asked_now(&judge("", "kebakaran")),
            ["Di mana kejadiannya? Apa patokan terdekat?"]
        );
    }
}
