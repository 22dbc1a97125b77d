//! Names of time zones.

/// The areas of the time zone database.
const AREAS: &[&str] = &[
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
    "Etc",
    "US",
    "Canada",
    "Brazil",
    "Chile",
    "Mexico",
];

/// Names without an area.
const NAMES: &[&str] = &[
    "UTC",
    "GMT",
    "EST",
    "MST",
    "HST",
    "CET",
    "MET",
    "EET",
    "WET",
    "EST5EDT",
    "CST6CDT",
    "MST7MDT",
    "PST8PDT",
    "Japan",
    "Singapore",
    "Israel",
    "Turkey",
    "Egypt",
    "Iran",
    "Poland",
    "Portugal",
    "Hongkong",
    "Cuba",
    "Eire",
    "Jamaica",
    "Libya",
    "Navajo",
    "PRC",
    "ROC",
    "ROK",
    "Zulu",
    "GB",
    "NZ",
    "Iceland",
    "Universal",
];

/// Whether a string has the form of a name in the time zone database.
pub(super) fn is_time_zone(text: &str) -> bool {
    match text.split_once('/') {
        Some((area, location)) => {
            AREAS.contains(&area)
                && location.starts_with(|letter: char| letter.is_ascii_uppercase())
                && location.chars().all(|letter| {
                    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '/' | '+')
                })
        }
        None => NAMES.contains(&text),
    }
}
