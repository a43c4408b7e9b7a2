//! What counts as the same word: case, accents and the abbreviations of operators do not matter.
//!
//! Both what is stored and what is searched for go through here, so a word finds itself in any of its
//! spellings. Numbers are found by any four or more of their digits that stand together.

/// How operators write and what they mean: both are found by either.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("bdg", "bandung"),
    ("blm", "belum"),
    ("dkt", "dekat"),
    ("dlm", "dalam"),
    ("dpn", "depan"),
    ("gg", "gang"),
    ("hlg", "hilang"),
    ("jaksel", "jakarta selatan"),
    ("jakbar", "jakarta barat"),
    ("jakpus", "jakarta pusat"),
    ("jaktim", "jakarta timur"),
    ("jakut", "jakarta utara"),
    ("jl", "jalan"),
    ("jln", "jalan"),
    ("kab", "kabupaten"),
    ("kec", "kecamatan"),
    ("kel", "kelurahan"),
    ("kkrs", "kekerasan"),
    ("klg", "keluarga"),
    ("kntr", "kantor"),
    ("kp", "kampung"),
    ("krb", "korban"),
    ("krbn", "korban"),
    ("laka", "kecelakaan"),
    ("lantas", "lalu lintas"),
    ("lk", "laki laki"),
    ("lr", "luka ringan"),
    ("lb", "luka berat"),
    ("md", "meninggal dunia"),
    ("mbl", "mobil"),
    ("mtr", "motor"),
    ("org", "orang"),
    ("plk", "pelaku"),
    ("plp", "pelapor"),
    ("pr", "perempuan"),
    ("rm", "rumah"),
    ("rmh", "rumah"),
    ("rs", "rumah sakit"),
    ("sblm", "sebelum"),
    ("sdh", "sudah"),
    ("sajam", "senjata tajam"),
    ("senpi", "senjata api"),
    ("skrg", "sekarang"),
    ("smp", "sampai"),
    ("tdk", "tidak"),
    ("tgl", "tanggal"),
    ("tj", "tanjung"),
    ("tjg", "tanjung"),
    ("tlp", "telepon"),
    ("tsb", "tersebut"),
    ("ttg", "tentang"),
    ("yg", "yang"),
];

