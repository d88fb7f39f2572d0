//! Tokens of ASN.1 notation (X.680 clause 12), as kinds and spans of the source.

use super::Diagnostic;

/// What a token is. Keywords are `Upper` tokens; the parser tells them by their text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A type reference, module reference, class reference or keyword: begins with an upper-case letter.
    Upper,
    /// An identifier or value reference: begins with a lower-case letter.
    Lower,
    /// `&Field` and `&field`.
    UpperField,
    LowerField,
    Number,
    Real,
    BinaryString,
    HexString,
    CharacterString,
    /// One character of punctuation.
    Mark(u8),
    Assign,
    Ellipsis,
    Range,
    End,
}

#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

/// Line and column, both from 1, of an offset in a text.
pub fn place(text: &str, offset: usize) -> (u32, u32) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let column = before.len() - before.iter().rposition(|&b| b == b'\n').map_or(0, |p| p + 1) + 1;
    (line as u32, column as u32)
}

/// The octets that names are made of.
const NAME: [bool; 256] = {
    let mut name = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        name[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'-' || byte as u8 == b'_';
        byte += 1;
    }
    name
};

/// All tokens of `text`, with one `End` after the last.
pub fn tokens(file: &str, text: &str) -> Result<Vec<Token>, Diagnostic> {
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let fault = |offset: usize, message: &str| {
        let (line, column) = place(text, offset);
        Diagnostic {
            file: file.to_owned(),
            line,
            column,
            message: message.to_owned(),
        }
    };
    if bytes.len() > u32::MAX as usize / 2 {
        return Err(fault(0, "expected a source of less than 2 GiB"));
    }
    let mut out = Vec::with_capacity(bytes.len() / 5);
    let mut i = if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
    while i < bytes.len() {
        let start = i;
        let kind = match bytes[i] {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C => {
                i += 1;
                while at(i) == b' ' {
                    i += 1;
                }
                continue;
            }
            0xC2 if at(i + 1) == 0xA0 => {
                i += 2;
                continue;
            }
            b'-' if at(i + 1) == b'-' => {
                i += 2;
                while i < bytes.len() && bytes[i] != b'\n' && bytes[i] != b'\r' {
                    if bytes[i] == b'-' && at(i + 1) == b'-' {
                        i += 2;
                        break;
                    }
                    i += 1;
                }
                continue;
            }
            b'/' if at(i + 1) == b'*' => {
                let mut depth = 1;
                i += 2;
                while depth > 0 {
                    match (at(i), at(i + 1)) {
                        _ if i >= bytes.len() => return Err(fault(start, "expected */, found the end of the file")),
                        (b'*', b'/') => {
                            depth -= 1;
                            i += 2;
                        }
                        (b'/', b'*') => {
                            depth += 1;
                            i += 2;
                        }
                        _ => i += 1,
                    }
                }
                continue;
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                i = name_end(bytes, i);
                if bytes[start].is_ascii_uppercase() {
                    Kind::Upper
                } else {
                    Kind::Lower
                }
            }
            b'&' if at(i + 1).is_ascii_alphabetic() => {
                i = name_end(bytes, i + 1);
                if bytes[start + 1].is_ascii_uppercase() {
                    Kind::UpperField
                } else {
                    Kind::LowerField
                }
            }
            b'0'..=b'9' => {
                while at(i).is_ascii_digit() {
                    i += 1;
                }
                let mut kind = Kind::Number;
                if at(i) == b'.' && at(i + 1).is_ascii_digit() {
                    kind = Kind::Real;
                    i += 1;
                    while at(i).is_ascii_digit() {
                        i += 1;
                    }
                }
                let sign = usize::from(at(i + 1) == b'-');
                if matches!(at(i), b'e' | b'E') && at(i + 1 + sign).is_ascii_digit() {
                    kind = Kind::Real;
                    i += 1 + sign;
                    while at(i).is_ascii_digit() {
                        i += 1;
                    }
                }
                kind
            }
            b'\'' => {
                i += 1;
                while i < bytes.len() && bytes[i] != b'\'' {
                    i += 1;
                }
                let kind = match at(i + 1) {
                    b'B' => Kind::BinaryString,
                    b'H' => Kind::HexString,
                    _ => return Err(fault(start, "expected a binary string 'B or a hexadecimal string 'H")),
                };
                i += 2;
                kind
            }
            b'"' => {
                i += 1;
                loop {
                    if i >= bytes.len() {
                        return Err(fault(start, "expected \", found the end of the file"));
                    }
                    if bytes[i] == b'"' {
                        if at(i + 1) != b'"' {
                            break;
                        }
                        i += 1;
                    }
                    i += 1;
                }
                i += 1;
                Kind::CharacterString
            }
            b':' if at(i + 1) == b':' && at(i + 2) == b'=' => {
                i += 3;
                Kind::Assign
            }
            b'.' if at(i + 1) == b'.' && at(i + 2) == b'.' => {
                i += 3;
                Kind::Ellipsis
            }
            b'.' if at(i + 1) == b'.' => {
                i += 2;
                Kind::Range
            }
            mark @ (b'{' | b'}' | b'(' | b')' | b'[' | b']' | b',' | b';' | b':' | b'.' | b'|' | b'!' | b'^' | b'<'
            | b'>' | b'@' | b'-' | b'*' | b'/' | b'=' | b'&') => {
                i += 1;
                Kind::Mark(mark)
            }
            _ => {
                let found = text[i..].chars().next().unwrap_or('?');
                return Err(fault(
                    i,
                    &format!("expected ASN.1 notation, found the character {found:?}"),
                ));
            }
        };
        out.push(Token {
            kind,
            start: start as u32,
            end: i as u32,
        });
    }
    out.push(Token {
        kind: Kind::End,
        start: bytes.len() as u32,
        end: bytes.len() as u32,
    });
    Ok(out)
}

/// Where the name that begins at `i` ends: hyphens stand single and never last (X.680 12.2, 12.3).
fn name_end(bytes: &[u8], mut i: usize) -> usize {
    while i < bytes.len() && NAME[usize::from(bytes[i])] {
        if bytes[i] == b'-'
            && !bytes
                .get(i + 1)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        {
            break;
        }
        i += 1;
    }
    i
}
