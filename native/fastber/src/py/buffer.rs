//! Octets of any Python object that exports a buffer, without copying.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

/// One export of a buffer, as plain contiguous octets; released on drop.
pub struct Export(Box<ffi::Py_buffer>);

// SAFETY: a Py_buffer is plain data that names memory and an owner; both are touched only with the interpreter
// attached (`in_place` asks for the token, `drop` attaches), from whichever thread.
unsafe impl Send for Export {}
// SAFETY: as above; through a shared reference the structure is only read.
unsafe impl Sync for Export {}

impl Export {
    pub fn get(object: &Bound<'_, PyAny>) -> PyResult<Export> {
        let mut view = Box::new(std::mem::MaybeUninit::<ffi::Py_buffer>::uninit());
        // SAFETY: `object` is alive, `view` is valid for writes of a Py_buffer; with PyBUF_SIMPLE a successful call
        // fills all of it and promises contiguous octets at `buf`, `len` of them.
        let status = unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), view.as_mut_ptr(), ffi::PyBUF_SIMPLE) };
        if status != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        // SAFETY: filled by the successful call. A Py_buffer must not move while exported: the Box keeps its place.
        Ok(Export(unsafe {
            Box::from_raw(Box::into_raw(view).cast::<ffi::Py_buffer>())
        }))
    }

    /// May nobody write to the octets through this exporter?
    pub fn is_read_only(&self) -> bool {
        self.0.readonly != 0
    }

    /// Number of octets.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        usize::try_from(self.0.len).unwrap_or(0)
    }

    /// The octets, if nothing can change them: those of a bytes object, or of a memoryview of one. That an export is
    /// read-only says only who may not write: a mapped file, or a bytearray that somebody else holds, changes even so.
    pub fn fixed<'a>(&'a self, py: Python<'a>) -> Option<&'a [u8]> {
        // SAFETY: the exporter put a reference to itself here when it filled the structure, which keeps that reference
        // until PyBuffer_Release in `drop`; it is null for none.
        let owner = unsafe { Bound::from_borrowed_ptr_or_opt(py, self.0.obj) }?;
        let of_bytes = match owner.cast_exact::<PyMemoryView>() {
            Ok(view) => view
                .getattr("obj")
                .is_ok_and(|owner| owner.is_exact_instance_of::<PyBytes>()),
            Err(_) => owner.is_exact_instance_of::<PyBytes>(),
        };
        of_bytes.then(|| self.in_place(py))
    }

    /// The octets where they are. Unless they are `fixed`, they may be others whenever they are looked at: Python code
    /// that runs in between may write to them, as may at any time whoever maps the same file. So this is for what reads
    /// headers, each octet of them once, and checks every place that follows from them, so that a change gives other
    /// parts or an error; and for what copies octets of a number that is known. Whatever looks twice, as text is made
    /// by counting first, is given a copy.
    pub fn in_place<'a>(&'a self, _py: Python<'a>) -> &'a [u8] {
        let len = usize::try_from(self.0.len).unwrap_or(0);
        if len == 0 || self.0.buf.is_null() {
            return &[];
        }
        // SAFETY: the exporter keeps `len` octets at `buf` alive and in place until PyBuffer_Release, which happens
        // only in `drop`, so not while `self` is borrowed. No thread of Python writes to them while this one has the
        // interpreter, and what follows from octets that change nevertheless is bounded by the callers, as above: each
        // index is checked against the slice's own length, which does not change.
        unsafe { std::slice::from_raw_parts(self.0.buf.cast::<u8>(), len) }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        // SAFETY: the structure was filled by PyObject_GetBuffer and is released once; the interpreter is attached.
        Python::attach(|_| unsafe { ffi::PyBuffer_Release(&mut *self.0) });
    }
}
