// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

(() => {
  const { text, change, element, say, busy } = window.ConnexionGateway;
  const again = document.getElementById("cg-again");
  if (!again) return;
  again.addEventListener("click", () =>
    busy(again, async () => {
      const answer = await change("again", { number: again.dataset.number });
      say("notice", element("p", {}, element("a", { href: answer.page }, text("export.again_as", answer))),
        element("p", { class: "cg-reply" }, answer.reply));
    }));
})();
