// SPDX-License-Identifier: GPL-3.0-or-later
//
// "Send to Connexion Client" on Koha's own pages that have no hook for a button: search results, lists, the cart
// and authorities. Address and words are in the element that loads this.
"use strict";

(() => {
  const { address, label, choose } = document.currentScript.dataset;

  const open = (type, ids) => {
    const target = `${address}&${new URLSearchParams({ type, ids: ids.join(",") })}`;
    // The cart is a window of its own, too small for more.
    if (window.opener) window.open(target);
    else window.location.assign(target);
  };

  const element = (name, className, ...content) => {
    const made = document.createElement(name);
    made.className = className;
    made.append(...content);
    return made;
  };

  const button = (onClick) => {
    const made = element("button", "btn btn-default", label);
    made.type = "button";
    made.addEventListener("click", onClick);
    return element("div", "btn-group connexiongateway-send", made);
  };

  const chosen = () =>
    [...document.querySelectorAll("input.selection, input.select_record")]
      .filter((box) => box.checked && /^[1-9][0-9]*$/.test(box.value)).map((box) => box.value);

  const for_chosen = () => {
    const told = element("span", "connexiongateway-told");
    told.setAttribute("role", "status");
    const group = button(() => {
      const ids = [...new Set(chosen())];
      told.textContent = ids.length ? "" : ` ${choose}`;
      if (ids.length) open("biblio", ids);
    });
    group.append(told);
    return group;
  };

  const start = () => {
    const { pathname, search } = window.location;
    const toolbar = document.getElementById("toolbar");
    const authority = new URLSearchParams(search).get("authid");
    if (pathname.endsWith("/authorities/detail.pl")) {
      if (toolbar && /^[1-9][0-9]*$/.test(authority ?? "")) toolbar.append(button(() => open("authority", [authority])));
    } else if (/\/(?:catalogue\/search|virtualshelves\/shelves|basket\/basket)[.]pl$/.test(pathname)) {
      if (!document.querySelector("input.selection, input.select_record")) return;
      const place = document.querySelector("#selection_ops, .selection_ops") ?? toolbar;
      if (place) place.append(for_chosen());
    }
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
