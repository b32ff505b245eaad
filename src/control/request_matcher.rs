//! What a request matcher may say. Refused is what no request can be, because a tester who misspells a name would wait
//! for it in vain.

use axum::http::Method;

use crate::{
    core::{
        error::Error,
        suggest::{closest, nearest, suggest},
    },
    domain::request_matcher::RequestMatcher,
    http::{control_input::check_text, problem::Problem},
    services::{Registry, operations::Operation},
};

/// What requests can be made with.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Refuses a service that there is not, with the nearest name.
pub(super) fn check_service(services: &Registry, pointer: &str, service: &str) -> Result<(), Problem> {
    if services.names().any(|name| name == service) {
        return Ok(());
    }
    let near = suggest(service, services.names());
    Err(Problem::unknown(pointer, format!("there is no service `{service}`{near}")))
}

/// Checks service, operation and credential of a matcher, and writes the operation's id as the vendor does. `at` is where the
/// matcher stands.
pub(super) fn check_names(services: &Registry, at: &str, matcher: &mut RequestMatcher) -> Result<(), Problem> {
    if let Some(service) = &matcher.service {
        check_service(services, &format!("{at}/service"), service)?;
    }
    if let Some(operation) = &matcher.operation {
        let pointer = format!("{at}/operation");
        matcher.operation.clone_from(&find_operation(services, &pointer, matcher.service.as_deref(), operation)?.id);
    }
    // No label has one, and PostgreSQL cannot even be asked for it.
    if matcher.credential.as_ref().is_some_and(|label| label.contains('\0')) {
        return Err(Error::invalid(format!("{at}/credential"), "no credential has a NUL in its label").into());
    }
    Ok(())
}

/// Finds the operation of this id, of this service if one is named.
fn find_operation<'a>(
    services: &'a Registry,
    pointer: &str,
    service: Option<&str>,
    id: &str,
) -> Result<&'a Operation, Problem> {
    let all = services.operations();
    let is_of_service = |operation: &&Operation| service.is_none_or(|service| operation.service == service);
    if let Some(found) = all.iter().filter(is_of_service).find(|operation| operation.is_called(id)) {
        return Ok(found);
    }
    let what = match service {
        Some(service) => format!("{service} has no operation `{id}`"),
        None => format!("there is no operation `{id}`"),
    };
    if let Some(other) = all.iter().find(|operation| operation.is_called(id)) {
        return Err(Problem::unknown(pointer, format!("{what}: {}", other.describe())));
    }
    let of_service = || all.iter().filter(is_of_service).filter_map(|operation| operation.id.as_deref());
    let everywhere = all.iter().filter_map(|operation| operation.id.as_deref());
    // Of the service that is named, before those of others.
    let near = nearest(id, of_service()).or_else(|| nearest(id, everywhere));
    let near = near.and_then(|near| all.iter().find(|operation| operation.id.as_deref() == Some(near)));
    let hint = match near {
        Some(near) => {
            let id = near.id.as_deref().unwrap_or_default();
            format!(", did you mean `{id}`? {}", near.describe())
        }
        None => suggest(id, of_service().collect::<Vec<_>>()),
    };
    Err(Problem::unknown(pointer, format!("{what}{hint}")))
}

/// Checks a matcher, and writes its names as the vendors do.
pub(super) fn check(services: &Registry, matcher: &mut RequestMatcher) -> Result<(), Problem> {
    check_names(services, "/match", matcher)?;
    let RequestMatcher { service: _, operation: _, credential, method, path } = matcher;
    if let Some(method) = method
        && !METHODS.contains(&method.to_uppercase().as_str())
    {
        let near = suggest(method, METHODS);
        return Err(Problem::unknown("/match/method", format!("there is no method `{method}`{near}")));
    }
    if path.as_ref().is_some_and(|path| path != "*" && !path.starts_with('/')) {
        return Err(Error::invalid("/match/path", "expected a path from its `/` on").into());
    }
    for (pointer, text) in [("/match/path", path), ("/match/credential", credential)] {
        text.as_deref().map_or(Ok(()), |text| check_text(pointer, text))?;
    }
    check_together(services, matcher)
}

/// Checks that method and path can be an operation's, where one is named.
fn check_together(services: &Registry, matcher: &RequestMatcher) -> Result<(), Problem> {
    let Some(id) = &matcher.operation else { return Ok(()) };
    let named: Vec<&Operation> = candidates(services, matcher).filter(|one| one.is_called(id)).collect();
    let whats = || named.iter().map(|operation| operation.describe()).collect::<Vec<_>>().join(" ");
    if let Some(method) = &matcher.method
        && !named.iter().any(|operation| operation.has_method(method))
    {
        return Err(Problem::unknown("/match/method", format!("`{id}` has another method: {}", whats())));
    }
    if let Some(path) = &matcher.path
        && !named.iter().any(|operation| operation.paths(services).any(|known| can_be(&known, path)))
    {
        return Err(Problem::unknown("/match/path", format!("`{id}` has another path: {}", whats())));
    }
    Ok(())
}

