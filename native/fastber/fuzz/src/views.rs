//! Views, readers and splices: what they see is what a decode sees, and what they change is what they were told to.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::codec::bounded;
use crate::python::{Fastber, Root, call, equal, fastber, flags, get, sure};

const MOST_STEPS: usize = 12;

/// An input is an octet for the type, one of flags, one that says how many steps follow, the steps, and the encoding.
pub fn view_splice(data: &[u8]) {
    Python::attach(|py| {
        let fastber = fastber(py);
        let Some((root, [flags, count, rest @ ..])) = fastber.root(data) else {
            return;
        };
        let Some((steps, octets)) = rest.split_at_checked(*count as usize % (MOST_STEPS + 1)) else {
            return;
        };
        let input = PyBytes::new(py, octets);
        let buffer = match flags & 12 {
            0 | 12 => input.clone().into_any(),
            4 => sure(
                py,
                py.import("builtins")
                    .and_then(|b| b.call_method1("bytearray", (&input,))),
            ),
            _ => sure(
                py,
                py.import("builtins")
                    .and_then(|b| b.call_method1("memoryview", (&input,))),
            ),
        };
        let sight = Sight {
            py,
            fastber,
            root,
            read: if flags & 1 == 0 { &root.ber } else { &root.der }.bind(py).clone(),
            partial: flags & 2 != 0,
            octets,
            buffer,
        };
        if let Some(view) = sight.view(&sight.buffer) {
            sight.look(&view, steps);
        }
    });
}

/// One buffer, and how it is looked at.
struct Sight<'a, 'py> {
    py: Python<'py>,
    fastber: &'a Fastber,
    root: &'a Root,
    read: Bound<'py, PyAny>,
    partial: bool,
    octets: &'a [u8],
    buffer: Bound<'py, PyAny>,
}

/// A place that steps lead to.
struct Place<'py> {
    view: Bound<'py, PyAny>,
    /// Names and numbers, as a tuple.
    steps: Vec<Bound<'py, PyAny>>,
    /// The same as text.
    path: String,
}

