//! The interpreter that the targets embed, and the types that inputs are read as.

use std::path::Path;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple};

/// One type that an input may be of; the first octet of an input says which.
pub struct Root {
    pub name: &'static str,
    /// Compiled for BER and for DER.
    pub ber: Py<PyAny>,
    pub der: Py<PyAny>,
    /// In DER whatever decodes encodes to the same octets: no extension marker lets anything be passed over.
    pub exact: bool,
}

/// (module, type, exact) of `torture.asn1`. New ones go last: the seeds name their type by its place.
const TORTURE: &[(&str, &str, bool)] = &[
    ("Torture", "All", true),
    ("Torture", "Bare", true),
    ("Torture", "Tree", true),
    ("Torture", "Mixed", true),
    ("Torture", "Strings", true),
    ("Torture", "Sets", true),
    ("Torture-Universal", "Any", true),
    ("Torture-Universal", "Universal", true),
    ("Torture-Extensible", "Grown", false),
    ("Torture-Extensible", "Widened", false),
    ("Torture-Extensible", "Governed", false),
    ("Torture-Extensible", "GovernedSet", false),
];

/// The same of the Recommendations' modules, read with the leniency that x400 reads them with.
const RECOMMENDATIONS: &[(&str, &str, bool)] = &[
    ("MTSTransferProtocol", "MTS-APDU", false),
    ("MTSAbstractService", "MessageSubmissionEnvelope", false),
    ("MTSAbstractService", "MessageDeliveryEnvelope", false),
    ("MTSAbstractService", "ORAddress", false),
    ("IPMSInformationObjects", "InformationObject", false),
    ("AuthenticationFramework", "Certificate", false),
    ("AuthenticationFramework", "CertificateList", false),
    ("ACSE-1", "ACSE-apdu", false),
    ("Reliable-Transfer-APDU", "RTSE-apdus", false),
    ("ISO8823-PRESENTATION", "CP-type", false),
    ("MSAbstractService", "ListResult", false),
    ("P1", "MPDU", false),
];

pub struct Fastber {
    pub module: Py<PyModule>,
    pub decode_error: Py<PyAny>,
    pub encode_error: Py<PyAny>,
    pub constraints_error: Py<PyAny>,
    pub compile_error: Py<PyAny>,
    pub raw: Py<PyAny>,
    pub remove: Py<PyAny>,
    pub roots: Vec<Root>,
}

static FASTBER: PyOnceLock<Fastber> = PyOnceLock::new();

/// The package `fastber`, imported from its sources over the extension module that is linked into this program.
pub fn fastber(py: Python<'_>) -> &Fastber {
    FASTBER
        .get_or_try_init(py, || start(py))
        .unwrap_or_else(|error| stop(py, &error, "fastber does not start"))
}

/// What no input may bring about.
pub fn stop(py: Python<'_>, error: &PyErr, told: &str) -> ! {
    error.display(py);
    panic!("{told}: {error}");
}

fn start(py: Python<'_>) -> PyResult<Fastber> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let extension = pyo3::wrap_pymodule!(_fastber::_fastber)(py);
    let sys = py.import("sys")?;
    sys.getattr("path")?
        .call_method1("insert", (0, here.join("../python").into_os_string()))?;
    sys.getattr("modules")?.set_item("fastber._fastber", extension)?;
    let module = py.import("fastber")?;
    let attribute = |name: &str| module.getattr(name).map(Bound::unbind);

    let mut roots = Vec::new();
    let torture = [here.join("torture.asn1")];
    let mut published = Vec::new();
    for folder in std::fs::read_dir(here.join("../../../asn1"))? {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue; // what is written about the modules
        }
        for file in std::fs::read_dir(folder)? {
            published.push(file?.path());
        }
    }
    published.sort();
    for (files, lenient, names) in [(&torture[..], false, TORTURE), (&published[..], true, RECOMMENDATIONS)] {
        let compile = |codec: &str| {
            let options = PyDict::new(py);
            options.set_item("codec", codec)?;
            options.set_item("tolerate_explicit", lenient)?;
            options.set_item("ignore_unknown", lenient)?;
            module
                .getattr("compile_files")?
                .call((files,), Some(&options))?
                .getattr("modules")
        };
        let (ber, der) = (compile("ber")?, compile("der")?);
        for &(module, name, exact) in names {
            roots.push(Root {
                name,
                ber: ber.get_item(module)?.get_item(name)?.unbind(),
                der: der.get_item(module)?.get_item(name)?.unbind(),
                exact,
            });
        }
    }
    Ok(Fastber {
        decode_error: attribute("DecodeError")?,
        encode_error: attribute("EncodeError")?,
        constraints_error: attribute("ConstraintsError")?,
        compile_error: attribute("CompileError")?,
        raw: attribute("Raw")?,
        remove: attribute("REMOVE")?,
        module: module.unbind(),
        roots,
    })
}

