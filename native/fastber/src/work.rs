//! Work counted: how many headers were read, for tests and fuzz targets that hold it against the size of the input.
//! Without the feature `count-work` nothing is counted and nothing is left of the calls.

#[cfg(any(test, feature = "count-work"))]
thread_local! {
    static HEADERS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// One identifier and length, or one look for end-of-contents octets, was read on this thread.
#[inline(always)]
pub fn header() {
    #[cfg(any(test, feature = "count-work"))]
    HEADERS.set(HEADERS.get() + 1);
}

/// How many this thread has read since it last asked.
#[cfg(any(test, feature = "count-work"))]
pub fn headers() -> usize {
    HEADERS.replace(0)
}
