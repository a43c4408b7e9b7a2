//! The next best question: what to ask now, so that help leaves soonest.

use siaga_plugin_sdk::types::{Finding, FindingLevel, Form, Tri};

/// What is asked, beside which field.
pub(crate) struct Question {
    rule: &'static str,
    field: &'static str,
    title: &'static str,
    advice: &'static str,
}

const SILENT: Question = Question {
    rule: "sunyi.prosedur",
    field: "narrative",
    title: "Jalankan prosedur panggilan sunyi",
    advice: "Kalau tidak bisa bicara, tekan tombol apa saja atau ketuk dua kali.",
};
const NEEDS_POLICE: Question = Question {
    rule: "bukan-laporan.pastikan",
    field: "",
    title: "Pastikan sebelum menutup",
    advice: "Apakah Anda membutuhkan polisi sekarang?",
};
const WHERE: Question = Question {
    rule: "lengkap.di-mana",
    field: "location",
    title: "Lokasi belum ada",
    advice: "Di mana kejadiannya? Apa patokan terdekat?",
};
const WHAT: Question = Question {
    rule: "lengkap.apa",
    field: "narrative",
    title: "Kejadian belum jelas",
    advice: "Apa yang sedang terjadi?",
};
const INJURED: Question = Question {
    rule: "bahaya.luka",
    field: "danger",
    title: "Luka belum ditanyakan",
    advice: "Apakah ada yang terluka?",
};
const ONGOING: Question = Question {
    rule: "bahaya.berlanjut",
    field: "danger",
    title: "Belum diketahui apakah masih berlangsung",
    advice: "Apakah masih berlangsung, dan apakah pelakunya masih di sana?",
};
const WEAPON: Question = Question {
    rule: "bahaya.senjata",
    field: "danger",
    title: "Senjata belum ditanyakan",
    advice: "Apakah ada senjata?",
};
const TRAPPED: Question = Question {
    rule: "bahaya.terjebak",
    field: "danger",
    title: "Orang terjebak belum ditanyakan",
    advice: "Apakah ada yang terjebak atau tidak bisa keluar?",
};
const WHO: Question = Question {
    rule: "lengkap.pelapor",
    field: "reporter-name",
    title: "Nama pelapor belum ada",
    advice: "Boleh tahu nama Anda, dan hubungan Anda dengan kejadian ini?",
};
const CHANGED: Question = Question {
    rule: "lengkap.perubahan",
    field: "",
    title: "Semua pertanyaan pokok sudah terjawab",
    advice: "Adakah perubahan sejak Anda menelepon?",
};

impl Question {
    /// As the one question to ask now.
    pub(crate) fn now(&self) -> Finding {
        Finding {
            rule: self.rule.to_owned(),
            level: FindingLevel::AskNow,
            field: self.field.to_owned(),
            words: Vec::new(),
            title: self.title.to_owned(),
            advice: self.advice.to_owned(),
        }
    }
}

/// What the rules know of the call so far.
pub(crate) struct Known {
    /// It looks like a silent line.
    pub(crate) silent: bool,
    /// It looks like no report.
    pub(crate) not_report: bool,
    /// The words say what happened.
    pub(crate) what: bool,
    /// Only a question was asked.
    pub(crate) information: bool,
    /// The words say that somebody is hurt.
    pub(crate) injured: bool,
}

/// The question that brings help forward most. There always is one.
pub(crate) fn next(form: &Form, known: &Known) -> Question {
    let open = |answer: Tri| answer == Tri::Unknown;
    let danger = &form.danger;
    let placed =
        !form.location.trim().is_empty() || !form.area_code.is_empty() || form.point.is_some();
    if known.silent {
        return SILENT;
    }
    if known.not_report {
        return NEEDS_POLICE;
    }
    if !known.what {
        return WHAT;
    }
    if known.information {
        return NEEDS_POLICE;
    }
    // Without a place nobody can be sent, and the line may break at any moment.
    if !placed {
        return WHERE;
    }
    if open(danger.injured) && !known.injured {
        return INJURED;
    }
    if open(danger.ongoing) {
        return ONGOING;
    }
    if open(danger.weapon) {
        return WEAPON;
    }
    if open(danger.trapped) {
        return TRAPPED;
    }
    if form.reporter_name.is_empty() && !form.hide_identity { WHO } else { CHANGED }
}
