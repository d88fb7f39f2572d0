//! All seeds, and so many mutations of each, through their targets: the same inputs in every run, on any toolchain.
//!
//! `replay [MUTATIONS]` runs everything; `replay TARGET FILE...` the files alone.

use std::path::{Path, PathBuf};

use fastber_fuzz::TARGETS;

/// Numbers that look random and are the same in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// One to four changes: an octet, a bit, a cut, a piece put in again elsewhere, a piece of another seed.
fn mutated(seed: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        if data.is_empty() {
            break;
        }
        let at = numbers.below(data.len());
        match numbers.below(6) {
            0 => data[at] = numbers.next() as u8,
            1 => data[at] ^= 1 << numbers.below(8),
            2 => data[at] = [0x00, 0x80, 0xff, 0x7f, 0x30, 0x24, 0xa0, 0x1f][numbers.below(8)],
            3 => data.truncate(at),
            4 => {
                let end = at + numbers.below(data.len() - at) + 1;
                let piece = data[at..end].to_vec();
                let place = numbers.below(data.len());
                data.splice(place..place, piece);
            }
            _ if !other.is_empty() => {
                let start = numbers.below(other.len());
                let end = start + numbers.below(other.len() - start) + 1;
                data.splice(at..at, other[start..end].iter().copied());
            }
            _ => {}
        }
    }
    data
}

fn seeds(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut seeds: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry of the folder of seeds").path())
        .collect();
    seeds.sort();
    seeds
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if let Some((_, target)) = first
        .as_ref()
        .and_then(|name| TARGETS.iter().find(|(other, _)| other == name))
    {
        for file in arguments {
            println!("{file}");
            target(&std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}")));
        }
        return;
    }
    let mutations: usize = first.map_or(20, |number| number.parse().expect("a number of mutations"));
    for (name, target) in TARGETS {
        let seeds: Vec<Vec<u8>> = seeds(name)
            .iter()
            .map(|file| std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
            .collect();
        let mut numbers = Numbers(seeds.len() as u64);
        for seed in &seeds {
            target(seed);
        }
        for seed in &seeds {
            for _ in 0..mutations {
                let other = &seeds[numbers.below(seeds.len())];
                let data = mutated(seed, other, &mut numbers);
                let ran = std::panic::catch_unwind(|| target(&data));
                assert!(ran.is_ok(), "{name}: {}", hex(&data));
            }
        }
        println!("{name}: {} seeds, {} mutations", seeds.len(), seeds.len() * mutations);
    }
}

fn hex(data: &[u8]) -> String {
    data.iter().map(|octet| format!("{octet:02x}")).collect()
}
