// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the scripts of all pages use: texts, questions to the server, messages, elements.
// No markup is ever put together from strings: what a record says is text and nothing else.
"use strict";

window.ConnexionGateway = (() => {
  const root = document.getElementById("cg");
  const texts = JSON.parse(root.dataset.texts);

  // text("log.found", {count: 3}): a count chooses between KEY.one and KEY.many.
  const text = (key, values = {}) => {
    let name = key;
    if (!(name in texts) && "count" in values) name = `${key}.${values.count === 1 ? "one" : "many"}`;
    if (!(name in texts)) throw new Error(`There is no text '${key}'`);
    return texts[name].replace(/\{(\w+)\}/g, (whole, name_) => String(values[name_] ?? ""));
  };

  // An answer that is an error is thrown as one with the members of the answer.
  class Refusal extends Error {
    constructor(told) {
      super(told.message);
      this.told = told;
    }
  }

  const address = (values) => {
    const { run, class: plugin, method, page } = root.dataset;
    return `${run}?${new URLSearchParams({ class: plugin, method, page, ...values })}`;
  };

  const answered = async (request) => {
    let response;
    try {
      response = await request;
    } catch (error) {
      throw new Refusal({ code: "common.no_answer", message: text("common.no_answer") });
    }
    const type = response.headers.get("Content-Type") || "";
    if (!type.startsWith("application/json")) {
      throw new Refusal({ code: "common.logged_out", message: text("common.logged_out") });
    }
    const data = await response.json();
    if (data && data.error) throw new Refusal(data.error);
    return data;
  };

  // ask("exports", {start: 0}): a query, answered by JSON.
  const ask = (op, values = {}) => answered(fetch(address({ ...values, op }), { credentials: "same-origin" }));

  // change("delete", {number: 3}, {…}): a change; the last is sent as JSON.
  const change = (op, values = {}, body = undefined) => {
    const { class: plugin, method, page, token } = root.dataset;
    const form = new URLSearchParams({ class: plugin, method, page, ...values, op: `cud-${op}`, csrf_token: token });
    if (body !== undefined) form.set("body", JSON.stringify(body));
    return answered(fetch(root.dataset.run, { method: "POST", body: form, credentials: "same-origin" }));
  };

  // element("p", {class: "hint", hidden: true}, "text", otherElement)
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) {
      if (attribute.startsWith("on")) made.addEventListener(attribute.slice(2), value);
      else if (value === true) made.setAttribute(attribute, attribute);
      else if (value !== false && value !== undefined && value !== null) made.setAttribute(attribute, value);
    }
    for (const child of children.flat()) {
      if (child !== undefined && child !== null) made.append(child);
    }
    return made;
  };

  // kind: success, problem or notice. The message takes the place of the one before.
  const say = (kind, ...content) => {
    const place = document.getElementById("cg-messages");
    const role = kind === "problem" ? { role: "alert" } : {};
    place.replaceChildren(element("div", { class: `cg-message cg-message-${kind}`, ...role }, ...content));
    place.scrollIntoView({ block: "nearest" });
  };

  const say_error = (error) => {
    if (!(error instanceof Refusal)) throw error;
    say("problem", error.message);
  };

  // While something runs its button can't be pressed again.
  const busy = async (button, work) => {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      return await work();
    } catch (error) {
      return say_error(error);
    } finally {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  };

  return { root, text, ask, change, address, element, say, say_error, busy, Refusal };
})();
