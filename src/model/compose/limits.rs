//! What a service may use: `deploy.resources`, and the keys beside it that say the same.

use super::short;
use super::value::{Data, Field, Value};
use crate::model::Setting;
use crate::model::container::{Quantity, Resources, Twice};

pub(super) fn resources(value: &Value<'_>) -> Resources {
    let deploy = value
        .get("deploy")
        .and_then(|deploy| deploy.get("resources"));
    let limit = |key: &str| deploy.and_then(|resources| resources.get("limits")?.field(key));
    let request =
        |key: &str| deploy.and_then(|resources| resources.get("reservations")?.field(key));
    let mut zero = Vec::new();
    // A limit of 0 or -1 is none, in so many words.
    let mut quantity = |fields: [Option<&Field<'_>>; 2], read: fn(&str) -> Quantity| {
        for field in fields.into_iter().flatten() {
            let set = field.value.setting(|text| Some(read(text)));

            match set.value().and_then(|quantity| quantity.amount) {
                Some(amount) if amount <= 0.0 => zero.push(field.value.location),
                _ if set.is_absent() => {}
                _ => return set,
            }
        }

        Setting::Absent
    };

    let cpu_limit = quantity([limit("cpus"), value.field("cpus")], short::number);
    let quota = ["cpu_quota", "cpu_count", "cpu_percent"]
        .iter()
        .find_map(|key| value.field(key));
    let quota = quota.map_or(Setting::Absent, |field| {
        Setting::Unknown(Some(field.value.location))
    });

    Resources {
        cpu_limit: cpu_limit.or(quota),
        memory_limit: quantity([limit("memory"), value.field("mem_limit")], short::bytes),
        pids_limit: quantity([limit("pids"), value.field("pids_limit")], short::number),
        cpu_request: quantity([request("cpus"), None], short::number),
        memory_request: quantity(
            [request("memory"), value.field("mem_reservation")],
            short::bytes,
        ),
        zero,
        location: deploy.map(|deploy| deploy.location),
        devices: false,
        twice: deploy.map_or_else(Vec::new, |deploy| twice(value, deploy)),
    }
}

/// What stands beside a table of `deploy.resources` that has a place for it.
fn twice(value: &Value<'_>, deploy: &Value<'_>) -> Vec<Twice> {
    let pair = |key: &'static str,
                table: &str,
                inner: &str,
                path: &'static str,
                read: fn(&str) -> Quantity| {
        let own = value.get(key)?.at()?.map(|text| read(&text));
        let table = deploy
            .field(table)
            .filter(|table| matches!(table.value.data, Data::Map(_)))?;
        let deploy = table.value.get(inner).map_or(Setting::Absent, |value| {
            value.setting(|text| Some(read(text)))
        });

        Some(Twice {
            key,
            own,
            path,
            deploy,
            table: table.key_place,
        })
    };

    let pairs = [
        pair(
            "cpus",
            "limits",
            "cpus",
            "deploy.resources.limits.cpus",
            short::number,
        ),
        pair(
            "mem_limit",
            "limits",
            "memory",
            "deploy.resources.limits.memory",
            short::bytes,
        ),
        pair(
            "mem_reservation",
            "reservations",
            "memory",
            "deploy.resources.reservations.memory",
            short::bytes,
        ),
        pair(
            "pids_limit",
            "limits",
            "pids",
            "deploy.resources.limits.pids",
            short::number,
        ),
    ];

    pairs.into_iter().flatten().collect()
}
