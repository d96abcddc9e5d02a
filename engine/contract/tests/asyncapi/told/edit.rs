//! Edits of a pipeline, and what the centre sees of one.

use super::values::{coded, finite, fraction, name, one_of, position, sha256, text, time};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::json;
use viahe_contract::class::Class;
use viahe_contract::message::*;

fn point() -> impl Strategy<Value = [f64; 2]> {
    [fraction(), fraction()]
}

fn polygon() -> impl Strategy<Value = Vec<[f64; 2]>> {
    vec(point(), 0..4)
}

fn points<const N: usize>() -> impl Strategy<Value = [[f64; 2]; N]> {
    vec(point(), N).prop_map(|all| all.try_into().unwrap())
}

fn class() -> impl Strategy<Value = Class> {
    "[a-z_]{1,9}(\\.[a-z_]{1,9}){0,2}".prop_map(|text| Class::try_from(text).unwrap())
}

fn rule() -> impl Strategy<Value = RuleWritten> {
    let places = (of(name()), of(name()), of(name()), of(name()));
    let parameters = btree_map("[a-z_]{1,9}", finite(), 0..3);
    let said = (vec(text(), 0..2), of(one_of::<Severity>()), vec(class(), 0..2), parameters);
    (name(), of(name()), places, said).prop_map(
        |(entry, id, (zone, line, sensor, window), (schedule, severity, classes, parameters))| {
            RuleWritten {
                entry,
                id,
                zone,
                line,
                sensor,
                window,
                schedule,
                severity,
                classes,
                parameters,
            }
        },
    )
}

fn permit() -> impl Strategy<Value = PermitWritten> {
    let names = || vec(name(), 0..2);
    let when = (vec(text(), 0..2), of(text()), of(text()));
    (name(), text(), (names(), names(), names()), when, of(polygon())).prop_map(
        |(id, reason, (uses, cameras, zones), (schedule, from, until), polygon)| PermitWritten {
            id,
            reason,
            uses,
            cameras,
            zones,
            schedule,
            from,
            until,
            polygon,
        },
    )
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let drawn = prop_oneof![
        (name(), name(), of(text()), polygon()).prop_map(|(camera, zone, name, polygon)| {
            Edit::SetZone { camera, zone, name, polygon }
        }),
        (name(), name()).prop_map(|(camera, zone)| Edit::RemoveZone { camera, zone }),
        (name(), name(), points()).prop_map(|(camera, line, points)| Edit::SetLine {
            camera,
            line,
            points
        }),
        (name(), name()).prop_map(|(camera, line)| Edit::RemoveLine { camera, line }),
        (name(), points(), points()).prop_map(|(camera, picture, ground_m)| {
            Edit::SetCalibration { camera, picture, ground_m }
        }),
        name().prop_map(|camera| Edit::RemoveCalibration { camera }),
    ];
    let models = prop_oneof![
        (name(), name()).prop_map(|(model, package)| Edit::SetModel { model, package }),
        (name(), name()).prop_map(|(camera, model)| Edit::UseModel { camera, model }),
    ];
    let written = prop_oneof![
        (of(name()), of(name()), rule()).prop_map(|(camera, rule, written)| Edit::SetRule {
            camera,
            rule,
            written
        }),
        (of(name()), name()).prop_map(|(camera, rule)| Edit::RemoveRule { camera, rule }),
        (of(name()), permit()).prop_map(|(permit, written)| Edit::SetPermit { permit, written }),
        name().prop_map(|permit| Edit::RemovePermit { permit }),
    ];
    prop_oneof![drawn, models, written]
}

fn seen_by() -> impl Strategy<Value = Vec<SeenBy>> {
    let seen = (name(), vec(class(), 0..2));
    vec(seen.prop_map(|(model, classes)| SeenBy { model, classes }), 0..2)
}

fn fault() -> impl Strategy<Value = EditFault> {
    let alone = prop::sample::select(vec![
        EditFault::NotWhole,
        EditFault::Empty,
        EditFault::OfNoUse,
        EditFault::NotCalibrated,
        EditFault::NoPosition,
        EditFault::FewCorners,
        EditFault::ManyCorners,
        EditFault::Crossing,
        EditFault::NoArea,
        EditFault::OutsidePicture,
        EditFault::OnePoint,
        EditFault::NoGround,
    ]);
    let blind = (name(), vec(class(), 0..2), vec(name(), 0..2), seen_by());
    prop_oneof![
        12 => alone,
        1 => (finite(), finite()).prop_map(|(min, max)| EditFault::OutOfRange { min, max }),
        1 => text().prop_map(|key| EditFault::Missing { key }),
        1 => name().prop_map(|name| EditFault::Unknown { name }),
        1 => name().prop_map(|name| EditFault::NameTaken { name }),
        1 => text().prop_map(|quantity| EditFault::NoneMeasures { quantity }),
        1 => blind.prop_map(|(model, classes, others, seen_by)| EditFault::ModelBlind {
            model,
            classes,
            others,
            seen_by
        }),
        1 => finite().prop_map(|least_secs| EditFault::AbsenceTooShort { least_secs }),
        1 => any::<bool>().prop_map(|above| EditFault::OffBeyondOn { above }),
        1 => any::<u32>().prop_map(|looks| EditFault::HitsBeyondLooks { looks }),
        1 => text().prop_map(|text| EditFault::BadHours { text }),
        1 => text().prop_map(|text| EditFault::NoCalendar { text }),
    ]
}

