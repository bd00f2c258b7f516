//! Default of `memory_limit`: half of the memory that this process may use, without what the process takes in any case.
//! Read once, at the start of the engine, from its control group (version 2 or 1) and from the machine.
#![expect(
    clippy::disallowed_methods,
    reason = "three small files of the kernel's, read once before anything is served"
)]

use std::fs;
use std::path::Path;

/// Assumed where neither a control group nor the machine tells a number.
const UNKNOWN: u64 = 1 << 30;

/// Bytes that the process takes beside all work: code, threads and their stacks, tables. A server that has made three
/// pictures and rests has 35 MB resident, of which 30 MB are pages of its file.
const FIXED: u64 = 32 << 20;

/// Half of the memory that is left without [`FIXED`], in bytes, and at least a quarter of all. The other half is for
/// memory that the budget does not count: what the allocator keeps between two jobs, and what it loses to fragments.
/// Under a mixed load, a budget of 128 MiB made 244 MB resident: beside the fixed part 1.6 bytes for each of the
/// budget.
pub(crate) fn default_limit() -> u64 {
    part_of(Path::new("/"))
}

fn part_of(root: &Path) -> u64 {
    let machine = fs::read_to_string(root.join("proc/meminfo"))
        .ok()
        .and_then(|text| total_of(&text));
    let limits = [group_limit(root), machine];
    let all = limits.into_iter().flatten().min().unwrap_or(UNKNOWN);
    (all.saturating_sub(FIXED) / 2).max(all / 4)
}

/// The lowest limit among this process' control group and the groups above it. Version 1 has other folders and files.
fn group_limit(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut lowest = None;
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else {
            continue;
        };
        let (mount, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            list if list.split(',').any(|name| name == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let mount = root.join(mount);
        let group = mount.join(group.trim_start_matches('/'));
        for folder in group.ancestors().take_while(|folder| folder.starts_with(&mount)) {
            let limit = fs::read_to_string(folder.join(file))
                .ok()
                .and_then(|text| text.trim().parse::<u64>().ok());
            lowest = lowest.into_iter().chain(limit).min();
        }
    }
    lowest
}

fn total_of(meminfo: &str) -> Option<u64> {
    let kib = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?
        .trim()
        .strip_suffix("kB")?;
    kib.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> u64 {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        part_of(root.path())
    }

    #[test]
    fn default_limit_is_a_part_of_the_lowest_limit_there_is() {
        let meminfo = ("proc/meminfo", "MemTotal:        2097152 kB\nMemFree: 1 kB\n");
        // Half of 2 GiB without 32 MiB.
        assert_eq!(machine(&[meminfo]), 1008 << 20);
        let v2 = ("proc/self/cgroup", "0::/a/b\n");
        assert_eq!(
            machine(&[meminfo, v2, ("sys/fs/cgroup/a/b/memory.max", "max\n")]),
            1008 << 20
        );
        assert_eq!(
            machine(&[
                meminfo,
                v2,
                ("sys/fs/cgroup/a/b/memory.max", "1073741824\n"),
                ("sys/fs/cgroup/a/memory.max", "268435456\n")
            ]),
            112 << 20,
            "a parent's limit holds too"
        );
        assert_eq!(
            machine(&[
                meminfo,
                ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/x\n"),
                ("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "33554432")
            ]),
            8 << 20,
            "of little memory, a quarter"
        );
        assert_eq!(machine(&[]), (UNKNOWN - FIXED) / 2);
    }
}
