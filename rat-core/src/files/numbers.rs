//! Booleans and numbers in text, with DuckDB's rules, but for one: a whole-number column takes no value that would have to be rounded.

/// How numbers are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Notation {
    /// `1,5` instead of `1.5`.
    pub decimal_comma: bool,
    /// What groups digits: `1,500`.
    pub thousands: Option<u8>,
}

impl Notation {
    /// Whether numbers are written as SQL writes them.
    fn is_plain(self) -> bool {
        self == Self::default()
    }

    /// The number as SQL would write it.
    fn plain(self, text: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Vec::with_capacity(text.len());
        for &byte in text {
            match byte {
                byte if Some(byte) == self.thousands => {}
                b',' if self.decimal_comma => plain.push(b'.'),
                b'.' if self.decimal_comma => return None,
                byte => plain.push(byte),
            }
        }
        Some(plain)
    }
}

/// `true`, `t`, `yes`, `y`, `1` and their opposites, in any case.
pub(super) fn boolean(text: &[u8]) -> Option<bool> {
    const TRUE: [&[u8]; 5] = [b"true", b"t", b"yes", b"y", b"1"];
    const FALSE: [&[u8]; 5] = [b"false", b"f", b"no", b"n", b"0"];
    if TRUE.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(true);
    }
    FALSE.iter().any(|word| text.eq_ignore_ascii_case(word)).then_some(false)
}

/// A whole number: digits, or anything that is one without rounding, such as `1.0`, `1e3`, `0xFF`.
pub(super) fn integer(text: &[u8], notation: Notation) -> Option<i128> {
    let text = text.trim_ascii();
    if let Some(number) = digits(text) {
        return Some(number);
    }
    let written;
    let text = if notation.is_plain() {
        text
    } else {
        written = notation.plain(text)?;
        &written
    };
    let radix = |text: &[u8], radix| i128::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok();
    match text {
        [b'0', b'x' | b'X', hex @ ..] if hex.first().is_some_and(u8::is_ascii_hexdigit) => radix(hex, 16),
        [b'0', b'b' | b'B', bits @ ..] if bits.first().is_some_and(u8::is_ascii_digit) => radix(bits, 2),
        text => {
            let (number, scale) = exact(text)?;
            match scale {
                ..=0 => number.checked_mul(10i128.checked_pow(scale.unsigned_abs())?),
                _ => {
                    let unit = 10i128.checked_pow(scale.unsigned_abs())?;
                    (number % unit == 0).then_some(number / unit)
                }
            }
        }
    }
}

/// The usual case: a sign and at most 18 digits.
fn digits(text: &[u8]) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut number = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(i128::from(if negative { -number } else { number }))
}

/// `12.5e3` as the number 125 and the scale -2: 125 / 10^-2.
fn exact(text: &[u8]) -> Option<(i128, i32)> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mut number, mut scale, mut seen, mut point) = (0i128, 0i32, false, false);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'0'..=b'9' => {
                number = number.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
                scale += i32::from(point);
                seen = true;
            }
            b'.' if !point => point = true,
            // Digits may be grouped, as in SQL: 1_000.
            b'_' if seen && text.get(at + 1).is_some_and(u8::is_ascii_digit) => {}
            b'e' | b'E' if seen => {
                let exponent: i32 = std::str::from_utf8(&text[at + 1..]).ok()?.parse().ok()?;
                scale = scale.checked_sub(exponent)?;
                at = text.len();
                continue;
            }
            _ => return None,
        }
        at += 1;
    }
    seen.then_some((if negative { -number } else { number }, scale))
}

/// A decimal of that scale, rounded half away from zero, as SQL's cast does.
pub(super) fn decimal(text: &[u8], precision: u8, scale: i8, notation: Notation) -> Option<i128> {
    let text = text.trim_ascii();
    let written;
    let text = if notation.is_plain() {
        text
    } else {
        written = notation.plain(text)?;
        &written
    };
    let (number, found) = exact(text)?;
    let shift = i32::from(scale).checked_sub(found)?;
    let unit = || 10i128.checked_pow(shift.unsigned_abs());
    let number = if shift >= 0 {
        number.checked_mul(unit()?)?
    } else {
        // A unit too big to name leaves nothing of the number.
        unit().map_or(0, |unit| {
            let rest = (number % unit).abs();
            number / unit + if rest >= unit - rest { number.signum() } else { 0 }
        })
    };
    (number.unsigned_abs() < 10u128.pow(u32::from(precision))).then_some(number)
}

/// A floating-point number; beyond its range is infinity.
pub(super) fn double(text: &[u8], notation: Notation) -> Option<f64> {
    let text = text.trim_ascii();
    let written;
    let text = if notation.is_plain() {
        text
    } else {
        written = notation.plain(text)?;
        &written
    };
    let text = std::str::from_utf8(text).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) if text.contains('_') => {
            exact(text.as_bytes())?;
            text.replace('_', "").parse().ok()
        }
        Err(_) => None,
    }
}
