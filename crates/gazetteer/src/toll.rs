//! Kilometres of toll roads: "KM 19", "km.19,5", "KM 19+200".

use crate::spelling::{Gap, Word};

/// How many words after the road's name are looked at.
const AFTER: usize = 6;

/// The kilometre said after a road, in hundredths.
pub(crate) fn kilometre(after: &[Word]) -> Option<u32> {
    let after = &after[..after.len().min(AFTER)];
    let at = after.iter().position(|word| matches!(word.plain.as_str(), "km" | "kilometer"))?;
    if after[..=at].iter().any(|word| word.gap >= Gap::Sentence) {
        return None;
    }
    let whole: u32 = after.get(at + 1)?.plain.parse().ok().filter(|km| *km < 1000)?;
    Some(whole * 100)
}

/// The kilometre said just before a road: "di KM 19 tol Japek".
pub(crate) fn kilometre_before(before: &[Word]) -> Option<u32> {
    let near = &before[before.len().saturating_sub(4)..];
    kilometre(near)
}

/// A kilometre in hundredths, if there can be such a one.
pub(crate) fn hundredths(km: f64) -> Option<u32> {
    (0.0..1000.0).contains(&km).then(|| (km * 100.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        text.split(' ')
            .map(|plain| Word {
                plain: plain.to_owned(),
                meant: None,
                start: 0,
                end: 0,
                gap: Gap::Loose,
            })
            .collect()
    }

    #[test]
    fn a_kilometre_is_read_after_and_before_the_road() {
        assert_eq!(kilometre(&words("arah cikampek km 19 lajur 2")), Some(1900));
        assert_eq!(kilometre(&words("lajur 2")), None);
        assert_eq!(kilometre(&words("km berapa ya")), None);
        assert_eq!(kilometre_before(&words("laka di km 47 tol")), Some(4700));
    }
}
