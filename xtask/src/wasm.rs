//! Builds the shipped plugins as WebAssembly components.
//!
//! With `wasm-component-ld` as the linker, cargo's output for `wasm32-unknown-unknown` *is* a
//! component. The target's standard library comes from rustup where rustup can download it. Where it
//! cannot, but Debian's `rustc-web`, `cargo-web` and `rust-web-src` are there, the library is built
//! from those sources once and kept in the user's cache.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

const TARGET: &str = "wasm32-unknown-unknown";

/// Package name of each component, in the order they are reported. The last one is for tests.
const PLUGINS: [&str; 3] = ["validitas-dasar", "rute-metro-jaya", "tests-hostile"];

/// The shadow stack of a guest, in bytes. Small, because every fresh instance has to map it.
const GUEST_STACK: u32 = 65_536;

/// Builds all plugins and gives the paths `TARGET_DIR/plugins/NAME.wasm`.
///
/// # Errors
/// In words for a developer: which command failed, or what is to be installed.
pub(crate) fn build_plugins(root: &Path, target_dir: &Path) -> Result<Vec<PathBuf>, String> {
    let compiler = Compiler::find()?;
    let workspace = root.join("plugins");
    // A folder of its own: the plugins may be built by another compiler than everything else.
    let guests = target_dir.join("plugins-build");
    let mut build = Command::new(&compiler.cargo);
    build
        .current_dir(&workspace)
        .args(["build", "--release", "--locked", "--target", TARGET])
        .env("CARGO_TARGET_DIR", &guests)
        .env("RUSTC", &compiler.rustc)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &compiler.component_linker)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", compiler.flags())
        // Set for our own build they would win over the flags of the target.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    if compiler.leave_rustup {
        // rustup's proxy sets these, and they would lead Debian's cargo back to rustup's rustc.
        build.env_remove("RUSTUP_TOOLCHAIN").env_remove("RUSTC_BOOTSTRAP").env_remove("CARGO");
    }
    run(&mut build)?;

    let folder = target_dir.join("plugins");
    fs::create_dir_all(&folder).map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
    PLUGINS
        .iter()
        .map(|name| {
            let built = guests
                .join(TARGET)
                .join("release")
                .join(format!("{}.wasm", name.replace('-', "_")));
            let to = folder.join(format!("{name}.wasm"));
            fs::copy(&built, &to)
                .map_err(|e| format!("cannot copy {} to {}: {e}", built.display(), to.display()))?;
            Ok(to)
        })
        .collect()
}

/// A compiler that has the standard library for the target.
struct Compiler {
    cargo: PathBuf,
    rustc: PathBuf,
    component_linker: PathBuf,
    wasm_linker: PathBuf,
    leave_rustup: bool,
}

