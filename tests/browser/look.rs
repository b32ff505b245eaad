//! Whether everybody can read the pages: narrow windows, dark and light, screen readers; and their pictures.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::Desk;

const PAGES: [&str; 11] = [
    "/",
    "/start",
    "/controls",
    "/coverage",
    "/jetbrains-account",
    "/jetbrains-account?as=bob@example.test&team=2001",
    "/license-vault",
    "/atlassian",
    "/atlassian?tab=api-keys",
    "/atlassian?tab=service-accounts",
    "/?space=nowhere",
];

/// Texts whose colour is too near to what is behind them (WCAG 2.2 AA: 4.5 to 1).
const FAINT: &str = r"
const rgb = (color) => color.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
const behind = (it) => {
  for (; it; it = it.parentElement) {
    const c = rgb(getComputedStyle(it).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
const faint = [];
for (const it of document.querySelectorAll('body *')) {
  const says = [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!says || it.closest('.hidden, .skip, datalist, meter, option') || !it.checkVisibility()) continue;
  const [a, b] = [light(rgb(getComputedStyle(it).color)), light(behind(it))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(it.textContent.trim().slice(0, 40));
}
return faint;
";

/// What a screen reader could not name, and ids that are there twice.
const NAMELESS: &str = r"
const nameless = [];
const named = 'input:not([type=hidden]), select, textarea, button, a, [role=region], section, nav, dialog';
for (const it of document.querySelectorAll(named)) {
  const by = it.getAttribute('aria-labelledby');
  const name = it.getAttribute('aria-label') || (by && document.getElementById(by)?.textContent)
    || (it.labels?.length && it.labels[0].textContent) || it.textContent;
  if (!name?.trim()) nameless.push(it.outerHTML.slice(0, 80));
}
const ids = [...document.querySelectorAll('[id]')].map((it) => it.id);
nameless.push(...ids.filter((id, at) => ids.indexOf(id) !== at));
const once = (selector) => document.querySelectorAll(selector).length === 1;
if (!once('main') || !once('h1') || !document.documentElement.lang || !document.title) nameless.push('landmarks');
return nameless;
";

/// What sticks out of a page to the right.
const WIDE: &str = r"
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width) return [];
return [...document.querySelectorAll('body *')]
  .filter((it) => it.getBoundingClientRect().right > width || it.scrollWidth > it.clientWidth)
  .filter((it) => !it.closest('.scroll, svg, select, input'))
  .map((it) => it.outerHTML.slice(0, 80));
";

/// Buttons that nobody sees without scrolling to the side.
const OUTSIDE: &str = r"
return [...document.querySelectorAll('button, .button, summary')].filter((it) => it.checkVisibility())
  .filter((it) => { const at = it.getBoundingClientRect(); return at.left < 0 || at.right > innerWidth; })
  .map((it) => it.outerHTML.slice(0, 80));
";

/// A desk at which something has happened.
pub fn busy() -> Desk {
    let desk = Desk::new();
    desk.jetbrains("demo-jba-organization-admin");
    desk.jetbrains("nobody-s-token");
    desk.vault("demo-vault-token");
    let assign =
        r#"{"licenseId":"FREE000001","contact":{"firstName":"Eve","lastName":"Stone","email":"eve@example.test"}}"#;
    let viewer = "X-Customer-Code: 6700001\r\nX-Api-Key: demo-jba-team-viewer\r\nContent-Type: application/json\r\n";
    desk.server.send("POST", "/api/v1/customer/licenses/assign", viewer, assign).unwrap();
    desk.control("PUT", "/rate-limits", r#"{"organization":"6700001","limit":6}"#);
    for _ in 0..4 {
        desk.atlassian("/api-tokens/count");
    }
    desk.control(
        "POST",
        "/faults",
        r#"{"match":{"operation":"getAllApiKeysByOrgId"},"then":{"status":503,"delay":"20ms"},"times":3}"#,
    );
    desk.status(&format!("{}/api-keys", crate::ORG), "Authorization: Bearer demo-atlassian-key");
    desk
}

#[test]
fn everybody_can_read_every_page() {
    let desk = busy();
    let browser = &desk.browser;
    let check = |what: &str| {
        for (width, scheme) in [(1280, "light"), (1280, "dark"), (390, "light"), (360, "dark")] {
            browser.resize(width, 900);
            browser.colors(scheme);
            assert_eq!(browser.run(FAINT), serde_json::json!([]), "{what} in {scheme}");
            assert_eq!(browser.run(WIDE), serde_json::json!([]), "{what} is wider than {width}");
            assert_eq!(browser.run(OUTSIDE), serde_json::json!([]), "{what} hides buttons at {width}");
        }
        assert_eq!(browser.run(NAMELESS), serde_json::json!([]), "{what}");
        browser.resize(1280, 900);
    };
    for page in PAGES {
        desk.open(page);
        check(page);
    }
    desk.open("/?status=503");
    browser.run("document.querySelector('.requests tr[id] a').click()");
    browser.wait("document.getElementById('opened')");
    check("a request");
    desk.open("/license-vault");
    browser.click("Generate new token");
    check("a question");
    browser.click("Generate new token");
    check("a token");
}

#[test]
#[ignore = "writes into the repository: make screenshots"]
fn screenshots() {
    let desk = busy();
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screenshots");
    std::fs::create_dir_all(&dir).unwrap();
    let asked = desk.control("GET", "/requests?operation=assignLicense&limit=1", "");
    let opened = format!("/?open={}", asked["requests"][0]["id"].as_str().unwrap());
    for (name, path, scheme) in [
        ("requests", &*opened, "light"),
        ("jetbrains-account", "/jetbrains-account", "light"),
        ("license-vault", "/license-vault", "light"),
        ("atlassian", "/atlassian", "dark"),
    ] {
        desk.browser.resize(1240, 740);
        desk.browser.colors(scheme);
        desk.open(path);
        let picture = BASE64_STANDARD.decode(desk.browser.picture()).unwrap();
        assert!(picture.len() < 150_000, "{name} has {} bytes", picture.len());
        std::fs::write(dir.join(format!("{name}.png")), picture).unwrap();
    }
}
