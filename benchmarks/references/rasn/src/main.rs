//! Decodes and encodes one value with rasn.
//!
//! `timed TYPE FILE` reads the octets, then takes from standard input "decode N", "encode N" (it answers with
//! nanoseconds of processor and of wall clock for all N) and "again" (it answers with the octets decoded and encoded,
//! in hex).

mod p1;

use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use rasn::{Decode, Encode, ber};

/// Nanoseconds of processor that this process has had.
fn processor() -> i128 {
    let mut at = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `at` is a timespec of ours that outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut at) };
    i128::from(at.tv_sec) * 1_000_000_000 + i128::from(at.tv_nsec)
}

fn repeat(times: u64, mut work: impl FnMut()) -> String {
    let (wall, cpu) = (Instant::now(), processor());
    for _ in 0..times {
        work();
    }
    format!("{} {}", processor() - cpu, wall.elapsed().as_nanos())
}

fn serve<T: Decode + Encode>(octets: &[u8]) -> io::Result<()> {
    let decode = || ber::decode::<T>(black_box(octets)).expect("rasn decodes the octets");
    let value = decode();
    let encode = || ber::encode(black_box(&value)).expect("rasn encodes the value");
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.split_once(' ') {
            None => encode()
                .iter()
                .map(|octet| format!("{octet:02x}"))
                .collect(),
            Some((operation, times)) => {
                let times = times.parse().map_err(io::Error::other)?;
                match operation {
                    "decode" => repeat(times, || drop(black_box(decode()))),
                    _ => repeat(times, || drop(black_box(encode()))),
                }
            }
        };
        println!("{answer}");
        io::stdout().flush()?;
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let octets = std::fs::read(&arguments[2])?;
    match arguments[1].as_str() {
        "APDU" => serve::<p1::Apdu>(&octets),
        "Certificate" => serve::<rasn_pkix::Certificate>(&octets),
        "CertificateList" => serve::<rasn_pkix::CertificateList>(&octets),
        "LDAPMessage" => serve::<rasn_ldap::LdapMessage>(&octets),
        other => Err(io::Error::other(format!("no type {other} here"))),
    }
}
