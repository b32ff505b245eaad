//! The products that a vault counts licences for, and which licences a product can run on (license-vault §4.3, §4.4).

use std::borrow::Cow;

use crate::domain::product_catalogue::{self, DeclaredProduct};

/// What a vault has no licences for, of the list that it shares with the account: team tools, which vaults do not
/// support (license-vault §4.3); `AR`, which only the account knows; and the account's other code for `DataGrip`,
/// because a name stands for one product here (license-vault §2.2).
const NOT_COUNTED: [&str; 4] = ["AR", "DG", "SPE", "TBEB"];

/// What every vault has a row of in its usage (license-vault §2.2).
const ALWAYS_SHOWN: [&str; 15] =
    ["ALL", "CL", "DB", "DS", "DUL", "GO", "II", "PC", "PS", "RC", "RD", "RM", "RR", "RS0", "WS"];

/// What no pack holds.
///
/// unverified: of the legacy server's codes (license-vault §4.3), those that no source has a name for, and AI Pro.
const IN_NO_PACK: [&str; 4] = ["AC", "AIP", "RRR", "RSC"];

/// Finds a product that every vault counts licences for.
fn find_counted(code: &str) -> Option<(&'static str, &'static str)> {
    product_catalogue::find(code).filter(|(code, _)| !NOT_COUNTED.contains(code))
}

/// The products of a vault: those of every vault, and those that its organization's seeds declare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Catalogue {
    declared: Vec<DeclaredProduct>,
}

/// Something that a vault may have licences for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountedProduct {
    pub(crate) code: Cow<'static, str>,
    pub(crate) name: Cow<'static, str>,
    /// It has a row in the usage of a vault that has no licences for it.
    pub(crate) is_always_shown: bool,
}

impl Catalogue {
    /// Clients tell products apart by their names (license-vault §2.2, §9), so a declared one that is called as another
    /// has its code behind its name.
    pub(crate) fn new(declared: Vec<DeclaredProduct>) -> Self {
        let mut catalogue = Self::default();
        for DeclaredProduct { code, name, is_plugin } in declared {
            let is_namesake = |other: &CountedProduct| other.code != code && other.name == name;
            let is_taken = catalogue.list_counted().iter().any(is_namesake);
            let name = if is_taken { format!("{name} ({code})") } else { name };
            catalogue.declared.push(DeclaredProduct { code, name, is_plugin });
        }
        catalogue
    }

    fn find_declared(&self, code: &str) -> Option<&DeclaredProduct> {
        self.declared.iter().find(|product| product.code == code)
    }

    /// Lists every product that licences are counted for, by code. A name that a seed declares wins.
    pub(crate) fn list_counted(&self) -> Vec<CountedProduct> {
        let known = product_catalogue::CATALOGUE.into_iter().filter_map(|(code, _)| find_counted(code));
        let known = known.filter(|(code, _)| self.find_declared(code).is_none());
        let known = known.map(|(code, name)| CountedProduct {
            code: Cow::Borrowed(code),
            name: Cow::Borrowed(name),
            is_always_shown: ALWAYS_SHOWN.contains(&code),
        });
        let declared = self.declared.iter().map(|product| CountedProduct {
            code: Cow::Owned(product.code.clone()),
            name: Cow::Owned(product.name.clone()),
            is_always_shown: !product.is_plugin,
        });
        let mut counted: Vec<CountedProduct> = known.chain(declared).collect();
        counted.sort_by(|a, b| a.code.cmp(&b.code));
        counted
    }

    /// Whether licences with this code are counted.
    pub(crate) fn counts(&self, code: &str) -> bool {
        find_counted(code).is_some() || self.find_declared(code).is_some()
    }

    /// Finds a product's name. A code that is not the vault's is returned as it is, because a plug-in that nobody
    /// declared has only a name.
    pub(crate) fn find_product_name<'a>(&'a self, code: &'a str) -> &'a str {
        if let Some(declared) = self.find_declared(code) {
            return &declared.name;
        }
        find_counted(code).map_or(code, |(_, name)| name)
    }

    /// Finds a product's code. A plug-in may be named by its name too, as in a denial; what is not known is returned as
    /// it is.
    pub(crate) fn find_code<'a>(&'a self, product: &'a str) -> &'a str {
        let is_called_so = |declared: &&DeclaredProduct| declared.is_plugin && declared.name == product;
        match self.declared.iter().find(is_called_so) {
            Some(plugin) if !self.counts(product) => &plugin.code,
            Some(_) | None => product,
        }
    }

