//! The source as the walls see it: files, the room each is in, and which file names which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{Item, UseTree, Visibility, visit::Visit};

/// A source file.
pub struct Source {
    /// Below `src`, with `/`.
    pub name: String,
    /// The first folder or file below `src`; a service is a room of its own, `services/NAME`.
    pub room: String,
    /// Its text, without lines that are comments.
    pub code: String,
    /// Its path as a module: `["crate", "store", "session"]`.
    pub module: Vec<String>,
    /// Paths that it names, from `crate` on, re-exports followed.
    pub paths: BTreeSet<Vec<String>>,
}

/// Every file below a folder of the project that has one of the endings.
pub fn find_files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The name of a file below `src`.
pub fn name_below_src(path: &Path) -> String {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    path.strip_prefix(src).unwrap().to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> (Source, BTreeMap<String, Vec<String>>) {
    let name = name_below_src(path);
    let text = fs::read_to_string(path).unwrap();
    let mut module: Vec<String> = name.trim_end_matches(".rs").split('/').map(ToOwned::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
        module.pop();
    }
    module.insert(0, "crate".to_owned());
    let room = match module.as_slice() {
        [_, services, service, ..] if services == "services" && Path::new(&name).components().count() > 2 => {
            format!("services/{service}")
        }
        [_, room, ..] => room.clone(),
        _ => String::new(),
    };
    let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut names = Names { module: module.clone(), ..Names::default() };
    names.visit_file(&file);
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    (Source { name, room, code, module, paths: names.paths }, names.reexports)
}

/// Every source file. Paths through a re-export are those of what is re-exported, because a file that names a type by
/// its room's short path depends on the file that the type is in.
pub fn sources() -> Vec<Source> {
    let (mut sources, mut reexports) = (Vec::new(), BTreeMap::new());
    for path in find_files("src", &["rs"]) {
        let (source, own) = read(&path);
        for (alias, target) in own {
            let mut from = source.module.clone();
            from.push(alias);
            reexports.insert(from, target);
        }
        sources.push(source);
    }
    for source in &mut sources {
        source.paths = source.paths.iter().map(|path| follow(path.clone(), &reexports)).collect();
    }
    sources
}

fn follow(mut path: Vec<String>, reexports: &BTreeMap<Vec<String>, Vec<String>>) -> Vec<String> {
    // A chain of re-exports is shorter than this.
    for _ in 0..8 {
        let Some((at, target)) = (1..=path.len()).rev().find_map(|at| Some((at, reexports.get(&path[..at])?))) else {
            break;
        };
        let rest = path.split_off(at);
        path.clone_from(target);
        path.extend(rest);
    }
    path
}

/// Collects paths from `crate` on.
#[derive(Default)]
struct Names {
    module: Vec<String>,
    paths: BTreeSet<Vec<String>>,
    /// What the file passes on: the name, and the path that it has elsewhere.
    reexports: BTreeMap<String, Vec<String>>,
    /// What the file imports: the name, and its path.
    imports: BTreeMap<String, Vec<String>>,
}

impl Names {
    /// The path from `crate` on; `None` for another crate's.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let supers = path.iter().take_while(|segment| *segment == "super").count();
        let (base, rest) = match path.first()?.as_str() {
            "crate" => (Vec::new(), path),
            "self" => (self.module.clone(), &path[1..]),
            "super" => (self.module[..self.module.len().checked_sub(supers)?].to_vec(), &path[supers..]),
            first => (self.imports.get(first)?.clone(), &path[1..]),
        };
        Some(base.into_iter().chain(rest.iter().cloned()).collect())
    }

    fn add_use(&mut self, tree: &UseTree, prefix: &[String], is_public: bool) {
        let mut path = prefix.to_vec();
        match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.add_use(&inner.tree, &path, is_public);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_use(tree, prefix, is_public)),
            UseTree::Glob(_) => self.add_name(path, None, false),
            UseTree::Name(name) if name.ident == "self" => {
                let alias = path.last().cloned();
                self.add_name(path, alias, is_public);
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.add_name(path, Some(name.ident.to_string()), is_public);
            }
            UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                self.add_name(path, Some(rename.rename.to_string()), is_public);
            }
        }
    }

    fn add_name(&mut self, mut path: Vec<String>, alias: Option<String>, is_public: bool) {
        // `use api::x` in a file that declares `mod api`.
        if !["crate", "self", "super"].contains(&path[0].as_str()) && is_public {
            path.insert(0, "self".to_owned());
        }
        let Some(path) = self.resolve(&path) else { return };
        if let Some(alias) = alias {
            self.imports.insert(alias.clone(), path.clone());
            if is_public {
                self.reexports.insert(alias, path);
                return;
            }
        }
        self.paths.insert(path);
    }
}

impl Visit<'_> for Names {
    fn visit_item(&mut self, item: &Item) {
        // Tests of a file may reach for anything.
        let is_test = |attributes: &[syn::Attribute]| {
            attributes
                .iter()
                .any(|one| one.path().is_ident("cfg") && one.parse_args::<syn::Ident>().is_ok_and(|i| i == "test"))
        };
        match item {
            Item::Mod(module) if is_test(&module.attrs) => {}
            Item::Use(item) => self.add_use(&item.tree, &[], !matches!(item.vis, Visibility::Inherited)),
            other => syn::visit::visit_item(self, other),
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1
            && let Some(path) = self.resolve(&segments)
        {
            self.paths.insert(path);
        }
        syn::visit::visit_path(self, path);
    }

    /// What a macro is given is no syntax tree: its words are looked at.
    fn visit_macro(&mut self, call: &syn::Macro) {
        let text = call.tokens.to_string().replace(' ', "");
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
            let segments: Vec<String> = word.split("::").map(ToOwned::to_owned).collect();
            if segments.len() > 1
                && let Some(path) = self.resolve(&segments)
            {
                self.paths.insert(path);
            }
        }
    }
}

/// Of each file, by its place in the list, the files that it names.
pub fn dependencies(sources: &[Source]) -> Vec<BTreeSet<usize>> {
    let places: BTreeMap<&[String], usize> =
        sources.iter().enumerate().map(|(place, source)| (source.module.as_slice(), place)).collect();
    let of = |(place, source): (usize, &Source)| {
        let named = source.paths.iter().filter_map(|path| {
            (1..=path.len())
                .rev()
                .find_map(|length| places.get(&path[..length]).copied())
                .filter(|other| *other != place)
        });
        named.collect()
    };
    sources.iter().enumerate().map(of).collect()
}

/// Groups of files that reach each other, each group with more than one file.
pub fn circles(dependencies: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let reach = |from: usize| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(place) = open.pop() {
            open.extend(dependencies[place].iter().filter(|next| seen.insert(**next)));
        }
        seen
    };
    let reached: Vec<BTreeSet<usize>> = (0..dependencies.len()).map(reach).collect();
    let mut found: Vec<Vec<usize>> = Vec::new();
    for place in 0..dependencies.len() {
        if found.iter().any(|circle| circle.contains(&place)) {
            continue;
        }
        let circle: Vec<usize> = (0..dependencies.len())
            .filter(|other| reached[place].contains(other) && reached[*other].contains(&place))
            .collect();
        if circle.len() > 1 {
            found.push(circle);
        }
    }
    found
}
