//! POSIX cron as GitHub takes it.

/// The values of a field of a schedule.
struct CronField {
    name: &'static str,
    low: u32,
    high: u32,
    /// Names of the values, from the lowest on.
    words: &'static [&'static str],
}

const FIELDS: [CronField; 5] = [
    CronField {
        name: "minute",
        low: 0,
        high: 59,
        words: &[],
    },
    CronField {
        name: "hour",
        low: 0,
        high: 23,
        words: &[],
    },
    CronField {
        name: "day of the month",
        low: 1,
        high: 31,
        words: &[],
    },
    CronField {
        name: "month",
        low: 1,
        high: 12,
        words: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    CronField {
        name: "day of the week",
        low: 0,
        high: 6,
        words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

/// The error in a schedule.
pub fn problem(text: &str) -> Option<String> {
    let values: Vec<&str> = text.split_whitespace().collect();
    if values.len() != FIELDS.len() {
        return Some(format!("a schedule has 5 fields, not {}", values.len()));
    }

    for (value, field) in values.iter().zip(&FIELDS) {
        if !value.split(',').all(|part| field.accepts(part)) {
            let CronField {
                name, low, high, ..
            } = field;
            return Some(format!(
                "`{value}` is not a valid {name} ({low} to {high}, `*`, range, list or step)"
            ));
        }
    }

    every_minute(values[0]).then(|| "GitHub runs a schedule at most every 5 minutes".to_owned())
}

impl CronField {
    /// Whether a value, a range or a step is valid.
    fn accepts(&self, part: &str) -> bool {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };

        if step.is_some_and(|step| !step.parse::<u32>().is_ok_and(|step| step > 0)) {
            return false;
        }

        if range == "*" {
            return true;
        }

        match range.split_once('-') {
            Some((from, to)) => match (self.value(from), self.value(to)) {
                (Some(from), Some(to)) => from <= to || to == 0,
                _ => false,
            },
            None => self.value(range).is_some(),
        }
    }

    /// The number of a value.
    fn value(&self, text: &str) -> Option<u32> {
        let word = self
            .words
            .iter()
            .position(|word| text.eq_ignore_ascii_case(word));
        let number = match word {
            Some(index) => index as u32 + self.low,
            None => text.parse().ok()?,
        };

        // Sunday may be written as 7.
        if self.high == 6 && number == 7 {
            return Some(0);
        }

        (self.low..=self.high).contains(&number).then_some(number)
    }
}

/// Whether the minutes of a schedule are less than five apart.
fn every_minute(minutes: &str) -> bool {
    minutes == "*"
        || minutes
            .strip_prefix("*/")
            .and_then(|step| step.parse::<u32>().ok())
            .is_some_and(|step| step < 5)
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn schedules_are_read_as_github_reads_them() {
        for good in [
            "0 0 * * *",
            "*/15 4,5 1-5 JAN-mar MON",
            "30 5 * * 1,3",
            "0 0 * * 7",
            "5/15 * * * *",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }

        for bad in [
            "0 0 * *",
            "@daily",
            "60 * * * *",
            "* * * * *",
            "*/3 * * * *",
            "0 0 0 * *",
            "0 0 * * fun",
            "0 */x * * *",
        ] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }
}
