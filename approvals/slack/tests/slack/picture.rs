//! Draws a message from its blocks, statically: what stands where, which button has which colour. It is no picture of Slack.

use serde_json::Value;

const WIDTH: usize = 720;
const LEFT: usize = 64;
const LINE: usize = 22;

/// A message as an SVG.
pub(crate) fn svg(body: &Value) -> String {
    let mut page = Page { y: 34, out: String::new() };
    page.text(LEFT, "jit", "b");
    page.out.push_str(&format!("<rect x=\"{}\" y=\"21\" width=\"34\" height=\"16\" class=\"app\"/>\n", LEFT + 30));
    page.text(LEFT + 35, "APP", "s");
    items(body, "blocks").iter().for_each(|block| page.block(block));
    let height = page.y + 20;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\n\
         <style>text{{font:15px sans-serif;fill:#1d1c1d}}.b{{font-weight:bold}}.h{{font:bold 18px sans-serif}}\
         .s{{font-size:10px}}.u{{fill:#1264a3}}.w{{fill:#fff;font-weight:bold}}.app{{fill:#e8e8e8}}.page{{fill:#fff;stroke:#ddd}}\
         .button{{fill:#fff;stroke:#bbb}}.primary{{fill:#007a5a}}.danger{{fill:#e01e5a}}.bar{{fill:#ddd}}</style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" class=\"page\"/>\n\
         <rect x=\"16\" y=\"16\" width=\"36\" height=\"36\" rx=\"6\" class=\"primary\"/>\n{}</svg>\n",
        page.out
    )
}

struct Page {
    y: usize,
    out: String,
}

impl Page {
    fn text(&mut self, x: usize, text: &str, class: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let y = self.y;
        self.out.push_str(&format!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>\n"));
    }

    fn block(&mut self, block: &Value) {
        match block["type"].as_str() {
            Some("header") => {
                self.y += LINE + 6;
                self.text(LEFT, said(block), "h");
                self.y += 4;
            }
            Some("actions") => self.actions(block),
            _ => items(block, "elements").iter().for_each(|part| self.part(part)),
        }
    }

    fn part(&mut self, part: &Value) {
        match part["type"].as_str() {
            Some("rich_text_list") => {
                for item in items(part, "elements") {
                    self.y += LINE;
                    self.text(LEFT + 8, "•", "");
                    self.line(LEFT + 24, item);
                }
            }
            Some("rich_text_quote") => {
                self.y += LINE;
                self.out.push_str(&format!(
                    "<rect x=\"{LEFT}\" y=\"{}\" width=\"4\" height=\"{LINE}\" class=\"bar\"/>\n",
                    self.y - 16
                ));
                self.line(LEFT + 16, part);
            }
            _ => {
                self.y += LINE;
                self.line(LEFT, part);
            }
        }
    }

    /// One line of pieces, one behind the other.
    fn line(&mut self, x: usize, section: &Value) {
        let y = self.y;
        self.out.push_str(&format!("<text x=\"{x}\" y=\"{y}\">"));
        for piece in items(section, "elements") {
            let (text, class) = match piece["type"].as_str() {
                Some("user") => (format!("@{}", piece["user_id"].as_str().unwrap_or_default()), "u"),
                Some("date") => ("in your own time".to_owned(), ""),
                _ if piece["style"]["bold"] == true => (piece["text"].as_str().unwrap_or_default().to_owned(), "b"),
                _ => (piece["text"].as_str().unwrap_or_default().to_owned(), ""),
            };
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            self.out.push_str(&format!("<tspan class=\"{class}\" xml:space=\"preserve\">{text}</tspan>"));
        }
        self.out.push_str("</text>\n");
    }

    fn actions(&mut self, block: &Value) {
        self.y += 16;
        let mut x = LEFT;
        for control in items(block, "elements") {
            let choice = control["placeholder"]["text"].as_str().map(|text| format!("{text} ▾"));
            let (style, class) = match control["style"].as_str() {
                Some("primary") => ("primary", "w"),
                Some("danger") => ("danger", "w"),
                _ => ("button", "b"),
            };
            let text = choice.unwrap_or_else(|| said(control).to_owned());
            let width = 28 + text.chars().count() * 10;
            let y = self.y;
            self.out.push_str(&format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"32\" rx=\"4\" class=\"{style}\"/>\n"
            ));
            self.y += 21;
            self.text(x + 12, &text, class);
            self.y = y;
            x += width + 8;
        }
        self.y += 36;
    }
}

fn said(value: &Value) -> &str {
    value["text"]["text"].as_str().unwrap_or_default()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}
