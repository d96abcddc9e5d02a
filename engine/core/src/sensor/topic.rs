//! Topic filters of MQTT, by the book (MQTT 5.0, section 4.7): `+` is one level, `#` at the end all
//! that follow, also none; a filter that begins with either means no topic that begins with `$`.

/// Can a broker subscribe to it?
///
/// # Errors
/// What is wrong and what to do, for people.
pub fn check(filter: &str) -> Result<(), &'static str> {
    if filter.is_empty() || filter.len() > 65_535 || filter.contains('\0') {
        return Err(
            "a topic has 1 to 65535 bytes and no NUL; write it like \"sensors/river-1/level\"",
        );
    }
    if filter.starts_with("$share/") {
        return Err(
            "a shared subscription gives each reading to one of several boxes; write the topic alone",
        );
    }
    let levels: Vec<&str> = filter.split('/').collect();
    for (i, level) in levels.iter().enumerate() {
        if level.contains('+') && level.len() > 1 {
            return Err(
                "+ stands for a whole level, as in \"sensors/+/level\"; write it alone between two /",
            );
        }
        if level.contains('#') && (level.len() > 1 || i + 1 < levels.len()) {
            return Err("# stands alone at the end, as in \"sensors/river-1/#\"; move it there");
        }
    }
    if filter == "#" {
        return Err("\"#\" is all that the broker has; write the beginning of the topic");
    }
    Ok(())
}

/// Does it mean more than one topic?
pub fn is_wild(filter: &str) -> bool {
    filter.split('/').any(|level| level == "+" || level == "#")
}

/// Is `topic` one of those that `filter` means?
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut topic = topic.split('/');
    for level in filter.split('/') {
        if level == "#" {
            return true;
        }
        match topic.next() {
            Some(there) if level == "+" || level == there => {}
            _ => return false,
        }
    }
    topic.next().is_none()
}

/// Does `wide` mean all that `narrow` means? A broker may send a message once for each filter that
/// means its topic, so a box does not subscribe to what it hears anyway.
pub fn covers(wide: &str, narrow: &str) -> bool {
    if narrow.starts_with('$') && wide.starts_with(['+', '#']) {
        return false;
    }
    let mut narrow = narrow.split('/');
    for level in wide.split('/') {
        if level == "#" {
            return true;
        }
        match narrow.next() {
            Some("#") | None => return false,
            Some(there) if level == "+" || level == there => {}
            Some(_) => return false,
        }
    }
    narrow.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_the_standard_says() {
        for (filter, topic, want) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false),
            ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
            ("a/B", "a/b", false),
        ] {
            assert_eq!(matches(filter, topic), want, "{filter} {topic}");
        }
        for bad in ["", "#", "sport+", "a/+b/c", "a/#/c", "a/b#", "$share/g/a", "a\0"] {
            assert!(check(bad).unwrap_err().contains("; "), "{bad}");
        }
        for good in ["a", "+", "+/a", "a/#", "/", "a//b", "$SYS/x", "a b/ü"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert!(is_wild("a/+/b") && is_wild("a/#") && !is_wild("a/b"));
    }

    /// The definition, level by level.
    fn oracle(filter: &[&str], topic: &[&str]) -> bool {
        match (filter, topic) {
            (["#"], _) | ([], []) => true,
            ([f, filter @ ..], [t, topic @ ..]) => (*f == "+" || f == t) && oracle(filter, topic),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            filter in prop::collection::vec(prop::sample::select(vec!["a", "b", "", "+"]), 1..5),
            hash: bool,
            other in prop::collection::vec(prop::sample::select(vec!["a", "b", "", "+"]), 1..5),
            topic in prop::collection::vec(prop::sample::select(vec!["a", "b", ""]), 1..5),
        ) {
            let mut filter = filter;
            if hash {
                filter.push("#");
            }
            let (wide, narrow, there) = (filter.join("/"), other.join("/"), topic.join("/"));
            prop_assert_eq!(matches(&wide, &there), oracle(&filter, &topic), "{} {}", wide, there);
            if covers(&wide, &narrow) && matches(&narrow, &there) {
                prop_assert!(matches(&wide, &there), "{} {} {}", wide, narrow, there);
            }
            if !is_wild(&narrow) {
                prop_assert_eq!(covers(&wide, &narrow), matches(&wide, &narrow));
            }
        }
    }
}
