//! `OpenAI`'s models on Azure: its dialect at other addresses. What is odd about its streams, such as a first chunk without
//! choices, is read there.
//!
//! Sources: Microsoft's «Azure `OpenAI` v1 API» and «Azure `OpenAI` REST API reference».

use super::{Upstream, openai};
use crate::chat::Request;
use crate::error::Error;
use crate::http;
use crate::options::Options;

/// Puts right the address, or says what is wrong with it: with a deployment it is that of the resource, else that of the
/// version 1 API under it.
pub(super) fn settle(
    options: &mut Options<'_>,
    base_url: &mut String,
    deployment: Option<&str>,
    version: Option<&str>,
) {
    if base_url.is_empty() {
        if !options.has("baseUrl") {
            let message = "`baseUrl` is missing: give that of your resource, https://….openai.azure.com";
            options.note(&["baseUrl"], "missing", message);
        }
        return;
    }
    let base = base_url.trim_end_matches('/');
    let resource = base.strip_suffix("/v1").unwrap_or(base);
    let resource = resource.strip_suffix("/openai").unwrap_or(resource);
    let has_path = resource.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if deployment.is_some() {
        if version.is_none() {
            let message = "`apiVersion` is missing, which an address with a `deployment` needs: give one such as 2024-10-21, or name the deployment as `model` instead";
            options.note(&["apiVersion"], "missing", message);
        }
        *base_url = [resource, "/openai/deployments"].concat();
    } else if !has_path {
        *base_url = [resource, "/openai/v1"].concat();
    }
}

/// The request for a streamed completion, but for the key.
pub(super) fn encode(upstream: &Upstream, request: Request) -> Result<http::Request, Error> {
    let mut upstream = upstream.clone();
    if let Some(version) = &upstream.version {
        upstream.query.insert(0, ("api-version".to_owned(), version.clone()));
    }
    let mut path = "/chat/completions".to_owned();
    if let Some(deployment) = &upstream.deployment {
        path = ["/", &http::segment(deployment), &path].concat();
        // The address says which is asked.
        upstream.model.get_or_insert_with(|| deployment.clone());
    }
    openai::encode(&upstream, &path, request)
}
