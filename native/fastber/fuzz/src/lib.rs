//! What the fuzz targets do with an input. Each function returns if the input is dealt with as it should be, be it
//! refused, and panics otherwise; the targets and `replay` only feed them.

mod codec;
mod front;
mod python;
mod views;

pub use front::front_end;
pub use views::view_splice;

pub fn decode_ber(data: &[u8]) {
    codec::decode(data, false);
}

pub fn decode_der(data: &[u8]) {
    codec::decode(data, true);
}

/// What a target does with an input.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("decode_ber", decode_ber),
    ("decode_der", decode_der),
    ("view_splice", view_splice),
    ("front_end", front_end),
];
