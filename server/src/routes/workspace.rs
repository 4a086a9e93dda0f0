//! `GET /workspace`.

use super::{access::Caller, problem::ApiProblem, responses::ReadProblems};
use crate::{Server, dashboards::ReadError, store::Key};
use axum::{Json, extract::State, http::HeaderMap};
use model::api::{Workspace, member::Member};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_workspace))
}

/// What a page needs to know before it shows any number
#[utoipa::path(
    get,
    path = "/workspace",
    tag = "Workspace",
    responses((status = 200, description = "Zone, day, settings, teams", body = Workspace), ReadProblems),
)]
async fn get_workspace(State(server): State<Server>, headers: HeaderMap) -> Result<Json<Workspace>, ApiProblem> {
    let caller = Caller::of(&headers, &server).await?;
    caller.may_read(server.access)?;
    let member = match &caller {
        Caller::Key(Key { team: Some(team), .. }) => {
            let teams = [team.clone()].into_iter().filter(|team| !team.name.is_empty());
            return Ok(Json(server.dashboards.workspace(false, teams.collect(), false).await?));
        }
        Caller::Member(who) => Some(&who.member),
        Caller::Key(_) | Caller::Anyone => None,
    };
    let may_configure_tracking = caller.may_configure_tracking(server.access).is_ok();
    Ok(Json(of_reader(&server, caller.sight().has_all(), member, may_configure_tracking).await?))
}

/// The workspace as somebody sees it: the teams they may look through are all of them, or their own.
pub(super) async fn of_reader(
    server: &Server,
    sees_all: bool,
    member: Option<&Member>,
    may_configure_tracking: bool,
) -> Result<Workspace, ReadError> {
    let of_member = member.map(|member| member.member_no).filter(|_| !sees_all);
    let teams = match sees_all || of_member.is_some() {
        true => server.store.team_names(of_member).await?,
        false => Vec::new(),
    };
    server.dashboards.workspace(sees_all, teams, may_configure_tracking).await
}
