//! A page of figures for a browser: one file that needs nothing else, in light and dark, to keep and to send.

mod bars;
mod curves;
mod svg;
mod timeline;

pub(crate) use bars::{Bar, Bars};
pub(crate) use curves::{Curve, Curves};
pub(crate) use timeline::{Mark, MarkKind, Row, Span, Timeline};

use self::svg::{Drawing, Drawn, WIDTH, escaped};
use crate::exit::Exit;
use std::fmt::Write as _;
use std::path::Path;

const STYLE: &str = include_str!("page/style.css");

/// What stands on a page, in order.
pub(crate) struct Page {
    title: String,
    body: String,
}

impl Page {
    pub(crate) fn new(title: &str) -> Self {
        let title = escaped(title);
        let body = format!("<h1>{title}</h1>\n");
        Self { title, body }
    }

    pub(crate) fn heading(&mut self, text: &str) {
        let _ = writeln!(self.body, "<h2>{}</h2>", escaped(text));
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p>{}</p>", escaped(text));
    }

    /// The first column is names, the others are numbers.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let cells = |texts: &mut dyn Iterator<Item = &str>, [open, close]: [&str; 2]| {
            let cells: Vec<String> =
                texts.map(|text| format!("{open}{}{close}", escaped(text))).collect();
            cells.concat()
        };
        let head = cells(&mut head.iter().copied(), ["<th scope=\"col\">", "</th>"]);
        let _ = writeln!(
            self.body,
            "<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>"
        );
        for row in rows {
            let name = row.first().map(|name| escaped(name)).unwrap_or_default();
            let mut numbers = row.iter().skip(1).map(String::as_str);
            let numbers = cells(&mut numbers, ["<td>", "</td>"]);
            let _ = writeln!(self.body, "<tr><th scope=\"row\">{name}</th>{numbers}</tr>");
        }
        self.body += "</tbody></table></div>\n";
    }

    /// A drawing and what it shows.
    pub(crate) fn figure(&mut self, caption: &str, drawing: &impl Drawing) {
        let caption = escaped(caption);
        let Drawn { height, inside } = drawing.drawn();
        let _ = writeln!(
            self.body,
            "<figure><figcaption>{caption}</figcaption>{}\n<svg viewBox=\"0 0 {WIDTH} {height}\" \
             role=\"img\" aria-label=\"{caption}\">{inside}\n</svg></figure>",
            legend(&drawing.legend())
        );
    }

    /// Writes the page; a file that is there is replaced.
    pub(crate) fn write(&self, file: &Path) -> Result<(), Exit> {
        let Self { title, body } = self;
        let text = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <style>\n{STYLE}</style>\n<main>\n{body}</main>\n</html>\n"
        );
        std::fs::write(file, text).map_err(|e| Exit::Failed(format!("{}: {e}", file.display())))
    }
}

fn legend(entries: &[(String, String)]) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let entry = |(class, text): &(String, String)| {
        let box_ = format!("<rect class=\"{class}\" width=\"12\" height=\"12\"/>");
        format!(
            "<span><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\">{box_}</svg>{}</span>",
            escaped(text)
        )
    };
    format!("\n<div class=\"legend\">{}</div>", entries.iter().map(entry).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_text_and_nothing_else() {
        let mut page = Page::new("<script>&\"");
        let bar = Bar { value: 0.5, bounds: Some([0.2, 0.8]), says: "<b>".into() };
        let bars = Bars {
            series: vec!["</svg>".into(), "b".into()],
            groups: vec![("<i>".into(), vec![Some(bar), None])],
        };
        page.figure("<i>", &bars);
        page.table(&["<i>"], &[vec!["<i>".into(), "<i>".into()]]);
        for bad in ["<script>", "<b>", "<i>"] {
            assert!(!page.body.contains(bad), "{}", page.body);
        }
        assert_eq!(page.body.matches("</svg>").count(), 3, "{}", page.body);
    }
}
