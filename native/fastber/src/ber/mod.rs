//! The Basic and Distinguished Encoding Rules (X.690).

pub mod de;
pub mod der;
pub mod en;
mod members;
pub mod out;
pub mod prim;
pub mod real;
mod strings;
pub mod text;
pub mod time;
pub mod tlv;
pub mod useful;
