//! The resources of a service: `deploy.resources`, and the keys beside it that say the same.

use super::short;
use super::value::{Value, ValueData, ValueField, ValueReader};
use crate::model::Setting;
use crate::model::container::{Quantity, Resources, Twice};
use crate::model::spec_reader::SpecReader;
use crate::source::Location;

/// How the text of a quantity is read.
type ReadQuantity = fn(&str) -> Quantity;

/// What a service may use and what is reserved for it.
pub(super) fn resources(spec: ValueReader<'_, '_>) -> Resources {
    let value = spec.value;
    let deploy = value
        .get("deploy")
        .and_then(|deploy| deploy.get("resources"));
    let limits = deploy.and_then(|resources| resources.get("limits"));
    let reservations = deploy.and_then(|resources| resources.get("reservations"));
    let mut zero = Vec::new();

    let cpu_limit = quantity(
        [field(limits, "cpus"), value.field("cpus")],
        short::number,
        &mut zero,
    );
    let memory_limit = quantity(
        [field(limits, "memory"), value.field("mem_limit")],
        short::bytes,
        &mut zero,
    );
    let pids_limit = quantity(
        [field(limits, "pids"), value.field("pids_limit")],
        short::number,
        &mut zero,
    );
    let cpu_request = quantity(
        [field(reservations, "cpus"), None],
        short::number,
        &mut zero,
    );
    let memory_request = quantity(
        [
            field(reservations, "memory"),
            value.field("mem_reservation"),
        ],
        short::bytes,
        &mut zero,
    );

    Resources {
        cpu_limit: cpu_limit.or(cpu_quota(value)).or(spec.absent()),
        memory_limit: memory_limit.or(spec.absent()),
        pids_limit: pids_limit.or(spec.absent()),
        cpu_request: cpu_request.or(spec.absent()),
        memory_request: memory_request.or(spec.absent()),
        zero,
        devices: false,
        twice: deploy.map_or_else(Vec::new, |deploy| twice(value, deploy)),
    }
}

fn field<'v, 't>(value: Option<&'v Value<'t>>, key: &str) -> Option<&'v ValueField<'t>> {
    value.and_then(|value| value.field(key))
}

/// The first of the fields that is a quantity. A limit of 0 or -1 means that there is none: its
/// place is added to `zero`.
fn quantity(
    fields: [Option<&ValueField<'_>>; 2],
    read: ReadQuantity,
    zero: &mut Vec<Location>,
) -> Setting<Quantity> {
    for field in fields.into_iter().flatten() {
        let setting = field.value.setting(|text| Some(read(text)));

        match setting.value().and_then(|quantity| quantity.amount) {
            Some(amount) if amount <= 0.0 => zero.push(field.value.location),
            _ if setting.is_absent() => {}
            _ => return setting,
        }
    }

    Setting::Absent
}

/// A limit in other units, which depends on the machine.
fn cpu_quota(value: &Value<'_>) -> Setting<Quantity> {
    let quota = ["cpu_quota", "cpu_count", "cpu_percent"]
        .iter()
        .find_map(|key| value.field(key));

    quota.map_or(Setting::Absent, |field| {
        Setting::Unknown(Some(field.value.location))
    })
}

/// The keys of a service that have a counterpart in `deploy.resources`: the key, the table and the
/// key in it, the whole path.
const COUNTERPARTS: &[(&str, [&str; 2], &str, ReadQuantity)] = &[
    (
        "cpus",
        ["limits", "cpus"],
        "deploy.resources.limits.cpus",
        short::number,
    ),
    (
        "mem_limit",
        ["limits", "memory"],
        "deploy.resources.limits.memory",
        short::bytes,
    ),
    (
        "mem_reservation",
        ["reservations", "memory"],
        "deploy.resources.reservations.memory",
        short::bytes,
    ),
    (
        "pids_limit",
        ["limits", "pids"],
        "deploy.resources.limits.pids",
        short::number,
    ),
];

/// The keys that are written beside a table of `deploy.resources` that has a place for them.
fn twice(value: &Value<'_>, deploy: &Value<'_>) -> Vec<Twice> {
    COUNTERPARTS
        .iter()
        .filter_map(|(key, [table, inner], path, read)| {
            let own = value.get(key)?.at()?.map(|text| read(&text));
            let table = deploy.field(table)?;
            if !matches!(table.value.data, ValueData::Map(_)) {
                return None;
            }

            Some(Twice {
                key,
                own,
                path,
                deploy: table.value.get(inner).map_or(Setting::Absent, |value| {
                    value.setting(|text| Some(read(text)))
                }),
                table: table.key_place,
            })
        })
        .collect()
}
