// SPDX-License-Identifier: GPL-3.0-or-later
//
// The sheet is printed and copied; the test tells each of its steps.
"use strict";

(() => {
  const { text, change, element, say, busy } = window.ConnexionGateway;
  const form = document.getElementById("cg-test");
  if (!form) return;

  // ------------------------------------------------------------ the sheet

  // As lines, for a message.
  const as_text = (sheet) => {
    const lines = [];
    for (const part of sheet.querySelectorAll("h2, h3, dt, p:not(.hint):not(.cg-buttons)")) {
      const content = part.textContent.replace(/\s+/g, " ").trim();
      if (part.tagName === "DT") lines.push(`  ${content}: ${part.nextElementSibling.textContent.trim()}`);
      else lines.push(part.tagName === "P" ? content : `\n${content}`);
    }
    return lines.join("\n").trim();
  };

  // Only what was asked for is printed.
  const print = (sheet) => {
    sheet.classList.add("cg-printed");
    document.body.classList.add("cg-prints-one");
    window.print();
    document.body.classList.remove("cg-prints-one");
    sheet.classList.remove("cg-printed");
  };

  for (const sheet of document.querySelectorAll(".cg-sheet")) {
    const button = (does) => sheet.querySelector(`[data-does=${does}]`);
    button("print").addEventListener("click", () => print(sheet));
    if (!navigator.clipboard) continue;  // browsers let a page copy on a secure address only
    button("copy").hidden = false;
    button("copy").addEventListener("click", async () => {
      await navigator.clipboard.writeText(as_text(sheet));
      say("success", text("client.copied"));
    });
  }

  // ------------------------------------------------------------ the test

  const step = (told) =>
    element("li", {},
      element("span", { class: `cg-state cg-state-${told.state}` }, text(`client.state.${told.state}`)), " ",
      element("strong", {}, told.step), " ", told.text,
      told.todo ? element("p", {}, element("strong", {}, text("client.todo")), " ", told.todo) : null,
      (told.commands || []).map((line) => element("p", { class: "cg-command" }, element("code", {}, line))));

  // Here and not at the top of the page, which is far away.
  const summary = (steps) => {
    const bad = steps.find((one) => one.state === "bad");
    const doubtful = steps.find((one) => one.state === "wait");
    const told = (kind, content) => element("div", { class: `cg-message cg-message-${kind}` }, content);
    if (bad) return told("problem", text("client.fails", { step: bad.step }));
    return doubtful ? told("notice", text("client.works_but", { step: doubtful.step })) : told("success", text("client.works"));
  };

  const show = ({ steps, reply, export: address }) => {
    document.getElementById("cg-messages").replaceChildren();
    document.getElementById("cg-test-result").replaceChildren(
      summary(steps),
      element("ol", { class: "cg-path" }, steps.map(step)),
      ...(reply ? [element("h3", {}, text("client.reply")), element("p", { class: "cg-reply cg-octets" }, reply)] : []),
      ...(address ? [element("p", {}, element("a", { href: address }, text("client.in_log")))] : []));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form.querySelector("[type=submit]"), async () => {
      document.getElementById("cg-test-result").replaceChildren(element("p", {}, text("client.testing")));
      const [login, password] = ["login", "password"].map((name) => document.getElementById(`cg-test-${name}`).value);
      try {
        show(await change("test", {}, { profile: form.dataset.profile, login, password }));
      } catch (error) {
        document.getElementById("cg-test-result").replaceChildren();
        throw error;
      }
    });
  });
})();
