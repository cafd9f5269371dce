// SPDX-License-Identifier: GPL-3.0-or-later
//
// The file of Koha's daemon: read, shown as a profile, saved. The file itself stays in this page.
"use strict";

(() => {
  const { text, change, element, say, busy } = window.ConnexionGateway;
  const place = (name) => document.getElementById(`cg-move-${name}`);
  const form = document.getElementById("cg-move");
  const save = place("save");
  const [file, pasted, becomes] = [place("file"), place("text"), place("becomes")];
  let read = "";

  const items = (sentences) => sentences.map((sentence) => element("li", {}, sentence));

  // What was changed since it was read is not what is shown.
  const forget = () => { becomes.hidden = true; };
  file.addEventListener("change", () => { if (file.files.length) pasted.value = ""; forget(); });
  pasted.addEventListener("input", () => { if (pasted.value) file.value = ""; forget(); });

  const row = ({ label, value, from }) =>
    element("tr", {}, element("th", { scope: "row" }, label), element("td", {}, value), element("td", {}, from));

  const refuse = (sentences) => say("problem", element("p", {}, text("move.not_read")), element("ul", {}, items(sentences)));

  const show = (told) => {
    place("notes").replaceChildren(...items(told.notes));
    place("profile").querySelector("tbody").replaceChildren(...told.rows.map(row));
    place("changes").replaceChildren(...items(told.changes));
    place("login").value = told.login;
    place("write_as").value = told.write_as;
    place("password-hint").textContent = text(told.has_password ? "move.password_of_file" : "move.password_new");
    place("service-row").hidden = !told.service;
    place("service").checked = Boolean(told.service);
    place("service-hint").textContent = told.service ? told.service.text : "";
    becomes.hidden = false;
    if (told.problems.length) refuse(told.problems);
    else say("success", text("move.was_read"));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form.querySelector("[type=submit]"), async () => {
      forget();
      read = file.files.length ? await file.files[0].text() : pasted.value;
      if (!read.trim()) {
        say("problem", text("move.nothing_given"));
        pasted.focus();
        return;
      }
      const told = await change("read", {}, { text: read });
      if (told.rows) show(told);
      else refuse(told.problems);
    });
  });

  const show_problems = (problems) => {
    for (const old of save.querySelectorAll(".cg-problem")) old.remove();
    for (const control of save.elements) control.removeAttribute("aria-invalid");
    for (const { field, sentence } of problems) {
      const line = save.querySelector(`li[data-field="${CSS.escape(field)}"]`);
      if (!line) continue;
      line.append(element("span", { class: "cg-problem" }, sentence));
      line.querySelector("input").setAttribute("aria-invalid", "true");
    }
    say("problem", element("p", {}, text("move.not_saved")), element("ul", {}, items(problems.map(({ sentence }) => sentence))));
  };

  save.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(save.querySelector("[type=submit]"), async () => {
      const { name, login, password, write_as, service } = save.elements;
      const answer = await change("save", {}, { text: read, name: name.value, login: login.value,
        password: password.value, write_as: write_as.value, service: service.checked ? 1 : 0 });
      if (answer.next) window.location.assign(answer.next);
      else show_problems(answer.problems);
    });
  });
})();
