//! The product and plug-in dictionaries: the common catalogue, and what an organization's seed declares beside it.

use std::{borrow::Cow, collections::BTreeMap};

use crate::domain::product_catalogue::{self, DeclaredProduct};

/// Something that licences are sold for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The vendor's code.
    pub code: Cow<'static, str>,
    /// The vendor's name.
    pub name: Cow<'static, str>,
}

impl Product {
    /// The product with a code, by the name that was declared for it, else by the catalogue's, else by its code.
    pub fn named(code: &str, declared: Option<String>) -> Self {
        let known = product_catalogue::find(code);
        let code = known.map_or_else(|| Cow::Owned(code.to_owned()), |(code, _)| Cow::Borrowed(code));
        let name = match (declared, known) {
            (Some(name), _) => Cow::Owned(name),
            (None, Some((_, name))) => Cow::Borrowed(name),
            (None, None) => code.clone(),
        };
        Self { code, name }
    }
}

/// Every product of an organization, by code.
pub(crate) fn list_products(declared: Vec<DeclaredProduct>) -> Vec<Product> {
    let mut products: BTreeMap<Cow<'static, str>, Product> =
        product_catalogue::CATALOGUE.iter().map(|(code, _)| ((*code).into(), Product::named(code, None))).collect();
    let added = declared.into_iter().filter(|product| !product.is_plugin);
    products.extend(added.map(|product| (product.code.clone().into(), Product::from(product))));
    products.into_values().collect()
}

/// Every plug-in of an organization, in the order of `declared`. No plug-in's code is in any source, and we invent
/// none.
pub(crate) fn list_plugins(declared: Vec<DeclaredProduct>) -> Vec<Product> {
    declared.into_iter().filter(|product| product.is_plugin).map(Product::from).collect()
}

impl From<DeclaredProduct> for Product {
    fn from(declared: DeclaredProduct) -> Self {
        Self::named(&declared.code, Some(declared.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_name_wins_and_a_code_is_better_than_nothing() {
        let name = |code, declared: Option<&str>| Product::named(code, declared.map(str::to_owned)).name;
        assert_eq!(name("II", None), "IntelliJ IDEA Ultimate");
        assert_eq!(name("II", Some("IntelliJ IDEA")), "IntelliJ IDEA");
        assert_eq!(name("AIU", Some("AI Ultimate")), "AI Ultimate");
        assert_eq!(name("AIU", None), "AIU");
    }
}
