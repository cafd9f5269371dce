// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

(() => {
  const { text, ask, element, say, say_error } = window.ConnexionGateway;
  const rows = document.querySelector("#cg-log tbody");

  const row = (one) =>
    element("tr", {}, element("td", {}, one.number), element("td", {}, one.received),
      element("td", {}, one.title), element("td", {}, one.outcome));

  ask("exports").then(({ exports }) => {
    rows.replaceChildren(...exports.map(row));
    if (!exports.length) say("notice", text("log.nothing"));
  }, say_error);
})();