impl<'py> Sight<'_, 'py> {
    fn options(&self) -> Option<Bound<'py, PyDict>> {
        self.partial.then(|| flags(self.py, &["partial"]))
    }

    fn view(&self, buffer: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
        let options = self.options();
        bounded("view", self.octets.len(), || {
            call(
                &self.read,
                "view",
                (buffer,),
                options.as_ref(),
                &self.fastber.decode_error,
            )
        })
    }

    fn look(&self, view: &Bound<'py, PyAny>, steps: &[u8]) {
        let Some(place) = self.walk(view, steps) else {
            return;
        };
        // A place that the buffer does not hold all of can be seen, and nothing of it be had.
        let Some(raw) = get(&place.view, "raw", &self.fastber.decode_error) else {
            assert!(self.partial, "{}: {} is not there", self.root.name, place.path);
            return;
        };
        let raw = self.bytes(&raw);
        let (start, length) = (number(&place.view, "offset"), number(&place.view, "length"));
        assert_eq!(raw.as_bytes(), &self.octets[start..start + length]);
        let value = self.value(view, &place);
        self.paths(view, &place, &raw, value.as_ref());
        self.splices(view, &place, &raw, value.as_ref(), start + length);
    }

    /// Goes where the steps point, among what is there; `None` where a level cannot be read.
    fn walk(&self, view: &Bound<'py, PyAny>, steps: &[u8]) -> Option<Place<'py>> {
        let mut place = Place {
            view: view.clone(),
            steps: Vec::new(),
            path: String::new(),
        };
        for &step in steps {
            let octets = self.octets.len();
            let keys = bounded("keys", octets, || {
                call(&place.view, "keys", (), None, &self.fastber.decode_error)
            })?;
            let count = sure(self.py, keys.len());
            let key = if count > 0 {
                let name = sure(self.py, keys.get_item(step as usize % count));
                let dot = if place.path.is_empty() { "" } else { "." };
                place.path.push_str(&format!("{dot}{name}"));
                name
            } else {
                let count = match place.view.len() {
                    Ok(count) => count,
                    Err(error) if error.is_instance_of::<PyTypeError>(self.py) => return Some(place),
                    Err(error) if error.get_type(self.py).is(&self.fastber.decode_error) => return None,
                    Err(error) => crate::python::stop(self.py, &error, "len"),
                };
                if count == 0 {
                    return Some(place);
                }
                let index = step as usize % count;
                place.path.push_str(&format!("[{index}]"));
                sure(self.py, index.into_pyobject(self.py).map_err(PyErr::from)).into_any()
            };
            place.view = sure(self.py, place.view.get_item(&key));
            place.steps.push(key);
        }
        Some(place)
    }

    /// The value of a place: the one that the whole has there, if the whole decodes.
    fn value(&self, view: &Bound<'py, PyAny>, place: &Place<'py>) -> Option<Bound<'py, PyAny>> {
        let octets = self.octets.len();
        let value = bounded("value", octets, || {
            get(&place.view, "value", &self.fastber.decode_error)
        });
        let whole = get(view, "value", &self.fastber.decode_error)?;
        let mut inner = whole;
        for step in &place.steps {
            // An alternative is a pair of its name and its value.
            let found = if inner.is_instance_of::<PyTuple>() {
                inner.get_item(1)
            } else {
                inner.get_item(step)
            };
            inner = sure(self.py, found);
        }
        let value = value.unwrap_or_else(|| panic!("{}: {} decodes within the whole only", self.root.name, place.path));
        assert!(
            equal(&inner, &value),
            "{}: {} is {inner:?} in the whole, and {value:?}",
            self.root.name,
            place.path
        );
        Some(value)
    }

    /// A path in either form, and a reader, lead to the same octets and the same value.
    fn paths(
        &self,
        view: &Bound<'py, PyAny>,
        place: &Place<'py>,
        raw: &Bound<'py, PyBytes>,
        value: Option<&Bound<'py, PyAny>>,
    ) {
        let steps = sure(self.py, PyTuple::new(self.py, &place.steps));
        let text = (&place.path,).into_pyobject(self.py);
        for found in [
            view.call_method1("at", (steps,)),
            view.call_method1("at", sure(self.py, text)),
        ] {
            let found = sure(self.py, found.and_then(|found| found.getattr("raw")));
            assert_eq!(self.bytes(&found).as_bytes(), raw.as_bytes());
        }
        let paths = [format!("{}:raw", place.path), format!("{}:value", place.path)];
        let paths = &paths[..if value.is_some() { 2 } else { 1 }];
        let reader = sure(
            self.py,
            self.read
                .call_method1("reader", sure(self.py, PyTuple::new(self.py, paths))),
        );
        let options = self.options();
        let read = bounded("read", self.octets.len(), || {
            reader.call_method("read", (&self.buffer,), options.as_ref())
        });
        let read = sure(self.py, read);
        assert_eq!(self.bytes(&sure(self.py, read.get_item(0))).as_bytes(), raw.as_bytes());
        if let Some(value) = value {
            let other = sure(self.py, read.get_item(1));
            assert!(
                equal(value, &other),
                "{}: {} is {value:?}, read {other:?}",
                self.root.name,
                place.path
            );
        }
    }

    fn splices(
        &self,
        view: &Bound<'py, PyAny>,
        place: &Place<'py>,
        raw: &Bound<'py, PyBytes>,
        value: Option<&Bound<'py, PyAny>>,
        end: usize,
    ) {
        let whole = get(view, "length", &self.fastber.decode_error);
        let whole = whole.map_or(usize::MAX, |length| sure(self.py, length.extract()));
        let whole = &self.octets[..whole.min(self.octets.len())];

        let same = sure(self.py, self.fastber.raw.bind(self.py).call1((raw,)));
        let spliced = self
            .splice(view, place, &same)
            .expect("octets that were there can be put there");
        assert_eq!(
            spliced.as_bytes(),
            whole,
            "{}: {} put where it was",
            self.root.name,
            place.path
        );

        if let Some(value) = value
            && let Some(spliced) = self.splice(view, place, value)
        {
            assert!(
                spliced.as_bytes().ends_with(&whole[end..]),
                "{}: behind {}",
                self.root.name,
                place.path
            );
            self.others_stay(view, place, &spliced, Some(value));
        }
        let remove = self.fastber.remove.bind(self.py);
        if let Some(spliced) = self.splice(view, place, remove) {
            assert!(
                spliced.as_bytes().ends_with(&whole[end..]),
                "{}: behind {}",
                self.root.name,
                place.path
            );
            self.others_stay(view, place, &spliced, None);
        }
    }

    /// The whole with one part replaced, by a view and by a splicer; `None` if the value cannot be put there.
    fn splice(
        &self,
        view: &Bound<'py, PyAny>,
        place: &Place<'py>,
        value: &Bound<'py, PyAny>,
    ) -> Option<Bound<'py, PyBytes>> {
        let edits = PyDict::new(self.py);
        sure(self.py, edits.set_item(&place.path, value));
        let spliced = bounded("splice", self.octets.len(), || {
            call(view, "splice", (edits,), None, &self.fastber.encode_error)
        })?;
        let spliced = self.join(&spliced);
        let splicer = sure(self.py, self.read.call_method1("splicer", (&place.path,)));
        let other = splicer.call_method("splice", (&self.buffer, value), self.options().as_ref());
        assert_eq!(spliced.as_bytes(), self.join(&sure(self.py, other)).as_bytes());
        Some(spliced)
    }

    /// In `spliced` the place has its new value (or is gone), and what is beside it, at every level, is what it was.
    fn others_stay(
        &self,
        old: &Bound<'py, PyAny>,
        place: &Place<'py>,
        spliced: &Bound<'py, PyBytes>,
        value: Option<&Bound<'py, PyAny>>,
    ) {
        let new = self.view(spliced.as_any()).expect("what was spliced can be viewed");
        let (mut old, mut new) = (old.clone(), new);
        for (index, step) in place.steps.iter().enumerate() {
            let gone = value.is_none() && index + 1 == place.steps.len();
            self.siblings(&old, &new, step, gone);
            if gone {
                return;
            }
            old = sure(self.py, old.get_item(step));
            new = sure(self.py, new.get_item(step));
        }
        if let Some(value) = value {
            let found = sure(self.py, new.getattr("value"));
            assert!(
                equal(value, &found),
                "{}: {} became {found:?}",
                self.root.name,
                place.path
            );
        }
    }

    fn siblings(&self, old: &Bound<'py, PyAny>, new: &Bound<'py, PyAny>, step: &Bound<'py, PyAny>, gone: bool) {
        let raw = |view: &Bound<'py, PyAny>, key: &Bound<'py, PyAny>| {
            let part = sure(self.py, view.get_item(key));
            get(&part, "raw", &self.fastber.decode_error).map(|raw| self.bytes(&raw).as_bytes().to_vec())
        };
        let keys = sure(self.py, old.call_method0("keys"));
        if sure(self.py, keys.len()) == 0 {
            // Elements of a list; a few on either side will do.
            let (count, at): (usize, usize) = (sure(self.py, old.len()), sure(self.py, step.extract()));
            assert_eq!(sure(self.py, new.len()), count - usize::from(gone));
            for index in at.saturating_sub(3)..(at + 4).min(count) {
                let moved = if gone && index > at { index - 1 } else { index };
                let key = |index: usize| sure(self.py, index.into_pyobject(self.py).map_err(PyErr::from)).into_any();
                assert!(index == at || raw(old, &key(index)) == raw(new, &key(moved)));
            }
            return;
        }
        let mut before = sure(self.py, keys.extract::<Vec<String>>());
        let after = sure(
            self.py,
            new.call_method0("keys").and_then(|keys| keys.extract::<Vec<String>>()),
        );
        let name: String = sure(self.py, step.extract());
        if gone {
            // Elements that were passed over can be met as members, or as this one, once it is out of their way.
            before.retain(|other| *other != name);
            assert!(
                before.iter().all(|other| after.contains(other)),
                "{before:?} became {after:?}"
            );
        } else {
            assert_eq!(before, after);
        }
        for key in sure(self.py, keys.try_iter()).map(|key| sure(self.py, key)) {
            assert!(
                sure(self.py, key.eq(step)) || raw(old, &key) == raw(new, &key),
                "{key} changed"
            );
        }
    }

    fn join(&self, buffers: &Bound<'py, PyAny>) -> Bound<'py, PyBytes> {
        let joined = PyBytes::new(self.py, b"").call_method1("join", (buffers,));
        sure(self.py, joined.and_then(|joined| Ok(joined.cast_into::<PyBytes>()?)))
    }

    fn bytes(&self, buffer: &Bound<'py, PyAny>) -> Bound<'py, PyBytes> {
        let bytes = self.py.get_type::<PyBytes>().call1((buffer,));
        sure(self.py, bytes.and_then(|bytes| Ok(bytes.cast_into::<PyBytes>()?)))
    }
}

fn number(view: &Bound<'_, PyAny>, name: &str) -> usize {
    sure(view.py(), view.getattr(name).and_then(|number| number.extract()))
}