impl Compiler {
    fn find() -> Result<Self, String> {
        let rustc = PathBuf::from(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        let sysroot = PathBuf::from(output(Command::new(&rustc).args(["--print", "sysroot"]))?);
        let host = output(Command::new(&rustc).args(["--print", "host-tuple"]))?;
        let tools = sysroot.join("lib").join("rustlib").join(&host).join("bin");
        let component_linker = tools.join(executable("wasm-component-ld"));
        let wasm_linker = tools.join("gcc-ld").join(executable("wasm-ld"));
        if !component_linker.is_file() || !wasm_linker.is_file() {
            return Err(format!(
                "the Rust toolchain in {} has no wasm-component-ld; install Rust with rustup",
                sysroot.display()
            ));
        }
        let cargo = PathBuf::from(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let own = sysroot.join("lib").join("rustlib").join(TARGET).join("lib");
        let ours = Self { cargo, rustc, component_linker, wasm_linker, leave_rustup: false };
        if own.is_dir() {
            return Ok(ours);
        }
        let debian = DebianSources::find();
        // What was built once is used at once: asking rustup where it cannot download takes minutes.
        if let Some(ready) = debian.as_ref().and_then(DebianSources::ready) {
            return Ok(Self {
                cargo: debian_path("cargo"),
                rustc: ready,
                leave_rustup: true,
                ..ours
            });
        }
        let added = Command::new("rustup")
            .args(["target", "add", TARGET])
            .stdin(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if added && own.is_dir() {
            return Ok(ours);
        }
        let Some(debian) = debian else {
            return Err(format!(
                "`rustup target add {TARGET}` failed, and there are no Debian sources to build the \
                 target from: connect to the internet, or on Debian `apt-get install rustc-web \
                 cargo-web rust-web-src`"
            ));
        };
        let rustc = debian.build()?;
        Ok(Self { cargo: debian_path("cargo"), rustc, leave_rustup: true, ..ours })
    }

    fn flags(&self) -> OsString {
        let mut flags = OsString::from("-Clink-arg=--wasm-ld-path=");
        flags.push(&self.wasm_linker);
        flags.push(format!(" -Clink-arg=-zstack-size={GUEST_STACK}"));
        flags
    }
}

/// Debian's compiler with the sources of its standard library.
struct DebianSources {
    /// Where the standard library for the target is kept, by compiler version.
    sysroot: PathBuf,
    /// Debian's own.
    debian_sysroot: PathBuf,
}

impl DebianSources {
    fn find() -> Option<Self> {
        let rustc = debian_path("rustc");
        if !rustc.is_file() || !debian_path("cargo").is_file() {
            return None;
        }
        let debian_sysroot =
            PathBuf::from(output(Command::new(&rustc).args(["--print", "sysroot"])).ok()?);
        if !debian_sysroot.join("lib/rustlib/src/rust/library/std").is_dir() {
            return None;
        }
        let version = output(Command::new(&rustc).arg("--version")).ok()?;
        let version = version.split_whitespace().nth(1)?.to_owned();
        let cache = env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
        let sysroot = cache.join("siaga110").join("wasm-sysroot").join(version);
        Some(Self { sysroot, debian_sysroot })
    }

    fn rustc(&self) -> PathBuf {
        self.sysroot.join("bin").join("rustc")
    }

    /// The compiler, when an earlier run has finished building. It is written last.
    fn ready(&self) -> Option<PathBuf> {
        let rustc = self.rustc();
        rustc.is_file().then_some(rustc)
    }

    /// Builds the standard library, which takes a minute, and gives the compiler that finds it.
    fn build(&self) -> Result<PathBuf, String> {
        println!("building the Rust standard library for {TARGET} once; about a minute");
        let work = self.sysroot.join(format!("build-{}", std::process::id()));
        let source = work.join("src");
        create(&source)?;
        write(&source.join("lib.rs"), "")?;
        write(
            &work.join("Cargo.toml"),
            "[package]\nname = \"stub\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
        )?;
        run(Command::new(debian_path("cargo"))
            .current_dir(&work)
            .args(["build", "--release", "-Zbuild-std=std,panic_abort,proc_macro"])
            .args(["--target", TARGET])
            .env("RUSTC", debian_path("rustc"))
            // -Zbuild-std on a stable compiler.
            .env("RUSTC_BOOTSTRAP", "1")
            // Without it a guest with link-time optimisation does not link.
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env("CARGO_TARGET_DIR", work.join("target"))
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("RUSTC_WRAPPER"))?;

        let libraries = self.sysroot.join("lib").join("rustlib");
        let ours = libraries.join(TARGET).join("lib");
        create(&ours)?;
        let deps = work.join("target").join(TARGET).join("release").join("deps");
        let entries = fs::read_dir(&deps).map_err(|e| format!("{}: {e}", deps.display()))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".rlib") && !name.starts_with("libstub-") {
                fs::copy(entry.path(), ours.join(&name)).map_err(|e| format!("{name}: {e}"))?;
            }
        }
        self.link_host_libraries(&libraries)?;
        fs::remove_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;

        let bin = self.sysroot.join("bin");
        create(&bin)?;
        // Written beside and renamed, so that a half-written script is never taken for a finished one.
        let half = bin.join(format!("rustc-{}", std::process::id()));
        let script = format!(
            "#!/bin/sh\nexec {} --sysroot '{}' \"$@\"\n",
            debian_path("rustc").display(),
            self.sysroot.display()
        );
        write(&half, &script)?;
        make_executable(&half)?;
        fs::rename(&half, self.rustc()).map_err(|e| format!("{}: {e}", half.display()))?;
        Ok(self.rustc())
    }

    /// Procedural macros run on this machine and need its libraries.
    #[cfg(unix)]
    fn link_host_libraries(&self, libraries: &Path) -> Result<(), String> {
        let host = output(Command::new(debian_path("rustc")).args(["--print", "host-tuple"]))?;
        let to = libraries.join(&host);
        if to.exists() {
            return Ok(());
        }
        let from = self.debian_sysroot.join("lib").join("rustlib").join(&host);
        std::os::unix::fs::symlink(&from, &to).map_err(|e| format!("{}: {e}", to.display()))
    }

    #[cfg(not(unix))]
    fn link_host_libraries(&self, _libraries: &Path) -> Result<(), String> {
        Err(format!("Debian's sources in {} on no Unix", self.debian_sysroot.display()))
    }
}

fn debian_path(program: &str) -> PathBuf {
    PathBuf::from("/usr/bin").join(program)
}

fn executable(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

fn create(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|e| format!("cannot create {}: {e}", folder.display()))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
}

#[cfg(unix)]
fn make_executable(file: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
        .map_err(|e| format!("{}: {e}", file.display()))
}

#[cfg(not(unix))]
fn make_executable(_file: &Path) -> Result<(), String> {
    Ok(())
}

fn run(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} failed ({status})")),
        Err(error) => Err(format!("cannot start {command:?}: {error}")),
    }
}

fn output(command: &mut Command) -> Result<String, String> {
    let out = command.output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if out.status.success() {
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    } else {
        Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&out.stderr).trim()))
    }
}
