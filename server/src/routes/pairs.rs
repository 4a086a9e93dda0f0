//! The parameters of a request, as the model reads them.

use super::problem::ApiProblem;
use crate::Server;
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use model::{api::problem::FieldError, query::Pairs};

/// The decoded parameters. A team is refused: there is none yet whose accounts could be meant, and answering for all
/// accounts instead would show more than was asked for.
pub(super) struct Parameters(pub(super) Pairs);

impl FromRequestParts<Server> for Parameters {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let pairs = Query::<Pairs>::from_request_parts(parts, server)
            .await
            .map_err(|error| ApiProblem::unreadable(error.body_text()))?
            .0;
        match pairs.iter().find(|(name, value)| name == "team" && !value.is_empty()) {
            None => Ok(Self(pairs)),
            Some((_, team)) => {
                let detail = format!("this workspace has no team “{team}”");
                Err(ApiProblem::fields(vec![FieldError::of_parameter("team", detail)]))
            }
        }
    }
}
