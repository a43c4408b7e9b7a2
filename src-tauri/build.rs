//! Declares the commands, so that the capability file can grant exactly these.

use std::path::Path;

fn main() {
    // The page is built by npm. Without it the program must still compile, e.g. for its tests.
    let page = Path::new("../ui/dist");
    if !page.join("index.html").exists() {
        println!("cargo::warning=ui/dist is missing: run `npm ci && npm run build` in ui/");
        if let Err(error) = std::fs::create_dir_all(page) {
            println!("cargo::error=cannot create ui/dist: {error}");
        }
    }
    println!("cargo::rerun-if-changed=../ui/dist");

    let commands =
        tauri_build::AppManifest::new().commands(&["intent", "subscribe", "page_failed"]);
    if let Err(error) =
        tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))
    {
        println!("cargo::error={error:#}");
    }
}
