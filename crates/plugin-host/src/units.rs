//! The table of units. The hub loads the same one.

use siaga_model::{Level, Unit, UnitId};
use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/units.csv");

static UNITS: LazyLock<Vec<Unit>> =
    LazyLock::new(|| parse(TABLE).expect("the table that is compiled in is tested"));

/// Every unit that is known: the Poldas that Jabodetabek touches, and their Polres there.
pub fn units() -> &'static [Unit] {
    &UNITS
}

/// Reads `id,name,code,level,parent`; the error names the row.
fn parse(csv: &str) -> Result<Vec<Unit>, String> {
    csv.lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<&str> = line.split(',').collect();
            let [id, name, code, level, parent] = columns[..] else {
                return Err(format!("not five columns: {line}"));
            };
            let unit_id = |text: &str| text.parse::<UnitId>().map_err(|error| error.to_string());
            let level = match level {
                "polsek" => Level::Polsek,
                "polres" => Level::Polres,
                "polda" => Level::Polda,
                "mabes" => Level::Mabes,
                other => return Err(format!("no level {other:?}: {line}")),
            };
            Ok(Unit {
                id: unit_id(id)?,
                name: name.to_owned(),
                code: code.to_owned(),
                level,
                parent: if parent.is_empty() { None } else { Some(unit_id(parent)?) },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_but_the_headquarters_stands_under_one_that_is_above_it() {
        let all = parse(TABLE).expect("the table reads");
        for unit in &all {
            assert!((2..=8).contains(&unit.code.len()), "{}", unit.id);
            let parent = unit.parent.as_ref();
            assert_eq!(parent.is_none(), unit.level == Level::Mabes, "{}", unit.id);
            if let Some(parent) = parent {
                let above =
                    all.iter().find(|other| other.id == *parent).expect("the parent exists");
                assert!(above.level > unit.level, "{}", unit.id);
            }
        }
        let polres = all
            .iter()
            .filter(|unit| unit.parent.as_ref().is_some_and(|parent| parent.as_str() == "pmj"));
        // Thirteen Polres, and Propam, which takes complaints about police.
        assert_eq!(polres.count(), 14);
    }
}
