//! Reading a text: which names are mentioned, and what the words before each say about it.

use crate::entry::{Entries, Entry, PlaceKind};
use crate::names::{MOST_WORDS, Meaning, Names};
use crate::spelling::{Gap, Word};
use crate::toll;

/// What the words before a name say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It happened there, or nothing else is said.
    Here,
    /// Near, before, behind or beside it.
    Beside,
    /// On the other side of it, which may be another unit's.
    Opposite,
    /// Somebody came from there.
    Origin,
    /// Somebody was going there.
    Towards,
    /// The caller is or lives there.
    Elsewhere,
}

/// A name in a text.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    /// Where it stands in the text, in bytes.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) meanings: Vec<Meaning>,
    pub(crate) relation: Relation,
    /// "jalan" or the like stands before it.
    pub(crate) street: bool,
    /// "kecamatan" or "kelurahan" stands before it.
    pub(crate) level: Option<PlaceKind>,
    /// Lines before it.
    pub(crate) line: usize,
    /// A kilometre that was said of it, in hundredths.
    pub(crate) km: Option<u32>,
}

const STREET: &[&str] = &[
    "jalan",
    "raya",
    "gang",
    "jembatan",
    "flyover",
    "underpass",
    "simpang",
    "perempatan",
    "pertigaan",
    "tol",
    "boulevard",
    "bulevar",
    "jenderal",
    "letjen",
    "mayjen",
    "kolong",
    "terowongan",
];
const KECAMATAN: &[&str] = &["kecamatan", "kec"];
const KELURAHAN: &[&str] = &["kelurahan", "kel", "desa", "ds"];
const BESIDE: &[&str] = &[
    "dekat", "depan", "belakang", "samping", "sebelah", "sekitar", "pinggir", "bawah", "deket",
    "dkt", "dpn", "blkg", "blakang", "smping", "smpg", "pas",
];
const OPPOSITE: &[&str] = &["seberang", "sebrang", "sbrg", "berseberangan", "sebrangan"];
const TOWARDS: &[&str] = &["arah", "menuju", "ke", "jurusan", "tujuan", "arahnya"];
const ORIGIN: &[&str] = &["dari", "dr", "drpd"];
const HERE: &[&str] =
    &["di", "lokasi", "lok", "tkp", "kejadian", "sisi", "daerah", "wilayah", "kawasan"];
const PERSON: &[&str] = &[
    "pelapor",
    "plp",
    "tinggal",
    "domisili",
    "berdomisili",
    "ktp",
    "warga",
    "kelahiran",
    "penelepon",
];
/// Before a name they make it a person's.
const TITLES: &[&str] = &[
    "pak", "bapak", "bpk", "bu", "ibu", "sdr", "sdri", "nama", "bernama", "namanya", "mas", "mbak",
    "bang",
];
/// Before the name of a far region they make it a dish, a shop or a people.
const DISHES: &[&str] = &[
    "nasi", "rm", "warung", "warteg", "sate", "soto", "bakso", "masakan", "suku", "asli", "logat",
    "bahasa", "makan", "restoran", "martabak", "gudeg", "pempek", "plat",
];
/// Between a word of relation and the name they say nothing.
const BETWEEN: &[&str] = &[
    "jalan",
    "raya",
    "kecamatan",
    "kec",
    "kelurahan",
    "kel",
    "desa",
    "ds",
    "kota",
    "kabupaten",
    "kampung",
    "perumahan",
    "perum",
    "komplek",
    "kompleks",
    "komp",
    "lampu",
    "merah",
    "perempatan",
    "pertigaan",
    "simpang",
    "flyover",
    "stasiun",
    "gerbang",
    "pintu",
    "tol",
    "halte",
    "busway",
    "terminal",
    "yang",
    "mau",
    "masuk",
    "keluar",
    "itu",
    "wil",
    "jenderal",
    "rumah",
    "pasar",
    "mall",
    "polsek",
    "polres",
    "gedung",
    "apartemen",
    "toko",
    "kantor",
    "pos",
    "bunderan",
    "bundaran",
    "rt",
    "rw",
    "gang",
    "luar",
    "exit",
];
/// How many words before a name are looked at.
const BEFORE: usize = 5;

fn any(list: &[&str], word: &Word) -> bool {
    list.contains(&word.plain.as_str())
}

/// The names in a text, the longest at each place.
pub(crate) fn mentions(words: &[Word], names: &Names, entries: &Entries) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    let mut key = String::new();
    let (mut from, mut free, mut line) = (0, 0, 0);
    while from < words.len() {
        if words[from].gap == Gap::Line && from > 0 {
            line += 1;
        }
        let Some((count, meanings)) = longest(words, from, names, entries, &mut key) else {
            from += 1;
            continue;
        };
        let before = &words[free..from];
        let first = &words[from];
        if is_a_name_of_something_else(before, first, count, &meanings, entries) {
            from += 1;
            continue;
        }
        let touching = first.gap <= Gap::Loose;
        let last = before.last().filter(|_| touching);
        let level = match last {
            Some(word) if any(KECAMATAN, word) => Some(PlaceKind::Kecamatan),
            Some(word) if any(KELURAHAN, word) => Some(PlaceKind::Kelurahan),
            _ => None,
        };
        let (relation, said) = relation(before, first.gap);
        let carried =
            mentions.last().filter(|_| !said && first.gap <= Gap::Comma && before.is_empty());
        mentions.push(Mention {
            start: first.start,
            end: words[from + count - 1].end,
            // "arah Cawang, Priok": what was said of the first holds for the next.
            relation: carried.map_or(relation, |last| last.relation),
            street: last.is_some_and(|word| any(STREET, word)),
            level,
            line,
            km: toll::kilometre(&words[from + count..]).or_else(|| toll::kilometre_before(before)),
            meanings,
        });
        for word in &words[from + 1..from + count] {
            line += usize::from(word.gap == Gap::Line);
        }
        from += count;
        free = from;
    }
    mentions
}

