//! The front end: any text compiles, or is refused with the places of its faults.

use _fastber::front::{Options, Source, compile};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::codec::bounded;
use crate::python::{allowed, call, fastber, sure};

/// An encoding each of a few forms, to walk every type that an input defines.
const ENCODINGS: &[&[u8]] = &[
    b"\x30\x80\x30\x80\x02\x01\x05\x00\x00\x00\x00",
    b"\x31\x06\x80\x01\x05\xa1\x01\x00",
    b"\x02\x01\x05",
    b"\xa0\x03\x02\x01\x05",
    b"\x0c\x01a",
];

pub fn front_end(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let lines = text.split('\n').count();
    let source = Source {
        name: "fuzz".to_owned(),
        text: text.clone(),
    };
    match compile(&[source], &Options::default()) {
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in faults {
                let line = fault.line as usize;
                assert!((1..=lines).contains(&line), "{fault}: of {lines} lines");
                assert!(fault.column >= 1 && !fault.message.is_empty(), "{fault}");
            }
        }
        Ok(_) => walk(&text),
    }
}

/// Decodes something as each type of a text that the front end has accepted.
fn walk(text: &str) {
    Python::attach(|py| {
        let fastber = fastber(py);
        let Some(specification) = call(
            fastber.module.bind(py),
            "compile_string",
            (text,),
            None,
            &fastber.compile_error,
        ) else {
            return;
        };
        let modules = sure(
            py,
            specification
                .getattr("modules")
                .and_then(|modules| modules.call_method0("values")),
        );
        for module in sure(py, modules.try_iter()) {
            let types = sure(py, module.and_then(|types| types.call_method0("values")));
            for read in sure(py, types.try_iter()) {
                let read = sure(py, read);
                for octets in ENCODINGS {
                    let input = PyBytes::new(py, octets);
                    let decoded = bounded("decode", octets.len(), || read.call_method1("decode", (&input,)));
                    if let Some(value) = allowed(py, decoded, &fastber.decode_error) {
                        call(&read, "encode", (value,), None, &fastber.encode_error);
                    }
                }
            }
        }
    });
}
