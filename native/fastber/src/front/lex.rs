//! The lexer (X.680 12): bytes to tokens, names interned.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// An interned name.
pub type Sym = u32;

/// A small multiplicative hasher: the keys are names of the modules being compiled and small integers.
#[derive(Default, Clone, Copy)]
pub struct Fx(u64);

impl Hasher for Fx {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

/// A hash map with the hasher above.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<Fx>>;

/// Token kinds. Punctuation is `P` and carries its byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum K {
    /// A name with an initial capital: type reference, module reference, class, keyword.
    Upper,
    /// A name with a small initial: identifier, value reference.
    Lower,
    /// `&Field`.
    FieldUpper,
    /// `&field`.
    FieldLower,
    Number,
    Real,
    CString,
    BString,
    HString,
    Assign,
    Ellipsis,
    DotDot,
    P(u8),
    Eof,
}

/// A token; `sym` is the interned name, or for `{` the index of the matching `}`.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: K,
    pub pos: u32,
    pub end: u32,
    pub sym: Sym,
}

macro_rules! keywords {
    ($($name:ident = $text:literal,)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u32)]
        #[derive(Clone, Copy)]
        enum Number { $($name,)* }
        /// The reserved words (X.680 12.38), as the symbols they are interned to.
        pub mod kw {
            use super::{Number, Sym};
            $(pub const $name: Sym = Number::$name as Sym;)*
        }
        const KEYWORDS: &[&str] = &[$($text,)*];
    };
}

keywords! {
    EMPTY = "", ABSENT = "ABSENT", ALL = "ALL", ANY = "ANY", APPLICATION = "APPLICATION", AUTOMATIC = "AUTOMATIC", BEGIN = "BEGIN",
    BIT = "BIT", BMP = "BMPString", BOOLEAN = "BOOLEAN", BY = "BY", CHARACTER = "CHARACTER", CHOICE = "CHOICE",
    CLASS = "CLASS", COMPONENT = "COMPONENT", COMPONENTS = "COMPONENTS", CONSTRAINED = "CONSTRAINED",
    CONTAINING = "CONTAINING", DATE = "DATE", DATE_TIME = "DATE-TIME", DEFAULT = "DEFAULT", DEFINED = "DEFINED",
    DEFINITIONS = "DEFINITIONS", DURATION = "DURATION", EMBEDDED = "EMBEDDED", ENCODED = "ENCODED", END = "END",
    ENUMERATED = "ENUMERATED", EXCEPT = "EXCEPT", EXPLICIT = "EXPLICIT", EXPORTS = "EXPORTS",
    EXTENSIBILITY = "EXTENSIBILITY", EXTERNAL = "EXTERNAL", FALSE = "FALSE", FROM = "FROM",
    GENERALIZED_TIME = "GeneralizedTime", GENERAL = "GeneralString", GRAPHIC = "GraphicString", IA5 = "IA5String",
    IDENTIFIER = "IDENTIFIER", IMPLICIT = "IMPLICIT", IMPLIED = "IMPLIED", IMPORTS = "IMPORTS", INCLUDES = "INCLUDES",
    INSTANCE = "INSTANCE", INTEGER = "INTEGER", INTERSECTION = "INTERSECTION", ISO646 = "ISO646String", MACRO = "MACRO",
    MAX = "MAX", MIN = "MIN", MINUS_INFINITY = "MINUS-INFINITY", NOT_A_NUMBER = "NOT-A-NUMBER", NULL = "NULL",
    NUMERIC = "NumericString", OBJECT = "OBJECT", OBJECT_DESCRIPTOR = "ObjectDescriptor", OCTET = "OCTET", OF = "OF",
    OID_IRI = "OID-IRI", OPTIONAL = "OPTIONAL", PATTERN = "PATTERN", PDV = "PDV", PLUS_INFINITY = "PLUS-INFINITY",
    PRESENT = "PRESENT", PRINTABLE = "PrintableString", PRIVATE = "PRIVATE", REAL = "REAL",
    RELATIVE_OID = "RELATIVE-OID", RELATIVE_OID_IRI = "RELATIVE-OID-IRI", SEQUENCE = "SEQUENCE", SET = "SET",
    SETTINGS = "SETTINGS", SIZE = "SIZE", STRING = "STRING", SYNTAX = "SYNTAX", T61 = "T61String", TAGS = "TAGS",
    TELETEX = "TeletexString", TIME = "TIME", TIME_OF_DAY = "TIME-OF-DAY", TRUE = "TRUE", UNION = "UNION",
    UNIQUE = "UNIQUE", UNIVERSAL = "UNIVERSAL", UNIVERSAL_STRING = "UniversalString", UTC_TIME = "UTCTime",
    UTF8 = "UTF8String", VIDEOTEX = "VideotexString", VISIBLE = "VisibleString", WITH = "WITH",
    TYPE_IDENTIFIER = "TYPE-IDENTIFIER", ABSTRACT_SYNTAX = "ABSTRACT-SYNTAX", SIGNED = "SIGNED", SIGNATURE = "SIGNATURE",
    ENCRYPTED = "ENCRYPTED", SUCCESSORS = "SUCCESSORS", DESCENDANTS = "DESCENDANTS", MANTISSA = "mantissa", BASE = "base",
    EXPONENT = "exponent", TYPE_ID = "type-id", VALUE = "value", LAST = " ",
}

