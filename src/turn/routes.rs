//! Which sources answer for which model.

use std::rc::Rc;

use super::Source;
use crate::error::{Error, pointer};
use crate::json::Value;
use crate::providers::Upstream;

/// The name under which stands what answers for all models that have no route of their own.
const ANY: &str = "default";

/// The sources of an endpoint.
#[derive(Clone)]
pub struct Routes {
    routes: Vec<Route>,
    /// The base URLs of all upstreams, and the pointers to them.
    addresses: Vec<(String, String)>,
}

/// The sources that answer for a model.
#[derive(Clone)]
pub struct Route {
    /// The model that the caller names; `None` for whatever it names.
    model: Option<String>,
    /// In the order in which they are asked.
    pub sources: Vec<Source>,
    /// How many sources stand before these, over all routes.
    pub first: usize,
}

impl Routes {
    /// Reads routes from JSON: `[{ model, sources: [upstream, …] }]`, with `null` for the developer's own code. `model` is
    /// missing where the sources answer for whatever the caller names, and `isList` says that they were given as a list, for
    /// the paths of issues.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for everything that is wrong with an upstream.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = Value::parse(json).unwrap_or(Value::Null);
        let mut routes: Vec<Route> = Vec::new();
        let mut addresses = Vec::new();
        let mut issues = Vec::new();
        let mut count = 0;
        for route in value.as_array().unwrap_or_default() {
            let model = route.get("model").and_then(Value::as_str);
            let is_list = route.get("isList") == Some(&Value::Bool(true));
            let first = count;
            let mut sources = Vec::new();
            for (index, source) in route
                .get("sources")
                .and_then(Value::as_array)
                .unwrap_or_default()
                .iter()
                .enumerate()
            {
                count += 1;
                if *source == Value::Null {
                    sources.push(Source::Code);
                    continue;
                }
                let place = index.to_string();
                let mut path = vec!["source"];
                path.extend(model);
                path.extend(is_list.then_some(place.as_str()));
                match Upstream::read(source, &path) {
                    Ok(upstream) => {
                        path.push("baseUrl");
                        addresses.push((pointer(&path), upstream.base_url.clone()));
                        sources.push(Source::Upstream(Rc::new(upstream)));
                    }
                    Err(error) => issues.extend(error.issues().iter().cloned()),
                }
            }
            routes.push(Route {
                model: model.map(str::to_owned),
                sources,
                first,
            });
        }
        if issues.is_empty() {
            Ok(Self { routes, addresses })
        } else {
            Err(Error::invalid(issues))
        }
    }

    /// The base URLs of all upstreams, each with the JSON pointer to it.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, &str)> {
        self.addresses.iter().map(|(path, url)| (path.as_str(), url.as_str()))
    }

    /// What answers for a model, if anything does.
    #[must_use]
    pub fn find(&self, model: &str) -> Option<&Route> {
        let named = |name: &str| self.routes.iter().find(|route| route.model.as_deref() == Some(name));
        let unnamed = || self.routes.iter().find(|route| route.model.is_none());
        unnamed().or_else(|| named(model)).or_else(|| named(ANY))
    }

    /// The models that a caller may name.
    #[must_use]
    pub fn models(&self) -> Vec<&str> {
        let named: Vec<&str> = self.routes.iter().filter_map(|route| route.model.as_deref()).collect();
        if !named.is_empty() {
            return named;
        }
        let first = self.routes.first().and_then(|route| route.sources.first());
        let model = match first {
            Some(Source::Upstream(upstream)) => upstream.model.as_deref(),
            _ => None,
        };
        vec![model.unwrap_or(ANY)]
    }
}
