//! Makes of the committed documents in `openapi/` what the program embeds: their texts, compressed, and a table of the
//! operations, because reading half a megabyte of JSON at every start would be a good part of it. And says in which order
//! the program's functions are to stand.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=openapi");
    // The macro that embeds them does not tell Cargo of a new file.
    println!("cargo::rerun-if-changed=migrations");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut paths: Vec<_> = fs::read_dir("openapi")?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut table = "[\n".to_owned();
    for path in paths {
        write_document(&mut table, &path, &out).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    table.push(']');
    fs::write(out.join("documents.rs"), table)?;
    order_functions()?;
    Ok(())
}

/// Has the linker put together what runs when Locum starts, because Linux takes a stretch of a program into memory
/// around each page that is touched: where they stand all over it, that is nearly all of it.
fn order_functions() -> Result<(), env::VarError> {
    const ORDER: &str = "link/start-order.ld";
    println!("cargo::rerun-if-changed={ORDER}");
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    // GNU's linker reads it and LLVM's, when GCC calls them. Who has chosen another way may have chosen another linker.
    let is_usual = !flags.contains("linker")
        && !flags.contains("fuse-ld")
        && env::var("RUSTC_LINKER").map_or(true, |linker| linker.ends_with("gcc"));
    let is_there = Path::new(ORDER).exists();
    if is_there && is_usual && env::var("CARGO_CFG_TARGET_OS")? == "linux" && env::var("PROFILE")? == "release" {
        println!("cargo::rustc-link-arg-bins=-T");
        println!("cargo::rustc-link-arg-bins={}/{ORDER}", env::var("CARGO_MANIFEST_DIR")?);
    }
    Ok(())
}

fn write_document(table: &mut String, path: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let document: Value = serde_json::from_str(&text)?;
    let name = path.file_stem().and_then(|name| name.to_str()).ok_or("its name is no text")?;
    let compressed = File::create(out.join(format!("{name}.json.gz")))?;
    let mut encoder = GzEncoder::new(compressed, Compression::best());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()?;
    writeln!(
        table,
        "Document {{ name: {name:?}, compressed: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.json.gz\")), \
         operations: &["
    )?;
    for (route, item) in document["paths"].as_object().ok_or("no paths")? {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                write_operation(table, &document, (route, &item["servers"][0]["url"]), (method, operation))?;
            }
        }
    }
    writeln!(table, "] }},")?;
    Ok(())
}

fn write_operation(
    table: &mut String,
    document: &Value,
    (path, server): (&str, &Value),
    (method, operation): (&str, &Value),
) -> Result<(), Box<dyn Error>> {
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| {
        let reference = parameter["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.map_or(Some(parameter), |pointer| document.pointer(pointer)).ok_or("a reference to nothing")
    });
    let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
    let query = parameters.into_iter().filter(|parameter| parameter["in"] == "query").map(|one| one["name"].as_str());
    let query = query.collect::<Option<Vec<_>>>().ok_or("a parameter without a name")?;
    writeln!(
        table,
        "Operation {{ method: Method::{}, path: {path:?}, server: {:?}, id: {:?}, query: &{query:?}, takes_body: {}, \
         scope: {:?}, refusals: &{:?}, missing: {:?}, unverified: {:?}, summary: {:?} }},",
        method.to_uppercase(),
        server.as_str(),
        operation["operationId"].as_str(),
        operation.get("requestBody").is_some(),
        operation["security"][0]["apiKey"][0].as_str(),
        find_refusals(operation),
        operation["x-locum-missing"].as_str(),
        operation["x-locum-unverified"].as_str(),
        operation["summary"].as_str().unwrap_or_default(),
    )?;
    Ok(())
}

/// The statuses of an operation's refusals, as far as its document names them one by one.
fn find_refusals(operation: &Value) -> Vec<u16> {
    let answers = operation["responses"].as_object().into_iter().flatten();
    answers.filter_map(|(status, _)| status.parse().ok()).filter(|status| *status >= 400).collect()
}
