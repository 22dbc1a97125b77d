//! Calendar days, for the last day of a suppression.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: i32,
    pub month: u32,
    pub day: u32,
}

impl Date {
    /// The current day in UTC.
    pub fn today() -> Self {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Self::after_epoch(i64::try_from(seconds / 86_400).unwrap_or(0))
    }

    /// The day this many days after 1970-01-01. Counts in 400-year eras that begin on a first of
    /// March, where leap days come last and so disturb no other date.
    pub const fn after_epoch(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };

        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        Self {
            year: year as i32,
            month: month as u32,
            day: day as u32,
        }
    }

    /// The date in `YYYY-MM-DD`; `None` for a day that does not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }

        let date = Self {
            year: number(text.get(0..4)?)? as i32,
            month: number(text.get(5..7)?)?,
            day: number(text.get(8..10)?)?,
        };
        let exists = (1..=12).contains(&date.month)
            && (1..=days_in(date.year, date.month)).contains(&date.day);

        exists.then_some(date)
    }
}

/// The number that a string of digits is, without a sign.
fn number(digits: &str) -> Option<u32> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }

    digits.parse().ok()
}

const fn days_in(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_days_as_calendars_do() {
        for (days, date) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_088, "2024-12-31"),
            (20_089, "2025-01-01"),
        ] {
            assert_eq!(Date::after_epoch(days).to_string(), date);
        }
    }

    #[test]
    fn reads_days_that_exist() {
        assert_eq!(
            Date::parse("2024-02-29")
                .map(|date| date.to_string())
                .as_deref(),
            Some("2024-02-29")
        );
        for never in [
            "2023-02-29",
            "2023-13-01",
            "2023-1-01",
            "2023-04-31",
            "+023-04-01",
            "20230401",
            "2023-04-0é",
        ] {
            assert_eq!(Date::parse(never), None, "{never}");
        }
    }
}
