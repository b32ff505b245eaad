//! Records requests in the journal: what was asked, decided and answered, without any secret.

use std::{
    borrow::Cow,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, request},
};
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;

use crate::{
    app::App,
    core::{
        clock::Time,
        error::{escape_in_pointer, unescape_in_pointer},
        redact::MASK,
        token::KnownTokens,
    },
    domain::journal::{
        AppliedFault, Change, Changed, CredentialTrace, DecisionTrace, Entry, Headers, Ignored, KEPT_BODY, Message,
        PermissionTrace, RateLimitTrace,
    },
    http::{credential_places::CredentialPlaces, decide::Decision, ignored::IgnoredParts},
    store,
};

/// A request, as far as it is known before it is answered.
pub struct RecordedRequest {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Option<Copy>,
}

impl RecordedRequest {
    /// Copies what is known of a request; its body, as the handler reads it.
    pub fn capture(parts: &request::Parts, body: Body) -> (Self, Body) {
        let (copy, body) = if body.is_end_stream() {
            (None, body)
        } else {
            let copy = Copy::default();
            (Some(copy.clone()), Body::new(Copied { body, copy }))
        };
        let asked =
            Self { method: parts.method.clone(), uri: parts.uri.clone(), headers: parts.headers.clone(), body: copy };
        (asked, body)
    }
}

/// What is known of the answer.
pub struct RecordedAnswer<'a> {
    /// Its request's id.
    pub id: &'a str,
    /// When its request came, by the machine's clock.
    pub arrived: Time,
    /// How long it took.
    pub elapsed_micros: u64,
    /// Why it is a refusal, if it is one.
    pub refusal: Option<String>,
    /// What its request sent that nothing read.
    pub ignored: Option<IgnoredParts>,
    pub status: StatusCode,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
}

/// Records a request. When that fails, it is only logged, because the answer is right all the same.
pub async fn record(
    app: &App,
    places: &CredentialPlaces,
    asked: RecordedRequest,
    decision: &Decision,
    answered: RecordedAnswer<'_>,
) {
    let Some(bounds) = app.config.journal else { return };
    let identified = &decision.identified;
    let (space, revision) = (identified.space, identified.revision);
    let recorded = async {
        app.learn(space, identified.rules_revision).await?;
        let redactor = Redactor { places, known: app.keyring.known(), found: false };
        let entry = entry(redactor, asked, decision, answered);
        if let Some(run) = app.run.get() {
            if !run.knows(space) {
                let spaces = Box::pin(async { store::space::list(&mut app.db.read().await?).await }).await?;
                for space in &spaces {
                    run.name(space.id, &space.name);
                }
            }
            run.record(space, entry.clone());
        }
        store::journal::record(&app.db, space, revision, entry, bounds).await
    };
    if let Err(error) = recorded.await {
        error.log();
        store::journal::count_loss(&app.db, space, revision);
    }
}

fn entry(
    mut redactor: Redactor<'_>,
    asked: RecordedRequest,
    decision: &Decision,
    answered: RecordedAnswer<'_>,
) -> Entry {
    let method = redactor.text(asked.method.as_str()).into();
    let path = asked.uri.path();
    let mut redact = |path: &str| redactor.address(path).unwrap_or_else(|| path.to_owned()).into();
    let (path, other_paths) = (redact(path), decision.other_paths.iter().map(|path| redact(path)).collect());
    let query = asked.uri.query().map(|query| redactor.query(query).into());
    let mut request = Message { headers: redactor.headers(&asked.headers, None), ..Message::default() };
    if let Some(copy) = asked.body {
        let mut copied = copy.0.lock();
        request.length = copied.length;
        request.body = redactor.body(&std::mem::take(&mut copied.kept), copied.length);
    }
    // A request that only reads and sent no secret gets none in its answer, so that need not be searched, unless a tester
    // wrote it.
    let only_reads = matches!(asked.method, Method::GET | Method::HEAD);
    let is_harmless = only_reads && !redactor.found && decision.fault.is_none();
    // Nobody is sent the body of an answer to HEAD.
    let sent = if asked.method == Method::HEAD { &Bytes::new() } else { answered.body };
    let kept = sent.slice(..sent.len().min(KEPT_BODY));
    let response = Message {
        headers: if is_harmless {
            copy_headers(answered.headers, |_, _| (None, None))
        } else {
            redactor.headers(answered.headers, Some(answered.id))
        },
        body: if is_harmless { kept } else { redactor.body(&kept, sent.len()) },
        length: sent.len(),
    };
    let refusal = answered.refusal.map(|refusal| redactor.address(&refusal).unwrap_or(refusal));
    let ignored = answered.ignored.map(|IgnoredParts(ignored)| redactor.ignored(ignored));
    let identified = &decision.identified;
    let changed = identified.written.read().map(|changed| Arc::new(redactor.changed(changed)));
    Entry {
        id: answered.id.into(),
        at: identified.now,
        arrived: Some(answered.arrived),
        elapsed_micros: answered.elapsed_micros,
        service: decision.service.map(Cow::Borrowed),
        operation: identified.operation.map(Cow::Borrowed),
        method,
        path,
        other_paths,
        query,
        status: answered.status.as_u16(),
        request,
        response,
        trace: trace(decision, refusal, ignored),
        changed,
    }
}

