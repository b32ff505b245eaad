//! The products that a vault counts licences for, and which licences a product can run on (license-vault §4.3, §4.4).

use crate::domain::product_catalogue;

/// Codes of the products that licences are counted for, sorted (license-vault §4.3).
const COUNTED: [&str; 15] =
    ["ALL", "CL", "DB", "DS", "DUL", "GO", "II", "PC", "PS", "RC", "RD", "RM", "RR", "RS0", "WS"];

/// Products that run only on packs, so that no licences are counted for them. Their codes are the legacy server's
/// (license-vault §4.3).
const TOOLS: [&str; 3] = ["DC", "DM", "DPN"];

/// Lists code and name of every product that licences are counted for, by code.
pub(crate) fn list_counted() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    COUNTED.into_iter().filter_map(product_catalogue::find)
}

/// Finds a product's name. A code that is not the vault's is returned as it is, because a plug-in has only a name.
pub(crate) fn find_product_name(code: &str) -> &str {
    let known = COUNTED.iter().chain(&TOOLS).find(|known| **known == code);
    known.and_then(|code| product_catalogue::find(code)).map_or(code, |(_, name)| name)
}

/// Lists the licences that a product can run on: its own, then the packs, the smaller one first.
///
/// unverified: what the packs hold; dotUltimate before the All Products Pack (license-vault §4.4).
pub(crate) fn list_licenses_for(product: &str) -> Vec<&'static str> {
    const DOT_ULTIMATE: [&str; 6] = ["DC", "DM", "DPN", "RC", "RD", "RS0"];
    let mut codes = Vec::new();
    let own = COUNTED.into_iter().find(|code| *code == product);
    codes.extend(own);
    if DOT_ULTIMATE.contains(&product) {
        codes.push("DUL");
    }
    let in_all_products = own.is_some() || TOOLS.contains(&product);
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
    fn every_product_of_the_vault_is_in_the_catalogue() {
        assert!(COUNTED.is_sorted() && list_counted().count() == COUNTED.len());
        assert_eq!(TOOLS.map(find_product_name), ["dotCover", "dotMemory", "dotTrace"]);
    }
}
