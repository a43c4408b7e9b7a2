//! From words, answers and history to a verdict.

use crate::duplicates::{self, Duplicate, Present};
use crate::matters::{Matter, When, code, matters, not_report, question};
use crate::questions::{ask, open};
use crate::tables::Kind;
use siaga_plugin_sdk::Places;
use siaga_plugin_sdk::text::Words;
use siaga_plugin_sdk::types::{
    Danger, Finding, FindingLevel, Form, Intake, PastReport, Priority, Tri, Validity, Verdict,
};

/// More would only hide the first ones.
const SHOWN_MATTERS: usize = 4;

/// How long a prank from the same number is worth mentioning, in milliseconds: 30 days.
const PRANK_MEMORY_MS: i64 = 30 * 24 * 3600 * 1000;

/// Kinds that a question may mention without reporting one.
const MENTIONED: [&str; 5] = ["lalin", "barang", "suara", "kawal", "patroli"];

/// Judges an intake. A history of pranks only ever adds a remark: a prank number can be in real
/// danger.
pub fn assess(intake: &Intake, history: &[PastReport], places: &impl Places) -> Verdict {
    let form = &intake.form;
    let narrative = Words::of(&form.narrative);
    let seen = Seen::of(form, &narrative);
    let judged = judge(&seen, form);
    let kind = seen.kind(form);

    let mut findings = Vec::new();
    findings.extend(seen.answered.map(|(priority, what)| {
        finding("bahaya.jawaban", level_of(priority), "danger", &[], what, advice_for(priority))
    }));
    findings.extend(seen.code.map(|(words, meaning)| {
        let title = format!("Mungkin sandi minta tolong: {meaning}");
        let advice = "Ikuti permainannya, tanya hal yang dapat dijawab ya atau tidak.";
        finding("sandi.pesanan", FindingLevel::Danger, "narrative", &[words], &title, advice)
    }));
    findings.extend(seen.matters.iter().take(SHOWN_MATTERS).map(shown));
    findings.extend(contradiction(form, &seen));
    // Below what is dangerous, above what is merely worth knowing.
    findings.sort_by_key(|finding| finding.level != FindingLevel::Danger);
    let place = findings.iter().take_while(|f| f.level == FindingLevel::Danger).count();
    let questions = next(form, &narrative, &seen, &judged, kind);
    findings.splice(place..place, questions);

    let present = Present {
        form,
        narrative: &narrative,
        now: intake.now,
        kind,
        asks_after: seen.question.is_some_and(|(_, sort)| sort == "status"),
    };
    let duplicate = duplicates::find(&present, history, places);
    findings.extend(duplicate.as_ref().map(about));
    findings.extend(seen.sign.map(|(words, sort)| sign_finding(words, sort, judged.validity)));
    findings.extend(seen.question.map(|(words, sort)| {
        let (rule, title) = match sort {
            "status" => ("informasi.status", "Menanyakan laporan yang sudah ada"),
            _ => ("informasi.kata", "Permintaan informasi"),
        };
        let advice = "Jawab di sini; tidak perlu diteruskan bila hanya bertanya.";
        finding(rule, FindingLevel::Note, "narrative", &[words], title, advice)
    }));
    findings.extend(prank_history(intake, history));
    Verdict {
        validity: judged.validity,
        priority: judged.priority,
        reason: judged.reason,
        findings,
        duplicate_of: duplicate
            .filter(|found| found.other.is_empty() && judged.validity != Validity::NotValid)
            .map(|found| found.past.case_number.clone())
            .filter(|number| !number.is_empty()),
    }
}

/// What the tables found.
struct Seen<'a> {
    answered: Option<(Priority, &'static str)>,
    code: Option<(&'a str, &'static str)>,
    matters: Vec<Matter<'a>>,
    sign: Option<(&'a str, &'static str)>,
    question: Option<(&'a str, &'static str)>,
}

