//! What a request matcher may say. Refused is what no request can be, because a tester who misspells a name would wait
//! for it in vain.

use std::collections::BTreeSet;

use axum::http::Method;

use crate::{
    app::App,
    core::{
        error::Error,
        suggest::{closest, nearest, suggest},
    },
    domain::{
        journal::Filter,
        organization::SpaceId,
        path_pattern::{PathPattern, Segment, stands_for_any},
        request_matcher::RequestMatcher,
    },
    http::{control_input::check_text, problem::Problem},
    services::{Registry, Service, operations::Operation},
    store,
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

/// Checks service, operation and credential of a matcher, and writes the operation's id as the vendor does. `at` is
/// where the matcher stands.
pub(super) fn check_names(services: &Registry, at: &str, matcher: &mut RequestMatcher) -> Result<(), Problem> {
    if let Some(service) = &matcher.service {
        check_service(services, &format!("{at}/service"), service)?;
    }
    if let Some(operation) = &matcher.operation {
        let pointer = format!("{at}/operation");
        let operation = find_operation(services, &pointer, matcher.service.as_deref(), operation)?;
        matcher.operation = operation.id.map(ToOwned::to_owned);
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
    let of_service = || all.iter().filter(is_of_service).filter_map(|operation| operation.id);
    let everywhere = all.iter().filter_map(|operation| operation.id);
    // Of the service that is named, before those of others.
    let near = nearest(id, of_service()).or_else(|| nearest(id, everywhere));
    let near = near.and_then(|near| all.iter().find(|operation| operation.id == Some(near)));
    let hint = match near {
        Some(near) => {
            let id = near.id.unwrap_or_default();
            format!(", did you mean `{id}`? {}", near.describe())
        }
        None => suggest(id, of_service().collect::<Vec<_>>()),
    };
    Err(Problem::unknown(pointer, format!("{what}{hint}")))
}

/// Checks a matcher, and writes its names as the vendors do.
pub(super) fn check(services: &Registry, matcher: &mut RequestMatcher) -> Result<(), Problem> {
    check_names(services, "/match", matcher)?;
    let RequestMatcher { service: _, operation: _, credential, method, path, query: _, body: _, ignored: _ } = matcher;
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
    check_together(services, matcher)?;
    matcher.path = matcher.path.take().map(|path| write_path(services, matcher.service.as_deref(), &path));
    Ok(())
}

/// Writes a path of an operation as its vendor does.
fn write_path(services: &Registry, service: Option<&str>, path: &str) -> String {
    let is_meant = |one: &&Service| service.is_none_or(|service| one.name == service);
    let has_it = |one: &Service| {
        services
            .operations()
            .iter()
            .any(|operation| operation.service == one.name && operation.can_have(services, path))
    };
    let of_service = services.iter().filter(is_meant).filter(|one| has_it(one));
    // The services' paths do not collide, so the others leave it as it is.
    of_service.fold(path.to_owned(), |path, one| (one.write_path)(&path).into_owned())
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
        && !named.iter().any(|operation| operation.can_have(services, path))
    {
        return Err(Problem::unknown("/match/path", format!("`{id}` has another path: {}", whats())));
    }
    Ok(())
}

/// Checks path and credential of a matcher for requests that may have been: the journal may know a path that is none,
/// and a credential that is no more.
pub(super) async fn check_past(
    app: &App,
    services: &Registry,
    space: SpaceId,
    matcher: &RequestMatcher,
) -> Result<(), Problem> {
    if let Err(problem) = check_path(services, matcher) {
        let with_path = RequestMatcher { path: matcher.path.clone(), ..RequestMatcher::default() };
        if !is_in_journal(app, space, with_path).await? {
            return Err(problem);
        }
    }
    if let Err(problem) = check_credential(app, services, space, matcher).await {
        let with_credential = RequestMatcher { credential: matcher.credential.clone(), ..RequestMatcher::default() };
        if !is_in_journal(app, space, with_credential).await? {
            return Err(problem);
        }
    }
    Ok(())
}

async fn is_in_journal(app: &App, space: SpaceId, which: RequestMatcher) -> Result<bool, Error> {
    let filter = Filter { which, ..Filter::default() };
    Ok(!store::journal::list(&app.db, space, &filter, 1).await?.is_empty())
}

/// Refuses a label that no credential has of the services that the matcher can be about.
pub(super) async fn check_credential(
    app: &App,
    services: &Registry,
    space: SpaceId,
    matcher: &RequestMatcher,
) -> Result<(), Problem> {
    let Some(wanted) = &matcher.credential else { return Ok(()) };
    let possible = find_services(services, matcher);
    let known = store::credential::list(&mut app.db.read().await?, space).await?;
    let is_possible = |service: &str| possible.is_empty() || possible.contains(service);
    if known.iter().any(|one| one.label == *wanted && is_possible(&one.service)) {
        return Ok(());
    }
    let whose = if possible.len() == services.names().count() {
        String::new()
    } else {
        format!(" of {}", possible.iter().copied().collect::<Vec<_>>().join(" or "))
    };
    let others = known.iter().find(|one| one.label == *wanted);
    let others = others.map(|one| format!(", which is one of {}", one.service)).unwrap_or_default();
    let labels: BTreeSet<&str> =
        known.iter().filter(|one| is_possible(&one.service)).map(|one| one.label.as_str()).collect();
    let near = suggest(wanted, labels);
    let detail = format!("no credential{whose} is called `{wanted}`{others}{near}");
    Err(Problem::unknown("/match/credential", detail))
}

/// The services that the matcher can be about, by operation and path.
pub(super) fn find_services(services: &Registry, matcher: &RequestMatcher) -> BTreeSet<&'static str> {
    candidates(services, matcher)
        .filter(|one| matcher.operation.as_ref().is_none_or(|id| one.is_called(id)))
        .filter(|one| matcher.path.as_ref().is_none_or(|path| one.can_have(services, path)))
        .map(|operation| operation.service)
        .collect()
}

/// Refuses a path that no operation has, with the nearest.
fn check_path(services: &Registry, matcher: &RequestMatcher) -> Result<(), Problem> {
    let Some(wanted) = &matcher.path else { return Ok(()) };
    check_half_pattern(wanted)?;
    if candidates(services, matcher).any(|operation| operation.can_have(services, wanted)) {
        return Ok(());
    }
    Err(refuse_path(services, matcher, wanted, ""))
}

/// Refuses a segment that is neither text nor a pattern.
pub(super) fn check_half_pattern(wanted: &str) -> Result<(), Problem> {
    let Some(half) = PathPattern::new(wanted).find_half_pattern() else { return Ok(()) };
    let detail = format!(
        "`{half}` in `{wanted}` stands for nothing: a whole segment `*` or `{{name}}` stands for any one segment, \
         and a `*` at the end for anything"
    );
    Err(Problem::unknown("/match/path", detail))
}

/// The refusal of a path that no operation has: the nearest, and then what else there is to do.
pub(super) fn refuse_path(services: &Registry, matcher: &RequestMatcher, wanted: &str, way_out: &str) -> Problem {
    let refuse = |detail: String| Problem::unknown("/match/path", detail + way_out);
    let whose = matcher.service.as_deref().unwrap_or("any service");
    let what = format!("no operation of {whose} has the path `{wanted}`");
    if let Some(other) = services.operations().iter().find(|operation| operation.can_have(services, wanted)) {
        return refuse(format!("{what}: {}", other.describe()));
    }
    let fill = |operation: &'_ Operation| {
        let paths = operation.paths(services).collect::<Vec<_>>();
        paths.into_iter().map(|path| fill(&path, wanted)).collect::<Vec<_>>()
    };
    let similar: Vec<(String, &Operation)> = candidates(services, matcher)
        // Of the service that is named, before those of others.
        .chain(services.operations())
        .flat_map(|operation| fill(operation).into_iter().map(move |path| (path, operation)))
        .collect();
    let known = || similar.iter().map(|(path, _)| path.as_str());
    // What was left out in the middle may be long, but the end is what people know.
    let with_this_end = || known().filter(|path| path.rsplit('/').next() == wanted.rsplit('/').next());
    let near = nearest(wanted, known()).or_else(|| closest(wanted, with_this_end()));
    refuse(match near.and_then(|near| similar.iter().find(|(path, _)| path == near)) {
        Some((path, operation)) => format!("{what}, did you mean `{path}`? {}", operation.describe()),
        None => format!("{what}: GET {}/operations lists them", super::BASE),
    })
}