/// The longest name that begins at a word, with the places it may mean.
fn longest(
    words: &[Word],
    from: usize,
    names: &Names,
    entries: &Entries,
    key: &mut String,
) -> Option<(usize, Vec<Meaning>)> {
    let mut reach = 1;
    let mut length = words[from].plain.len();
    while reach < MOST_WORDS && from + reach < words.len() && words[from + reach].gap == Gap::Loose
    {
        length += words[from + reach].plain.len();
        if length > names.longest() + 4 {
            break;
        }
        reach += 1;
    }
    (1..=reach).rev().find_map(|count| {
        let window = &words[from..from + count];
        key.clear();
        key.extend(window.iter().map(|word| word.plain.as_str()));
        if let Some(found) = names.find(key) {
            let marked = from > 0 && words[from].gap == Gap::Loose && {
                let before = &words[from - 1];
                any(KECAMATAN, before) || any(KELURAHAN, before)
            };
            let everyday = names.is_everyday(key) && !marked && !stands_alone(words, from, count);
            // Landmarks and regions are chosen by hand: "bsd" and "gbk" are short and still meant.
            let chosen = |m: &&Meaning| {
                let entry = &entries.list[usize::from(m.entry)];
                !everyday
                    || (!entry.outside
                        && !matches!(entry.kind, PlaceKind::Kecamatan | PlaceKind::Kelurahan))
            };
            let found: Vec<Meaning> = found.iter().filter(chosen).copied().collect();
            return (!found.is_empty()).then_some((count, found));
        }
        let penalty = window.iter().filter_map(|w| w.meant.as_ref()).map(|m| m.penalty).max()?;
        key.clear();
        key.extend(window.iter().map(|w| w.meant.as_ref().map_or(&*w.plain, |m| &*m.word)));
        if names.is_everyday(key) {
            return None;
        }
        let fits = |m: &&Meaning| {
            let entry = &entries.list[usize::from(m.entry)];
            // A short name of a small or far place is nearer to chance than to a misspelling.
            let far = entry.outside || entry.kind == PlaceKind::Kelurahan;
            m.penalty < 20 && (!far || key.len() >= 7)
        };
        let found = names
            .find(key)?
            .iter()
            .filter(fits)
            .map(|m| Meaning { entry: m.entry, penalty: m.penalty.saturating_add(penalty) });
        let found: Vec<Meaning> = found.collect();
        (!found.is_empty()).then_some((count, found))
    })
}

/// Whether nothing is said with these words but a name: "Benda", "di pasar, Kec. Benda, Tangerang".
fn stands_alone(words: &[Word], from: usize, count: usize) -> bool {
    let parted = |word: &Word| word.gap >= Gap::Comma;
    (from == 0 || parted(&words[from])) && words.get(from + count).is_none_or(parted)
}

fn is_a_name_of_something_else(
    before: &[Word],
    first: &Word,
    count: usize,
    meanings: &[Meaning],
    entries: &Entries,
) -> bool {
    let Some(last) = before.last().filter(|_| first.gap == Gap::Loose) else { return false };
    let all = |test: fn(&Entry) -> bool| {
        meanings.iter().all(|m| test(&entries.list[usize::from(m.entry)]))
    };
    // Streets bear the names of people, and far towns are in the names of streets and dishes.
    let person = count == 1 && any(TITLES, last) && all(|entry| entry.kind == PlaceKind::Street);
    person || ((any(DISHES, last) || any(STREET, last)) && all(|entry| entry.outside))
}

/// What the words before a name say, and whether they say anything.
fn relation(before: &[Word], gap: Gap) -> (Relation, bool) {
    if gap > Gap::Loose {
        return (Relation::Here, false);
    }
    let mut found = None;
    for (n, word) in before.iter().rev().take(BEFORE).enumerate() {
        // "warga Bekasi", "pelapor di Depok", but not "warga tawuran di Tebet".
        if any(PERSON, word) && (found.is_none() || n == 1) {
            return (Relation::Elsewhere, true);
        }
        let said = if any(BESIDE, word) {
            Some(Relation::Beside)
        } else if any(OPPOSITE, word) {
            Some(Relation::Opposite)
        } else if any(TOWARDS, word) {
            Some(Relation::Towards)
        } else if any(ORIGIN, word) {
            Some(Relation::Origin)
        } else if any(HERE, word) {
            Some(Relation::Here)
        } else {
            None
        };
        match (said, found) {
            // "tinggal di Tebet": only a bare "di" may still belong to the caller.
            (Some(Relation::Here), None) if word.plain == "di" => found = Some(Relation::Here),
            (Some(said), None) => return (said, true),
            (Some(_), Some(found)) => return (found, true),
            (None, Some(found)) if n > 2 => return (found, true),
            (None, None) if !any(BETWEEN, word) => return (Relation::Here, false),
            (None, _) => {}
        }
        if word.gap > Gap::Loose {
            break;
        }
    }
    found.map_or((Relation::Here, false), |found| (found, true))
}
