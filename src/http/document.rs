//! The OpenAPI documents as the program serves them: those committed in `openapi/`, embedded.
//!
//! What builds them from the code is not in the program, because that is as large as a service. The tests do it, and
//! write and compare the committed ones.

use std::io::Read as _;

use axum::http::Method;
use flate2::read::GzDecoder;

/// A document.
#[derive(Debug)]
pub struct Document {
    /// Its file's name without the ending.
    pub name: &'static str,
    compressed: &'static [u8],
    pub operations: &'static [Operation],
}

/// What a document says about an operation, as far as the program itself needs it.
#[derive(Debug)]
pub struct Operation {
    pub method: Method,
    pub path: &'static str,
    /// What stands in front of the path, where that is not the document's own server.
    pub server: Option<&'static str>,
    pub id: Option<&'static str>,
    /// The names of its query parameters.
    pub query: &'static [&'static str],
    pub takes_body: bool,
    /// The scope that an API key needs for it.
    pub scope: Option<&'static str>,
    /// The statuses of its refusals.
    pub refusals: &'static [u16],
    /// Why it is not emulated.
    pub missing: Option<&'static str>,
    /// What of it is our guess.
    pub unverified: Option<&'static str>,
    /// What it does.
    pub summary: &'static str,
}

static DOCUMENTS: &[Document] = &include!(concat!(env!("OUT_DIR"), "/documents.rs"));

/// A document that was not written yet.
static UNWRITTEN: Document = Document { name: "", compressed: &[], operations: &[] };

/// Finds an embedded document by its name; an empty one where `make openapi` has not written it yet.
pub fn find(name: &str) -> &'static Document {
    DOCUMENTS.iter().find(|document| document.name == name).unwrap_or(&UNWRITTEN)
}

impl Document {
    /// A document of these operations, without a text.
    pub const fn of(name: &'static str, operations: &'static [Operation]) -> Self {
        Self { name, compressed: &[], operations }
    }

    /// Its text, set out for people. It is unpacked anew each time, because few ask for it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // What was packed when the program was built can be unpacked; an unwritten one is empty.
        let _ = GzDecoder::new(self.compressed).read_to_string(&mut text);
        text
    }

    /// Its text without white space, as programs are sent it.
    pub fn compact_text(&self) -> String {
        let (mut in_string, mut is_escaped) = (false, false);
        let mut text = self.text();
        text.retain(|character| {
            let is_kept = in_string || !character.is_ascii_whitespace();
            if character == '"' && !is_escaped {
                in_string = !in_string;
            }
            is_escaped = character == '\\' && !is_escaped;
            is_kept
        });
        text
    }
}
