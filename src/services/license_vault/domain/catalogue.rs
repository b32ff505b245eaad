//! What licences are counted for, and which product runs on which (license-vault §4.3).

/// What licences are counted for, by code (license-vault §4.3).
pub(crate) const CATALOGUE: [(&str, &str); 15] = [
    ("ALL", "All Products Pack"),
    ("CL", "CLion"),
    ("DB", "DataGrip"),
    ("DS", "DataSpell"),
    ("DUL", "dotUltimate"),
    ("GO", "GoLand"),
    ("II", "IntelliJ IDEA Ultimate"),
    ("PC", "PyCharm"),
    ("PS", "PhpStorm"),
    ("RC", "ReSharper C++"),
    ("RD", "Rider"),
    ("RM", "RubyMine"),
    ("RR", "RustRover"),
    ("RS0", "ReSharper"),
    ("WS", "WebStorm"),
];

/// Products of packs that have no row of their own: codes of the older server (license-vault §4.3).
const TOOLS: [(&str, &str); 3] = [("DC", "dotCover"), ("DM", "dotMemory"), ("DPN", "dotTrace")];

/// A product's name; one that nobody knows, like a plug-in's, is its own name.
pub(crate) fn product_name(code: &str) -> &str {
    CATALOGUE.iter().chain(&TOOLS).find(|(known, _)| *known == code).map_or(code, |(_, name)| name)
}

/// The licences that a product can run on, its own first, then packs, the smaller first.
///
/// unverified: what the packs hold; dotUltimate before the All Products Pack (license-vault §4.4).
pub(crate) fn licenses_for(product: &str) -> Vec<&'static str> {
    const OF_DOT_ULTIMATE: [&str; 6] = ["DC", "DM", "DPN", "RC", "RD", "RS0"];
    let mut codes = Vec::new();
    let own = CATALOGUE.iter().find(|(code, _)| *code == product);
    codes.extend(own.map(|(code, _)| *code));
    if OF_DOT_ULTIMATE.contains(&product) {
        codes.push("DUL");
    }
    let in_all_products = own.is_some() || TOOLS.iter().any(|(code, _)| *code == product);
    if in_all_products && product != "ALL" {
        codes.push("ALL");
    }
    codes
}

pub(crate) fn is_pack(code: &str) -> bool {
    ["ALL", "DUL"].contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted() {
        assert!(CATALOGUE.is_sorted_by_key(|(code, _)| *code));
    }
}
