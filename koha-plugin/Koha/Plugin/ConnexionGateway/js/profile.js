// SPDX-License-Identifier: GPL-3.0-or-later
//
// The form of a profile: says at once what is wrong with it, and saves it.
"use strict";

(() => {
  const { text, change, element, say, busy } = window.ConnexionGateway;
  const form = document.getElementById("cg-profile");
  const existing = form.dataset.existing === "1";

  const value_of = (control) => {
    if (control.dataset.lines) return control.value.split("\n");
    return control.type === "checkbox" ? (control.checked ? 1 : 0) : control.value;
  };

  const profile = () => {
    const values = { record_types: [] };
    for (const control of form.elements) {
      if (!control.name) continue;
      if (control.name === "record_types") {
        if (control.checked) values.record_types.push(control.value);
      } else {
        values[control.name] = value_of(control);
      }
    }
    return values;
  };

  const row_of = (field) => form.querySelector(`li[data-field="${CSS.escape(field)}"]`);

  const show_problems = (problems) => {
    for (const old of form.querySelectorAll(".cg-problem")) old.remove();
    for (const control of form.elements) control.removeAttribute("aria-invalid");
    for (const { field, sentence } of problems) {
      const row = row_of(field);
      if (!row) continue;
      row.append(element("span", { class: "cg-problem" }, sentence));
      const control = row.querySelector("input, select, textarea");
      if (control) control.setAttribute("aria-invalid", "true");
    }
  };

  const show_what_holds = () => {
    const way = form.elements.authentication.value;
    for (const row of form.querySelectorAll("li[data-when]")) row.hidden = row.dataset.when !== way;
  };

  // What is only begun isn't wrong yet: a new profile is checked from its first attempt to save on.
  let checking = existing;
  let timer;
  let asked = 0;
  const check_soon = () => {
    show_what_holds();
    if (!checking) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const number = (asked += 1);
      const { problems } = await change("check", {}, { existing, profile: profile() }).catch(() => ({}));
      if (problems && number === asked) show_problems(problems);  // none is newer
    }, 400);
  };

  form.addEventListener("input", check_soon);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form.querySelector("button[type=submit]"), async () => {
      clearTimeout(timer);
      asked += 1;
      const answer = await change("save", {}, { existing, profile: profile() });
      if (answer.next) {
        window.location.assign(answer.next);
        return;
      }
      checking = true;
      show_problems(answer.problems);
      say("problem", element("p", {}, text("profile.not_saved")),
        element("ul", {}, answer.problems.map(({ sentence }) => element("li", {}, sentence))));
    });
  });
  check_soon();
})();