impl<'a> Seen<'a> {
    fn of(form: &Form, narrative: &Words<'a>) -> Self {
        Self {
            // The answers to the four questions weigh as much as any word.
            answered: answered(&form.danger),
            code: code(narrative),
            matters: matters(narrative),
            sign: not_report(narrative),
            question: question(narrative),
        }
    }

    /// What really asks for the police, not only as "if".
    fn real(&self) -> impl Iterator<Item = &Matter<'a>> {
        self.matters.iter().filter(|matter| matter.when != When::Supposed)
    }

    fn kind(&self, form: &Form) -> Option<Kind> {
        Kind::of_form(&form.kind).or_else(|| self.real().find_map(|matter| matter.kind))
    }

    fn is_sign(&self, sorts: &[&str]) -> bool {
        self.sign.is_some_and(|(_, sort)| sorts.contains(&sort))
    }
}

struct Judged {
    validity: Validity,
    priority: Priority,
    reason: String,
}

fn judged(validity: Validity, priority: Priority, reason: &str) -> Judged {
    Judged { validity, priority, reason: reason.to_owned() }
}

/// In this order: danger, what the operator chose, questions, signs that nobody reports anything.
fn judge(seen: &Seen<'_>, form: &Form) -> Judged {
    if let Some(urgent) = urgent(seen) {
        return urgent;
    }
    let informs = seen.question.is_some_and(|(_, sort)| sort == "informasi");
    let mentioned =
        seen.real().all(|matter| matter.kind.is_none_or(|kind| MENTIONED.contains(&kind.name())));
    if informs && mentioned && seen.is_sign(&["salah-sambung", "iseng", "uji-coba"]) {
        let (_, title) = sign_of(seen.sign.map_or("", |(_, sort)| sort));
        return judged(Validity::Ask, Priority::P4, title);
    }
    if informs && mentioned {
        return judged(Validity::Valid, Priority::P4, "Permintaan informasi");
    }
    if let Some(matter) = seen.real().next() {
        return ordinary(seen, matter);
    }
    if let Some(kind) = Kind::of_form(&form.kind) {
        let reason = format!("Jenis: {}", kind.title());
        return judged(Validity::Valid, kind.priority(), &reason);
    }
    if let Some((priority, reason)) = by_branch(&form.kind) {
        return judged(Validity::Valid, priority, reason);
    }
    if let Some((_, sort)) = seen.sign {
        let supposed = !seen.matters.is_empty();
        // A silent line is not yet an empty one: somebody may be unable to speak. Nor is somebody
        // whose words make no sense: that may be an illness.
        let validity = match sort {
            "kosong" | "melantur" => Validity::Ask,
            _ if supposed => Validity::Ask,
            _ => Validity::NotValid,
        };
        return judged(validity, Priority::P4, sign_of(sort).1);
    }
    if seen.question.is_some() {
        return judged(Validity::Valid, Priority::P4, "Permintaan informasi");
    }
    judged(Validity::Ask, Priority::P3, "Belum jelas apa yang terjadi")
}

