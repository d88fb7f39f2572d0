//! Decode, and encode what was decoded.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyList, PyTuple};

use _fastber::work;

use crate::python::{Fastber, allowed, call, equal, fastber, flags, stop, sure};

/// Headers that may be read for an input of so many octets: each element of two octets and more is looked at a few
/// times, whatever is around it.
pub fn most_headers(octets: usize) -> usize {
    8 * octets + 64
}

/// Runs `work` and holds the headers that it read against the size of the input.
pub fn bounded<T>(what: &str, octets: usize, work: impl FnOnce() -> T) -> T {
    work::headers();
    let result = work();
    let headers = work::headers();
    assert!(
        headers <= most_headers(octets),
        "{what}: {headers} headers read in {octets} octets"
    );
    result
}

/// What is decoded from an input of the BER decoder, or the DER decoder, encodes again, to what decodes to the same.
pub fn decode(data: &[u8], der: bool) {
    Python::attach(|py| {
        let fastber = fastber(py);
        let Some((root, octets)) = fastber.root(data) else {
            return;
        };
        let read = if der { &root.der } else { &root.ber }.bind(py);
        let input = PyBytes::new(py, octets);
        let length = outermost(fastber, read, &input);
        for resolve in [false, true] {
            let options = resolve.then(|| flags(py, &["resolve_open_types"]));
            let Some((value, end)) = decoded(fastber, read, &input, options.as_ref()) else {
                continue;
            };
            assert!(
                length.is_none_or(|length| length == end),
                "{}: {length:?} is not {end}",
                root.name
            );
            let Some(again) = encoded(fastber, read, &value, options.as_ref()) else {
                continue;
            };
            if der {
                let made = again.as_bytes();
                let same = made == &octets[..end];
                let shorter = !root.exact && made.len() < end;
                let rounded = holds_float(&value) || holds_nanoseconds(&octets[..end]);
                assert!(same || shorter || rounded, "{}: DER made into {made:02x?}", root.name);
            }
            let Some((twice, all)) = decoded(fastber, read, &again, options.as_ref()) else {
                panic!("{}: {value:?} encodes as {again:?}, which does not decode", root.name);
            };
            assert_eq!(all, again.as_bytes().len());
            assert!(equal(&value, &twice), "{}: {value:?} became {twice:?}", root.name);
            call(read, "check_constraints", (&value,), None, &fastber.constraints_error);
        }
    });
}

/// Is there a REAL in it? One of more than 53 bits becomes the float nearest to it.
fn holds_float(value: &Bound<'_, PyAny>) -> bool {
    let py = value.py();
    if let Ok(dict) = value.cast::<PyDict>() {
        return dict.values().iter().any(|value| holds_float(&value));
    }
    let among = value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>();
    if among {
        return sure(py, value.try_iter()).any(|item| holds_float(&sure(py, item)));
    }
    value.is_instance_of::<PyFloat>()
}

/// Are there fractions of a second finer than the microseconds of a datetime?
fn holds_nanoseconds(octets: &[u8]) -> bool {
    octets
        .windows(8)
        .any(|text| text[0] == b'.' && text[1..].iter().all(u8::is_ascii_digit))
}

/// The length by the outermost header, where it says one.
fn outermost(fastber: &Fastber, read: &Bound<'_, PyAny>, input: &Bound<'_, PyBytes>) -> Option<usize> {
    let length = bounded("decode_length", 0, || {
        call(read, "decode_length", (input,), None, &fastber.decode_error)
    })?;
    sure(read.py(), length.extract())
}

/// The value and the octets taken; `None` if the octets are refused, at an offset among them.
fn decoded<'py>(
    fastber: &Fastber,
    read: &Bound<'py, PyAny>,
    input: &Bound<'py, PyBytes>,
    options: Option<&Bound<'py, PyDict>>,
) -> Option<(Bound<'py, PyAny>, usize)> {
    let py = read.py();
    let octets = input.as_bytes().len();
    let result = bounded("decode", octets, || {
        read.getattr("decode_with_length")
            .and_then(|decode| decode.call((input,), options))
    });
    if let Err(error) = &result {
        let offset: usize = match error.value(py).getattr("offset") {
            Ok(offset) => sure(py, offset.extract()),
            Err(_) => stop(py, error, "an error without a place"),
        };
        assert!(offset <= octets, "fault found at {offset} of {octets} octets");
    }
    allowed(py, result, &fastber.decode_error).map(|pair| sure(py, pair.extract()))
}

/// Only an alternative that the type does not know, which decodes as `(None, None)`, cannot be encoded.
fn encoded<'py>(
    fastber: &Fastber,
    read: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
    options: Option<&Bound<'py, PyDict>>,
) -> Option<Bound<'py, PyBytes>> {
    let py = read.py();
    let result = read.getattr("encode").and_then(|encode| encode.call((value,), options));
    match allowed(py, result, &fastber.encode_error) {
        Some(octets) => Some(sure(py, octets.cast_into::<PyBytes>().map_err(PyErr::from))),
        None => {
            let told = sure(py, value.repr()).to_string();
            assert!(told.contains("(None, None)"), "{told} was decoded and does not encode");
            None
        }
    }
}
