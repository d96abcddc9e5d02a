//! Texts line by line: what is different, and what stays as it was.

use viahe_contract::message::{DiffKind, DiffLine};

const MARK: char = '\u{feff}';
/// Lines around a change that are shown.
const CONTEXT: usize = 2;
/// Lines that are shown at most, and characters of each: a reply has a bound.
const SHOWN_MAX: usize = 2_000;
const CHARS_MAX: usize = 300;
/// Changed lines that are looked for one by one; more are one change.
const CHANGES_MAX: usize = 1_000;

/// A line of one text or of both, by its place in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Same(usize, usize),
    Removed(usize),
    Added(usize),
}

/// The text as TOML is read: without the mark at its beginning, with plain ends of lines.
pub(super) fn plain(text: &str) -> String {
    text.strip_prefix(MARK).unwrap_or(text).replace("\r\n", "\n")
}

/// The new text with the old one's bytes where they say the same: its ends of lines, and its mark.
pub(super) fn carry_over(old: &str, new: &str) -> String {
    let (marked, body) = match old.strip_prefix(MARK) {
        Some(body) => (true, body),
        None => (false, old),
    };
    let whole: Vec<&str> = body.split_inclusive('\n').collect();
    let bare: Vec<&str> = whole.iter().map(|line| without_end(line)).collect();
    let new: Vec<&str> = new.split_inclusive('\n').map(without_end).collect();
    let crlf = whole.iter().filter(|line| line.ends_with("\r\n")).count();
    let end = if 2 * crlf > whole.len() { "\r\n" } else { "\n" };
    let mut text = if marked { MARK.to_string() } else { String::new() };
    for op in differ(&bare, &new) {
        if !text.is_empty() && !text.ends_with(['\n', MARK]) {
            text.push_str(end);
        }
        match op {
            Op::Same(n, _) => text.push_str(whole[n]),
            Op::Added(n) => {
                text.push_str(new[n]);
                text.push_str(end);
            }
            Op::Removed(_) => {}
        }
    }
    text
}

fn without_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// What is different, in words that may be shown: a line of `…_shown` for each line of the text.
pub(super) fn difference(
    old: &str,
    new: &str,
    old_shown: &[String],
    new_shown: &[String],
) -> Vec<DiffLine> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let ops = differ(&old, &new);
    let changes: Vec<usize> = ops
        .iter()
        .enumerate()
        .filter(|(_, op)| !matches!(op, Op::Same(..)))
        .map(|(at, _)| at)
        .collect();
    let near = |at: usize| {
        let next = changes.partition_point(|change| *change < at);
        let after = changes.get(next).is_some_and(|change| change - at <= CONTEXT);
        after || next.checked_sub(1).is_some_and(|last| at - changes[last] <= CONTEXT)
    };
    let told = ops.iter().enumerate().filter(|(at, _)| near(*at)).map(|(_, op)| {
        let (kind, n, shown) = match *op {
            Op::Same(_, n) => (DiffKind::Same, n, new_shown),
            Op::Added(n) => (DiffKind::Added, n, new_shown),
            Op::Removed(n) => (DiffKind::Removed, n, old_shown),
        };
        let text = shown.get(n).map(|text| text.chars().take(CHARS_MAX).collect());
        DiffLine { kind, line: n as u32 + 1, text: text.unwrap_or_default() }
    });
    told.take(SHOWN_MAX).collect()
}

