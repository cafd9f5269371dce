// SPDX-License-Identifier: GPL-3.0-or-later
//
// From the empty plugin to a profile that takes a record: made, found wrong, mended, copied, switched off, deleted.
import { test, expect, expectAccessible, expectNarrow, picture, record } from "./lib/pages.mjs";

test("a first profile, and what is done with it later", async ({ page, gateway, login, open }) => {
  await login("admin");
  await open("configure");
  await expect(page.locator(".cg-path li")).toHaveCount(6);
  await page.getByRole("link", { name: "New profile" }).click();

  await page.getByLabel("Name", { exact: true }).fill("browser");
  await page.getByLabel("Login", { exact: true }).fill("browser");
  await page.getByLabel("Local fields").fill("9X9X: keep_existing");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("Record matching rule (matching_rule): is needed where matching records are to be replaced.");
  await expect(page.locator('li[data-field="local_fields"] .cg-problem')).toBeVisible();
  await expect(page.locator('li[data-field="write_as"] .cg-problem')).toContainText("must be given");
  await expectAccessible(page);

  await page.getByLabel("Record matching rule").selectOption("OCLCISBN");
  await page.getByLabel("Local fields").fill("59X: keep_existing");
  await page.getByLabel("Password", { exact: true }).fill("secret of the browser");
  await page.getByLabel("Writes as patron").fill(gateway.users.cataloguer[0]);
  await expect(page.locator(".cg-problem")).toHaveCount(0);
  await picture(page, "profile");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator("#cg-profiles")).toContainText("browser");
  await picture(page, "setup");
  await expectAccessible(page);
  expect(await page.content()).not.toContain("secret of");
  expect(await page.content()).not.toContain("$2a$");

  const reply = await gateway.export("browser", record("book_utf8_oclc1005829214.mrc"));
  expect(reply).toContain("password");
  const [[hash]] = await gateway.sql("SELECT password_hash FROM koha_plugin_connexiongateway_profiles WHERE name = ?", "browser");
  expect(hash).toMatch(/^\$2a\$/);

  // Edited: the password stays; said at once where something is wrong.
  await page.getByRole("link", { name: "Edit browser" }).click();
  await expect(page.getByLabel("Name", { exact: true })).not.toBeEditable();
  await expect(page.getByLabel("Password", { exact: true })).toHaveValue("");
  await page.getByLabel("Writes as patron").fill("nobody at all");
  await expect(page.locator('li[data-field="write_as"] .cg-problem')).toContainText("there is no patron");
  await page.getByLabel("Writes as patron").fill(gateway.users.cataloguer[0]);
  await page.getByLabel("Description").fill("<script>alert(1)</script>");
  await page.getByLabel("Authentication").selectOption("koha");
  await expect(page.getByLabel("Koha logins")).toBeVisible();
  await expect(page.getByLabel("Login", { exact: true })).toBeHidden();
  await page.getByLabel("Authentication").selectOption("profile");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator("#cg-profiles")).toContainText("browser");
  expect(await gateway.sql("SELECT password_hash FROM koha_plugin_connexiongateway_profiles WHERE name = ?", "browser")).toEqual([[hash]]);

  await page.getByRole("link", { name: "Copy browser" }).click();
  await page.getByLabel("Name", { exact: true }).fill("browser");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("There is a profile browser already");
  await page.getByLabel("Name", { exact: true }).fill("second");
  await page.getByLabel("Login", { exact: true }).fill("second");
  await page.getByLabel("Password", { exact: true }).fill("another");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator('tr[data-name="second"]')).toHaveCount(1);

  await page.getByRole("button", { name: "Switch off second" }).click();
  await expect(page.locator('tr[data-name="second"]')).toContainText("switched off");
  await expectNarrow(page);
  await page.getByRole("button", { name: "Delete second" }).click();
  await page.getByRole("button", { name: "Yes, delete" }).click();
  await expect(page.locator('tr[data-name="second"]')).toHaveCount(0);
  await expect(page.locator('tr[data-name="browser"]')).toHaveCount(1);
});

test("another language", async ({ page, gateway, login, open, context }) => {
  test.skip(gateway.live, "a real Koha offers the languages that were installed");
  await login("admin");
  await context.addCookies([{ name: "KohaOpacLanguage", value: "fr-FR", url: gateway.staff }]);
  await open("configure", "profile");
  await expect(page.locator("h1")).toHaveText("Nouveau profil");
  await expect(page.locator("#cg")).toHaveAttribute("lang", "fr");
  await expectAccessible(page);
});