/// Refuses a body of requests that have none. A parameter of the query may have any name, because what clients send in
/// vain is worth a fault too.
pub(super) fn check_body(services: &Registry, matcher: &RequestMatcher) -> Result<(), Problem> {
    let RequestMatcher { operation, method, path, body: Some(_), .. } = matcher else { return Ok(()) };
    let mut met = candidates(services, matcher)
        .filter(|one| operation.as_ref().is_none_or(|id| one.is_called(id)))
        .filter(|one| method.as_ref().is_none_or(|method| one.has_method(method)))
        .filter(|one| path.as_ref().is_none_or(|path| one.can_have(services, path)))
        .peekable();
    let Some(first) = met.peek().copied() else { return Ok(()) };
    if met.any(|one| one.takes_body) {
        return Ok(());
    }
    let what = "no operation that this matches takes a body";
    let detail = format!("{what}, as {}: leave `body` out, or match by `query`", first.describe());
    Err(Problem::unknown("/match/body", detail))
}

/// The operations of the service that a matcher names, if it names one.
pub(super) fn candidates<'a>(
    services: &'a Registry,
    matcher: &'a RequestMatcher,
) -> impl Iterator<Item = &'a Operation> {
    let service = matcher.service.as_deref();
    services.operations().iter().filter(move |one| service.is_none_or(|service| one.service == service))
}

