//! Words as they are searched: without marks and case, so that `le loi` finds `Lê Lợi` and `duong`
//! finds `Đường`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words of a search that are looked for; those beyond are not.
const WORDS_MAX: usize = 12;

/// Characters of an id that are looked for, from and to. With six, incidents of the same 17 minutes are found.
const ID_MIN: usize = 6;
const ID_MAX: usize = 26;

/// `text` in lower case and without marks.
pub fn folded(text: &str) -> String {
    let plain = text.nfkd().filter(|c| !is_combining_mark(*c));
    // The stroke of đ is no mark to Unicode.
    plain.flat_map(char::to_lowercase).map(|c| if c == 'đ' { 'd' } else { c }).collect()
}

/// What a person typed as a query of FTS5: all words, the last one as far as it was typed. None when
/// there is no word in it.
pub fn query(typed: &str) -> Option<String> {
    let folded = folded(typed);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let quoted: Vec<String> = words.take(WORDS_MAX).map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" ") + "*")
}

/// Characters of what people call something that lists hold: two lines of it.
const CALLED_MAX: usize = 200;

/// What people call something, no longer than lists bear it.
pub fn clipped(name: &str) -> &str {
    name.char_indices().nth(CALLED_MAX).map_or(name, |(end, _)| &name[..end])
}

/// The beginning of an incident's id, if what a person typed may be one: so long that few have it.
pub fn beginning_of_id(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let may_be = (ID_MIN..=ID_MAX).contains(&typed.len());
    let may_be = may_be && typed.bytes().all(|b| b.is_ascii_alphanumeric());
    may_be.then(|| typed.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_case_do_not_count() {
        for (text, want) in [
            ("Lê Lợi", "le loi"),
            ("Đường ĐIỆN BIÊN PHỦ", "duong dien bien phu"),
            // The same letters, taken apart.
            ("Le\u{302} Lo\u{31b}\u{323}i", "le loi"),
            ("ngõ 7", "ngo 7"),
        ] {
            assert_eq!(folded(text), want);
        }
    }

    #[test]
    fn what_is_typed_is_words_and_no_syntax() {
        assert_eq!(query("Lê Lợi").as_deref(), Some("\"le\" \"loi\"*"));
        assert_eq!(query("a\" OR b:*").as_deref(), Some("\"a\" \"or\" \"b\"*"));
        assert_eq!(query(" -*\"() "), None);
        assert_eq!(query(&"x ".repeat(500)).map(|q| q.matches('x').count()), Some(WORDS_MAX));
    }

    #[test]
    fn what_is_called_too_long_is_cut_between_characters() {
        assert_eq!(clipped("Lê Lợi"), "Lê Lợi");
        let long = "ợ".repeat(CALLED_MAX + 1);
        assert_eq!(clipped(&long).chars().count(), CALLED_MAX);
        assert_eq!(clipped(clipped(&long)), clipped(&long));
    }

    #[test]
    fn the_beginning_of_an_id_is_one_word_of_six_characters_or_more() {
        assert_eq!(beginning_of_id(" 01kanw ").as_deref(), Some("01KANW"));
        for other in ["01KAN", "01KANW le", "vỉa-hè", "", &"0".repeat(27)] {
            assert_eq!(beginning_of_id(other), None, "{other}");
        }
    }
}
