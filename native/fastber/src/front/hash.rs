//! Maps for names, spans and addresses: most of what the front end does is to look these up, and SipHash takes longer over
//! a short key than all the rest of it. Modules may come from anywhere, so that the hash has numbers that each process draws
//! anew: names that collide in one do not in another.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

pub type Map<K, V> = HashMap<K, V, Drawn>;

/// The start of every hash, and what its words are multiplied by.
#[derive(Clone, Copy)]
pub struct Drawn {
    start: u64,
    factor: u64,
}

static DRAWN: OnceLock<Drawn> = OnceLock::new();

impl Default for Drawn {
    fn default() -> Self {
        *DRAWN.get_or_init(|| {
            let random = RandomState::new();
            Drawn {
                start: random.hash_one(0),
                factor: random.hash_one(1) | 1,
            }
        })
    }
}

impl BuildHasher for Drawn {
    type Hasher = Words;

    fn build_hasher(&self) -> Words {
        Words {
            state: self.start,
            factor: self.factor,
        }
    }
}

/// Word after word is taken in by a multiplication whose two halves are laid over each other.
pub struct Words {
    state: u64,
    factor: u64,
}

impl Hasher for Words {
    fn finish(&self) -> u64 {
        self.state
    }

    fn write(&mut self, octets: &[u8]) {
        let mut words = octets.chunks_exact(8);
        for word in &mut words {
            let word = word.iter().fold(0, |word, &octet| word << 8 | u64::from(octet));
            self.write_u64(word);
        }
        let rest = words.remainder().iter();
        self.write_u64(rest.fold(octets.len() as u64, |word, &octet| word << 8 | u64::from(octet)));
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.state ^ number) * u128::from(self.factor);
        self.state = product as u64 ^ (product >> 64) as u64;
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}
