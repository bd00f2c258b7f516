//! Memory control group with a limit and a server in it: version 1 or 2, as the system has it. It is removed when
//! dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::server::{self, Server, resizer};

/// The group.
pub(super) struct Group {
    folder: PathBuf,
    is_v2: bool,
}

impl Group {
    /// A group in which processes get so many bytes together, and no swap.
    pub(super) fn new(limit: u64) -> Result<Self> {
        let name = format!("resizer-soak-{}", std::process::id());
        let v1 = Path::new("/sys/fs/cgroup/memory");
        let is_v2 = !v1.is_dir();
        let mount = if is_v2 { Path::new("/sys/fs/cgroup") } else { v1 };
        let group = Self {
            folder: mount.join(name),
            is_v2,
        };
        let missing = || {
            format!(
                "no memory control group: {} cannot be made (as root?)",
                group.folder.display()
            )
        };
        if is_v2 {
            // Fails where memory accounting is on already or needs more rights; writing the limit below tells which.
            let _ = fs::write(mount.join("cgroup.subtree_control"), "+memory");
        }
        fs::create_dir(&group.folder).with_context(missing)?;
        let (memory, swap) = if is_v2 {
            ("memory.max", ("memory.swap.max", "0".to_owned()))
        } else {
            (
                "memory.limit_in_bytes",
                ("memory.memsw.limit_in_bytes", limit.to_string()),
            )
        };
        fs::write(group.folder.join(memory), limit.to_string()).with_context(|| {
            format!(
                "{} has no {memory}: is the memory controller on?",
                group.folder.display()
            )
        })?;
        // Not there where the kernel counts no swap.
        let _ = fs::write(group.folder.join(swap.0), swap.1);
        Ok(group)
    }

    /// Starts the server of this folder in the group.
    pub(super) fn start(&self, folder: &Path) -> Result<Server> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "echo $$ > \"$0\" && exec \"$1\""])
            .arg(self.folder.join("cgroup.procs"))
            .arg(resizer()?);
        server::start(command, folder)
    }

    /// How many processes the kernel has killed in it.
    pub(super) fn kills(&self) -> Result<u64> {
        let file = if self.is_v2 {
            "memory.events"
        } else {
            "memory.oom_control"
        };
        let text = fs::read_to_string(self.folder.join(file))?;
        let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        line.with_context(|| format!("{file} counts no kills"))?
            .trim()
            .parse()
            .context("no number of kills")
    }

    /// The most that its processes held without what the kernel can take back at once (the page cache), as far as is
    /// known: the resident bytes at their peak.
    pub(super) fn peak(server: &Server) -> Result<u64> {
        server.status_bytes("VmHWM:")
    }

    /// Bytes that the group holds now.
    pub(super) fn resident(server: &Server) -> Result<u64> {
        server.status_bytes("VmRSS:")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        eprintln!("{} is left behind", self.folder.display());
    }
}
