// SPDX-License-Identifier: GPL-3.0-or-later
//
// The list of profiles: switched on and off, and deleted after a question.
"use strict";

(() => {
  const { text, change, element, say, busy } = window.ConnexionGateway;
  const table = document.getElementById("cg-profiles");
  if (!table) return;

  const reload = () => window.location.assign(window.location.href.replace(/&saved=[^&]*/, ""));

  const do_delete = (name, button) =>
    busy(button, async () => {
      await change("delete", {}, { name });
      reload();
    });

  const ask_first = (name, back_to) => {
    const yes = element("button", { type: "button", class: "btn btn-danger" }, text("setup.delete_yes"));
    const no = element("button", { type: "button", class: "btn btn-default" }, text("setup.delete_no"));
    yes.addEventListener("click", () => do_delete(name, yes));
    no.addEventListener("click", () => {
      document.getElementById("cg-messages").replaceChildren();
      back_to.focus();
    });
    say("notice", element("p", {}, text("setup.delete_sure", { name })), yes, " ", no);
    no.focus();
  };

  table.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-does]");
    if (!button) return;
    const { name } = button.closest("tr").dataset;
    if (button.dataset.does === "delete") ask_first(name, button);
    else
      busy(button, async () => {
        await change("switch", {}, { name });
        reload();
      });
  });
})();
