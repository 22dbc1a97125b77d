//! Base64, and the tokens that are made of it.

/// The shortest base64 form of a known secret that is worth a search: shorter runs of digits occur
/// anywhere by chance.
const SHORTEST_FORM: usize = 8;

/// The claims of a JWT as JSON text.
pub(super) fn jwt_claims(value: &str) -> Option<String> {
    if !value.starts_with("eyJ") {
        return None;
    }

    let claims = value.split('.').nth(1).and_then(base64)?;
    Some(String::from_utf8_lossy(&claims).into_owned())
}

/// The bytes of base64 text in either alphabet, padded or not; `None` where it is not base64.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);

    for byte in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::from(digit_value(byte)?);
        count += 6;

        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }

    Some(bytes)
}

/// The six bits of a digit of either alphabet.
pub(super) const fn digit_value(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// The base64 forms of a text that is part of a longer one: one for each of the three offsets at
/// which it can begin, without the digits that depend on the bytes beside it. The last bytes of the
/// text, which would share a digit with the next, are left out.
pub fn as_base64(text: &str) -> Vec<String> {
    (0..3)
        .map(|shift| shifted_base64(text, shift))
        .filter(|form| form.len() >= SHORTEST_FORM)
        .collect()
}

/// The base64 digits that depend on nothing but a text that begins `shift` bytes into a group.
fn shifted_base64(text: &str, shift: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    let bytes: Vec<u8> = std::iter::repeat_n(0, shift).chain(text.bytes()).collect();
    let mut digits = String::with_capacity(bytes.len() / 3 * 4);

    for group in bytes.chunks_exact(3) {
        let bits = group
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        digits.extend([18, 12, 6, 0].map(|by| char::from(DIGITS[(bits >> by & 63) as usize])));
    }

    // Digits that hold bits of the bytes before the text.
    let foreign = [0, 2, 3][shift];
    digits.get(foreign..).unwrap_or("").to_owned()
}
