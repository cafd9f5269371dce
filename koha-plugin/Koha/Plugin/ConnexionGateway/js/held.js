// SPDX-License-Identifier: GPL-3.0-or-later
//
// One held export: a choice shows what it would do; the button carries it out. The keys work while the
// focus is in the form: digits for the choices, A to add, D to discard, N for the next export.
"use strict";

(() => {
  const { text, change, element, say, busy } = window.ConnexionGateway;
  const form = document.getElementById("cg-decide");
  if (!form) return;
  const radios = [...form.querySelectorAll("input[name=choice]")];
  const button = form.querySelector("button[type=submit]");
  const next = document.getElementById("cg-next");

  const chosen = () => radios.find((radio) => radio.checked);

  const show = () => {
    const choice = chosen();
    for (const outlook of form.querySelectorAll(".cg-outlook")) {
      outlook.hidden = !choice || outlook.dataset.choice !== choice.value;
    }
    button.disabled = !choice;
  };

  const choose = (radio) => {
    if (!radio) return;
    radio.checked = true;
    radio.focus();
    show();
  };

  const decision = (choice) => {
    const { record, target, seen } = choice.dataset;
    const items = {};
    for (const select of form.querySelectorAll(`.cg-outlook[data-choice="${choice.value}"] select`)) {
      if (select.value) items[select.dataset.item] = select.value;
    }
    return { record, items, ...(target && { target }), ...(seen && { seen }) };
  };

  const done = ({ reply, url }) => {
    const links = [
      url && element("a", { href: url }, text("held.open_record")),
      next && element("a", { href: next.href, id: "cg-onward" }, text("held.next")),
      element("a", { href: form.querySelector(".cg-actions a").href }, text("held.back")),
    ].filter(Boolean);
    form.remove();
    say("success", element("div", { class: "cg-reply" }, reply),
      element("p", { class: "cg-links" }, links.flatMap((link) => [link, " "])));
    links[0].focus();
  };

  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const choice = chosen();
    if (!choice || button.disabled) return;
    busy(button, async () => done(await change("decide", { number: form.dataset.number }, decision(choice))));
  });

  form.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select")) return;
    const key = event.key.toLowerCase();
    if (/^[1-9]$/.test(key)) choose(radios[Number(key) - 1]);
    else if (key === "a") choose(radios.find((radio) => radio.value === "add"));
    else if (key === "d") choose(radios.find((radio) => radio.value === "discard"));
    else if (key === "n" && next) next.click();
    else if (key === "enter" && event.target.matches("input[name=choice]")) form.requestSubmit();
    else return;
    event.preventDefault();
  });

  show();
  radios[0].focus({ preventScroll: true });
})();
