// SPDX-License-Identifier: GPL-3.0-or-later
//
// The service: how it is told, wishes that it follows, where it doesn't run, its settings, and the button on
// the page of a record.
import { test, expect, expectAccessible, expectNarrow, picture, record } from "./lib/pages.mjs";

test.beforeAll(({ gateway }) => gateway.profile({ name: "demo", login: "demo" }));

// A wish is answered once the service has followed, for which it may have to start an importer.
const soon = { timeout: 30_000 };

const table = "koha_plugin_connexiongateway_exports";

test("a service that runs, drains, takes exports again, and is stopped", async ({ page, login, open, gateway }) => {
  await gateway.export("demo", record("book_utf8_oclc1005829214.mrc"));
  await gateway.sql(`INSERT INTO ${table} (received_at, state, reply, error, title) VALUES (UTC_TIMESTAMP(3), 'failed', ?, ?, 'x')`,
    "Not imported.  <script>alert(1)</script>", "nobody answers (search.failed)");
  await login("cataloguer");
  await open("tool", "service");
  const services = page.locator("#cg-services");
  await expect(services).toContainText("Running: exports are taken");
  await expect(services).toContainText(`port ${gateway.port}`);
  await expect(page.locator("main")).toContainText("search engine did not answer");
  await expect(page.locator("main")).toContainText("<script>alert(1)</script>");
  await expect(page.locator("#cg-identifiers")).toContainText(/of \d+ records/);
  await expect(page.locator("#cg-index")).toContainText("Zebra");
  await expect(page.locator("#cg-port")).toBeDisabled();
  await expectAccessible(page);
  await picture(page, "service");
  await expectNarrow(page);
  await picture(page, "service-phone", { width: 360, height: 740 });
  await page.setViewportSize({ width: 1280, height: 900 });

  await page.getByRole("button", { name: "Refuse new exports" }).click();
  await expect(page.locator("#cg-messages")).toContainText("has followed", soon);
  await expect(services).toContainText("Draining", soon);
  await expect(page.locator("#cg-wished")).toContainText("to be refused");
  expect(await gateway.export("demo", record("book_utf8_oclc1119720295.mrc"))).not.toContain("Success");
  await page.getByRole("button", { name: "Take exports" }).press("Enter");
  await expect(services).toContainText("Running: exports are taken", soon);
  expect(await gateway.export("demo", record("book_utf8_oclc1119720295.mrc"))).toContain("Success");

  await gateway.tell("halt");
  await open("tool", "service");
  await expect(services).toContainText("Not running");
  await expect(services.locator("code").first()).toContainText("connexion-gateway serve");
  await picture(page, "service-stopped");
  await page.getByRole("button", { name: "Read the settings again" }).click();
  await expect(page.locator("#cg-messages")).toContainText("the settings are read again", soon);
  await gateway.tell("serve");
});

test("settings are saved whole, or what is wrong stands beside its field", async ({ page, login, open, gateway }) => {
  await login("admin");
  await open("tool", "service");
  await page.fill("#cg-max_queue", "many");
  await page.fill("#cg-importer_idle", "200");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator("#cg-max_queue-problem")).toContainText('"many" is no whole number from 1 to');
  await expect(page.locator("#cg-max_queue")).toBeFocused();
  expect(await gateway.sql("SELECT value FROM koha_plugin_connexiongateway_settings WHERE name = 'importer_idle'")).toEqual([]);
  await expectAccessible(page);
  await picture(page, "service-settings");
  await page.fill("#cg-max_queue", "321");
  await page.fill("#cg-health_port", await page.inputValue("#cg-port"));
  await page.locator("#cg-max_queue").press("Enter");
  await expect(page.locator("#cg-health_port-problem")).toHaveText("This is the port of the exports.");
  await page.fill("#cg-health_port", "0");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator("#cg-messages")).toContainText("The settings are saved", soon);
  await expect(page.locator(".cg-problem")).toHaveCount(0);
  expect(await gateway.sql("SELECT value FROM koha_plugin_connexiongateway_settings WHERE name = 'max_queue'")).toEqual([["321"]]);
  const refused = await page.evaluate(() => window.ConnexionGateway.change("settings", {}, { log_file: "/tmp/x" }).catch(String));
  expect(refused).toContain("does not understand");
});

test("who may not configure changes no setting", async ({ page, login, open }) => {
  await login("cataloguer");
  await open("tool", "service");
  await expect(page.getByRole("button", { name: "Save" })).toHaveCount(0);
  const refused = await page.evaluate(() => window.ConnexionGateway.change("settings", {}, { max_queue: "5" }).catch(String));
  expect(refused).toContain("plugins/configure");
});

test("the page of a record leads to its exports", async ({ page, login, gateway }) => {
  await gateway.export("demo", record("book_utf8_oclc1005829214.mrc"));
  const [[number, count]] = await gateway.sql(
    `SELECT record_id, COUNT(*) FROM ${table} WHERE record_type = 'biblio' GROUP BY record_id ORDER BY COUNT(*) DESC LIMIT 1`);
  const detail = `${gateway.staff}/cgi-bin/koha/catalogue/detail.pl?biblionumber=${number}`;
  await login("cataloguer");
  await page.goto(detail);
  const button = page.locator("#connexiongateway-exports");
  await expect(button).toHaveText(count == 1 ? "1 Connexion export" : `${count} Connexion exports`);
  expect(await button.getAttribute("href")).toContain(`method=tool&page=record&type=biblio&id=${number}`);
  await picture(page, "record-button");
  await button.click();
  await expect(page.locator("#cg-record-exports tbody tr")).toHaveCount(Number(count));
  await expectAccessible(page);
  await expectNarrow(page);
  await page.context().clearCookies();
  await login("nobody");
  await page.goto(detail);
  await expect(page.locator("h1").first()).toBeVisible();
  await expect(button).toHaveCount(0);
});
