// SPDX-License-Identifier: GPL-3.0-or-later
//
// What to type into the Client: the sheet of a profile, and the test of the connection.
import { test, expect, expectAccessible, expectNarrow, picture } from "./lib/pages.mjs";

const settings = "koha_plugin_connexiongateway_settings";
const soon = { timeout: 60_000 };

test("the sheet of a profile, tested until a part fails", async ({ page, login, open, gateway }) => {
  const name = "client-sheet";
  await gateway.profile({ name, login: name });
  await gateway.sql(`REPLACE INTO ${settings} (name, value) VALUES ('client_host', '127.0.0.1')`);
  const counted = () => gateway.sql("SELECT (SELECT COUNT(*) FROM biblio), (SELECT COUNT(*) FROM import_batches)");
  const before = await counted();
  await login("cataloguer");
  await open("tool", "client");
  await page.selectOption("#cg-client-profile", name);
  await page.getByRole("button", { name: "Show" }).click();
  const sheet = page.getByRole("region", { name: "OCLC Connexion Client" });
  for (const [field, value] of [["Destination type", "OCLC Gateway Export"], ["Host Name", "127.0.0.1"],
    ["Port", String(gateway.port)], ["Notify Host Before Disconnect", "ticked"], ["Timeout", "100"], ["Retries", "3"],
    ["Delay", "0"], ["Send Local System Logon ID and Password", "ticked"], ["Login ID", name],
    ["Bibliographic Records: Record Standard", "MARC 21"], ["Bibliographic Records: Character Set", "UTF-8 Unicode"]]) {
    await expect(sheet.locator("dt", { hasText: new RegExp(`^${field}$`) }).locator("+ dd")).toHaveText(value);
  }
  await expect(page.getByRole("region", { name: "WorldShare Record Manager" })).toContainText("MARC 21 with UTF-8 Unicode");
  expect(await page.content()).not.toContain("$2a$");

  const result = page.locator("#cg-test-result");
  await page.getByLabel("Password", { exact: true }).fill("demo");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await expect(result).toContainText("Everything works", soon);
  await expect(result.locator(".cg-state-good")).toHaveCount(5);
  await expect(result).toContainText("The test record: A new record is added");
  await expect(result).toContainText("Nothing was written to Koha: this was a test.");
  await expectAccessible(page);
  await picture(page, "client");
  await expectNarrow(page);
  await picture(page, "client-phone", { width: 360, height: 740 });
  await page.setViewportSize({ width: 1280, height: 900 });
  expect(await counted()).toEqual(before);

  await page.getByLabel("Password", { exact: true }).fill("<script>alert(1)</script>");
  await page.keyboard.press("Enter");
  await expect(result).toContainText("“Login” fails", soon);
  await expect(result.locator(".cg-state-skipped")).toHaveCount(2);
  await expect(result).toContainText("give the profile a new one");
  await picture(page, "client-fails");

  await gateway.tell("halt");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await expect(result).toContainText("“Service” fails", soon);
  await expect(result.locator("code").first()).toContainText("connexion-gateway serve");
  await expectAccessible(page);
  await gateway.tell("serve");
});

test("each with the own Koha login, and printed; a profile that is not there", async ({ page, login, open, gateway }) => {
  const name = "client-own";
  await gateway.profile({ name, authentication: "koha", password: undefined, write_as: undefined, koha_logins: [gateway.users.cataloguer[0]] });
  await login("cataloguer");
  await open("tool", "client", { profile: name });
  await expect(page.locator(".cg-sheet").first()).toContainText("the cataloger’s own Koha user name");
  await expect(page.getByLabel("Login ID")).toHaveValue(gateway.users.cataloguer[0]);
  await page.getByLabel("Login ID").fill("somebody");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("the password is needed");
  await page.evaluate(() => {
    window.print = () => { window.printed = getComputedStyle(document.querySelectorAll(".cg-sheet")[1]).display; };
  });
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => document.querySelector(".cg-sheet [data-does=print]").click());
  expect(await page.evaluate(() => window.printed)).toBe("none");
  await expect(page.locator("#cg-test")).toBeHidden();

  const gone = await page.request.get(gateway.url("tool", "client", { profile: "<script>" }));
  expect(gone.status()).toBe(404);
  expect(await gone.text()).toContain("There is no profile &lt;script&gt;.");
});
