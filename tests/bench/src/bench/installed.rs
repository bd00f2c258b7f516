//! Installation of measured programs: packages of npm and of Debian, of one version, each in a folder of its own.
//!
//! Programs that only help to measure come from `xtask::tools`, which installs them for the whole machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{program, run};

/// The `node_modules` with this package, written as `name@version`. A half-finished installation is done again.
pub(super) fn npm(package: &str, folder: &Path) -> Result<PathBuf> {
    let stamp = folder.join("version");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == package) {
        fs::create_dir_all(folder)?;
        let options = format!("install {package} --save-exact --no-audit --no-fund --loglevel=error --prefix");
        run(program("npm", &options).arg(folder))?;
        fs::write(&stamp, package)?;
    }
    Ok(folder.join("node_modules"))
}

/// Node with a script of this crate that uses these modules.
pub(super) fn node(modules: &Path, script: &str) -> Command {
    let mut node = program("node", "");
    add_script(&mut node, modules, script);
    node
}

/// Adds the script to a command line that starts Node.
pub(super) fn add_script(node: &mut Command, modules: &Path, script: &str) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench");
    node.env("NODE_PATH", modules).arg(scripts.join(script));
}

/// A program of Debian's.
pub(super) struct Debian {
    pub(super) binary: PathBuf,
    /// The value of `LD_LIBRARY_PATH` with which it starts.
    pub(super) libraries: PathBuf,
}

impl Debian {
    /// The machine's own program if there is one, or else the one of this package, unpacked with what it needs below
    /// the folder. Only root may download packages.
    pub(super) fn install(package: &str, name: &str, folder: &Path) -> Result<Self> {
        let on_machine = Path::new("/usr/bin").join(name);
        if on_machine.is_file() {
            return Ok(Self {
                binary: on_machine,
                libraries: PathBuf::new(),
            });
        }
        let unpacked = Self {
            binary: folder.join("usr/bin").join(name),
            libraries: folder.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH)),
        };
        if !unpacked.binary.is_file() {
            unpack(package, folder).with_context(|| format!("{package} cannot be unpacked"))?;
        }
        Ok(unpacked)
    }
}

fn unpack(package: &str, folder: &Path) -> Result<()> {
    let packages = folder.join("packages");
    fs::create_dir_all(packages.join("partial"))?;
    let options = "install --yes --no-install-recommends --download-only --option";
    let download = || {
        run(program("apt-get", options)
            .arg(format!("Dir::Cache::archives={}", packages.display()))
            .arg(package))
    };
    download().or_else(|_| run(&mut program("apt-get", "update --quiet")).and_then(|()| download()))?;
    let mut files: Vec<PathBuf> = fs::read_dir(&packages)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "deb"));
    // The program itself comes last, so that its presence tells that all is there.
    files.sort_by_key(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(&format!("{package}_"))
    });
    files
        .iter()
        .try_for_each(|file| run(program("dpkg", "--extract").arg(file).arg(folder)))
}
