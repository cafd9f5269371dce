// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is done with one export: imported again, or undone after a question.
"use strict";

(() => {
  const { text, change, element, say, busy } = window.ConnexionGateway;
  const on_click = (id, work) => {
    const button = document.getElementById(id);
    if (button) button.addEventListener("click", () => work(button));
  };

  on_click("cg-again", (button) =>
    busy(button, async () => {
      const answer = await change("again", { number: button.dataset.number });
      say("notice", element("p", {}, element("a", { href: answer.page }, text("export.again_as", answer))),
        element("p", { class: "cg-reply" }, answer.reply));
    }));

  const undo = (number, yes) =>
    busy(yes, async () => window.location.assign((await change("undo", { number })).page));

  on_click("cg-undo", (button) => {
    const yes = element("button", { type: "button", class: "btn btn-danger" }, text("export.undo_yes"));
    const no = element("button", { type: "button", class: "btn btn-default" }, text("export.undo_no"));
    yes.addEventListener("click", () => undo(button.dataset.number, yes));
    no.addEventListener("click", () => {
      document.getElementById("cg-messages").replaceChildren();
      button.focus();
    });
    say("notice", element("p", {}, button.dataset.sure), yes, " ", no);
    no.focus();
  });
})();
