//! Kubernetes quantities: `500m`, `1.5`, `128Mi`, `1e3`.

use crate::model::container::Quantity;

/// The quantity that a string says, in base units: cores, bytes, pieces.
pub(super) fn parse(text: &str) -> Quantity {
    Quantity {
        written: text.to_owned(),
        amount: amount(text.trim()),
    }
}

fn amount(text: &str) -> Option<f64> {
    let end = text
        .find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, '.' | '+' | '-')))
        .unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let number: f64 = digits.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            10f64.powi(power)
        }
    };

    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_what_the_api_server_reads() {
        for (text, amount) in [
            ("500m", Some(0.5)),
            ("0.5", Some(0.5)),
            ("2", Some(2.0)),
            ("128Mi", Some(134_217_728.0)),
            ("128M", Some(128_000_000.0)),
            ("1e3", Some(1000.0)),
            ("1E", Some(1e18)),
            ("0", Some(0.0)),
            ("128MB", None),
            ("1 Gi", None),
            ("lots", None),
            ("", None),
        ] {
            assert_eq!(parse(text).amount, amount, "{text}");
        }
    }
}