    /// Lists the licences that a product can run on: its own, then the packs, the smaller one first.
    ///
    /// unverified: what the packs hold: none of what seeds declare; dotUltimate before the All Products Pack
    /// (license-vault §4.4).
    pub(crate) fn list_licenses_for<'a>(&'a self, product: &'a str) -> Vec<&'a str> {
        const DOT_ULTIMATE: [&str; 6] = ["DC", "DM", "DPN", "RC", "RD", "RS0"];
        let mut codes = Vec::new();
        if self.counts(product) {
            codes.push(product);
        }
        if DOT_ULTIMATE.contains(&product) {
            codes.push("DUL");
        }
        if find_counted(product).is_some() && !IN_NO_PACK.contains(&product) && product != "ALL" {
            codes.push("ALL");
        }
        codes
    }
}

pub(crate) fn is_pack(code: &str) -> bool {
    ["ALL", "DUL"].contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declare(code: &str, name: &str, is_plugin: bool) -> DeclaredProduct {
        DeclaredProduct { code: code.to_owned(), name: name.to_owned(), is_plugin }
    }

    #[test]
    fn every_product_of_the_vault_is_in_the_catalogue() {
        // Those of the sample, and those of the legacy server (license-vault §4.3); AI Pro is in seeds of users.
        let expected = [
            "AC", "AIP", "ALL", "CL", "DB", "DC", "DM", "DPN", "DS", "DUL", "GO", "II", "PC", "PS", "RC", "RD", "RM",
            "RR", "RRR", "RS0", "RSC", "WS",
        ];
        let catalogue = Catalogue::default();
        let codes: Vec<String> = catalogue.list_counted().into_iter().map(|one| one.code.into_owned()).collect();
        assert_eq!(codes, expected);
        for code in ["AR", "DG", "SPE", "TBEB", "Some plug-in"] {
            assert!(!catalogue.counts(code) && catalogue.list_licenses_for(code).is_empty(), "{code}");
        }
        assert_eq!(
            ["DC", "DM", "DPN", "AC"].map(|code| catalogue.find_product_name(code).to_owned()),
            ["dotCover", "dotMemory", "dotTrace", "AC"]
        );
    }

    #[test]
    fn no_two_products_have_one_name() {
        let catalogue = Catalogue::new(vec![
            declare("DG", "DataGrip", false),
            declare("DS", "DataSpell", false),
            declare("P1", "Work", true),
            declare("P2", "Work", true),
        ]);
        let names = ["DB", "DG", "DS", "P1", "P2"].map(|code| catalogue.find_product_name(code).to_owned());
        assert_eq!(names, ["DataGrip", "DataGrip (DG)", "DataSpell", "Work", "Work (P2)"]);
    }

    #[test]
    fn what_is_declared_is_counted_and_runs_on_its_own_licences() {
        let catalogue = Catalogue::new(vec![
            declare("AIU", "AI Ultimate", false),
            declare("DM", "dotMemory 2", false),
            declare("II", "IntelliJ IDEA", false),
            declare("PWORK", "Work Plug-in", true),
        ]);
        let codes: Vec<String> = catalogue.list_counted().into_iter().map(|one| one.code.into_owned()).collect();
        assert!(codes.is_sorted() && codes.len() == Catalogue::default().list_counted().len() + 2, "{codes:?}");
        for (product, name, licenses) in [
            ("AIU", "AI Ultimate", vec!["AIU"]),
            ("DM", "dotMemory 2", vec!["DM", "DUL", "ALL"]),
            ("II", "IntelliJ IDEA", vec!["II", "ALL"]),
            ("GO", "GoLand", vec!["GO", "ALL"]),
            ("DC", "dotCover", vec!["DC", "DUL", "ALL"]),
            ("RSC", "RSC", vec!["RSC"]),
            ("ALL", "All Products Pack", vec!["ALL"]),
            ("PWORK", "Work Plug-in", vec!["PWORK"]),
            ("Some plug-in", "Some plug-in", vec![]),
        ] {
            assert_eq!(catalogue.find_product_name(product), name);
            assert_eq!(catalogue.list_licenses_for(product), licenses, "{product}");
        }
        let codes = ["Work Plug-in", "PWORK", "AI Ultimate", "Some plug-in"].map(|name| catalogue.find_code(name));
        assert_eq!(codes, ["PWORK", "PWORK", "AI Ultimate", "Some plug-in"]);
    }
}
