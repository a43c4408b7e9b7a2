//! What the verdict says, rule by rule.

use super::*;
use siaga_plugin_sdk::samples::{MORNING, Nowhere, intake};

fn judge(location: &str, narrative: &str) -> Verdict {
    assess(&intake(location, narrative), &[], &Nowhere)
}

fn asked_now(verdict: &Verdict) -> Vec<&str> {
    verdict
        .findings
        .iter()
        .filter(|finding| finding.level == FindingLevel::AskNow)
        .map(|finding| finding.advice.as_str())
        .collect()
}

fn has(verdict: &Verdict, rule: &str) -> bool {
    verdict.findings.iter().any(|finding| finding.rule == rule)
}

fn past(minutes: i64, location: &str, narrative: &str) -> PastReport {
    PastReport {
        at: MORNING - minutes * 60_000,
        same_number: false,
        location: location.to_owned(),
        area_code: String::new(),
        point: None,
        kind: String::new(),
        disposition: "report".to_owned(),
        narrative: narrative.to_owned(),
        case_number: format!("110-PMJ-260314-{minutes:06}"),
    }
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
    let mut prank = past(1, "", "");
    (prank.same_number, prank.disposition) = (true, "prank".to_owned());
    let call = intake("Depok", "kebakaran, ada yg terjebak");
    let verdict = assess(&call, &vec![prank; 20], &Nowhere);
    assert_eq!((verdict.validity, verdict.priority), (Validity::Valid, Priority::P1));
    assert!(has(&verdict, "riwayat.iseng"));
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
        assert!(has(&verdict, rule), "{words}");
    }
}

#[test]
fn an_order_of_food_is_a_cry_for_help_until_the_caller_takes_it_back() {
    let order = judge("", "mau pesan martabak dua ya bang");
    assert_eq!((order.validity, order.priority), (Validity::Valid, Priority::P1));
    let history = judge("", "anak2 ketawa mau pesen pizza");
    assert_eq!((history.validity, history.priority), (Validity::Ask, Priority::P1));
    let taken_back = judge("", "mau pesan martabak, maaf salah sambung");
    assert_eq!((taken_back.validity, taken_back.priority), (Validity::Ask, Priority::P2));
    assert!(asked_now(&taken_back)[0].contains("ya atau tidak"));
}

#[test]
fn answers_alone_make_it_urgent() {
    let mut call = intake("Depok", "");
    call.form.danger.trapped = Tri::Yes;
    assert_eq!(assess(&call, &[], &Nowhere).priority, Priority::P1);
}

#[test]
fn what_is_denied_past_or_supposed_is_no_danger_now() {
    for (words, priority) in [
        ("kecelakaan, tidak ada korban luka", Priority::P2),
        ("kemarin malam saya dibegal, mau buat laporan", Priority::P3),
        ("bukan kebakaran, cuma bakar sampah", Priority::P4),
        ("tanya kalau ada kebakaran telepon ke nomor berapa", Priority::P4),
        ("kemarin dia ngancem, sekarang bawa golok di depan rumah", Priority::P1),
        ("dari kemarin disekap di kosan", Priority::P1),
    ] {
        assert_eq!(judge("Tebet", words).priority, priority, "{words}");
    }
}

#[test]
fn at_most_one_question_is_to_be_asked_now_and_there_always_is_one() {
    for (location, narrative) in [
        ("", ""),
        ("", "kebakaran"),
        ("Depok", "kebakaran"),
        ("", "iseng"),
        ("", "tanya SIM"),
        ("", "kemarin dibegal"),
        ("", "simulasi kebakaran"),
        ("", "mau pesan martabak"),
    ] {
        assert_eq!(asked_now(&judge(location, narrative)).len(), 1, "{narrative}");
    }
    assert_eq!(asked_now(&judge("", "kebakaran")), ["Di mana kejadiannya? Apa patokan terdekat?"]);
    assert_eq!(
        asked_now(&judge("dekat lampu merah", "kebakaran")),
        ["Di jalan apa, dekat bangunan atau toko apa?"]
    );
}

#[test]
fn the_same_accident_by_another_landmark_is_offered_for_joining() {
    let first = past(3, "Jl. Sudirman depan Polda, SCBD", "laka R2 vs minibus arah blok m");
    let number = first.case_number.clone();
    let call = intake("halte busway SCBD", "ada mtr ketabrak mobil");
    let verdict = assess(&call, &[first], &Nowhere);
    assert_eq!(verdict.duplicate_of, Some(number));
    assert!(has(&verdict, "duplikat.cocok"));
}

#[test]
fn another_direction_vehicle_house_or_town_is_asked_about_and_never_joined() {
    for (first, second) in [
        (("Sudirman arah Blok M", "laka motor"), ("Sudirman arah HI", "laka motor")),
        (("Sudirman", "laka motor"), ("Sudirman", "laka truk terguling")),
        (("Griya Asri blok A no 3", "kebakaran"), ("Griya Asri blok F no 20", "kebakaran")),
        (("Cipayung Depok", "kebakaran"), ("Cipayung Jaktim", "kebakaran")),
        (("Tol Japek km 19", "laka bus"), ("Tol Japek km 31", "laka bus")),
    ] {
        let earlier = past(5, first.0, first.1);
        let verdict = assess(&intake(second.0, second.1), &[earlier], &Nowhere);
        assert_eq!(verdict.duplicate_of, None, "{second:?}");
        assert!(has(&verdict, "duplikat.semu"), "{second:?}");
    }
}

#[test]
fn what_is_long_ago_elsewhere_or_of_another_kind_is_no_duplicate() {
    for (minutes, location, narrative) in [
        (60 * 24 * 3, "Sudirman", "laka motor"),
        (5, "Margonda", "laka motor"),
        (5, "Sudirman", "dangdutan berisik"),
    ] {
        let earlier = past(minutes, location, narrative);
        let verdict = assess(&intake("Sudirman", "laka motor"), &[earlier], &Nowhere);
        assert_eq!(
            (verdict.duplicate_of.as_deref(), has(&verdict, "duplikat.semu")),
            (None, false)
        );
    }
}
