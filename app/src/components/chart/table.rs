//! A chart's figures as a table, for those who don't see the chart, or want the figures themselves.

use leptos::prelude::*;

/// Opens to the table. Its first column is the bars' days.
#[component]
pub(crate) fn AsTable(
    /// The heads of the other columns.
    #[prop(into)]
    head: ViewFn,
    /// A row for each bar.
    #[prop(into)]
    rows: ViewFn,
) -> impl IntoView {
    view! {
        <details class="as-table">
            <summary>"Show as a table"</summary>
            <div class="scroll" tabindex="0">
                <table class="figures">
                    <thead>
                        <tr>
                            <th scope="col">"Day"</th>
                            {move || head.run()}
                        </tr>
                    </thead>
                    <tbody>{move || rows.run()}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}
