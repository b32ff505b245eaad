//! What writes does so inside a transaction, because only the end of a transaction tells whether a write has lasted.

use std::fs;

use syn::{
    Block, FnArg, GenericArgument, ImplItemFn, ItemFn, PathArguments, ReturnType, Signature, Type,
    visit::{self, Visit},
};

use super::source::{find_files, name_below_src};

/// Sessions that write.
const WRITING_SESSIONS: [&str; 2] = ["ReadWrite", "Transaction"];
/// What makes a transaction of one statement.
const WRITES_ALONE: &str = "write_alone";
/// The drivers' connections, and the files that may name them: what opens them, and what lends them out.
const CONNECTIONS: [&str; 7] =
    ["PgPool", "SqlitePool", "PgConnection", "SqliteConnection", "PoolConnection", "PgListener", "PgPoolOptions"];
const HOMES: [&str; 5] =
    ["store/open.rs", "store/postgres.rs", "store/sqlite.rs", "store/session.rs", "store/events.rs"];

/// Whether a text is, or has in it, a statement that writes. `DO UPDATE SET` belongs to an insertion, which is found by
/// its own words.
pub fn writes(sql: &str) -> bool {
    let words = sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let follows = |word: &str, next: &str| words.windows(2).any(|pair| pair == [word, next]);
    let updates = words.windows(3).any(|three| three[0] == "UPDATE" && three[1] != "SET" && three[2] == "SET");
    follows("INSERT", "INTO") || follows("DELETE", "FROM") || updates
}

/// Finds functions with a statement that writes, and without a session that may.
#[derive(Default)]
struct Functions {
    file: String,
    found: usize,
    wrong: Vec<String>,
}

impl Functions {
    fn check(&mut self, signature: &Signature, body: &Block) {
        let mut words = Words::default();
        words.visit_block(body);
        if !words.texts.iter().any(|text| writes(text)) {
            return;
        }
        self.found += 1;
        let takes_session = signature.inputs.iter().any(|input| match input {
            FnArg::Typed(typed) => is_writing_session(&typed.ty),
            FnArg::Receiver(_) => false,
        });
        // It only puts the statement together.
        let makes_statement = matches!(&signature.output, ReturnType::Type(_, kind) if is_sql(kind));
        if !takes_session && !makes_statement && !words.calls_write_alone && !words.begins {
            self.wrong.push(format!("src/{}: {} writes, without a session that may", self.file, signature.ident));
        }
    }
}

fn is_sql(kind: &Type) -> bool {
    matches!(kind, Type::Path(path) if path.path.is_ident("Sql"))
}

/// `&mut Session<ReadWrite>` or `&mut Session<Transaction>`.
pub fn is_writing_session(kind: &Type) -> bool {
    let kind = if let Type::Reference(reference) = kind { &*reference.elem } else { kind };
    let Type::Path(path) = kind else { return false };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Session") else { return false };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    arguments.args.iter().any(|argument| match argument {
        GenericArgument::Type(Type::Path(mode)) => {
            mode.path.segments.last().is_some_and(|mode| WRITING_SESSIONS.iter().any(|name| mode.ident == name))
        }
        _ => false,
    })
}

impl Visit<'_> for Functions {
    fn visit_item_fn(&mut self, function: &ItemFn) {
        self.check(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &ImplItemFn) {
        self.check(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
}

/// What a function's body says.
#[derive(Default)]
pub struct Words {
    pub texts: Vec<String>,
    calls_write_alone: bool,
    /// It opens a transaction of its own.
    begins: bool,
}

impl Visit<'_> for Words {
    fn visit_lit_str(&mut self, text: &syn::LitStr) {
        self.texts.push(text.value());
    }

    fn visit_expr_method_call(&mut self, call: &syn::ExprMethodCall) {
        self.calls_write_alone |= call.method == WRITES_ALONE;
        self.begins |= call.method == "begin";
        visit::visit_expr_method_call(self, call);
    }

    /// What a macro is given is no syntax tree.
    fn visit_macro(&mut self, call: &syn::Macro) {
        self.texts.push(call.tokens.to_string());
    }
}

#[test]
fn what_writes_does_so_in_a_transaction() {
    let mut functions = Functions::default();
    for path in find_files("src", &["rs"]) {
        functions.file = name_below_src(&path);
        functions.visit_file(&syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
    }
    assert!(functions.found > 50, "the statements are found: {}", functions.found);
    assert!(functions.wrong.is_empty(), "{}", functions.wrong.join("\n"));
}

#[test]
fn only_what_lends_connections_names_them() {
    for path in find_files("src", &["rs"]) {
        let name = name_below_src(&path);
        let text = fs::read_to_string(&path).unwrap();
        for word in CONNECTIONS {
            let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|it| it == word);
            assert!(!names || HOMES.contains(&name.as_str()), "src/{name} names {word}");
        }
    }
}

#[test]
fn statements_that_write_are_recognized() {
    for sql in ["INSERT INTO a VALUES ($1)", "WITH b AS (DELETE FROM a RETURNING c) SELECT 1", "UPDATE a SET b = 1"] {
        assert!(writes(sql), "{sql}");
    }
    for sql in ["SELECT 1", " ON CONFLICT (a) DO UPDATE SET b = excluded.b", "DELETE, INSERT, UPDATE"] {
        assert!(!writes(sql), "{sql}");
    }
}
