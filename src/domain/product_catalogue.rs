//! The products that licences are sold for, as more than one service knows them.

/// Code and name of every product, sorted by code.
///
/// unverified: the codes `AC`, `AR`, `RRR` and `RSC` are in a source, their names are in none; `AIP` is in seeds of
/// users, in no source. That `DB` and `DG` are both `DataGrip`: each is in the sources of another service.
pub const CATALOGUE: [(&str, &str); 26] = [
    ("AC", "AC"),
    ("AIP", "AI Pro"),
    ("ALL", "All Products Pack"),
    ("AR", "AR"),
    ("CL", "CLion"),
    ("DB", "DataGrip"),
    ("DC", "dotCover"),
    ("DG", "DataGrip"),
    ("DM", "dotMemory"),
    ("DPN", "dotTrace"),
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
    ("RRR", "RRR"),
    ("RS0", "ReSharper"),
    ("RSC", "RSC"),
    ("SPE", "Space Cloud Enterprise"),
    ("TBEB", "Toolbox Enterprise"),
    ("WS", "WebStorm"),
];

/// The product with exactly this code: the code and the name.
pub fn find(code: &str) -> Option<(&'static str, &'static str)> {
    CATALOGUE.binary_search_by(|(known, _)| (*known).cmp(code)).ok().map(|at| CATALOGUE[at])
}

/// A product or a plug-in that an organization's seed declares beside the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredProduct {
    pub code: String,
    pub name: String,
    pub is_plugin: bool,
}

/// Whether a text can be a code.
///
/// # Errors
/// A sentence that says what codes are.
pub(crate) fn check_code(code: &str) -> Result<(), String> {
    let is_code = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_code { Ok(()) } else { Err(format!("`{code}` is not a code: the vendor's are letters and digits")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted_and_finds_each() {
        assert!(CATALOGUE.is_sorted_by_key(|(code, _)| *code));
        for product in CATALOGUE {
            assert_eq!(find(product.0), Some(product));
        }
        assert_eq!((find("PY"), find("ii")), (None, None));
    }
}
