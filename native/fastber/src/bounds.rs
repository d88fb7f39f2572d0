//! Tests that hold the work done for an input, hostile or only large, against its size: headers read, octets compared.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use crate::ber::de::Decoder;
use crate::ber::en::Encoder;
use crate::error::Result;
use crate::front;
use crate::lower::lower;
use crate::py::reader::Reader;
use crate::py::spec::Shared;
use crate::py::splicer::Splicer;
use crate::py::tree::{check, tree};
use crate::py::view::View;
use crate::schema::TypeId;
use crate::table::{Limits, Options};
use crate::work;

const TEXT: &str = "
Bounds DEFINITIONS IMPLICIT TAGS ::= BEGIN
Nest ::= CHOICE { leaf INTEGER, list SEQUENCE OF Nest }
Octets ::= OCTET STRING  Text ::= UTF8String  Bits ::= BIT STRING  Number ::= INTEGER  Real ::= REAL  Oid ::= OBJECT IDENTIFIER
Nulls ::= SEQUENCE OF NULL  Strings ::= SET OF OCTET STRING  Any ::= SEQUENCE { any ANY }
Open ::= SEQUENCE { a [0] INTEGER OPTIONAL, ... }  Set ::= SET { a [0] INTEGER, b [1] INTEGER OPTIONAL, ... }
Rows ::= SEQUENCE OF Row  Row ::= SEQUENCE { x INTEGER, y OCTET STRING OPTIONAL }
KIND ::= CLASS { &id INTEGER UNIQUE, &Type } WITH SYNTAX { &Type IDENTIFIED BY &id }
Governed ::= SET { id [0] KIND.&id ({Known}), value [1] EXPLICIT KIND.&Type ({Known}{@id}) }
Known KIND ::= { { Governed IDENTIFIED BY 1 } | { NULL IDENTIFIED BY 2 } }
END";

struct Types(Arc<Shared>);

impl Types {
    fn new(py: Python<'_>, der: bool) -> Types {
        let source = front::Source {
            name: "bounds".into(),
            text: TEXT.into(),
        };
        let mut schema = front::compile(&[source], &front::Options::default()).unwrap();
        let limits = Limits {
            max_elements: 10_000_000,
            ..Limits::default()
        };
        let options = Options {
            der,
            limits,
            ..Options::default()
        };
        let table = lower(py, &mut schema, options).unwrap();
        Types(Arc::new(Shared { table, schema }))
    }

    fn id(&self, name: &str) -> TypeId {
        let named = &self.0.schema.modules[0].types;
        named.iter().find(|(known, _)| known == name).unwrap().1
    }

    /// The value, and how many headers were read for it.
    fn decode<'py>(&self, py: Python<'py>, name: &str, octets: &[u8]) -> (Result<Bound<'py, PyAny>>, usize) {
        work::headers();
        let mut decoder = Decoder::new(py, octets, &self.0.table, true);
        let value = decoder.decode(self.id(name), 0, octets.len(), 0);
        (value, work::headers())
    }

    fn view<'py>(&self, name: &str, octets: &Bound<'py, PyBytes>) -> Bound<'py, View> {
        let view = View::root(octets.as_any(), self.0.clone(), self.id(name), false).unwrap();
        Bound::new(octets.py(), view).unwrap()
    }
}

