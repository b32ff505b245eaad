//! The JetBrains product and plug-in dictionaries.

/// A product that licences are sold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// The vendor's code.
    pub code: &'static str,
    /// The vendor's name.
    pub name: &'static str,
}

const fn product(code: &'static str, name: &'static str) -> Product {
    Product { code, name }
}

/// Every product code seen at the vendor (jetbrains-account §4.3), by code.
pub(crate) const PRODUCTS: &[Product] = &[
    product("ALL", "All Products Pack"),
    // unverified: the code is the vendor's, its name is in no source.
    product("AR", "AR"),
    product("CL", "CLion"),
    product("DG", "DataGrip"),
    product("DS", "DataSpell"),
    product("GO", "GoLand"),
    product("II", "IntelliJ IDEA Ultimate"),
    product("PC", "PyCharm"),
    product("PS", "PhpStorm"),
    product("RD", "Rider"),
    product("RM", "RubyMine"),
    product("SPE", "Space Cloud Enterprise"),
    product("TBEB", "Toolbox Enterprise"),
    product("WS", "WebStorm"),
];

/// Paid plug-ins. No plug-in code is in any source (jetbrains-account §4.3), and we invent none.
pub(crate) const PLUGINS: &[Product] = &[];

/// The product with this exact code.
pub(crate) fn find(code: &str) -> Option<Product> {
    PRODUCTS.binary_search_by(|p| p.code.cmp(code)).ok().map(|at| PRODUCTS[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_sorted_and_finds_each() {
        assert!(PRODUCTS.is_sorted_by_key(|p| p.code));
        for product in PRODUCTS {
            assert_eq!(find(product.code), Some(*product));
        }
        assert_eq!(find("PY"), None);
        assert_eq!(find("ii"), None);
    }
}