/// A path of a document with what is wanted in place of its parameters, and cut where that is.
fn fill(path: &str, wanted: &str) -> String {
    let parts: Vec<Segment<'_>> = PathPattern::new(wanted).segments().collect();
    let is_start = matches!(parts.last(), Some(Segment::Start(_)));
    let length = if is_start { parts.len() } else { usize::MAX };
    let segments = path.split('/').take(length).enumerate().map(|(at, segment)| match parts.get(at) {
        Some(Segment::Text(text)) if stands_for_any(segment) && !text.is_empty() => (*text).to_owned(),
        Some(Segment::Start(start)) if stands_for_any(segment) || segment.starts_with(start) => format!("{start}*"),
        Some(Segment::Start(_)) => format!("{segment}*"),
        Some(Segment::Text(_) | Segment::Any) | None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

impl Operation {
    /// What it is, in a sentence.
    pub(super) fn describe(&self) -> String {
        let Self { service, id, method, path, .. } = self;
        let id = id.as_deref().unwrap_or_default();
        format!("`{id}` is {method} {path} of {service}")
    }

    /// Clients' generators make ids of these that differ in case, and in blanks.
    fn is_called(&self, id: &str) -> bool {
        let letters = |text: &str| text.chars().filter(|c| *c != ' ').flat_map(char::to_lowercase).collect::<String>();
        self.id.is_some_and(|known| letters(known) == letters(id))
    }

    /// What is asked for with HEAD is answered like GET.
    pub(super) fn has_method(&self, method: &str) -> bool {
        let is = |known: &Method| method.eq_ignore_ascii_case(known.as_str());
        method.eq_ignore_ascii_case(self.method) || is(&Method::HEAD) && self.method == Method::GET.as_str()
    }

    /// Whether its path can be what is wanted.
    pub(super) fn can_have(&self, services: &Registry, wanted: &str) -> bool {
        self.paths(services).any(|path| PathPattern::new(wanted).can_be(&path))
    }

    /// Where it is mounted.
    pub(super) fn paths<'a>(&'a self, services: &'a Registry) -> impl Iterator<Item = String> + 'a {
        let service = services.iter().find(|service| service.name == self.service);
        let further = service.and_then(|service| service.mounted_again_at);
        std::iter::once(self.path.clone()).chain(further.map(|base| format!("{base}{}", self.path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_keeps_what_stands_for_parameters() {
        let path = "/v1/teams/{teamId}/licenses";
        assert_eq!(fill(path, "/v1/team/7/licenses"), "/v1/teams/7/licenses");
        assert_eq!(fill(path, "/v1/team/7/*"), "/v1/teams/7/*");
        assert_eq!(fill(path, "/v1/team/7/lic*"), "/v1/teams/7/lic*");
        assert_eq!(fill(path, "/v2/*"), "/v1/*");
        assert_eq!(fill(path, "/v1"), path);
        assert_eq!(fill(path, "/v1/team/*/licenses"), path);
    }
}
