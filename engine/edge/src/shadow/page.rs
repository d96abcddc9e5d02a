//! A comparison as one HTML file: no script, no request, pictures within it; light and dark.

use super::plots::{agreement, delays, escaped, pair, proportions};
use super::report::{Bounded, Line, Report, Row, median};
use std::fmt::Write as _;
use viahe_core::plan::Language;
use viahe_core::shadow::{Counts, Open, Ruling, Why};

/// Incidents of a kind that are shown with their pictures; the newest.
const SHOWN_MAX: usize = 60;
/// Pictures are read up to this size.
const PICTURE_BYTES_MAX: u64 = 2 << 20;

const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--both:#0b6e4f;--missing:#b3261e;\
--extra:#1f5fbf;--card:#f6f8fa}\
@media(prefers-color-scheme:dark){:root{--ground:#0d1117;--ink:#e6edf3;--soft:#9da7b3;--line:#30363d;--both:#3fb68b;\
--missing:#ff8a80;--extra:#7ab2ff;--card:#161b22}}\
*{box-sizing:border-box}body{margin:0 auto;max-width:1080px;padding:16px;background:var(--ground);color:var(--ink);\
font:16px/1.5 system-ui,sans-serif}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}\
p.ruling{padding:12px 16px;border-left:4px solid var(--extra);background:var(--card)}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{padding:6px 10px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}\
th{white-space:normal;vertical-align:bottom}th:first-child,td:first-child{text-align:left}figure{margin:16px 0}figcaption{color:var(--soft)}\
svg{width:100%;height:auto;max-width:860px}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}\
.both{fill:var(--both)}.missing{fill:var(--missing)}.extra{fill:var(--extra)}.grid{stroke:var(--line)}\
.whisker{stroke:var(--extra);stroke-width:3}.dot{fill:var(--extra)}.least{stroke:var(--missing);stroke-width:2;\
stroke-dasharray:5 4}.key{display:inline-block;width:.8em;height:.8em;margin:0 .35em 0 1em}\
.key.both{background:var(--both)}.key.missing{background:var(--missing)}.key.extra{background:var(--extra)}\
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:12px;padding:0;list-style:none}\
.cases li{border:1px solid var(--line);background:var(--card);padding:10px;overflow-wrap:anywhere}\
.shot{position:relative}.shot img{display:block;width:100%}.shot i{position:absolute;border:2px solid #ffd400;\
outline:1px solid #000}code{font-size:.8rem}small{color:var(--soft)}";

/// What is said in one of the two languages.
fn say<'w>(report: &Report, vi: &'w str, en: &'w str) -> &'w str {
    match report.language {
        Language::Vi => vi,
        Language::En => en,
    }
}

/// The page.
pub fn page(report: &Report) -> String {
    let lang = say(report, "vi", "en");
    let title = format!(
        "{}: {} / {}",
        say(report, "Mô hình chạy thử", "A model in the shadow"),
        report.candidate.name,
        report.incumbent.name
    );
    let title = escaped(&title);
    let mut out = format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    );
    head(&mut out, report);
    rules(&mut out, report);
    figures(&mut out, report);
    let (extra, missing, both) = (
        say(report, "Chỉ mô hình chạy thử báo", "Only the candidate tells"),
        say(report, "Mô hình chạy thử bỏ sót", "Missing at the candidate"),
        say(report, "Cả hai cùng báo", "Both tell"),
    );
    for (by, title) in [("candidate", extra), ("incumbent", missing), ("both", both)] {
        cases(&mut out, report, by, title);
    }
    out.push_str("</main></body></html>\n");
    out
}

fn head(out: &mut String, report: &Report) {
    let (site, since, until) = (escaped(report.site.as_str()), &report.since, &report.until);
    let kept = report.kept_up;
    let looks = say(report, "lượt quan sát của cả hai mô hình", "looks of both models");
    let missed = say(report, "bỏ qua vì thiết bị bận", "left out, as the box was busy");
    let _ = write!(
        out,
        "<p>{site} · {since} – {until}<br>{} {looks}, {} {missed}</p><p class=\"ruling\">{}</p>",
        kept.hits,
        kept.of - kept.hits,
        escaped(&ruling(report))
    );
    if report.all.score.extra.unjudged > 0 {
        let unjudged = report.all.score.extra.unjudged;
        let words = say(
            report,
            "sự kiện chỉ mô hình chạy thử báo và chưa ai đánh giá; chúng bị tính là sai theo tỷ lệ đã được \
             đánh giá cho đến khi có người xem. Đánh giá bằng lệnh:",
            "incidents that only the candidate tells were not judged by anybody; until somebody looks, they count as false \
             in the proportion in which others were judged. Judge them by",
        );
        let _ = write!(out, "<p>{unjudged} {words} <code>viahe model shadow judge</code></p>");
    }
}