/// Refuses a path that no operation has, with the nearest. Only for what is still to come: the journal has requests
/// to other paths, too.
pub(super) fn check_path(services: &Registry, matcher: &RequestMatcher) -> Result<(), Problem> {
    let Some(wanted) = &matcher.path else { return Ok(()) };
    let paths = |operation: &Operation| operation.paths(services).collect::<Vec<_>>();
    if candidates(services, matcher).flat_map(paths).any(|path| can_be(&path, wanted)) {
        return Ok(());
    }
    let whose = matcher.service.as_deref().unwrap_or("any service");
    let fill = |operation| paths(operation).into_iter().map(move |path| (fill(&path, wanted), operation));
    let similar: Vec<(String, &Operation)> = candidates(services, matcher)
        // Of the service that is named, before those of others.
        .chain(services.operations())
        .flat_map(fill)
        .collect();
    let known = || similar.iter().map(|(path, _)| path.as_str());
    // What was left out in the middle may be long, but the end is what people know.
    let with_this_end = || known().filter(|path| path.rsplit('/').next() == wanted.rsplit('/').next());
    let near = nearest(wanted, known()).or_else(|| closest(wanted, with_this_end()));
    let hint = match near.and_then(|near| similar.iter().find(|(path, _)| path == near)) {
        Some((path, operation)) => format!(", did you mean `{path}`? {}", operation.describe()),
        None => format!(": GET {}/operations lists them", super::BASE),
    };
    Err(Problem::unknown("/match/path", format!("no operation of {whose} has the path `{wanted}`{hint}")))
}

/// The operations of the service that a matcher names, if it names one.
fn candidates<'a>(services: &'a Registry, matcher: &'a RequestMatcher) -> impl Iterator<Item = &'a Operation> {
    let service = matcher.service.as_deref();
    services.operations().iter().filter(move |one| service.is_none_or(|service| one.service == service))
}

/// Whether a path of a document, in which parameters stand for any segment, can be what is wanted, in which a `*` at
/// the end stands for anything.
fn can_be(path: &str, wanted: &str) -> bool {
    let (wanted, is_start) = wanted.strip_suffix('*').map_or((wanted, false), |start| (start, true));
    let mut segments = path.split('/');
    let mut parts = wanted.split('/').peekable();
    while let Some(part) = parts.next() {
        let Some(segment) = segments.next() else { return false };
        let fits = match (is_parameter(segment), is_start && parts.peek().is_none()) {
            (true, is_cut) => is_cut || !part.is_empty(),
            (false, true) => segment.starts_with(part),
            (false, false) => segment == part,
        };
        if !fits {
            return false;
        }
    }
    is_start || segments.next().is_none()
}

/// A path of a document with what is wanted in place of its parameters, and cut where that is.
fn fill(path: &str, wanted: &str) -> String {
    let (wanted, is_start) = wanted.strip_suffix('*').map_or((wanted, false), |start| (start, true));
    let parts: Vec<&str> = wanted.split('/').collect();
    let length = if is_start { parts.len() } else { usize::MAX };
    let segments = path.split('/').take(length).enumerate().map(|(at, segment)| match parts.get(at) {
        Some(part) if is_parameter(segment) && !part.is_empty() => part,
        Some(part) if is_start && at + 1 == length && segment.starts_with(part) => part,
        _ => segment,
    });
    let filled = segments.collect::<Vec<_>>().join("/");
    if is_start { filled + "*" } else { filled }
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

impl Operation {
    /// What it is, in a sentence.
    fn describe(&self) -> String {
        let Self { service, id, method, path, .. } = self;
        let id = id.as_deref().unwrap_or_default();
        format!("`{id}` is {method} {path} of {service}")
    }

    /// Clients' generators make ids of these that differ in case, and in blanks.
    fn is_called(&self, id: &str) -> bool {
        let letters = |text: &str| text.chars().filter(|c| *c != ' ').flat_map(char::to_lowercase).collect::<String>();
        self.id.as_deref().is_some_and(|known| letters(known) == letters(id))
    }

    /// What is asked for with HEAD is answered like GET.
    fn has_method(&self, method: &str) -> bool {
        let is = |known: &Method| method.eq_ignore_ascii_case(known.as_str());
        method.eq_ignore_ascii_case(&self.method) || is(&Method::HEAD) && self.method == Method::GET.as_str()
    }

    /// Where it is mounted.
    fn paths<'a>(&'a self, services: &'a Registry) -> impl Iterator<Item = String> + 'a {
        let service = services.iter().find(|service| service.name == self.service);
        let further = service.and_then(|service| service.mounted_again_at);
        std::iter::once(self.path.clone()).chain(further.map(|base| format!("{base}{}", self.path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_paths_can_be_wanted() {
        let path = "/v1/teams/{teamId}/licenses";
        for wanted in
            ["*", "/*", path, "/v1/teams/7/licenses", "/v1/teams/7/lic*", "/v1/t*", "/v1/teams/7*", "/v1/teams/*"]
        {
            assert!(can_be(path, wanted), "{wanted}");
        }
        for wanted in
            ["", "/", "/v1/teams//licenses", "/v1/teams/7", "/v1/teams/7/licenses/", "/v1/teams/7/licenses/*", "/v2/*"]
        {
            assert!(!can_be(path, wanted), "{wanted}");
        }
    }

    #[test]
    fn what_was_meant_keeps_what_stands_for_parameters() {
        let path = "/v1/teams/{teamId}/licenses";
        assert_eq!(fill(path, "/v1/team/7/licenses"), "/v1/teams/7/licenses");
        assert_eq!(fill(path, "/v1/team/7/*"), "/v1/teams/7/*");
        assert_eq!(fill(path, "/v1/team/7/lic*"), "/v1/teams/7/lic*");
        assert_eq!(fill(path, "/v2/*"), "/v1/*");
        assert_eq!(fill(path, "/v1"), path);
    }
}
