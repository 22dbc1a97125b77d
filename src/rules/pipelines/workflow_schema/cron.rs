//! POSIX cron as GitHub takes it.

/// What is wrong with a schedule.
pub fn problem(text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let bounds: [(&str, u32, u32, &[&str]); 5] = [
        ("minute", 0, 59, &[]),
        ("hour", 0, 23, &[]),
        ("day of the month", 1, 31, &[]),
        (
            "month",
            1,
            12,
            &[
                "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
            ],
        ),
        (
            "day of the week",
            0,
            6,
            &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        ),
    ];
    if fields.len() != bounds.len() {
        return Some(format!("a schedule has 5 fields, not {}", fields.len()));
    }

    for (field, (name, low, high, words)) in fields.iter().zip(bounds) {
        if !field.split(',').all(|part| is_part(part, low, high, words)) {
            return Some(format!(
                "`{field}` is not a valid {name} ({low} to {high}, `*`, range, list or step)"
            ));
        }
    }

    every_minute(fields[0]).then(|| "GitHub runs a schedule at most every 5 minutes".to_owned())
}

fn is_part(part: &str, low: u32, high: u32, words: &[&str]) -> bool {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };

    if step.is_some_and(|step| !step.parse::<u32>().is_ok_and(|step| step > 0)) {
        return false;
    }

    let value = |text: &str| {
        let word = words
            .iter()
            .position(|word| text.eq_ignore_ascii_case(word));
        let number = word
            .map(|at| at as u32 + low)
            .or_else(|| text.parse().ok())?;
        // Sunday is 7 for some.
        (low..=high)
            .contains(&number)
            .then_some(number)
            .or((high == 6 && number == 7).then_some(0))
    };

    match range.split_once('-') {
        _ if range == "*" => true,
        Some((from, to)) => value(from)
            .zip(value(to))
            .is_some_and(|(from, to)| from <= to || to == 0),
        None => value(range).is_some(),
    }
}

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
