//! The checker, with folders that have something wrong in them.

use super::*;
use std::path::PathBuf;

/// A folder with the smallest tables that are right, in which a test breaks one thing.
fn folder(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("siaga-gazetteer-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (file, text) in [
        (
            "units.csv",
            "id,name,code,level,parent\nmabes,Mabes,MABES,mabes,\npmj,Polda,PMJ,polda,mabes\npmj.jaksel,Jaksel,JAKSEL,polres,pmj\npmj.bandara,Bandara,BANDARA,polres,pmj\n",
        ),
        ("provinsi.csv", "kode,nama,unit,sebutan\n31,Jakarta,pmj,dki\n"),
        ("kabupaten_kota.csv", "kode,nama\n31.74,Kota Jakarta Selatan\n"),
        ("wilayah.csv", "nama,unit,kode\njaksel,pmj.jaksel,31.74\n"),
        (
            "kecamatan.csv",
            "kode,nama,unit,polsek,lat,lng,dasar\n31.74.01,Tebet,pmj.jaksel,,-6.2,106.8,x\n",
        ),
        ("kelurahan.csv", "kode,nama\n31.74.01.1001,Tebet Timur\n"),
        (
            "tempat_penting.csv",
            "nama,sebutan,jenis,kode,unit,lat,lng,sumber\nKota Kasablanka,kokas,mal,31.74.01,pmj.jaksel,,,umum\n",
        ),
        (
            "jalan.csv",
            "nama,sebutan,jenis,kode,unit,lat,lng,sumber\nCasablanca,,jalan,31.74.01,pmj.jaksel,,,umum\n",
        ),
        (
            "jalan_tol.csv",
            "ruas,sebutan,km_dari,km_sampai,kode,unit,sumber\nTol Dalam Kota,,0,4.5,31.74.01,pmj.jaksel,umum\n",
        ),
        (
            "kawasan_khusus.csv",
            "nama,unit,sudut,sumber\nBandara,pmj.bandara,-6.1 106.6; -6.1 106.7; -6.2 106.7,umum\n",
        ),
        ("singkatan_tempat.csv", "singkatan,kepanjangan\nkby,kebayoran\n"),
        ("nama_umum.csv", "kata\nbenda\n"),
        ("kata_biasa.csv", "kata\nkorban\n"),
    ] {
        std::fs::write(folder.join(file), text).unwrap();
    }
    let square = [(106_800_000, -6_200_000), (100, 0), (0, 100), (-100, 0), (0, -100)];
    let area =
        crate::borders::Area { code: "31.74.01.1001".parse().unwrap(), rings: vec![vec![0]] };
    let borders = Borders { arcs: vec![square.to_vec()], areas: vec![area] };
    std::fs::write(folder.join(BORDERS), borders.to_bytes()).unwrap();
    folder
}

fn faults_with(name: &str, file: &str, text: &str) -> Vec<String> {
    let folder = folder(name);
    std::fs::write(folder.join(file), text).unwrap();
    let faults = read(&folder).map_or_else(|faults| faults, |_| Vec::new());
    std::fs::remove_dir_all(folder).unwrap();
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_folder_without_a_fault_reads() {
    let folder = folder("right");
    let form = read(&folder).expect("nothing is wrong");
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!((form.kecamatan.len(), form.landmarks.len(), form.zones.len()), (1, 2, 1));
    assert_eq!(Form::from_bytes(&form.to_bytes()), Ok(form));
}

#[test]
fn every_faulty_row_is_named_with_its_line() {
    let found = faults_with(
        "rows",
        "tempat_penting.csv",
        "nama,sebutan,jenis,kode,unit,lat,lng,sumber\n\
         A,,mal,31.74.01,pmj.jaksel,,,\n\
         B,,mal,31.74.99,pmj.jaksel,,,umum\n\
         # a remark\n\
         C,,mal,,pmj.jaksel,,,umum\n\
         D,,mal,,pmj.nobody,-6.2,106.8,umum\n\
         E,,mal,,pmj.jaksel,-6.2,x,umum\n\
         F,,mal,31.74.01,pmj.bandara,,,umum\n\
         G,mal\n",
    );
    assert_eq!(
        found,
        [
            "tempat_penting.csv:2: no source",
            "tempat_penting.csv:3: 31.74.99 is neither in kecamatan.csv nor in kelurahan.csv",
            "tempat_penting.csv:5: neither a code nor a point",
            "tempat_penting.csv:6: the unit \"pmj.nobody\" is not in units.csv",
            "tempat_penting.csv:7: \"x\" is no number",
            "tempat_penting.csv:9: 2 cells, not 8",
        ]
    );
}

#[test]
fn a_landmark_in_the_land_of_another_unit_is_a_fault() {
    let units = "id,name,code,level,parent\nmabes,M,M,mabes,\npmj,P,P,polda,mabes\npmj.jaksel,J,J,polres,pmj\npmj.bandara,B,B,polres,pmj\n";
    let kecamatan = "kode,nama,unit,polsek,lat,lng,dasar\n31.74.01,Tebet,pmj.jaksel,,-6.2,106.8,x\n31.74.02,Lain,pmj.bandara,,-6.2,106.8,x\n";
    let folder = folder("owner");
    std::fs::write(folder.join("units.csv"), units).unwrap();
    std::fs::write(folder.join("kecamatan.csv"), kecamatan).unwrap();
    std::fs::write(
        folder.join("jalan.csv"),
        "nama,sebutan,jenis,kode,unit,lat,lng,sumber\nA,,jalan,31.74.01,pmj.bandara,,,umum\n",
    )
    .unwrap();
    let faults = read(&folder).expect_err("the owner is another");
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!(faults[0].to_string(), "jalan.csv:2: 31.74.01 belongs to pmj.jaksel");
}

#[test]
fn a_kelurahan_without_borders_and_borders_without_a_kelurahan_are_faults() {
    let found = faults_with("borders", "kelurahan.csv", "kode,nama\n31.74.01.1002,Tebet Barat\n");
    assert_eq!(
        found,
        [
            "kelurahan.batas: 31.74.01.1001 has borders and no row",
            "kelurahan.batas: 31.74.01.1002 has a row and no borders",
        ]
    );
}

#[test]
fn a_missing_or_foreign_file_is_named() {
    let found = faults_with("foreign", BORDERS, "something else");
    assert_eq!(found, ["kelurahan.batas: no gazetteer of this version"]);
    let folder = folder("missing");
    std::fs::remove_file(folder.join("jalan_tol.csv")).unwrap();
    let faults = read(&folder).expect_err("a table is missing");
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!((faults.len(), faults[0].file.as_str()), (1, "jalan_tol.csv"));
}

#[test]
fn kilometres_that_run_backwards_are_a_fault() {
    let found = faults_with(
        "km",
        "jalan_tol.csv",
        "ruas,sebutan,km_dari,km_sampai,kode,unit,sumber\nTol,,7,3,31.74.01,pmj.jaksel,umum\n",
    );
    assert_eq!(found, ["jalan_tol.csv:2: the kilometres do not run from less to more"]);
}
