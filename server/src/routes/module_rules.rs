//! `GET` and `PUT /module-rules`, and what rules would have caught.

use super::{
    access::{MayConfigureTracking, MayReadNames},
    json::JsonBody,
    problem::ApiProblem,
    responses::{ReadProblems, SettingProblems},
};
use crate::Server;
use axum::{Json, extract::State};
use model::{
    api::tracking::RulesPreview,
    module_rule::{ModuleRules, RULES_BYTES},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_module_rules, put_module_rules)).routes(routes!(post_preview))
}

/// Every module rule, in order
///
/// They say to which module a call of another protocol belongs that does not say so itself. The first that matches
/// decides; without one it is General.
#[utoipa::path(
    get,
    path = "/module-rules",
    tag = "Workspace",
    responses((status = 200, description = "The rules", body = ModuleRules), ReadProblems),
)]
async fn get_module_rules(_: MayReadNames, State(server): State<Server>) -> Result<Json<ModuleRules>, ApiProblem> {
    Ok(Json(server.store.module_rules().await?))
}

/// Puts rules in place of all there are
///
/// Takes the session of an administrator or of a member who configures tracking. Every server follows them within ten
/// seconds; what was stored before stays as it is.
#[utoipa::path(
    put,
    path = "/module-rules",
    tag = "Workspace",
    request_body(content = ModuleRules, example = json!({"rules": [
        {"kind": "event", "prefix": "report.", "module": "Reports", "strip": true},
        {"kind": "path", "prefix": "/reports", "module": "Reports"}
    ]})),
    responses(
        (status = 200, description = "The rules as they are now", body = ModuleRules),
        SettingProblems,
    ),
)]
async fn put_module_rules(
    MayConfigureTracking(author): MayConfigureTracking,
    State(server): State<Server>,
    JsonBody(json): JsonBody<RULES_BYTES>,
) -> Result<Json<ModuleRules>, ApiProblem> {
    let rules = ModuleRules::from_json(&json)?;
    server.module_rules.replace(rules.clone(), author).await?;
    Ok(Json(rules))
}

/// What rules would have caught; nothing is changed
///
/// Looked at are the names of the events that came to the module General until now. Names that came to other modules, and
/// the paths of pages, are not known any more. Takes the session of an administrator or of a member who configures
/// tracking.
#[utoipa::path(
    post,
    path = "/module-rules/preview",
    tag = "Workspace",
    request_body(content = ModuleRules),
    responses((status = 200, description = "Names, by the first rule that catches each", body = RulesPreview), SettingProblems),
)]
async fn post_preview(
    _: MayConfigureTracking,
    State(server): State<Server>,
    JsonBody(json): JsonBody<RULES_BYTES>,
) -> Result<Json<RulesPreview>, ApiProblem> {
    Ok(Json(server.dashboards.preview_rules(&ModuleRules::from_json(&json)?).await?))
}
