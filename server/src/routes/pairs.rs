//! The parameters of a request, as the model reads them.

use super::problem::ApiProblem;
use crate::Server;
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use model::query::{Pairs, doubled};

/// The decoded parameters, each given once.
pub(super) struct Parameters(pub(super) Pairs);

impl FromRequestParts<Server> for Parameters {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let pairs = Query::<Pairs>::from_request_parts(parts, server).await;
        let Query(pairs) = pairs.map_err(|error| ApiProblem::unreadable(error.body_text()))?;
        match doubled(&pairs) {
            Some(error) => Err(ApiProblem::fields(vec![error])),
            None => Ok(Self(pairs)),
        }
    }
}