/// How the new lines come of the old ones, by few changes: Myers, "An O(ND) difference algorithm", 1986.
fn differ(old: &[&str], new: &[&str]) -> Vec<Op> {
    let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (rest_old, rest_new) = (&old[before..], &new[before..]);
    let after =
        rest_old.iter().rev().zip(rest_new.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle_old = &rest_old[..rest_old.len() - after];
    let middle_new = &rest_new[..rest_new.len() - after];
    let mut ops: Vec<Op> = (0..before).map(|n| Op::Same(n, n)).collect();
    let moved = middle(middle_old, middle_new).into_iter().map(|op| match op {
        Op::Same(a, b) => Op::Same(a + before, b + before),
        Op::Removed(a) => Op::Removed(a + before),
        Op::Added(b) => Op::Added(b + before),
    });
    ops.extend(moved);
    let (old_end, new_end) = (old.len() - after, new.len() - after);
    ops.extend((0..after).map(|n| Op::Same(old_end + n, new_end + n)));
    ops
}

fn middle(old: &[&str], new: &[&str]) -> Vec<Op> {
    let Some(reached) = reach(old, new) else {
        let removed = (0..old.len()).map(Op::Removed);
        return removed.chain((0..new.len()).map(Op::Added)).collect();
    };
    // Backwards from the end, through what each number of changes had reached.
    let (mut x, mut y) = (old.len().cast_signed(), new.len().cast_signed());
    let mut ops = Vec::new();
    for (d, furthest) in reached.iter().enumerate().rev() {
        let d = d.cast_signed();
        let of = |k: isize| furthest[(k + d + 1) as usize];
        let k = x - y;
        let down = k == -d || (k != d && of(k - 1) < of(k + 1));
        let from_k = if down { k + 1 } else { k - 1 };
        let from_x = if d == 0 { 0 } else { of(from_k) };
        let from_y = if d == 0 { 0 } else { from_x - from_k };
        while x > from_x && y > from_y {
            (x, y) = (x - 1, y - 1);
            ops.push(Op::Same(x as usize, y as usize));
        }
        if d > 0 {
            ops.push(if down { Op::Added(from_y as usize) } else { Op::Removed(from_x as usize) });
        }
        (x, y) = (from_x, from_y);
    }
    ops.reverse();
    ops
}

/// Before each number of changes, how far into the old lines each diagonal had come, from -d - 1 on; none
/// where more changes are needed than are looked for.
fn reach(old: &[&str], new: &[&str]) -> Option<Vec<Vec<isize>>> {
    let (n, m) = (old.len().cast_signed(), new.len().cast_signed());
    let mut all: Vec<Vec<isize>> = Vec::new();
    let mut last: Vec<isize> = vec![0; 3];
    for d in 0..=CHANGES_MAX.cast_signed().min(n + m) {
        // `last` has the diagonals from -d - 1 to d + 1.
        all.push(last.clone());
        let mut next = vec![0; 2 * d as usize + 5];
        for k in (-d..=d).step_by(2) {
            let of = |k: isize| last[(k + d + 1) as usize];
            let down = k == -d || (k != d && of(k - 1) < of(k + 1));
            let mut x = if down { of(k + 1) } else { of(k - 1) + 1 };
            while x < n && x - k < m && old[x as usize] == new[(x - k) as usize] {
                x += 1;
            }
            if x >= n && x - k >= m {
                return Some(all);
            }
            next[(k + d + 2) as usize] = x;
        }
        last = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The length of a longest common subsequence, by its definition.
    fn common(a: &[&str], b: &[&str]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut last = 0;
            for (j, y) in b.iter().enumerate() {
                let here = row[j + 1];
                row[j + 1] = if x == y { last + 1 } else { here.max(row[j]) };
                last = here;
            }
        }
        row[b.len()]
    }

    #[test]
    fn a_difference_is_right_and_short() {
        let words = ["a", "b", "c"];
        let texts: Vec<Vec<&str>> = (0..5_u32)
            .flat_map(|length| (0..3_u32.pow(length)).map(move |code| (length, code)))
            .map(|(length, code)| {
                (0..length).map(|at| words[(code / 3_u32.pow(at) % 3) as usize]).collect()
            })
            .collect();
        for a in &texts {
            for b in &texts {
                let ops = differ(a, b);
                let of_old = ops.iter().filter_map(|op| match op {
                    Op::Same(n, _) | Op::Removed(n) => Some(*n),
                    Op::Added(_) => None,
                });
                let of_new = ops.iter().filter_map(|op| match op {
                    Op::Same(_, n) | Op::Added(n) => Some(*n),
                    Op::Removed(_) => None,
                });
                assert!(of_old.eq(0..a.len()) && of_new.eq(0..b.len()), "{a:?} {b:?}: {ops:?}");
                let same = ops.iter().filter(|op| match op {
                    Op::Same(x, y) => a[*x] == b[*y],
                    _ => false,
                });
                assert_eq!(same.count(), common(a, b), "{a:?} {b:?}: {ops:?}");
            }
        }
    }

    #[test]
    fn two_texts_without_a_line_in_common_are_told_apart_all_the_same() {
        let all: Vec<String> = (0..3_000).map(|n| n.to_string()).collect();
        let lines: Vec<&str> = all.iter().map(String::as_str).collect();
        let (old, new) = lines.split_at(1_500);
        assert_eq!(differ(old, new).len(), 3_000);
    }

    #[test]
    fn bytes_that_say_the_same_stay() {
        for (old, new, want) in [
            ("a\r\nb\r\n", "a\nx\n", "a\r\nx\r\n"),
            ("a\nb\r\n", "a\nb\nc\n", "a\nb\r\nc\n"),
            ("\u{feff}a\nb", "a\nb\n", "\u{feff}a\nb"),
            ("\u{feff}a\nb", "x\nb\nc\n", "\u{feff}x\nb\nc\n"),
            ("", "a\n", "a\n"),
        ] {
            assert_eq!(carry_over(old, new), want, "{old:?} {new:?}");
        }
    }
}