fn ruling(report: &Report) -> String {
    let percent = |part: f64| format!("{:.0} %", part * 100.0);
    match (report.language, &report.ruling) {
        (Language::En, Ruling::Promote) => "The candidate may take over.".into(),
        (Language::En, Ruling::Reject(why)) => format!("The candidate may not take over: {why}."),
        (Language::En, Ruling::Wait(open)) => format!("Nothing can be decided yet: {open}."),
        (Language::Vi, Ruling::Promote) => "Mô hình chạy thử đủ điều kiện thay thế.".into(),
        (Language::Vi, Ruling::Reject(why)) => {
            let why = match why {
                Why::LessPrecise(by) => {
                    format!("độ chính xác thấp hơn ít nhất {:.1} điểm phần trăm", by * 100.0)
                }
                Why::Misses(most) => {
                    format!("chỉ báo được nhiều nhất {} số sự kiện đã xác nhận", percent(*most))
                }
                Why::Costly(times) => {
                    format!("mỗi lượt quan sát tốn gấp {times:.1} lần thời gian bộ xử lý")
                }
            };
            format!("Mô hình chạy thử không được thay thế: {why}.")
        }
        (Language::Vi, Ruling::Wait(Open::Verdicts { have, need })) => {
            format!("Chưa thể quyết định: mới có {have} đánh giá, cần {need}.")
        }
        (Language::Vi, Ruling::Wait(Open::KeptUp(part))) => format!(
            "Chưa thể quyết định: mô hình chạy thử chỉ kịp xem {} số lượt vì thiết bị bận.",
            percent(*part)
        ),
    }
}

fn rules(out: &mut String, report: &Report) {
    let heads = [
        say(report, "Quy tắc", "Rule"),
        say(report, "Cả hai", "Both"),
        say(report, "Bỏ sót", "Missing"),
        say(report, "Thêm", "Extra"),
        say(report, "Độ chính xác, đang dùng", "Precision, at work"),
        say(report, "Độ chính xác, chạy thử", "Precision, candidate"),
        say(report, "Báo được của đã xác nhận", "Told of confirmed"),
        say(report, "Giây đến khi báo (trung vị)", "Seconds to detect (median)"),
    ];
    let title = say(report, "Theo quy tắc", "By rule");
    let _ = write!(out, "<h2>{title}</h2><div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead><tbody>");
    let all = say(report, "Tất cả", "All");
    for row in report.rules.iter().chain([&report.all]) {
        let Row { score, secs_to_detect: [one, other], .. } = row;
        let counts = [score.both, score.missing, score.extra];
        let [both, missing, extra] = counts.map(counted);
        let name = if row.rule.is_some() { &row.title } else { all };
        let [old, new, recall] =
            [row.incumbent_precision, row.candidate_precision, row.recall].map(bounded);
        let secs = |of: &Option<f64>| of.map_or_else(|| "–".into(), |secs| format!("{secs:.1}"));
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{both}</td><td>{missing}</td><td>{extra}</td><td>{old}</td><td>{new}</td>\
             <td>{recall}</td><td>{} / {}</td></tr>",
            escaped(name),
            secs(one),
            secs(other)
        );
    }
    out.push_str("</tbody></table></div>");
    let note = say(
        report,
        "✓ đã xác nhận, ✗ bị bác bỏ, phần còn lại chưa ai đánh giá. Khoảng là cận một phía với độ tin cậy của [shadow].",
        "✓ confirmed, ✗ dismissed, the rest not judged. Ranges are one-sided bounds with the confidence of [shadow].",
    );
    let _ = write!(out, "<p><small>{note}</small></p>");
}

fn counted(of: Counts) -> String {
    format!("{} <small>({} ✓, {} ✗)</small>", of.all(), of.confirmed, of.dismissed)
}

fn bounded(of: Bounded) -> String {
    let percent = |part: f64| (part * 100.0).round();
    match of.of.part() {
        Some(part) => format!(
            "{} % <small>({}–{})</small>",
            percent(part),
            percent(of.bounds.low),
            percent(of.bounds.high)
        ),
        None => "–".into(),
    }
}

fn figure(out: &mut String, title: &str, words: &str, plot: &str) {
    let _ = write!(out, "<h2>{title}</h2><figure>{plot}<figcaption>{words}</figcaption></figure>");
}

