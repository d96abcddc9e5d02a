//! What a rule asks, and what happened, in words.

use std::fmt::Write as _;
use viahe_contract::message::{
    Asked, AskedCondition, AskedCrossing, AskedMotion, AskedOf, AskedPlace, AskedRelationKind,
    AskedTest, AskedThing, EndReason, StoryCode, WhyRests, WhySilent,
};
use viahe_contract::time::LocalTime;
use viahe_core::id::Name;

/// Whom an incident is about.
pub(in crate::commands) fn about(asked: &Asked) -> String {
    match &asked.thing {
        Some(one) if asked.each => format!("each {}", thing(one)),
        Some(one) => format!("the zone, about {}", thing(one)),
        None => "the place as a whole".into(),
    }
}

/// What must hold, and below it what it is made of.
pub(in crate::commands) fn parts(asked: &Asked, depth: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(trigger) = asked.conditions.first() {
        part(asked, trigger, depth, &mut lines);
    }
    lines
}

fn part(asked: &Asked, of: &AskedCondition, depth: usize, lines: &mut Vec<String>) {
    lines.push(format!("{:indent$}{}: {}", "", of.name, test(&of.test), indent = 2 * depth));
    for name in of.test.parts() {
        if let Some(inner) = asked.conditions.iter().find(|c| c.name == name) {
            part(asked, inner, depth + 1, lines);
        }
    }
}

/// `vehicle.car or vehicle.bus in the zone`.
fn thing(thing: &AskedThing) -> String {
    let AskedThing { classes, place, motion, speed_min_mps, heading, crossing, relations, .. } =
        thing;
    let mut text = classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    text += match place {
        AskedPlace::In => " in the zone",
        AskedPlace::Out => " out of the zone",
        AskedPlace::Over => " over the zone",
        AskedPlace::Anywhere => "",
    };
    text += match motion {
        Some(AskedMotion::Standing) => ", standing",
        Some(AskedMotion::Moving) => ", moving",
        None => "",
    };
    if let Some(least) = speed_min_mps {
        let _ = write!(text, ", at {least} m/s or more");
    }
    if let Some(heading) = heading {
        let way = if heading.against { "against" } else { "along" };
        let _ = write!(text, ", going {way} {}°", heading.allowed_deg);
        let _ = write!(text, " (±{}°)", heading.tolerance_deg);
    }
    text += match crossing {
        Some(AskedCrossing::LeftToRight) => ", crossing the line from left to right",
        Some(AskedCrossing::RightToLeft) => ", crossing the line from right to left",
        Some(AskedCrossing::Either) => ", crossing the line",
        None => "",
    };
    for relation in relations {
        let how = match relation.kind {
            AskedRelationKind::Beside => "beside",
            AskedRelationKind::On => "riding on",
            AskedRelationKind::Under => "carrying",
        };
        let many = match relation.min {
            _ if relation.none => "no ".into(),
            0 | 1 => String::new(),
            least => format!("{least} or more of "),
        };
        let _ = write!(text, ", {how} {many}{}", relation.thing);
    }
    text
}

/// When a condition holds, with others by their names: `there, held for 180 s`.
pub(super) fn test(test: &AskedTest) -> String {
    match test {
        AskedTest::Is { thing: one } => format!("is {}", thing(one)),
        AskedTest::Count { thing: one, min, max } => {
            let most = max.map_or_else(|| "more".into(), |max| max.to_string());
            format!("{min} or {most} of {}", thing(one))
        }
        AskedTest::Share { thing: one, min_percent } => {
            format!("{} cover {min_percent:.0} % of the zone", thing(one))
        }
        AskedTest::Value { from, quantity, unit, above, on, off } => {
            let from = if *from == AskedOf::Sensor { "sensor" } else { "window" };
            let (way, back) = if *above { ("reaches", "below") } else { ("falls to", "above") };
            format!("{quantity} of the {from} {way} {on} {unit}, until it is {back} {off} {unit}")
        }
        AskedTest::Camera { states } => {
            let states: Vec<&str> = states.iter().map(|state| silent(*state)).collect();
            format!("the camera is {}", states.join(" or "))
        }
        AskedTest::Light { day } => if *day { "it is day" } else { "it is night" }.into(),
        AskedTest::Queue { among } => format!("{} around it stand too", thing(among)),
        AskedTest::All { of } => of.join(" and "),
        AskedTest::Any { of } => of.join(" or "),
        AskedTest::Not { of } => format!("not {of}"),
        AskedTest::Held { of, secs, gap_secs, first_gap_secs, paused_by } => {
            let mut words = format!("{of}, held for {secs} s");
            if let Some(first) = first_gap_secs {
                let _ = write!(words, " (gaps up to {first} s, then up to {gap_secs} s)");
            } else if *gap_secs > 0.0 {
                let _ = write!(words, " (gaps up to {gap_secs} s)");
            }
            if let Some(pause) = paused_by {
                let _ = write!(words, ", not counting while {pause}");
            }
            words
        }
        AskedTest::Hits { of, min, looks } => format!("{of} in {min} of the last {looks} looks"),
        AskedTest::Sequence { of, within_secs } => {
            format!("{}, within {within_secs} s", of.join(" then "))
        }
        AskedTest::Absent { after, of, secs } => format!("after {after}, no {of} for {secs} s"),
        AskedTest::Rate { of, min, within_secs } => {
            format!("{of} began {min} times or more in {within_secs} s")
        }
    }
}

