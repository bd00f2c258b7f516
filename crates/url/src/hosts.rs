//! Choice of a host: rendezvous hashing of the path over several base addresses, so that all sizes of an image have one
//! host, and a base that is added or removed moves only its own share of the images.

/// The base with the largest weight for this path; of two equal weights, the first. `None` without a base.
pub(crate) fn choose<'b>(bases: &'b [String], path: &str) -> Option<&'b str> {
    let mut bases = bases.iter();
    let mut chosen = bases.next()?;
    let mut largest = weight(chosen, path);
    for base in bases {
        let weight = weight(base, path);
        if weight > largest {
            (chosen, largest) = (base, weight);
        }
    }
    Some(chosen)
}

/// FNV-1a of both, 32 bits, mixed as in the last step of MurmurHash3. FNV-1a alone leaves the weights of two bases too
/// similar. Programs of every language compute it with 32-bit arithmetic.
fn weight(base: &str, path: &str) -> u32 {
    let bytes = base.bytes().chain(path.bytes());
    let mut hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::choose;

    fn bases(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| format!("https://{name}.example.org")).collect()
    }

    #[test]
    fn paths_are_spread_evenly_over_bases() {
        let bases = bases(&["img1", "img2", "img3"]);
        let mut counts = [0_u32; 3];
        for number in 0..3000 {
            let path = format!("/photos/{number}.jpg");
            let chosen = choose(&bases, &path).unwrap_or_default();
            counts[bases.iter().position(|base| base == chosen).unwrap_or_default()] += 1;
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }

    #[test]
    fn removed_base_moves_only_its_own_paths() {
        let (all, fewer) = (bases(&["img1", "img2", "img3"]), bases(&["img1", "img3"]));
        for number in 0..500 {
            let path = format!("/{number}/lake.jpg");
            let before = choose(&all, &path);
            if before != Some("https://img2.example.org") {
                assert_eq!(choose(&fewer, &path), before, "{path}");
            }
        }
    }
}