/// What is urgent by answers, code or words. It outranks every sign of a prank.
fn urgent(seen: &Seen<'_>) -> Option<Judged> {
    if let Some((_, meaning)) = seen.code {
        let reason = format!("Mungkin sandi minta tolong: {meaning}");
        let retracted = seen.is_sign(&["salah-sambung"]);
        let danger = seen.answered.is_some()
            || seen.real().any(|matter| matter.priority as u8 <= Priority::P2 as u8);
        return Some(if retracted && !danger {
            // Who says so himself is asked with yes or no, and never put away unasked.
            judged(Validity::Ask, Priority::P2, &reason)
        } else if seen.is_sign(&["iseng"]) && !danger {
            judged(Validity::Ask, Priority::P1, &reason)
        } else {
            judged(Validity::Valid, Priority::P1, &reason)
        });
    }
    let asks_after = seen.question.is_some_and(|(_, sort)| sort == "status");
    let word = seen.real().next().map(|matter| {
        let reason = format!("{} (\u{201c}{}\u{201d})", matter.situation, cut(matter.words));
        // Who asks after an accident does not report one; what kills is not put off.
        let told = asks_after && matter.priority == Priority::P2;
        (if told { Priority::P3 } else { matter.priority }, reason)
    });
    let (priority, reason) = match (seen.answered, word) {
        (Some((by_answer, _)), Some((by_word, reason))) if (by_word as u8) < by_answer as u8 => {
            (by_word, reason)
        }
        (Some((priority, what)), _) => (priority, what.to_owned()),
        (None, word) => word?,
    };
    let valid = seen.answered.is_some()
        || matches!(priority, Priority::P1 | Priority::P2)
        || (asks_after && seen.real().next().is_some_and(|m| m.priority == Priority::P2));
    valid.then_some(Judged { validity: Validity::Valid, priority, reason })
}

/// What needs the police without haste. Here a sign of a prank makes it a question.
fn ordinary(seen: &Seen<'_>, matter: &Matter<'_>) -> Judged {
    let reason = format!("{} (\u{201c}{}\u{201d})", matter.situation, cut(matter.words));
    let doubtful = match matter.priority {
        Priority::P4 => seen.sign.is_some(),
        // "Mau lapor" to somebody else's number says nothing of what happened.
        _ if matter.kind.is_none() && seen.is_sign(&["salah-sambung"]) => true,
        _ => seen.is_sign(&["iseng", "uji-coba", "melantur"]),
    };
    let validity = if doubtful { Validity::Ask } else { Validity::Valid };
    judged(validity, matter.priority, &reason)
}

/// The questions; the first of them is the one to ask now.
fn next(
    form: &Form,
    narrative: &Words<'_>,
    seen: &Seen<'_>,
    judged: &Judged,
    kind: Option<Kind>,
) -> Vec<Finding> {
    let one = |gap: &str| ask(gap, FindingLevel::AskNow).into_iter().collect();
    let Some(first) = seen.real().next() else {
        return match (seen.answered, seen.code, seen.sign) {
            (None, Some(_), _) => one("sandi"),
            (None, None, Some((_, "kosong"))) => one("sunyi"),
            _ if !seen.matters.is_empty() => one("andai"),
            (None, None, Some(_)) => one("pastikan"),
            _ if seen.question.is_some() => one("pastikan"),
            (None, None, None) if kind.is_none() => one("apa"),
            _ => open(form, narrative, kind),
        };
    };
    if seen.code.is_some() {
        return one("sandi");
    }
    if first.when == When::Past {
        return one("lampau");
    }
    if judged.validity == Validity::Ask {
        return one("pastikan");
    }
    if first.guessed {
        return one("salah-tulis");
    }
    open(form, narrative, kind)
}

fn shown(matter: &Matter<'_>) -> Finding {
    let title = match (matter.when, matter.guessed) {
        (When::Supposed, _) => {
            format!("{}: hanya disebut sebagai andai atau latihan", matter.situation)
        }
        (When::Past, _) => format!("{}: disebut sudah lewat", matter.situation),
        (When::Now, true) => format!("{} (mungkin salah ketik)", matter.situation),
        (When::Now, false) => matter.situation.to_owned(),
    };
    let rule = match matter.priority {
        _ if matter.when == When::Supposed => "waktu.andai",
        _ if matter.when == When::Past => "waktu.lampau",
        Priority::P1 | Priority::P2 => "bahaya.kata",
        Priority::P3 | Priority::P4 => "perihal.kata",
    };
    let advice = if matter.when == When::Supposed { "" } else { advice_for(matter.priority) };
    finding(rule, level_of(matter.priority), "narrative", &[matter.words], &title, advice)
}

