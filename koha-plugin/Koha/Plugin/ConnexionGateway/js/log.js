// SPDX-License-Identifier: GPL-3.0-or-later
//
// The table of exports: the server finds, filters and pages; DataTables shows.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const { root, text, ask, address, element, say_error } = window.ConnexionGateway;
  const filters = document.getElementById("cg-log-filters");
  const good = ["added", "overlaid", "staged", "left_alone", "repeat"];
  const wait = ["held", "under_way", "preview", "undone"];

  const chosen = () => Object.fromEntries([...new FormData(filters)].filter(([, value]) => value !== ""));

  const state = (one) => {
    const kind = good.includes(one.became) ? "good" : wait.includes(one.became) ? "wait" : "bad";
    return element("span", { class: `cg-state cg-state-${kind}` }, one.outcome);
  };

  // Elements, not markup: DataTables would take a text for HTML.
  const cells = (one) => [
    element("a", { href: one.page }, one.number), one.received, one.login, one.profile, one.title, state(one),
    one.record ? element("a", { href: one.record }, one.record_id) : one.record_id, one.milliseconds,
  ];

  const show_row = (row, one) => {
    const made = cells(one);
    [...row.cells].forEach((cell, place) => cell.replaceChildren(made[place] ?? ""));
  };

  const table = window.jQuery("#cg-log").DataTable({
    serverSide: true,
    processing: true,
    searching: false,
    pageLength: 20,
    lengthMenu: [20, 50, 100, 500],
    order: [[0, "desc"]],
    columns: Array.from({ length: 8 }, (unused, place) => ({ data: null, defaultContent: "", orderable: place === 0 })),
    createdRow: show_row,
    ajax: (wanted, answer) => {
      const { draw, start, length, order } = wanted;
      ask("exports", { ...chosen(), draw, start, length, order: order[0] ? order[0].dir : "desc" }).then(answer, say_error);
    },
    language: {
      emptyTable: text("log.nothing"), zeroRecords: text("log.none_found"), processing: text("log.looking"),
      info: text("log.info"), infoEmpty: "", infoFiltered: text("log.info_filtered"), lengthMenu: text("log.length"),
      paginate: { first: "«", last: "»", previous: text("log.previous"), next: text("log.next") },
    },
  });

  let timer;
  const look_again = () => {
    document.getElementById("cg-csv").href = address({ ...chosen(), op: "csv" });
    clearTimeout(timer);
    timer = setTimeout(() => table.ajax.reload(), 250);
  };
  filters.addEventListener("input", look_again);
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    look_again();
  });
  root.dataset.ready = "1";
});
