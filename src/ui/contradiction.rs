//! Words of a search that exclude each other: no request has both.

use std::collections::BTreeMap;

use super::search::{What, Word};

/// Checks that a request can have all of the words. `operations` are those that there are, each with its services.
///
/// # Errors
/// Two that exclude each other, and what to do.
pub(super) fn check(words: &[Word], operations: &BTreeMap<&str, Vec<&str>>) -> Result<(), String> {
    for (at, one) in words.iter().enumerate() {
        for other in &words[at + 1..] {
            let excluded = match (one.is_not, other.is_not) {
                (false, false) => exclude(&one.what, &other.what, operations),
                (false, true) => includes(&other.what, &one.what),
                (true, false) => includes(&one.what, &other.what),
                (true, true) => false,
            };
            if excluded {
                let (one, other) = (&one.written, &other.written);
                return Err(format!("no request is both `{one}` and `{other}`: leave out one of them"));
            }
        }
    }
    Ok(())
}

/// Whether no request has both.
fn exclude(one: &What, other: &What, operations: &BTreeMap<&str, Vec<&str>>) -> bool {
    let is_elsewhere =
        |operation: &str, service: &str| operations.get(operation).is_some_and(|services| !services.contains(&service));
    match (one, other) {
        (What::Status(from, to), What::Status(other_from, other_to)) => to < other_from || other_to < from,
        (What::Operation(one), What::Operation(other))
        | (What::Service(one), What::Service(other))
        | (What::Method(one), What::Method(other))
        | (What::WholeReason(one), What::WholeReason(other)) => one != other,
        (What::Status(_, to), What::Is("refused")) | (What::Is("refused"), What::Status(_, to)) => *to < 400,
        (What::Id(one), What::Id(other)) => !one.starts_with(other.as_str()) && !other.starts_with(one.as_str()),
        (What::Operation(operation), What::Service(service)) | (What::Service(service), What::Operation(operation)) => {
            is_elsewhere(operation, service)
        }
        _ => false,
    }
}

/// Whether every request that has the second has the first.
fn includes(wide: &What, narrow: &What) -> bool {
    match (wide, narrow) {
        (What::Status(wide_from, wide_to), What::Status(from, to)) => wide_from <= from && to <= wide_to,
        _ => wide == narrow,
    }
}

#[cfg(test)]
mod tests {
    use crate::ui::{
        search::{Known, Search},
        short_path::ShortPaths,
    };

    #[test]
    fn two_words_that_exclude_each_other_are_named() {
        let known = Known {
            operations: [("addInvoice", vec!["billing"]), ("getInvoice", vec!["billing"])].into(),
            services: vec!["billing", "parking"],
            paths: ShortPaths::default(),
        };
        let read = |text: &str| Search::read(text, &known).map(drop);
        for (text, one, other) in [
            ("status:404 status:401", "status:404", "status:401"),
            ("status:4xx eve status:500", "status:4xx", "status:500"),
            ("method:GET method:post", "method:GET", "method:post"),
            ("op:addInvoice op:getInvoice", "op:addInvoice", "op:getInvoice"),
            ("service:billing service:parking", "service:billing", "service:parking"),
            ("service:parking op:addInvoice", "service:parking", "op:addInvoice"),
            ("id:ab id:cd", "id:ab", "id:cd"),
            ("status:2xx is:refused", "status:2xx", "is:refused"),
            ("-status:4xx status:404", "-status:4xx", "status:404"),
            ("is:refused -is:refused", "is:refused", "-is:refused"),
            ("eve -eve", "eve", "-eve"),
        ] {
            let said = format!("no request is both `{one}` and `{other}`: leave out one of them");
            assert_eq!(read(text), Err(said), "{text}");
        }
        for text in [
            "status:404 status:4xx",
            "is:refused status:404",
            "status:4xx -status:404",
            "-status:404 -status:401",
            "op:addInvoice service:billing",
            "id:ab id:abc",
            "cred:dan cred:eve",
            "-is:refused is:ignored",
            "method:GET method:get",
        ] {
            assert_eq!(read(text), Ok(()), "{text}");
        }
    }
}