/// "Tidak" was answered, and the words say otherwise.
fn contradiction(form: &Form, seen: &Seen<'_>) -> Option<Finding> {
    let armed = |matter: &&Matter<'_>| matter.situation.starts_with("senjata");
    let matter = seen.real().find(armed).filter(|_| form.danger.weapon == Tri::No)?;
    Some(finding(
        "bahaya.bertentangan",
        FindingLevel::Ask,
        "narrative",
        &[matter.words],
        "Senjata: jawaban dan uraian berbeda",
        "Pastikan: apakah ada senjata?",
    ))
}

fn about(found: &Duplicate<'_>) -> Finding {
    let number = cut(&found.past.case_number);
    let (rule, title, advice) = if found.other.is_empty() {
        (
            "duplikat.cocok",
            format!("Mungkin laporan yang sama dengan {number}: {}", cut(&found.same)),
            "Pastikan dengan penelepon, lalu gabungkan sebagai pelapor tambahan.".to_owned(),
        )
    } else {
        (
            "duplikat.semu",
            format!("Mirip {number}, tetapi {}", cut(&found.other)),
            format!(
                "Jangan gabungkan dulu. Tanyakan: kejadian yang sama atau lain ({})?",
                cut(&found.other)
            ),
        )
    };
    finding(rule, FindingLevel::Ask, "", &[], &title, &advice)
}

fn sign_finding(words: &str, sort: &str, validity: Validity) -> Finding {
    let (rule, title) = sign_of(sort);
    if validity == Validity::Valid {
        let advice = "Tanda ini kalah oleh isi laporan.";
        return finding(rule, FindingLevel::Note, "narrative", &[words], title, advice);
    }
    let advice = match sort {
        "kosong" => "Jangan tutup sebelum prosedur panggilan sunyi selesai.",
        "melantur" => "Dengarkan dulu: dapat berarti sakit, mabuk, atau putus asa.",
        _ => "Pastikan penelepon tidak membutuhkan polisi, lalu tutup dengan jenis ini.",
    };
    finding(rule, FindingLevel::Note, "narrative", &[words], title, advice)
}

fn sign_of(sort: &str) -> (&'static str, &'static str) {
    match sort {
        "dering-sekali" => ("bukan-laporan.dering-sekali", "Dering sekali"),
        "iseng" => ("bukan-laporan.iseng", "Tanda panggilan iseng"),
        "salah-sambung" => ("bukan-laporan.salah-sambung", "Tanda salah sambung"),
        "uji-coba" => ("bukan-laporan.uji-coba", "Tanda uji coba"),
        "melantur" => ("bukan-laporan.melantur", "Bicara tidak jelas"),
        _ => ("bukan-laporan.kosong", "Tidak ada suara"),
    }
}

fn level_of(priority: Priority) -> FindingLevel {
    if priority == Priority::P1 { FindingLevel::Danger } else { FindingLevel::Note }
}

fn advice_for(priority: Priority) -> &'static str {
    match priority {
        Priority::P1 => "Tetap tersambung dan alihkan sekarang.",
        Priority::P2 => "Alihkan begitu tempatnya jelas.",
        Priority::P3 => "Catat lengkap dan teruskan ke Polres.",
        Priority::P4 => "Dapat diselesaikan di sini.",
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

/// What the branch that the operator chose says, where neither leaf nor words say more.
fn by_branch(kind: &str) -> Option<(Priority, &'static str)> {
    match kind.split('/').next().unwrap_or_default() {
        "pelaporan" => Some((Priority::P2, "Jenis: pelaporan")),
        "pengaduan" | "permintaan" => Some((Priority::P3, "Jenis: pengaduan atau permintaan")),
        "informasi" => Some((Priority::P4, "Jenis: informasi")),
        _ => None,
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

/// What is shown of words that somebody typed: a reason is one line.
fn cut(words: &str) -> &str {
    const LONGEST: usize = 60;
    words.char_indices().nth(LONGEST).map_or(words, |(at, _)| &words[..at])
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
mod tests;
