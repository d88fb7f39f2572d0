//! Work counted, for tests and fuzz targets that hold it against the size of the input: how many headers were read, and
//! how many octets compared to sort. Without the feature `count-work` nothing is counted and nothing is left of the calls.

#[cfg(any(test, feature = "count-work"))]
thread_local! {
    static HEADERS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    static COMPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// One identifier and length, or one look for end-of-contents octets, was read on this thread.
#[inline(always)]
pub fn header() {
    #[cfg(any(test, feature = "count-work"))]
    HEADERS.set(HEADERS.get() + 1);
}

/// At most so many octets of two encodings were compared on this thread.
#[inline(always)]
pub fn compare(_octets: usize) {
    #[cfg(any(test, feature = "count-work"))]
    COMPARED.set(COMPARED.get() + _octets);
}

/// How many headers this thread has read since it last asked.
#[cfg(any(test, feature = "count-work"))]
pub fn headers() -> usize {
    HEADERS.replace(0)
}

/// How many octets this thread has compared since it last asked.
#[cfg(any(test, feature = "count-work"))]
pub fn compared() -> usize {
    COMPARED.replace(0)
}
