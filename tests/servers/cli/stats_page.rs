//! The page of `stats --html`, as a browser shows it.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::cli::{FREE, Machine};

/// Looks at the page from the page around it, on a window as narrow as a phone's, sorts it, and tells what is there.
const LOOKS: &str = r#"<!doctype html><iframe id="frame" src="page.html" width="480" height="900"></iframe><pre id="told"></pre>
<script>
frame.onload = () => {
  const page = frame.contentDocument, view = frame.contentWindow;
  const rows = () => [...page.querySelectorAll("tbody tr")].map(row => row.cells[0].textContent);
  const click = name => [...page.querySelectorAll("th button")].find(own => own.textContent === name).click();
  const body = view.getComputedStyle(page.body);
  const told = { title: page.title, background: body.backgroundColor, text: body.color, width: page.documentElement.scrollWidth };
  told.bars = [...page.querySelectorAll("rect")].map(bar => bar.getBoundingClientRect().height);
  told.bar = view.getComputedStyle(page.querySelector("rect")).fill;
  click("Sent");
  told.most = rows();
  click("Sent");
  told.least = rows();
  document.getElementById("told").textContent = JSON.stringify(told);
};
</script>"#;

/// What a browser tells of the page, where its user likes it light or dark.
fn seen(machine: &Machine, scheme: &str) -> Value {
    let mut browser = Command::new("chromium");
    // A container lets it make no sandbox of its own; the page is ours.
    browser.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    browser.args(["--allow-file-access-from-files", "--virtual-time-budget=5000", "--dump-dom"]);
    browser.arg(format!("--blink-settings=preferredColorScheme={scheme}"));
    browser.arg(format!("--user-data-dir={}", machine.path("browser").display()));
    browser.arg(format!("file://{}", machine.path("looks.html").display()));
    browser.env("HOME", machine.path("")).stdin(Stdio::null());
    let output = browser.output().expect("chromium: scripts/test --no-run installs it");
    let text = String::from_utf8(output.stdout).unwrap();
    let told = text.split_once("<pre id=\"told\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let told = told.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr))).0;
    serde_json::from_str(told).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// How bright a color is, by WCAG 2.2's relative luminance, 0 to 1.
fn brightness(color: &Value) -> f64 {
    let text = color.as_str().unwrap();
    let parts = text.trim_start_matches("rgb(").trim_end_matches(')').split(", ");
    let parts: Vec<f64> = parts.map(|part| part.parse::<f64>().unwrap() / 255.0).collect();
    let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    0.2126 * linear(parts[0]) + 0.7152 * linear(parts[1]) + 0.0722 * linear(parts[2])
}

/// WCAG 2.2's contrast ratio, 1 to 21.
fn contrast(one: &Value, other: &Value) -> f64 {
    let (one, other) = (brightness(one), brightness(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn a_browser_shows_the_page_light_and_dark_on_a_narrow_window_and_sorts_it() {
    let countries = "[policy]\ncountries = [\"IN\", \"US\", \"GB\"]\n";
    let machine = Machine::with(&format!("{FREE}{countries}"));
    for (phone, sends) in [("+12025550123", 2), ("+919876543210", 3), ("+447400123456", 1)] {
        for _ in 0..sends {
            machine.run(&["send", phone]).exits(0);
        }
    }
    machine.run(&["stats", "--html", "page.html"]).exits(0);
    machine.write("looks.html", LOOKS);
    let (dark, light) = (seen(&machine, "0"), seen(&machine, "1"));
    assert!(brightness(&light["background"]) > 0.9 && brightness(&dark["background"]) < 0.05, "{light} {dark}");
    for told in [&light, &dark] {
        assert_eq!(told["title"], "otpctl stats");
        assert!(contrast(&told["text"], &told["background"]) >= 4.5, "{told}");
        assert!(contrast(&told["bar"], &told["background"]) >= 3.0, "{told}");
        assert_eq!(told["width"], 480, "only the table scrolls: {told}");
        let bars: Vec<f64> = told["bars"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        assert!(bars.len() >= 3 && bars.iter().all(|height| *height > 0.0), "{told}");
        assert_eq!(told["most"], serde_json::json!(["IN", "US", "GB"]), "{told}");
        assert_eq!(told["least"], serde_json::json!(["GB", "US", "IN"]), "{told}");
    }
}
