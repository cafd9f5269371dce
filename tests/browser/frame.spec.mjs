// SPDX-License-Identifier: GPL-3.0-or-later
//
// What holds for every page: the frame, the menu, who may come here, and what a wrong request gets.
import { test, expect, expectAccessible, expectNarrow, picture } from "./lib/pages.mjs";

const pages = [
  ["configure", ""], ["configure", "profile"], ["tool", ""], ["tool", "held"], ["tool", "try"], ["tool", "service"],
];

for (const [method, name] of pages) {
  test(`${method} ${name || "home"}: accessible, on a phone too`, async ({ page, login, open }) => {
    await login("admin");
    await open(method, name);
    await expect(page.locator("#cg h1")).toBeVisible();
    await expect(page.locator(".cg-menu a[aria-current=page]")).toHaveCount(1);
    await expectAccessible(page);
    await picture(page, `frame-${method}-${name || "home"}`);
    await expectNarrow(page);
    await picture(page, `frame-${method}-${name || "home"}-phone`, { width: 360, height: 740 });
  });
}

test("a page that is none", async ({ page, login, open, faults }) => {
  await login("admin");
  await open("tool", "nothing");
  await expect(page.getByRole("alert")).toHaveText("There is no such page.");
  expect(faults.splice(0).join()).toContain("404");
});

test("a query and a change that are none", async ({ page, login, open }) => {
  await login("admin");
  await open("tool");
  const wrong = (work) => page.evaluate(work).catch((error) => String(error));
  expect(await wrong(() => window.ConnexionGateway.ask("nothing"))).toContain("does not understand");
  expect(await wrong(() => window.ConnexionGateway.change("nothing"))).toContain("does not understand");
});

test("a change without a token, and one by GET, change nothing", async ({ page, gateway, login, open, faults }) => {
  await gateway.profile({ name: "stays", login: "stays" });
  await login("admin");
  await open("configure");
  const body = JSON.stringify({ name: "stays" });
  const statuses = await page.evaluate(async (body) => {
    const { run, class: plugin, method, page, token } = document.getElementById("cg").dataset;
    const form = { class: plugin, method, page, op: "cud-delete", body };
    const posted = (values) => fetch(run, { method: "POST", body: new URLSearchParams(values) });
    const answers = [await posted(form), await posted({ ...form, csrf_token: `${token}x` }),
      await fetch(`${run}?${new URLSearchParams({ ...form, csrf_token: token })}`)];
    return answers.map((answer) => answer.status);
  }, body);
  expect(statuses).toEqual([403, 403, 403]);
  expect(await gateway.sql("SELECT COUNT(*) FROM koha_plugin_connexiongateway_profiles WHERE name = ?", "stays")).toEqual([[1]]);
  const done = await page.evaluate(() => window.ConnexionGateway.change("delete", {}, { name: "stays" }));
  expect(done).toEqual({ deleted: "stays" });
  faults.splice(0);
});