fn figures(out: &mut String, report: &Report) {
    let keys = [
        ("both", say(report, "cả hai", "both")),
        ("missing", say(report, "mô hình chạy thử bỏ sót", "missing at the candidate")),
        ("extra", say(report, "chỉ mô hình chạy thử", "candidate only")),
    ];
    let keys = keys.map(|(class, words)| format!("<span class=\"key {class}\"></span>{words}"));
    let keys = keys.concat();
    let title = say(report, "Ai báo sự kiện", "Who tells incidents");
    let rows: Vec<_> = report
        .rules
        .iter()
        .map(|row| {
            let Row { score, .. } = row;
            (row.title.clone(), [score.both.all(), score.missing.all(), score.extra.all()])
        })
        .collect();
    figure(out, title, &keys, &agreement(title, &rows));

    let title = say(report, "Độ chính xác theo đánh giá", "Precision by verdicts");
    let (old, new) = (report.incumbent.name.to_string(), report.candidate.name.to_string());
    let worst = format!("{new} {}", say(report, "(xấu nhất)", "(at worst)"));
    let recall = say(report, "báo được của đã xác nhận", "told of confirmed").to_owned();
    let all = &report.all;
    let rows = [
        (old.clone(), all.incumbent_precision),
        (new.clone(), all.candidate_precision),
        (worst, all.candidate_precision_at_worst),
        (recall, all.recall),
    ];
    let least = all.incumbent_precision.of.part();
    let least = least.map(|part| part - report.bounds.precision_loss_max);
    let words = say(
        report,
        "Đường đứt: độ chính xác thấp nhất được chấp nhận.",
        "Dashed: the least precision that is borne.",
    );
    figure(out, title, words, &proportions(title, &rows, least));

    let title = say(report, "Báo sớm hay muộn", "Sooner or later");
    let words = say(
        report,
        "Số sự kiện của cả hai, theo số giây mô hình chạy thử báo muộn hơn (+) hoặc sớm hơn (−); trung vị",
        "Incidents of both, by how many seconds later (+) or sooner (−) the candidate tells them; median",
    );
    let middle = median(all.later_secs.clone());
    let middle = middle.map_or_else(|| "–".into(), |secs| format!("{secs:+.1} s"));
    figure(out, title, &format!("{words}: {middle}"), &delays(title, &all.later_secs));

    if let Some([one, other]) = report.cpu_ms {
        let title =
            say(report, "Thời gian bộ xử lý của một lượt quan sát", "Processor time of a look");
        let rows = [(old.as_str(), one), (new.as_str(), other)];
        let times = report.cost.map_or_else(|| "–".into(), |cost| format!("{cost:.2} ×"));
        figure(out, title, &times, &pair(title, rows, "ms"));
    }
}

fn cases(out: &mut String, report: &Report, by: &str, title: &str) {
    let of: Vec<&Line> = report.incidents.iter().filter(|line| line.by == by).collect();
    let _ = write!(out, "<h2>{title} ({})</h2>", of.len());
    if of.is_empty() {
        let none = say(report, "Không có.", "None.");
        let _ = write!(out, "<p>{none}</p>");
        return;
    }
    out.push_str("<ul class=\"cases\">");
    for line in of.iter().take(SHOWN_MAX) {
        case(out, report, line);
    }
    out.push_str("</ul>");
    if of.len() > SHOWN_MAX {
        let rest = of.len() - SHOWN_MAX;
        let words = say(report, "sự kiện cũ hơn có trong bản JSON", "older ones are in the JSON");
        let _ = write!(out, "<p>{rest} {words}</p>");
    }
}

fn case(out: &mut String, report: &Report, line: &Line) {
    let told = &line.told;
    out.push_str("<li>");
    let bytes = line.file.as_ref().map(|path| crate::bounded::read(path, PICTURE_BYTES_MAX));
    if let Some(Ok(bytes)) = bytes {
        let alt = escaped(&format!("{}, {}", told.title, told.camera));
        let picture = base64(&bytes);
        let _ = write!(
            out,
            "<div class=\"shot\"><img loading=\"lazy\" alt=\"{alt}\" src=\"data:image/jpeg;base64,{picture}\">"
        );
        if let Some(subject) = &told.subject {
            let [x0, y0, x1, y1] = subject.bbox.corners().map(|of| of * 100.0);
            let (wide, tall) = (x1 - x0, y1 - y0);
            let _ = write!(
                out,
                "<i style=\"left:{x0:.2}%;top:{y0:.2}%;width:{wide:.2}%;height:{tall:.2}%\"></i>"
            );
        }
        out.push_str("</div>");
    } else {
        let none = say(report, "không có ảnh", "no picture");
        let _ = write!(out, "<p><small>{none}</small></p>");
    }
    let said = match line.confirmed {
        Some(true) => say(report, "✓ đã xác nhận", "✓ confirmed"),
        Some(false) => say(report, "✗ bị bác bỏ", "✗ dismissed"),
        None => say(report, "chưa đánh giá", "not judged"),
    };
    let later = line.later_secs.map(|secs| format!(" · {secs:+.1} s")).unwrap_or_default();
    let class = told.subject.as_ref().map(|subject| {
        format!(" · {} {:.0} %", escaped(&subject.class.to_string()), subject.confidence * 100.0)
    });
    let _ = write!(
        out,
        "<strong>{}</strong><br>{} · {}<br><small>{}{}{later}</small><br><code>{}</code></li>",
        escaped(&told.title),
        escaped(told.camera.as_str()),
        said,
        line.told_at,
        class.unwrap_or_default(),
        line.incident
    );
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |n: usize| u32::from(group.get(n).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * n) & 63) as usize];
            out.push(if n > group.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn bytes_become_the_text_that_is_known() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let coded = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(texts.map(|text| base64(text.as_bytes())), coded);
    }
}
