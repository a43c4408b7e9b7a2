//! Makes `kelurahan.batas` from a GeoJSON layer of the kelurahan, and checks what it made.
//!
//! `cargo run --release -p siaga-gazetteer --example borders -- LAYER.geojson TABLES TOLERANCE [POINTS]`
//!
//! TABLES is the folder with `kecamatan.csv`, into which the borders are written; TOLERANCE is how
//! many metres a border between two kelurahan of one unit may move. With POINTS it also writes, for
//! each unit, a thousand random points of the layer as it was given, for the tests: a line with the
//! units, then each point as two little-endian `i32` of micro-degrees east and north.

use siaga_gazetteer::{Borders, Code, Spot, geojson, source};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

/// Points that are tried for each unit.
const POINTS: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [layer, folder, tolerance, rest @ ..] = &arguments[..] else {
        return Err("usage: borders LAYER.geojson TABLES TOLERANCE [POINTS]".into());
    };
    let folder = PathBuf::from(folder);
    let units = units(&std::fs::read_to_string(folder.join("kecamatan.csv"))?)?;
    let layer = geojson::read(&std::fs::read_to_string(layer)?)?;
    let unit = |code: Code| units.get(&code.at_level(3));
    let borders = geojson::fold(&layer, unit, tolerance.parse()?);
    let bytes = borders.to_bytes();
    std::fs::write(folder.join(source::BORDERS), &bytes)?;
    println!("{} areas, {} corners, {} bytes", layer.len(), borders.corners(), bytes.len());

    let made = geojson::unfold(&Borders::from_bytes(&bytes)?);
    let mut dice = Dice(0x2545_f491_4f6c_dd15);
    let (mut names, mut table) = (Vec::new(), Vec::new());
    let (mut tried, mut other, mut bare) = (0_u32, 0_u32, 0_u32);
    for (name, points) in points(&layer, &unit, &mut dice) {
        for at in points {
            tried += 1;
            let whose = |layer: &geojson::Layer| geojson::area_of(layer, at).and_then(unit);
            match whose(&made) {
                // A coast that was thinned: the look-up takes the nearest land.
                None => bare += 1,
                now => other += u32::from(now != whose(&layer)),
            }
            table.extend(at.x.to_le_bytes());
            table.extend(at.y.to_le_bytes());
        }
        names.push(name.as_str());
    }
    println!(
        "{tried} random points, {other} in another unit than in the layer, {bare} on a coast that was \
         thinned"
    );
    if let [points] = rest {
        let mut file = names.join(" ").into_bytes();
        file.push(b'\n');
        file.extend(table);
        std::fs::write(points, file)?;
    }
    if other > 0 { Err("the borders do not agree with the layer".into()) } else { Ok(()) }
}

/// The unit of each kecamatan.
fn units(csv: &str) -> Result<BTreeMap<Code, String>, Box<dyn Error>> {
    let mut units = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [code, _, unit, ..] = cells[..] else { return Err(line.into()) };
        units.insert(code.parse()?, unit.to_owned());
    }
    Ok(units)
}

/// Random points of each unit, evenly over its land. A point that two areas claim is left out.
fn points<'a>(
    layer: &geojson::Layer,
    unit: &impl Fn(Code) -> Option<&'a String>,
    dice: &mut Dice,
) -> BTreeMap<&'a String, Vec<Spot>> {
    let mut of_unit: BTreeMap<&String, geojson::Layer> = BTreeMap::new();
    for area in layer {
        if let Some(unit) = unit(area.0) {
            of_unit.entry(unit).or_default().push(area.clone());
        }
    }
    of_unit
        .into_iter()
        .map(|(name, areas)| {
            let spots = || areas.iter().flat_map(|(_, rings)| rings).flatten();
            let (x0, x1) = ends(spots().map(|spot| spot.x));
            let (y0, y1) = ends(spots().map(|spot| spot.y));
            let mut found = Vec::with_capacity(POINTS);
            while found.len() < POINTS {
                let at = Spot { x: dice.between(x0, x1), y: dice.between(y0, y1) };
                if geojson::area_of(&areas, at).is_some()
                    && geojson::areas_of(layer, at).all(|code| unit(code) == Some(name))
                {
                    found.push(at);
                }
            }
            (name, found)
        })
        .collect()
}

fn ends(values: impl Iterator<Item = i32>) -> (i32, i32) {
    values.fold((i32::MAX, i32::MIN), |(least, most), value| (least.min(value), most.max(value)))
}

/// xorshift64*: the same points on every machine.
struct Dice(u64);

impl Dice {
    fn between(&mut self, from: i32, to: i32) -> i32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let roll = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        let span = i64::from(to) - i64::from(from) + 1;
        from + i32::try_from(i64::try_from(roll).unwrap_or(0) % span).unwrap_or(0)
    }
}