fn trace(decision: &Decision, refusal: Option<String>, ignored: Option<Arc<[Ignored]>>) -> DecisionTrace {
    let identified = &decision.identified;
    DecisionTrace {
        credential: CredentialTrace { outcome: identified.credential_outcome, label: identified.label.clone() },
        permission: PermissionTrace {
            needed: identified.required_permission.get().copied().map(Cow::Borrowed),
            held: identified.granted_permission.clone(),
        },
        rate_limit: decision.standing.as_ref().map(|standing| RateLimitTrace {
            limit: standing.limit,
            remaining: standing.remaining,
            reset: standing.reset,
            exceeded: standing.exceeded,
        }),
        fault: decision.fault.as_ref().map(|hit| AppliedFault { id: hit.rule.clone(), description: hit.to_string() }),
        refusal,
        ignored,
    }
}

/// Escapes only what would be read as something else in a query, because people read the labels in it.
fn escape_in_query(text: &str) -> String {
    text.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('#', "%23")
}

/// Replaces secrets, and remembers whether there were any.
struct Redactor<'a> {
    places: &'a CredentialPlaces,
    known: KnownTokens<'a>,
    found: bool,
}

impl Redactor<'_> {
    /// The text without its secrets; `None` when there are none.
    fn redact(&mut self, text: &str) -> Option<String> {
        let redacted = self.known.redact(text);
        self.found |= redacted.is_some();
        redacted
    }

    fn text(&mut self, text: &str) -> String {
        self.redact(text).unwrap_or_else(|| text.to_owned())
    }

    /// The same for a text that may be a URL, in which a parameter may hold a credential.
    fn address(&mut self, text: &str) -> Option<String> {
        let redacted = self.places.redact(&self.known, text);
        self.found |= redacted.is_some();
        redacted
    }

    /// The query without its secrets; everything else in it is as it was sent, because it is looked for so.
    fn query(&mut self, query: &str) -> String {
        let hidden: Vec<Option<String>> = query.split('&').map(|pair| self.parameter(pair)).collect();
        if hidden.iter().all(Option::is_none) {
            // A plus sign was one of Base64, which no parameter has any more.
            return self.text(query);
        }
        self.found = true;
        let pairs = query.split('&').zip(hidden).map(|(pair, hidden)| hidden.unwrap_or_else(|| pair.to_owned()));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// One parameter of a query; `None` where it has no secret. Secrets are found in what is decoded.
    fn parameter(&self, pair: &str) -> Option<String> {
        let (name, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
        let (name_sent, value_sent) = pair.split_once('=').unwrap_or((pair, ""));
        let is_credential = !value.is_empty() && self.places.is_parameter(&name);
        let value = self.known.redact(&value).or_else(|| is_credential.then(|| MASK.to_owned()));
        match (self.known.redact(&name), value) {
            // It may hold an address.
            (None, None) => self.places.redact(&self.known, pair),
            (name, value) => {
                let name = name.map_or_else(|| name_sent.to_owned(), |name| escape_in_query(&name));
                let value = value.map_or_else(|| value_sent.to_owned(), |value| escape_in_query(&value));
                Some(format!("{name}={value}"))
            }
        }
    }

    /// What was ignored, without the secrets that somebody took for names. Nearly always there are none, and the same is
    /// kept of every such request.
    fn ignored(&mut self, ignored: Arc<[Ignored]>) -> Arc<[Ignored]> {
        // A secret is found where it stands alone, so each name is searched as it was sent.
        let mut place = |at: &str| {
            let mut found = false;
            let names = at.split('/').map(|name| match self.address(&unescape_in_pointer(name)) {
                Some(redacted) => {
                    found = true;
                    escape_in_pointer(&redacted).into_owned()
                }
                None => name.to_owned(),
            });
            let names: Vec<String> = names.collect();
            found.then(|| names.join("/"))
        };
        let places: Vec<Option<String>> = ignored.iter().map(|ignored| place(&ignored.at)).collect();
        if places.iter().all(Option::is_none) {
            return ignored;
        }
        let redacted = ignored.iter().zip(places);
        redacted.map(|(it, at)| Ignored { at: at.unwrap_or_else(|| it.at.clone()), ..it.clone() }).collect()
    }

    /// What was changed, without the secrets that somebody took for names.
    fn changed(&mut self, Changed { count, first }: Changed) -> Changed {
        let redacted = first.into_iter().map(|Change { record, id, what }| Change {
            record,
            id: self.redact(&id).unwrap_or(id),
            what: self.redact(&what).unwrap_or(what),
        });
        Changed { count, first: redacted.collect() }
    }

    /// The headers without their secrets. The request's id is searched for none, because Locum made it.
    fn headers(&mut self, headers: &HeaderMap, id: Option<&str>) -> Headers {
        copy_headers(headers, |name, value| {
            if Some(value) == id {
                return (None, None);
            }
            // What stands there would be taken for a name, so it is not what the secret is called.
            let name_instead = self.redact(name.as_str()).map(|_| MASK);
            let hides = self.places.is_header(name);
            (name_instead, if hides { Some(self.credential(value)) } else { self.address(value) })
        })
    }

    /// A credential with its scheme; in its place stands its label, or a mask where nobody knows it.
    fn credential(&self, value: &str) -> String {
        if value.is_empty() {
            return String::new();
        }
        let known = |token: &str| {
            let label = self.known.label(token);
            label.map_or_else(|| MASK.to_owned(), |label| format!("[{label}]"))
        };
        match value.split_once(' ') {
            Some((scheme, token)) if self.places.is_scheme(scheme) => {
                format!("{scheme} {}", known(token.trim()))
            }
            _ => known(value),
        }
    }

    /// The body without its secrets. Bytes that are no text are left out, because secrets in them cannot be found.
    fn body(&mut self, kept: &[u8], length: usize) -> Bytes {
        let text = match std::str::from_utf8(kept) {
            Ok(text) => text,
            // It was cut in the middle of a character.
            Err(error) if kept.len() < length && error.error_len().is_none() => {
                std::str::from_utf8(&kept[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return Bytes::new(),
        };
        // Cut before the last word, because half a token would not be found.
        let end =
            if kept.len() < length { text.rfind(|c: char| c.is_whitespace() || "\",&;".contains(c)) } else { None };
        let text = &text[..end.unwrap_or(text.len())];
        // An answer may repeat the address.
        self.address(text).unwrap_or_else(|| text.to_owned()).into()
    }
}

/// Copies headers, each with what `redact` returns in place of its name and its value.
fn copy_headers(
    headers: &HeaderMap,
    mut redact: impl FnMut(&HeaderName, &str) -> (Option<&'static str>, Option<String>),
) -> Headers {
    Headers::of(headers.iter().map(|(name, value)| {
        // Checked first, because nearly all are UTF-8 and the check is faster than the lossy copy.
        let value =
            str::from_utf8(value.as_bytes()).map_or_else(|_| String::from_utf8_lossy(value.as_bytes()), Cow::Borrowed);
        let (name_instead, value_instead) = redact(name, &value);
        (name_instead.unwrap_or(name.as_str()), value_instead.map_or(value, Cow::Owned))
    }))
}

/// What a handler has read of a body so far.
#[derive(Clone, Default)]
struct Copy(Arc<Mutex<Read>>);

#[derive(Default)]
struct Read {
    kept: Vec<u8>,
    length: usize,
}

/// A body that is copied as it is read.
struct Copied {
    body: Body,
    copy: Copy,
}

impl HttpBody for Copied {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let mut read = self.copy.0.lock();
            let room = KEPT_BODY.saturating_sub(read.kept.len()).min(data.len());
            read.kept.extend_from_slice(&data[..room]);
            read.length += data.len();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
