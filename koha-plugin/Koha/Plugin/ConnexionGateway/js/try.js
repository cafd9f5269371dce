// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

(() => {
  const { text, change, element, say, busy } = window.ConnexionGateway;
  const form = document.getElementById("cg-try");
  if (!form) return;
  const [file, pasted, profile] = ["file", "text", "profile"].map((name) => document.getElementById(`cg-try-${name}`));

  const base64 = (octets) => {
    let binary = "";
    for (let start = 0; start < octets.length; start += 32768) {
      binary += String.fromCharCode(...octets.subarray(start, start + 32768));
    }
    return btoa(binary);
  };

  const given = async () => {
    if (file.files.length) return new Uint8Array(await file.files[0].arrayBuffer());
    return new TextEncoder().encode(pasted.value.trim() ? pasted.value : "");
  };

  // What was chosen last is what is meant.
  file.addEventListener("change", () => { if (file.files.length) pasted.value = ""; });
  pasted.addEventListener("input", () => { if (pasted.value) file.value = ""; });

  const list = (title, entries) =>
    entries.length ? [element("h3", {}, text(title)), element("ul", {}, entries.map((entry) => element("li", {}, entry)))] : [];

  const cell = (content) => element("td", { class: "cg-marc" }, content);

  const row = (field) =>
    element("tr", { class: `cg-field-${field.action}` }, element("th", { scope: "row" }, field.tag),
      element("td", {}, field.what), cell(field.before), cell(field.after));

  const table = (summary, columns, rows, open) => {
    if (!rows.length) return null;
    const head = columns.map((key) => element("th", { scope: "col" }, text(key)));
    return element("details", { open },
      element("summary", {}, summary),
      element("div", { class: "cg-scroll", tabindex: "0", role: "group", "aria-label": summary },
        element("table", { class: "table cg-fields" }, element("caption", { class: "sr-only" }, text("try.fields_caption")),
          element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows))));
  };

  // What changes is what is looked for.
  const fields = (record) => {
    const same = record.fields.filter((field) => field.action === "same");
    const others = record.fields.filter((field) => field.action !== "same");
    const plain = (field) => element("tr", {}, element("th", { scope: "row" }, field.tag), cell(field.after));
    return [
      table(text("try.fields"), ["try.tag", "try.what", "try.before", "try.after"], others.map(row), true),
      table(text("try.same", { count: same.length }), ["try.tag", "try.content"], same.map(plain), false),
    ];
  };

  const outcome = (record) => {
    const state = element("span", { class: `cg-state cg-state-${record.state}` }, record.outcome);
    return element("p", {}, record.target ? element("a", { href: record.target }, state) : state);
  };

  const described = (record) =>
    element("section", { class: "page-section cg-plan" },
      element("h2", {}, record.title || text("try.untitled")),
      outcome(record),
      record.reasons.map((reason) => element("p", {}, reason)),
      list("try.diagnostics", record.diagnostics.map((one) => one.message)),
      list("try.items", record.items),
      list("try.candidates", record.candidates.map((one) => element("a", { href: one.address }, one.text))),
      fields(record));

  const show = ({ records, more }) => {
    document.getElementById("cg-try-plans").replaceChildren(...records.map(described));
    say("success", `${text("try.found", { count: records.length })} ${more ? text("try.more", { most: more }) : ""}`);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form.querySelector("[type=submit]"), async () => {
      document.getElementById("cg-try-plans").replaceChildren();
      const octets = await given();
      if (!octets.length) {
        say("problem", text("try.nothing_given"));
        file.focus();
        return;
      }
      show(await change("plan", {}, { profile: profile.value, file: base64(octets) }));
    });
  });
})();