fn silent(state: WhySilent) -> &'static str {
    match state {
        WhySilent::Moved => "moved",
        WhySilent::Blinded => "blinded",
        WhySilent::TooDark => "too dark to see anything",
        WhySilent::Offline => "offline",
        WhySilent::Ordered => "silent by an order",
        WhySilent::Disaster => "silent in a disaster",
    }
}

/// What happened; conditions are those of `asked`.
pub(super) fn code(code: &StoryCode, asked: &Asked) -> String {
    let words = |name: &String| {
        asked.conditions.iter().find(|c| c.name == *name).map(|c| test(&c.test)).unwrap_or_default()
    };
    match code {
        StoryCode::Applies { but_for } if but_for.is_empty() => "the rule applies".into(),
        StoryCode::Applies { but_for } => {
            let ids: Vec<&str> = but_for.iter().map(Name::as_str).collect();
            let ids = ids.join(", ");
            format!("the rule applies, but not to what stands in the place of the permit {ids}")
        }
        StoryCode::Rests { why } => format!("the rule does not apply: {}", rests(why)),
        StoryCode::Began { condition } => format!("… {condition} has begun ({})", words(condition)),
        StoryCode::Holds { condition, since, missed, missed_secs_max } => {
            let begun =
                since.map(|since| format!(", begun at {}", moment(since))).unwrap_or_default();
            let gaps = match missed {
                0 => String::new(),
                count => format!(", missed {count} times for {missed_secs_max:.1} s at most"),
            };
            format!("+ {condition} holds{begun} ({}){gaps}", words(condition))
        }
        StoryCode::Ceased { condition } => format!("- {condition} holds no more"),
        StoryCode::CameToNothing { condition } => format!("- {condition} came to nothing"),
        StoryCode::Opened { incident } => format!("=> incident {incident} opens"),
        StoryCode::HeldBack => "=> an incident is held back: the last one is too recent".into(),
        StoryCode::Ended { reason } => format!("=> the incident ends: {}", ended(*reason)),
        StoryCode::LastSeen { .. } => "it was followed until here".into(),
        StoryCode::LeftOut { count } => format!("({count} steps are left out)"),
    }
}

fn ended(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Over => "what it was about is over",
        EndReason::RuleInactive => "its rule does not apply any more",
        EndReason::ViewLost => "the camera does not see what its zones were drawn on",
        EndReason::SensorLost => {
            "its sensor or window has no value any more; what it measured may still be so"
        }
        EndReason::RuleChanged => "its rule was changed",
        EndReason::StateLost => "the box lost what it remembered of it",
    }
}

fn rests(why: &WhyRests) -> String {
    match why {
        WhyRests::Schedule => "its schedule does not apply".into(),
        WhyRests::Permit { permit } => format!("the permit {permit} applies"),
        WhyRests::Suspended { until } => format!("an operator suspended it until {until}"),
        WhyRests::Disaster { level } => format!("it is relaxed at disaster level {level}"),
        WhyRests::Moved => "the camera is moved".into(),
        WhyRests::Blinded => "the camera is blinded".into(),
        WhyRests::TooDark => "it is too dark there to see anything".into(),
        WhyRests::Offline => "the camera is offline".into(),
        WhyRests::Value => "what is measured rules it out, so nobody looks".into(),
    }
}

/// When something was, as all of `explain` says it.
pub(super) fn moment(at: LocalTime) -> String {
    let zone = jiff::tz::TimeZone::fixed(
        jiff::tz::Offset::from_seconds(at.offset_secs()).unwrap_or(jiff::tz::Offset::UTC),
    );
    at.at().in_zone(&zone).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}