impl Fastber {
    /// The type that an input names, and the rest of the input.
    pub fn root<'a>(&self, data: &'a [u8]) -> Option<(&Root, &'a [u8])> {
        let (&first, rest) = data.split_first()?;
        Some((&self.roots[first as usize % self.roots.len()], rest))
    }
}

/// A method called; `None` if it raises an exception of the class, which is the only one that it may raise.
pub fn call<'py>(
    object: &Bound<'py, PyAny>,
    method: &str,
    arguments: impl pyo3::call::PyCallArgs<'py>,
    options: Option<&Bound<'py, PyDict>>,
    class: &Py<PyAny>,
) -> Option<Bound<'py, PyAny>> {
    let py = object.py();
    let result = object
        .getattr(method)
        .and_then(|method| method.call(arguments, options));
    allowed(py, result, class)
}

/// As `call`, for a property.
pub fn get<'py>(object: &Bound<'py, PyAny>, name: &str, class: &Py<PyAny>) -> Option<Bound<'py, PyAny>> {
    allowed(object.py(), object.getattr(name), class)
}

pub fn allowed<'py>(
    py: Python<'py>,
    result: PyResult<Bound<'py, PyAny>>,
    class: &Py<PyAny>,
) -> Option<Bound<'py, PyAny>> {
    match result {
        Ok(value) => Some(value),
        Err(error) if error.get_type(py).is(class) => None,
        Err(error) => stop(py, &error, "an exception that is not fastber's"),
    }
}

/// What must not fail.
pub fn sure<'py, T>(py: Python<'py>, result: PyResult<T>) -> T {
    result.unwrap_or_else(|error| stop(py, &error, "what must not fail"))
}

/// Equal as values of their type: not-a-number is itself here, and the zero bits at the end of a BIT STRING are not
/// looked at, which say nothing where bits are named.
pub fn equal(one: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>) -> bool {
    let py = one.py();
    if sure(py, one.eq(other)) {
        return true;
    }
    if let (Ok(one), Ok(other)) = (one.cast::<PyDict>(), other.cast::<PyDict>()) {
        return one.len() == other.len()
            && one.iter().all(|(name, value)| {
                let there = sure(py, other.get_item(name));
                there.is_some_and(|there| equal(&value, &there))
            });
    }
    if let (Ok(one), Ok(other)) = (one.cast::<PyList>(), other.cast::<PyList>()) {
        return one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(&one, &other));
    }
    if let (Ok((one, _)), Ok((other, _))) = (one.extract::<(Vec<u8>, usize)>(), other.extract::<(Vec<u8>, usize)>()) {
        let trimmed = |octets: Vec<u8>| {
            octets
                .iter()
                .rposition(|octet| *octet != 0)
                .map(|last| octets[..=last].to_vec())
        };
        return trimmed(one) == trimmed(other);
    }
    if let (Ok(one), Ok(other)) = (one.cast::<PyTuple>(), other.cast::<PyTuple>()) {
        return one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(&one, &other));
    }
    let not_a_number = |value: &Bound<'_, PyAny>| value.extract::<f64>().is_ok_and(f64::is_nan);
    not_a_number(one) && not_a_number(other)
}

/// Keyword arguments of which each is True.
pub fn flags<'py>(py: Python<'py>, names: &[&str]) -> Bound<'py, PyDict> {
    let flags = PyDict::new(py);
    for name in names {
        sure(py, flags.set_item(name, true));
    }
    flags
}