/// The letters and digits of a text as lower-case words without accents.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    // A combining accent belongs to the letter before it.
    for c in text.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)) {
        let kept = word.len();
        plain(c, &mut word);
        if word.len() == kept && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The words of a text with both spellings of every abbreviation, to be stored.
pub fn index(text: &str) -> String {
    let words = words(text);
    let mut index = words.join(" ");
    for word in &words {
        for (_, long) in ABBREVIATIONS.iter().filter(|(short, _)| short == word) {
            push(&mut index, long);
        }
    }
    index
}

/// A number's digits, whole and from each digit on, so that any four of them that stand together are
/// the beginning of something stored.
pub fn number(text: &str) -> String {
    const SHORTEST: usize = 4;
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let mut index = String::new();
    if digits.len() < SHORTEST {
        return digits;
    }
    for from in 0..=digits.len() - SHORTEST {
        push(&mut index, &digits[from..]);
    }
    index
}

/// A text as an FTS5 expression: every word must be there, the last letters of each may be missing.
/// `None` when it has no letter and no digit.
pub fn expression(text: &str) -> Option<String> {
    let mut terms: Vec<String> = Vec::new();
    for part in text.split_whitespace() {
        let is_number = part.chars().any(|c| c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_digit() || "+-.()".contains(c));
        if is_number {
            let digits: String = part.chars().filter(char::is_ascii_digit).collect();
            let national = if part.starts_with("+62") || digits.starts_with("628") {
                format!("0{}", digits.trim_start_matches("62"))
            } else {
                digits
            };
            terms.push(format!("\"{national}\"*"));
            continue;
        }
        for word in words(part) {
            let known = ABBREVIATIONS.iter().find(|(short, _)| *short == word);
            terms.push(match known {
                Some((short, long)) => format!("(\"{short}\" OR \"{long}\")"),
                None => format!("\"{word}\"*"),
            });
        }
    }
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

/// The words around the first one that was searched for, at most `longest` characters; empty when
/// none is there.
pub fn excerpt(text: &str, searched: &str, longest: usize) -> String {
    let wanted: Vec<String> = words(searched);
    let meant = |word: &str| {
        wanted.iter().any(|wanted| {
            let long = |short: &str| ABBREVIATIONS.iter().find(|(s, _)| *s == short).map(|p| p.1);
            word.starts_with(wanted.as_str())
                || long(word).is_some_and(|long| long.starts_with(wanted.as_str()))
                || long(wanted).is_some_and(|long| long.split(' ').any(|part| part == word))
        })
    };
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let found = tokens.iter().position(|token| words(token).iter().any(|word| meant(word)));
    let Some(at) = found else { return String::new() };
    let from = at.saturating_sub(6);
    let mut excerpt = String::new();
    for token in &tokens[from..] {
        if excerpt.chars().count() + token.chars().count() + 1 > longest {
            break;
        }
        push(&mut excerpt, token);
    }
    excerpt
}

fn push(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

/// Appends a letter or digit as it is compared; nothing for anything else.
fn plain(c: char, word: &mut String) {
    let base = match c {
        '\u{e0}'..='\u{e5}' | '\u{c0}'..='\u{c5}' => 'a',
        '\u{e8}'..='\u{eb}' | '\u{c8}'..='\u{cb}' => 'e',
        '\u{ec}'..='\u{ef}' | '\u{cc}'..='\u{cf}' => 'i',
        '\u{f2}'..='\u{f6}' | '\u{d2}'..='\u{d6}' => 'o',
        '\u{f9}'..='\u{fc}' | '\u{d9}'..='\u{dc}' => 'u',
        '\u{e7}' | '\u{c7}' => 'c',
        '\u{f1}' | '\u{d1}' => 'n',
        c => c,
    };
    if base.is_alphanumeric() {
        word.extend(base.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_punctuation_do_not_matter() {
        assert_eq!(words("Jl. Café-Ñandú, RT 03"), ["jl", "cafe", "nandu", "rt", "03"]);
        assert_eq!(words("cafe\u{301} lama"), ["cafe", "lama"]);
    }

    #[test]
    fn an_abbreviation_is_found_by_what_it_means_and_the_other_way_round() {
        assert_eq!(index("Plp dkt RS"), "plp dkt rs pelapor dekat rumah sakit");
        assert_eq!(expression("plp").as_deref(), Some("(\"plp\" OR \"pelapor\")"));
        assert_eq!(expression("pelap").as_deref(), Some("\"pelap\"*"));
    }

    #[test]
    fn a_number_is_found_by_any_four_of_its_digits() {
        assert_eq!(number("0812-345"), "0812345 812345 12345 2345");
        assert_eq!(expression("0812-345").as_deref(), Some("\"0812345\"*"));
        assert_eq!(expression("+62812345").as_deref(), Some("\"0812345\"*"));
        assert_eq!(number("12"), "12");
    }

    #[test]
    fn what_could_be_a_command_to_the_database_is_words() {
        assert_eq!(
            expression("a\" OR NEAR(*)").as_deref(),
            Some("\"a\"* AND \"or\"* AND \"near\"*")
        );
        assert_eq!(expression(" ,.\"* "), None);
    }

    #[test]
    fn an_excerpt_shows_what_was_found_with_some_words_before_it() {
        let text = "satu dua tiga empat lima enam tujuh delapan api besar di dapur";
        assert_eq!(
            excerpt(text, "API", 60),
            "tiga empat lima enam tujuh delapan api besar di dapur"
        );
        assert_eq!(excerpt("plp panik sekali", "pelapor", 160), "plp panik sekali");
        assert_eq!(excerpt(text, "banjir", 160), "");
    }
}
