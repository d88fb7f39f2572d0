//! The Python classes.

pub mod buffer;
pub mod description;
pub mod raw;
pub mod reader;
pub mod spec;
pub mod splicer;
pub mod tree;
pub mod view;
