//! What a service's handlers write, they say: each function of a store that writes, and that a handler reaches, notes
//! what it changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use syn::{
    FnArg, ItemFn,
    visit::{self, Visit},
};

use super::{
    source::{find_files, name_below_src},
    writes::{Words, is_writing_session, writes},
};

/// What notes a change.
const NOTES: [&str; 2] = ["note_change", "note_changes"];
/// What of the platform writes for a service.
const WRITES_FOR_SERVICES: [[&str; 2]; 2] = [["credential", "delete"], ["credential", "issue"]];
/// Functions that write and note nothing, and why.
const SILENT: [(&str, &str, &str); 10] = [
    ("license_vault/store/allocations.rs", "expire_due", "time did it, and who reads has left it out before"),
    ("license_vault/store/allocations.rs", "mark_seen", "goes with a product, which is noted"),
    ("license_vault/store/allocations.rs", "merge_into", "`release` notes it"),
    ("license_vault/store/connections.rs", "insert", "`connect` notes it"),
    ("license_vault/store/denied_products.rs", "move_to", "`connect` notes it"),
    ("license_vault/store/revocations.rs", "add_revocations", "a count of what is noted"),
    ("atlassian/store/api_token.rs", "count_down", "a count of what is noted"),
    ("atlassian/store/oauth_client.rs", "delete", "`delete_one` notes it"),
    ("atlassian/store/service_account.rs", "delete", "`delete_one` notes it"),
    ("jetbrains_account/store/token.rs", "remove", "`issue` notes it"),
];

/// A function of a store.
struct Function {
    file: String,
    name: String,
    does_write: bool,
    does_note: bool,
    calls: BTreeSet<String>,
}

#[derive(Default)]
struct Functions {
    file: String,
    found: Vec<Function>,
}

impl Visit<'_> for Functions {
    fn visit_item_fn(&mut self, function: &ItemFn) {
        let (mut words, mut calls) = (Words::default(), Calls::default());
        words.visit_block(&function.block);
        calls.visit_block(&function.block);
        let takes_session = function.sig.inputs.iter().any(|input| match input {
            FnArg::Typed(typed) => is_writing_session(&typed.ty),
            FnArg::Receiver(_) => false,
        });
        self.found.push(Function {
            file: self.file.clone(),
            name: function.sig.ident.to_string(),
            does_write: takes_session && (calls.writes || words.texts.iter().any(|text| writes(text))),
            does_note: calls.notes,
            calls: calls.names,
        });
        visit::visit_item_fn(self, function);
    }
}

/// What is called, by the last names.
#[derive(Default)]
struct Calls {
    names: BTreeSet<String>,
    notes: bool,
    writes: bool,
}

impl Visit<'_> for Calls {
    fn visit_path(&mut self, path: &syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if WRITES_FOR_SERVICES.iter().any(|known| names == *known) {
            self.writes = true;
        } else {
            self.names.extend(names.last().cloned());
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &syn::ExprMethodCall) {
        self.notes |= NOTES.iter().any(|name| call.method == name);
        visit::visit_expr_method_call(self, call);
    }
}

fn parse(path: &std::path::Path) -> syn::File {
    syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap()
}

/// If you are here because a function writes in silence: call `db.note_change` in it, with words for people, so that
/// `GET /_emulator/requests/{id}` says what a request did.
#[test]
fn what_handlers_write_notes_what_it_changes() {
    let (mut stores, mut called) = (BTreeMap::<String, Functions>::new(), BTreeMap::<String, Calls>::new());
    for path in find_files("src/services", &["rs"]) {
        let name = name_below_src(&path);
        let below = name.trim_start_matches("services/");
        let Some((service, rest)) = below.split_once('/') else { continue };
        if rest.starts_with("store/") {
            let functions = stores.entry(service.to_owned()).or_default();
            functions.file = below.to_owned();
            functions.visit_file(&parse(&path));
        } else if rest.starts_with("api/") {
            called.entry(service.to_owned()).or_default().visit_file(&parse(&path));
        }
    }
    let (mut noted, mut silent, mut wrong) = (0, BTreeSet::new(), Vec::new());
    for (service, Functions { found, .. }) in &stores {
        let mut reached = called[service].names.clone();
        loop {
            let before = reached.len();
            let further = found.iter().filter(|function| reached.contains(&function.name));
            let further: Vec<String> = further.flat_map(|function| function.calls.iter().cloned()).collect();
            reached.extend(further);
            if reached.len() == before {
                break;
            }
        }
        for Function { file, name, does_note, .. } in
            found.iter().filter(|function| function.does_write && reached.contains(&function.name))
        {
            let known = SILENT.iter().find(|(known, function, _)| known == file && function == name);
            match (does_note, known) {
                (true, None) => noted += 1,
                (false, Some(known)) => {
                    silent.insert(known);
                }
                (true, Some(_)) => wrong.push(format!("src/services/{file}: {name} notes: take it off the list here")),
                (false, None) => wrong.push(format!("src/services/{file}: {name} writes, and does not note it")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(noted >= 15, "the functions are found: {noted}");
    assert_eq!(silent.len(), SILENT.len(), "what is listed here is there: {silent:?}");
}