/// All sources' tokens, one after the other, and the names in them.
#[derive(Default)]
pub struct Lexed<'a> {
    pub tokens: Vec<Token>,
    pub names: Vec<&'a str>,
    table: Map<&'a str, Sym>,
    /// Per source: index of its first token, name, text.
    pub sources: Vec<(u32, &'a str, &'a str)>,
    /// Faults: token index, what is wrong.
    pub faults: Vec<(u32, String)>,
}

const WORD: u8 = 1;
const SPACE: u8 = 2;

const fn classes() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        if b.is_ascii_alphanumeric() || b == b'-' || b == b'_' {
            table[i] = WORD;
        } else if b <= b' ' {
            table[i] = SPACE;
        }
        i += 1;
    }
    table
}

static CLASSES: [u8; 256] = classes();

impl<'a> Lexed<'a> {
    pub fn new() -> Self {
        let mut lexed = Lexed::default();
        for word in KEYWORDS {
            lexed.intern(word);
        }
        lexed
    }

    fn intern(&mut self, text: &'a str) -> Sym {
        let next = self.names.len() as Sym;
        match self.table.entry(text) {
            std::collections::hash_map::Entry::Occupied(e) => *e.get(),
            std::collections::hash_map::Entry::Vacant(e) => {
                e.insert(next);
                self.names.push(text);
                next
            }
        }
    }

    /// The symbol of a name, if any source has it.
    pub fn find(&self, text: &str) -> Option<Sym> {
        self.table.get(text).copied()
    }

    /// The source that token `index` lies in: (name, text).
    pub fn source_of(&self, index: u32) -> (&'a str, &'a str) {
        let at = self.sources.partition_point(|s| s.0 <= index);
        self.sources.get(at.saturating_sub(1)).map_or(("", ""), |s| (s.1, s.2))
    }

