//! What a number of a rule is called, and what it means, for who sets it on a page: in both languages. What it
//! is in the file stands in its table in `rule_keys`.

use viahe_contract::message::InBoth;

/// A number that rules may set, for people.
struct Said {
    name: &'static str,
    title: [&'static str; 2],
    help: [&'static str; 2],
}

const fn said(name: &'static str, title: [&'static str; 2], help: [&'static str; 2]) -> Said {
    Said { name, title, help }
}

/// Vietnamese first.
static SAID: &[Said] = &[
    said(
        "dwell_secs",
        ["Kéo dài ít nhất", "Lasts at least"],
        ["Phải diễn ra lâu chừng này rồi mới báo.", "It must go on for so long before it is told."],
    ),
    said(
        "away_secs",
        ["Vắng ít nhất", "Away at least"],
        ["Người trông phải rời đi lâu chừng này.", "Whoever attends must be gone for so long."],
    ),
    said(
        "within_secs",
        ["Trong vòng", "Within"],
        [
            "Thời gian dài nhất từ việc đầu đến việc cuối.",
            "Longest time from the first to the last of what happens.",
        ],
    ),
    said(
        "count_min",
        ["Ít nhất bao nhiêu", "At least how many"],
        ["Số lượng cùng lúc, hoặc số lần.", "How many at once, or how often."],
    ),
    said(
        "hits_min",
        ["Thấy ít nhất mấy lần", "Seen at least"],
        ["Trong những lần xem gần nhất phải thấy chừng này lần.", "In so many of the last looks."],
    ),
    said(
        "share_min",
        ["Phần vùng bị chiếm", "Share of the zone"],
        [
            "Tỉ lệ của vùng phải bị che, từ 0 đến 1.",
            "How much of the zone must be covered, 0 to 1.",
        ],
    ),
    said(
        "near_max",
        ["Gần chừng nào là bên cạnh", "How near is beside"],
        ["Tính bằng chiều cao của vật cao hơn.", "In heights of the taller of the two."],
    ),
    said(
        "speed_min_mps",
        ["Tốc độ từ", "Speed from"],
        ["Tốc độ trên mặt đường; cần đo mặt đường.", "On the ground; the road must be measured."],
    ),
    said(
        "allowed_deg",
        ["Chiều được phép", "Allowed direction"],
        [
            "Tính bằng độ trên hình: 0 sang phải, 90 xuống, 180 sang trái, 270 lên.",
            "In degrees on the picture: 0 right, 90 down, 180 left, 270 up.",
        ],
    ),
    said(
        "tolerance_deg",
        ["Lệch cho phép", "Still allowed"],
        [
            "Lệch về mỗi bên chừng này độ vẫn coi là đúng chiều.",
            "Degrees to either side that still count as the right way.",
        ],
    ),
    said(
        "travel_min",
        ["Quãng đường ít nhất", "Distance at least"],
        [
            "Phần chiều cao hình mà vật phải đi theo chiều đó.",
            "Share of the picture’s height that it must travel so.",
        ],
    ),
    said(
        "value_on",
        ["Báo từ", "Counts from"],
        ["Giá trị bắt đầu được tính.", "The value from which on it counts."],
    ),
    said(
        "value_off",
        ["Thôi báo từ", "Counts no more from"],
        ["Giá trị không còn được tính.", "The value beyond which it counts no more."],
    ),
    said(
        "confidence_min",
        ["Độ tin cậy ít nhất", "Sure at least"],
        [
            "Bỏ qua những gì mô hình ít chắc hơn, từ 0 đến 1.",
            "What the model is less sure of is ignored, 0 to 1.",
        ],
    ),
    said(
        "absence_secs",
        ["Coi là hết sau", "Over after"],
        [
            "Không còn thấy lâu chừng này thì vụ việc kết thúc.",
            "Not seen for so long, the incident is over.",
        ],
    ),
    said(
        "cooldown_secs",
        ["Nghỉ sau mỗi vụ", "Quiet after each"],
        [
            "Sau một vụ, chừng này lâu không báo vụ khác.",
            "After an incident no other one is told for so long.",
        ],
    ),
];

/// Title and help of a number that rules may set.
pub(super) fn parameter_words(name: &str) -> Option<[InBoth; 2]> {
    let said = SAID.iter().find(|said| said.name == name)?;
    let in_both = |[vi, en]: [&str; 2]| InBoth { vi: vi.to_owned(), en: en.to_owned() };
    Some([in_both(said.title), in_both(said.help)])
}

#[cfg(test)]
mod tests {
    use super::super::edit::rule_numbers;
    use super::*;

    #[test]
    fn each_number_of_a_rule_has_words_and_no_other() {
        let known: Vec<&str> = SAID.iter().map(|said| said.name).collect();
        let mut missing: Vec<&str> = rule_numbers().filter(|name| !known.contains(name)).collect();
        assert_eq!(missing, [""; 0], "they have no words");
        missing.extend(known.iter().filter(|&&name| !rule_numbers().any(|own| own == name)));
        assert_eq!(missing, [""; 0], "no rule has them");
    }
}