/// Calls `test` with the types in BER and in DER.
fn with_types(test: impl FnOnce(Python<'_>, Types, Types)) {
    Python::attach(|py| test(py, Types::new(py, false), Types::new(py, true)));
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = (contents.len() as u64).to_be_bytes();
    [&[tag, 0x88][..], &length, contents].concat()
}

fn indefinite(tag: u8, contents: &[u8]) -> Vec<u8> {
    [&[tag, 0x80][..], contents, &[0, 0]].concat()
}

#[test]
fn a_depth_bomb_is_left_at_the_limit() {
    with_types(|py, ber, der| {
        let mut definite = vec![2, 1, 0];
        for _ in 0..5000 {
            definite = element(0x30, &definite);
        }
        for bomb in [[0x30, 0x80].repeat(1_000_000), definite] {
            for types in [&ber, &der] {
                let (value, headers) = types.decode(py, "Nest", &bomb);
                assert!(value.is_err() && headers <= 2 * 257 + 1, "{headers} headers");
            }
        }
        let (value, headers) = ber.decode(py, "Octets", &[0x24, 0x80].repeat(1_000_000));
        assert!(value.is_err() && headers <= 2 * 257 + 1, "{headers} headers");
    });
}

#[test]
fn a_length_bomb_is_left_at_its_header() {
    with_types(|py, ber, der| {
        for length in [
            &[0x84, 0xff, 0xff, 0xff, 0xff][..],
            &[0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x88, 0x80, 0, 0, 0, 0, 0, 0, 0],
            &[0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[&[0xfe][..], &[0xff; 126]].concat(),
        ] {
            for (name, tag) in [
                ("Octets", 4),
                ("Octets", 0x24),
                ("Nulls", 0x30),
                ("Number", 2),
                ("Real", 9),
            ] {
                let octets = [&[tag], length, &[0; 1000]].concat();
                for types in [&ber, &der] {
                    let (value, headers) = types.decode(py, name, &octets);
                    assert!(value.is_err() && headers == 1, "{headers} headers");
                }
            }
        }
    });
}

#[test]
fn ten_million_elements_are_read_once_each() {
    const MANY: usize = 10_000_000;
    with_types(|py, ber, _| {
        let contents = [5, 0].repeat(MANY);
        let (value, headers) = ber.decode(py, "Nulls", &element(0x30, &contents));
        assert_eq!(value.unwrap().len().unwrap(), MANY);
        assert_eq!(headers, MANY + 1);
        let octets = PyBytes::new(py, &indefinite(0x30, &contents));
        work::headers();
        assert_eq!(ber.view("Nulls", &octets).len().unwrap(), MANY);
        // Where the indefinite form ends is looked for, from its first header and from the view of it.
        let headers = work::headers();
        assert!(headers <= 5 * MANY + 10, "{headers} headers");
    });
}

#[test]
fn indefinite_forms_in_one_another_are_passed_over_in_one_walk() {
    const LEVELS: usize = 500_000;
    with_types(|py, ber, _| {
        let nested = [[0x30, 0x80].repeat(LEVELS), vec![0; 2 * LEVELS]].concat();
        let wide = [&[0x24, 0x80][..], &[0x24, 0x80, 0, 0].repeat(LEVELS), &[0, 0]].concat();
        for octets in [&nested, &wide] {
            for (name, whole) in [("Any", indefinite(0x30, octets)), ("Open", indefinite(0x30, octets))] {
                let (value, headers) = ber.decode(py, name, &whole);
                assert!(value.is_ok() && headers <= 4 * LEVELS + 20, "{headers} headers");
                let (cut, headers) = ber.decode(py, name, &whole[..whole.len() - 3]);
                assert!(cut.is_err() && headers <= 4 * LEVELS + 20, "{headers} headers");
            }
        }
        for depth in [1, 10, 100] {
            let octets = indefinite(0x30, &[[0x30, 0x80].repeat(depth), vec![0; 2 * depth]].concat());
            work::headers();
            let mut view = ber.view("Nest", &PyBytes::new(py, &octets)).into_any();
            for _ in 0..depth {
                view = view.get_item("list").unwrap().get_item(0).unwrap();
            }
            let headers = work::headers();
            assert!(
                headers <= 8 * (depth + 1) * (depth + 2),
                "a step is one walk over what is below: {headers}"
            );
        }
    });
}

#[test]
fn what_governs_an_open_type_is_waited_for_without_a_walk_for_each_level() {
    with_types(|py, ber, _| {
        let mut value = vec![5, 0];
        for depth in 0..100 {
            let id = [0x80, 1, if depth == 0 { 2 } else { 1 }];
            value = indefinite(0x31, &[indefinite(0xa1, &value), id.to_vec()].concat());
            let (decoded, headers) = ber.decode(py, "Governed", &value);
            assert!(decoded.is_ok());
            // Each open type is passed over before it is decoded: its octets are walked once for each level around it.
            assert!(
                headers <= 8 * (depth + 1) * (depth + 2),
                "{headers} headers at depth {depth}"
            );
        }
    });
}

#[test]
fn strings_of_one_octet_pieces_are_walked_twice() {
    const PIECES: usize = 300_000;
    with_types(|py, ber, _| {
        for (name, tag, piece) in [
            ("Octets", 0x24, &[4, 1, b'a'][..]),
            ("Octets", 0x24, &[0x24, 0x80, 0, 0]),
            ("Octets", 0x24, &[4, 0]),
            ("Text", 0x2c, &[12, 1, b'a']),
            ("Bits", 0x23, &[3, 2, 0, b'a']),
        ] {
            let (value, headers) = ber.decode(py, name, &indefinite(tag, &piece.repeat(PIECES)));
            assert!(value.is_ok(), "{name}");
            assert!(headers <= 8 * PIECES + 10, "{name}: {headers} headers");
        }
        // Twice, for each piece a look for the end and a header.
        let deep = [[0x24, 0x80].repeat(250), vec![4, 1, b'a'], vec![0; 500]].concat();
        let (value, headers) = ber.decode(py, "Octets", &deep);
        assert!(value.is_ok() && headers <= 2 * 4 * 251, "{headers} headers");
    });
}

#[test]
fn a_set_of_is_sorted_in_n_log_n_comparisons() {
    const COUNT: usize = 1 << 12;
    with_types(|py, _, der| {
        for (start, step) in [(0, 1), (COUNT - 1, COUNT - 1), (7, 2731)] {
            // Long common beginnings: what differs comes last.
            let values = (0..COUNT).map(|index| {
                let number = ((start + index * step) % COUNT) as u16;
                PyBytes::new(py, &[&[0; 62][..], &number.to_be_bytes()].concat())
            });
            let list = PyList::new(py, values).unwrap();
            work::compared();
            let mut encoder = Encoder::new(py, &der.0.table, false);
            encoder.encode(der.id("Strings"), list.as_any()).unwrap();
            let octets = encoder.out.to_bytes(py).unwrap();
            let compared = work::compared();
            let total = octets.as_bytes().len();
            assert!(
                compared <= 2 * total * COUNT.ilog2() as usize,
                "{compared} octets of {total}"
            );
            let (value, _) = der.decode(py, "Strings", octets.as_bytes());
            assert_eq!(value.unwrap().len().unwrap(), COUNT);
            assert!(work::compared() <= 2 * total);
        }
        let mut long = element(4, &[0; 1_000_000]);
        long.splice(1..10, [0x83, 0x0f, 0x42, 0x40]);
        let set = [&[0x31, 0x83, 0x0f, 0x62, 0x8d][..], &[4, 0].repeat(4_100), &long].concat();
        let (value, headers) = der.decode(py, "Strings", &set);
        assert!(headers <= 2 * 4_103, "{headers} headers");
        let compared = work::compared();
        assert!(compared <= 3 * set.len(), "{compared} octets; {value:?}");
    });
}

#[test]
fn a_repeated_member_of_a_set_is_left_where_it_is() {
    with_types(|py, ber, _| {
        let repeated = indefinite(0x31, &[0x80, 1, 5].repeat(1_000_000));
        let (value, headers) = ber.decode(py, "Set", &repeated);
        assert!(value.is_err() && headers <= 8, "{headers} headers");
        let unknown = indefinite(0x31, &[&[0x80, 1, 5][..], &[0x89, 0].repeat(300_000)].concat());
        let (value, headers) = ber.decode(py, "Set", &unknown);
        assert!(value.is_ok() && headers <= 2 * 300_004, "{headers} headers");
    });
}

#[test]
fn one_header_is_all_there_is_to_a_large_number() {
    with_types(|py, ber, der| {
        let (value, headers) = ber.decode(py, "Number", &element(2, &[0x55; 5_000_000]));
        assert!(headers <= 2);
        let bits: usize = value.unwrap().call_method0("bit_length").unwrap().extract().unwrap();
        assert_eq!(bits, 8 * 5_000_000 - 1);
        for contents in [
            &[0x83, 4, 0x7f, 0xff, 0xff, 0xff, 1][..],
            &[0x83, 4, 0x80, 0, 0, 0, 1],
            &[&[0x83, 255][..], &[0x7f; 255], &[1]].concat(),
            &[&[0x83, 255][..], &[0x80; 255], &[1; 1000]].concat(),
            &[&[0x80, 0][..], &[0xff; 1_000_000]].concat(),
            b"\x031E999999999999999999999999",
            b"\x031E-99999999999999999999999",
        ] {
            let (value, headers) = ber.decode(py, "Real", &element(9, contents));
            if let Ok(value) = value {
                let value: f64 = value.extract().unwrap();
                assert!(value == 0.0 || value == f64::INFINITY, "{value}");
            }
            assert!(headers <= 2);
            assert!(der.decode(py, "Real", &element(9, contents)).0.is_err());
        }
    });
}

#[test]
fn a_view_of_many_rows_reads_each_header_a_few_times() {
    const ROWS: usize = 50_000;
    with_types(|py, ber, _| {
        let row = [0x30, 6, 2, 1, 5, 4, 1, b'y'];
        for octets in [element(0x30, &row.repeat(ROWS)), indefinite(0x30, &row.repeat(ROWS))] {
            let octets = PyBytes::new(py, &octets);
            let most = |what: &str, each: usize| {
                let headers = work::headers();
                assert!(headers <= each * ROWS + 20, "{what}: {headers} headers");
            };
            work::headers();
            let rows = ber.view("Rows", &octets);
            for row in rows.try_iter().unwrap() {
                row.unwrap().get_item("y").unwrap().getattr("raw").unwrap();
            }
            most("iteration", 10);
            for index in 0..ROWS {
                rows.get_item(index).unwrap().get_item("x").unwrap();
            }
            most("index", 6);

            let paths = PyTuple::new(py, ["[*].x:value", "[*].y:contents", "[-1]", "[7].x"]).unwrap();
            let reader = Reader::compile(ber.0.clone(), ber.id("Rows"), &paths).unwrap();
            let reader = Bound::new(py, reader).unwrap();
            reader.call_method1("read", (&octets,)).unwrap();
            most("reader", 12);

            let paths = PyTuple::new(py, ["[3].x", "[-2].y", "[+]"]).unwrap();
            let splicer = Splicer::compile(ber.0.clone(), ber.id("Rows"), &paths).unwrap();
            let splicer = Bound::new(py, splicer).unwrap();
            let row = py.eval(c"{'x': 1}", None, None).unwrap();
            splicer.call_method1("splice", (&octets, 1, b"y", row)).unwrap();
            most("splice", 8);

            assert_eq!(check(py, octets.as_any(), 256).unwrap(), octets.as_bytes().len());
            most("check", 5);
            assert_eq!(tree(octets.as_any(), 256).unwrap().len(), 1);
            most("tree", 5);
        }
    });
}