    /// The text of a token.
    pub fn text(&self, index: u32) -> &'a str {
        let Some(token) = self.tokens.get(index as usize) else { return "" };
        let (_, text) = self.source_of(index);
        text.get(token.pos as usize..token.end as usize).unwrap_or("")
    }

    fn push(&mut self, kind: K, pos: usize, end: usize, sym: Sym) {
        self.tokens.push(Token { kind, pos: pos as u32, end: end as u32, sym });
    }

    fn fault(&mut self, message: &str) {
        self.faults.push((self.tokens.len() as u32, message.to_string()));
    }

    /// Adds one source's tokens, closed by an `Eof`.
    pub fn add(&mut self, name: &'a str, text: &'a str) {
        self.sources.push((self.tokens.len() as u32, name, text));
        let b = text.as_bytes();
        self.tokens.reserve(b.len() / 6);
        let mut open: Vec<u32> = Vec::new();
        let mut i = 0;
        while i < b.len() {
            let c = b[i];
            if CLASSES[c as usize] == SPACE {
                i += 1;
                continue;
            }
            let next = b.get(i + 1).copied().unwrap_or(0);
            match c {
                b'-' if next == b'-' => i = skip_line_comment(b, i + 2),
                b'/' if next == b'*' => match skip_block_comment(b, i + 2) {
                    Some(end) => i = end,
                    None => {
                        self.push(K::P(b'/'), i, i + 2, 0);
                        self.faults.push((self.tokens.len() as u32 - 1, "comment is not closed: expected `*/`".into()));
                        i = b.len();
                    }
                },
                b'a'..=b'z' | b'A'..=b'Z' => {
                    let end = word_end(b, i);
                    let sym = self.intern(&text[i..end]);
                    self.push(if c.is_ascii_uppercase() { K::Upper } else { K::Lower }, i, end, sym);
                    i = end;
                }
                b'&' if next.is_ascii_alphabetic() => {
                    let end = word_end(b, i + 1);
                    let sym = self.intern(&text[i + 1..end]);
                    self.push(if next.is_ascii_uppercase() { K::FieldUpper } else { K::FieldLower }, i, end, sym);
                    i = end;
                }
                b'0'..=b'9' => i = self.number(b, i),
                b'"' => i = self.cstring(b, i),
                b'\'' => i = self.quoted(b, i),
                b':' if b[i..].starts_with(b"::=") => {
                    self.push(K::Assign, i, i + 3, 0);
                    i += 3;
                }
                b'.' if b[i..].starts_with(b"...") => {
                    self.push(K::Ellipsis, i, i + 3, 0);
                    i += 3;
                }
                b'.' if next == b'.' => {
                    self.push(K::DotDot, i, i + 2, 0);
                    i += 2;
                }
                b'{' => {
                    open.push(self.tokens.len() as u32);
                    self.push(K::P(c), i, i + 1, u32::MAX);
                    i += 1;
                }
                b'}' => {
                    if let Some(start) = open.pop() {
                        self.tokens[start as usize].sym = self.tokens.len() as u32;
                    }
                    self.push(K::P(c), i, i + 1, 0);
                    i += 1;
                }
                b'(' | b')' | b'[' | b']' | b',' | b';' | b':' | b'.' | b'|' | b'^' | b'<' | b'>' | b'@' | b'!' | b'-'
                | b'*' | b'=' | b'/' | b'&' => {
                    self.push(K::P(c), i, i + 1, 0);
                    i += 1;
                }
                _ => {
                    let end = (i + 1..=b.len()).find(|&j| text.is_char_boundary(j)).unwrap_or(b.len());
                    // No-break space, byte order mark and the like are met in published files.
                    let blank = text.get(i..end).and_then(|s| s.chars().next());
                    if !blank.is_some_and(|ch| ch.is_whitespace() || matches!(ch, '\u{feff}' | '\u{200b}' | '\u{ad}')) {
                        self.push(K::P(0), i, end, 0);
                        self.faults.push((self.tokens.len() as u32 - 1, "expected an ASN.1 item".into()));
                    }
                    i = end;
                }
            }
        }
        let last = self.tokens.len() as u32;
        for start in open {
            self.tokens[start as usize].sym = last;
        }
        self.push(K::Eof, b.len(), b.len(), 0);
    }

    fn number(&mut self, b: &[u8], start: usize) -> usize {
        let digits = |mut i: usize| {
            while b.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
            i
        };
        let mut i = digits(start);
        let mut kind = K::Number;
        if b.get(i) == Some(&b'.') && b.get(i + 1) != Some(&b'.') && b.get(i + 1).is_some_and(u8::is_ascii_digit) {
            i = digits(i + 1);
            kind = K::Real;
        }
        if matches!(b.get(i), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(b.get(i + 1), Some(b'-' | b'+')));
            if b.get(i + 1 + sign).is_some_and(u8::is_ascii_digit) {
                i = digits(i + 1 + sign);
                kind = K::Real;
            }
        }
        self.push(kind, start, i, 0);
        i
    }

    fn cstring(&mut self, b: &[u8], start: usize) -> usize {
        let mut i = start + 1;
        loop {
            match b.get(i) {
                None => {
                    self.fault("character string is not closed: expected `\"`");
                    break;
                }
                Some(b'"') if b.get(i + 1) == Some(&b'"') => i += 2,
                Some(b'"') => {
                    i += 1;
                    break;
                }
                Some(_) => i += 1,
            }
        }
        self.push(K::CString, start, i.min(b.len()), 0);
        i
    }

    fn quoted(&mut self, b: &[u8], start: usize) -> usize {
        let mut i = start + 1;
        while b.get(i).is_some_and(|&c| c != b'\'') {
            i += 1;
        }
        match (b.get(i), b.get(i + 1)) {
            (Some(_), Some(b'B' | b'b')) => {
                self.push(K::BString, start, i + 2, 0);
                i + 2
            }
            (Some(_), Some(b'H' | b'h')) => {
                self.push(K::HString, start, i + 2, 0);
                i + 2
            }
            _ => {
                self.fault("expected a binary or hexadecimal string such as '0F'H");
                self.push(K::P(b'\''), start, start + 1, 0);
                start + 1
            }
        }
    }
}

fn word_end(b: &[u8], start: usize) -> usize {
    let mut i = start;
    while i < b.len() && CLASSES[b[i] as usize] == WORD {
        if b[i] == b'-' && b.get(i + 1) == Some(&b'-') {
            break;
        }
        i += 1;
    }
    // A trailing hyphen is not part of a name.
    while i > start + 1 && b[i - 1] == b'-' {
        i -= 1;
    }
    i
}

fn skip_line_comment(b: &[u8], mut i: usize) -> usize {
    while i < b.len() && b[i] != b'\n' && b[i] != b'\r' {
        if b[i] == b'-' && b.get(i + 1) == Some(&b'-') {
            return i + 2;
        }
        i += 1;
    }
    i
}

fn skip_block_comment(b: &[u8], mut i: usize) -> Option<usize> {
    let mut depth = 1u32;
    while i + 1 < b.len() {
        match (b[i], b[i + 1]) {
            (b'*', b'/') => {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    return Some(i);
                }
            }
            (b'/', b'*') => {
                depth += 1;
                i += 2;
            }
            _ => i += 1,
        }
    }
    None
}
