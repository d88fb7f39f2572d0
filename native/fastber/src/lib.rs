//! fastber: a BER and DER codec for Python. This file only declares what there is.

pub mod ber;
pub mod constraints;
pub mod error;
pub mod front;
pub mod lower;
pub mod pattern;
pub mod py;
pub mod rule;
pub mod schema;
pub mod table;
pub mod value;
pub mod view;
pub mod work;

#[cfg(test)]
mod bounds;

// The encoder steps through dicts and lists in place, and views read memory that others may write to: both count on the
// interpreter lock, which a free-threaded interpreter takes back for such a module.
#[pyo3::pymodule(gil_used = true)]
pub mod _fastber {
    #[pymodule_export]
    use crate::py::description::{Member, OpenType, Type};
    #[pymodule_export]
    use crate::py::raw::{Raw, Remove};
    #[pymodule_export]
    use crate::py::reader::Reader;
    #[pymodule_export]
    use crate::py::spec::{CompiledType, Specification, compile};
    #[pymodule_export]
    use crate::py::splicer::Splicer;
    #[pymodule_export]
    use crate::py::tree::{Tree, check, tree};
    #[pymodule_export]
    use crate::py::view::View;
}