fn advice() -> impl Strategy<Value = Advice> {
    let names = (vec(name(), 6), vec(class(), 0..2), seen_by());
    let numbers = (text(), any::<u32>(), any::<i16>(), any::<[bool; 2]>(), time());
    let with = (names, numbers).prop_map(|((names, classes, seen_by), numbers)| {
        let (zone, hours, year, [behind, left], until) = numbers;
        json!({
            "camera": names[0], "rule": names[1], "model": names[2], "classes": classes,
            "seen_by": seen_by,
            "line": names[3], "permit": names[4], "calendar": names[5], "zone": zone,
            "hours": hours, "year": year, "behind": behind, "left": left, "until": until,
        })
    });
    coded(with)
}

pub(crate) fn edited() -> impl Strategy<Value = Edited> {
    let line = (one_of::<DiffKind>(), any::<u32>(), text());
    let line = line.prop_map(|(kind, line, text)| DiffLine { kind, line, text });
    let problem = (text(), of(any::<u32>()), text(), text(), of(fault()));
    let problem = problem.prop_map(|(field, edit, text, remedy, fault)| EditProblem {
        field,
        edit,
        text,
        remedy,
        fault,
    });
    // Many, so that each fault is among them.
    let known = (vec(text(), 0..2), vec(advice(), 0..4));
    (sha256(), vec(line, 0..3), vec(problem, 0..9), known).prop_map(
        |(version, diff, problems, (warnings, advice))| Edited {
            version,
            diff,
            problems,
            warnings,
            advice,
        },
    )
}

fn camera() -> impl Strategy<Value = CameraView> {
    let zone = (name(), of(text()), polygon());
    let zone = zone.prop_map(|(id, name, polygon)| ZoneView { id, name, polygon });
    let line = (name(), points()).prop_map(|(id, points)| LineView { id, points });
    let calibration = (points(), points());
    let calibration = calibration.prop_map(|(picture, ground_m)| Calibration { picture, ground_m });
    let model = (name(), of(any::<[u32; 2]>()), any::<bool>(), of(finite()), any::<bool>());
    let drawn = (vec(zone, 0..2), vec(line, 0..2), of(calibration), vec(rule(), 0..2));
    (name(), of(text()), of(position()), model, drawn).prop_map(
        |(
            id,
            name,
            position,
            (model, input_px, letterbox, height_min_px, regions),
            (zones, lines, calibration, rules),
        )| CameraView {
            id,
            name,
            position,
            model,
            input_px,
            letterbox,
            height_min_px,
            regions,
            zones,
            lines,
            calibration,
            rules,
        },
    )
}

fn in_both() -> impl Strategy<Value = InBoth> {
    (text(), text()).prop_map(|(vi, en)| InBoth { vi, en })
}

fn entry() -> impl Strategy<Value = EntryView> {
    let needs = (any::<[bool; 5]>(), of(text()), of(text())).prop_map(
        |([camera, zone, line, calibration, position], sensor, window)| EntryNeeds {
            camera,
            zone,
            line,
            calibration,
            position,
            sensor,
            window,
        },
    );
    let range = (of(finite()), finite(), finite(), of(text()));
    let said = (text(), of(in_both()), of(in_both()));
    let parameter = (text(), one_of::<ParameterKind>(), range, said).prop_map(
        |(name, kind, (default, min, max, unit), (text, title, help))| ParameterView {
            name,
            kind,
            default,
            min,
            max,
            unit,
            text,
            title,
            help,
        },
    );
    let words = (in_both(), in_both(), vec(in_both(), 0..2));
    (name(), words, one_of::<Severity>(), needs, vec(parameter, 0..2)).prop_map(
        |(entry, (title, guidance, traps), severity, needs, parameters)| EntryView {
            entry,
            title,
            guidance,
            traps,
            severity,
            needs,
            parameters,
        },
    )
}

pub(crate) fn site_view() -> impl Strategy<Value = SiteView> {
    let measure = || {
        let measure = (name(), text(), text());
        measure.prop_map(|(id, quantity, unit)| MeasureView { id, quantity, unit })
    };
    let version = (sha256(), time(), of(text()), of(text()));
    let version =
        version.prop_map(|(version, time, by, why)| PipelineVersion { version, time, by, why });
    let model = (name(), name()).prop_map(|(id, package)| ModelView { id, package });
    let models = (vec(model, 0..2), vec(name(), 0..2));
    let rules = (vec(camera(), 0..2), models, vec(rule(), 0..2), vec(permit(), 0..2));
    let around =
        (vec(measure(), 0..2), vec(measure(), 0..2), vec(entry(), 0..2), vec(version, 0..2));
    let locked = (of(text()), of(one_of::<Lock>()));
    (sha256(), locked, rules, around).prop_map(
        |(
            version,
            (locked, lock),
            (cameras, (models, packages), rules, permits),
            (sensors, windows, catalogue, history),
        )| SiteView {
            version,
            locked,
            lock,
            cameras,
            models,
            packages,
            rules,
            permits,
            sensors,
            windows,
            catalogue,
            history,
        },
    )
}
