//! The index of names: from words without anything between them to the places they may mean.

use crate::entry::{Entries, PlaceKind};
use crate::form::Form;
use crate::spelling::{Spelling, Word};
use rustc_hash::{FxHashMap, FxHashSet};

/// The longest name has this many words.
pub(crate) const MOST_WORDS: usize = 6;

/// Taken from the score of a place of whose name only the beginning was said.
const WITHOUT_DIRECTION: u8 = 6;
const FIRST_WORD_ONLY: u8 = 25;

/// Words at the end of a name that people leave out: "Tebet" for "Tebet Timur".
const ENDINGS: [&str; 24] = [
    "utara", "selatan", "timur", "barat", "tengah", "baru", "jaya", "indah", "udik", "ilir",
    "hilir", "kulon", "wetan", "kidul", "lor", "girang", "dalam", "dua", "makmur", "mekar",
    "besar", "kota", "pusat", "raya",
];

/// First words that say nothing about which place it is.
const GENERIC: [&str; 20] = [
    "pondok",
    "kebon",
    "kampung",
    "tanah",
    "pasar",
    "taman",
    "karang",
    "muara",
    "pulau",
    "jembatan",
    "tanjung",
    "lubang",
    "rangkapan",
    "tanggul",
    "sungai",
    "teluk",
    "gunung",
    "kepulauan",
    "pangkalan",
    "mangga",
];

/// A place that a name may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) entry: u16,
    /// Taken from its score, because not the whole name was said.
    pub(crate) penalty: u8,
}

/// The index.
pub(crate) struct Names {
    by_key: FxHashMap<String, Vec<Meaning>>,
    everyday: FxHashSet<String>,
    longest: usize,
}

impl Names {
    pub(crate) fn of(form: &Form, entries: &Entries, spelling: &Spelling) -> Self {
        let mut names =
            Self { by_key: FxHashMap::default(), everyday: FxHashSet::default(), longest: 0 };
        let mut beginnings = Vec::new();
        for name in &entries.names {
            let words = spelling.words(&name.text);
            let kind = entries.list[usize::from(name.entry)].kind;
            names.insert(key(&words), name.entry, 0);
            if matches!(kind, PlaceKind::Kecamatan | PlaceKind::Kelurahan) {
                beginnings.extend(beginning(&words, kind).map(|(k, less)| (k, name.entry, less)));
            }
        }
        for (key, entry, penalty) in beginnings {
            // Where the beginning is itself a name, the longer one is meant more rarely.
            let taken = names.by_key.get(&key).is_some_and(|m| m.iter().any(|m| m.penalty == 0));
            names.insert(key, entry, if taken { FIRST_WORD_ONLY } else { penalty });
        }
        names.everyday = form.everyday.iter().cloned().collect();
        names
    }

    fn insert(&mut self, key: String, entry: u16, penalty: u8) {
        if key.len() < 2 {
            return;
        }
        self.longest = self.longest.max(key.len());
        let meanings = self.by_key.entry(key).or_default();
        if meanings.iter().all(|known| known.entry != entry) {
            meanings.push(Meaning { entry, penalty });
        }
    }

    pub(crate) fn find(&self, key: &str) -> Option<&[Meaning]> {
        self.by_key.get(key).map(Vec::as_slice)
    }

    /// Whether a name is a word of everyday speech as well.
    pub(crate) fn is_everyday(&self, key: &str) -> bool {
        key.len() < 4 || self.everyday.contains(key)
    }

    pub(crate) fn longest(&self) -> usize {
        self.longest
    }
}

/// The key under which a name is found: its words without anything between them.
fn key(words: &[Word]) -> String {
    words.iter().map(|word| word.plain.as_str()).collect()
}

/// What of a name people may say alone.
fn beginning(words: &[Word], kind: PlaceKind) -> impl Iterator<Item = (String, u8)> + use<> {
    let mut found = Vec::new();
    if let [first @ .., last] = words {
        let short = key(first);
        let generic = |word: &Word| GENERIC.contains(&word.plain.as_str());
        if ENDINGS.contains(&last.plain.as_str()) {
            if short.len() >= 5 && !(first.len() == 1 && generic(&first[0])) {
                found.push((short, WITHOUT_DIRECTION));
            }
        } else if kind == PlaceKind::Kecamatan
            && first.len() == 1
            && short.len() >= 6
            && !generic(&first[0])
        {
            found.push((short, FIRST_WORD_ONLY));
        }
    }
    found.into_iter()
}
