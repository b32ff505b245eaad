//! The products that a vault counts licences for, and which licences a product can run on (license-vault §4.3, §4.4).

/// Code and name of every product that licences are counted for, sorted by code (license-vault §4.3).
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

/// Products that run only on packs, so that no licences are counted for them. Their codes are the legacy server's
/// (license-vault §4.3).
const TOOLS: [(&str, &str); 3] = [("DC", "dotCover"), ("DM", "dotMemory"), ("DPN", "dotTrace")];

/// Finds a product's name. A code that is not in the catalogue is returned as it is, because a plug-in has only a name.
pub(crate) fn find_product_name(code: &str) -> &str {
    CATALOGUE.iter().chain(&TOOLS).find(|(candidate, _)| *candidate == code).map_or(code, |(_, name)| name)
}

/// Lists the licences that a product can run on: its own, then the packs, the smaller one first.
///
/// unverified: what the packs hold; dotUltimate before the All Products Pack (license-vault §4.4).
pub(crate) fn list_licenses_for(product: &str) -> Vec<&'static str> {
    const DOT_ULTIMATE: [&str; 6] = ["DC", "DM", "DPN", "RC", "RD", "RS0"];
    let mut codes = Vec::new();
    let own = CATALOGUE.iter().find(|(code, _)| *code == product);
    codes.extend(own.map(|(code, _)| *code));
    if DOT_ULTIMATE.contains(&product) {
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
