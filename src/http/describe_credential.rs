//! What a credential may do, for people: asked of its service as at a request, without one.

use futures_util::future::BoxFuture;

use crate::{
    core::{error::Error, token::Fingerprint},
    http::vendor_service::VendorService,
    store::{self, ReadOnly, Session},
};

/// Finds what the credential with a fingerprint may do, in a few words; `None` when it speaks for nobody.
pub type DescribeCredential =
    for<'a> fn(&'a mut Session<ReadOnly>, Fingerprint) -> BoxFuture<'a, Result<Option<String>, Error>>;

/// The same, of a service.
pub(crate) fn describe_credential<S: VendorService>(
    db: &mut Session<ReadOnly>,
    fingerprint: Fingerprint,
) -> BoxFuture<'_, Result<Option<String>, Error>> {
    Box::pin(async move {
        let Some((credential, _)) = store::credential::find(db, S::NAME, fingerprint).await? else { return Ok(None) };
        Ok(S::principal(db, &credential).await?.as_ref().map(S::describe_permission))
    })
}
