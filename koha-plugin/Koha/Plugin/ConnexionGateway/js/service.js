// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

(() => {
  const { text, ask, change, element, say, say_error, busy } = window.ConnexionGateway;
  const place = (name) => document.getElementById(`cg-${name}`);
  const seconds = 10;

  const copied = (line) => {
    const button = element("button", { type: "button", class: "btn btn-default btn-sm" }, text("service.copy"));
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(line);
      button.textContent = text("service.copied");
    });
    // Browsers let a page copy on a secure address only.
    return navigator.clipboard ? button : null;
  };

  const command = (line) => element("p", { class: "cg-command" }, element("code", {}, line), " ", copied(line));

  const facts = (pairs) =>
    element("dl", { class: "cg-facts" }, pairs.filter(([, value]) => value !== undefined && value !== null)
      .flatMap(([name, value]) => [element("dt", {}, text(name)), element("dd", {}, value)]));

  // ------------------------------------------------------------ the services

  const kinds = { running: "good", draining: "wait", unwell: "bad", stopped: "bad", other: "bad", silent: "wait", unknown: "wait" };

  const remedy = (service, commands) => {
    if (service.state === "stopped") {
      return [element("p", {}, text(commands.length > 1 || commands[0].startsWith("sudo") ? "service.start" : "service.start_as_koha")),
        ...commands.map(command)];
    }
    if (service.state !== "unwell" && service.state !== "other") return [];
    return [element("p", {}, text(`service.remedy_state.${service.state}`, { command: service.command }))];
  };

  const described = (service, { commands, installed }) =>
    element("div", { class: "cg-service" },
      element("p", {}, element("span", { class: `cg-state cg-state-${kinds[service.state]}` }, text(`service.state.${service.state}`))),
      facts([
        ["service.where", text("service.address", service)], ["service.since", service.since],
        ["service.version", service.version], ["service.importers", service.importers],
        ["service.connections", service.connections], ["service.queue", service.queue],
        ["service.being_imported", service.running],
      ]),
      service.stale ? element("p", { class: "cg-message cg-message-notice" },
        text("service.stale", { version: service.version, installed })) : null,
      remedy(service, commands));

  const index_text = ({ engine, waiting, age, late }) => {
    if (waiting === undefined) return text("service.engine_itself", { engine });
    if (!waiting) return text("service.index_idle", { engine });
    const told = text("service.index_waiting", { engine, count: waiting, seconds: age });
    return late ? `${told}. ${text("service.index_late")}` : told;
  };

  // Written anew only where something changed: who reads or copies it is not disturbed.
  let shown = "";
  const show_state = (state) => {
    const now = JSON.stringify(state);
    if (now === shown) return;
    shown = now;
    place("services").replaceChildren(...state.services.map((service) => described(service, state)));
    place("wished").textContent = text(`service.wished.${state.wished}`);
    place("index").textContent = index_text(state.index);
  };

  // ------------------------------------------------------------ the index of identifiers

  const index_state = { complete: "good", rebuilding: "wait", outdated: "wait", missing: "wait" };

  const index_row = (index) => {
    const name = text(`service.${index.type}`);
    const indexed = text("service.indexed", index);
    return element("div", { class: "cg-index" },
      element("h3", {}, name, " ", element("span", { class: `cg-state cg-state-${index_state[index.state]}` }, text(`service.index.${index.state}`))),
      element("progress", { max: Math.max(index.records, 1), value: Math.min(index.indexed, index.records), "aria-label": `${name}: ${indexed}` }),
      element("ul", {},
        element("li", {}, indexed),
        index.percent === undefined ? null : element("li", {}, text("service.rebuild_progress", index)),
        index.failure ? element("li", {}, text("service.index_failure", index)) : null,
        index.rebuilt ? element("li", {}, `${text("service.rebuilt")}: ${index.rebuilt}`) : null,
        index.changed ? element("li", {}, text("service.changed", { count: index.changed })) : null,
        index.unreadable ? element("li", {}, text("service.unreadable", { count: index.unreadable })) : null));
  };

  const show_identifiers = ({ identifiers, command: line }) => {
    const all = identifiers.every((index) => index.state === "complete");
    place("identifiers").replaceChildren(...identifiers.map(index_row),
      ...(all ? [] : [element("p", {}, text("service.rebuild_by")), command(line)]));
    return identifiers.some((index) => index.state === "rebuilding");
  };

  // ------------------------------------------------------------ asked again and again

  const follow = (work) => {
    const again = () => setTimeout(() => (document.hidden ? again() : next()), seconds * 1000);
    const next = () => work().then((more) => more && again(), (error) => { say_error(error); again(); });
    return next();
  };
  const refresh = () => ask("state").then(show_state);
  follow(() => refresh().then(() => true));
  follow(() => ask("identifiers").then(show_identifiers));

  // ------------------------------------------------------------ wishes

  const followed = ({ followed: count, later }) =>
    [count ? text("service.followed", { count }) : "", later ? text("service.follows_later") : ""].filter((t) => t).join(" ");

  for (const button of document.querySelectorAll("[data-wish]")) {
    const wish = button.dataset.wish;
    button.addEventListener("click", () => busy(button, async () => {
      const done = await change(wish);
      say("success", `${text(`service.told.${wish}`)} ${followed(done)}`);
      await refresh();
    }));
  }

  // ------------------------------------------------------------ settings

  const form = place("settings");
  const fields = () => [...form.elements].filter((field) => field.name && !field.readOnly && !field.disabled);

  const clear_faults = () => {
    form.querySelectorAll(".cg-problem").forEach((problem) => problem.remove());
    for (const field of fields()) {
      field.removeAttribute("aria-invalid");
      field.setAttribute("aria-describedby", `${field.id}-hint`);
    }
  };

  const mark = ({ field: name, message }) => {
    const field = form.elements[name];
    const id = `${field.id}-problem`;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", `${id} ${field.id}-hint`);
    field.closest("li").append(element("span", { class: "cg-problem", id }, message));
    return field;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    if (!button) return;
    busy(button, async () => {
      const values = Object.fromEntries(fields().map((field) => [field.name, field.value]));
      const done = await change("settings", {}, values);
      clear_faults();
      if (done.faults.length) {
        const marked = done.faults.map(mark);
        say("problem", text("service.wrong_values"));
        marked[0].focus();
        return;
      }
      say("success", text("service.saved"));
      await refresh();
    });
  });
})();
