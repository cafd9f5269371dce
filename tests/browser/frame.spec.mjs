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

test("a query and a change that are none, and a change without a token", async ({ page, login, open, faults }) => {
  await login("admin");
  await open("tool");
  const wrong = (work) => page.evaluate(work).catch((error) => String(error));
  expect(await wrong(() => window.ConnexionGateway.ask("nothing"))).toContain("does not understand");
  expect(await wrong(() => window.ConnexionGateway.change("nothing"))).toContain("does not understand");
  faults.splice(0);
});
