// SPDX-License-Identifier: GPL-3.0-or-later
//
// What was exported is found, understood, downloaded and imported again.
import { test, expect, expectAccessible, expectNarrow, picture, record } from "./lib/pages.mjs";

// A record whose title is markup, of the same length as it was.
const hostile = () => {
  const octets = record("gpo_ascii_on1131863734.mrc").toString("latin1");
  const [, title] = /\x1fa([^\x1e\x1f]{40,})/.exec(octets);
  const markup = "<script>alert(7)</script>".padEnd(title.length, ".");
  return Buffer.from(octets.replace(title, markup), "latin1");
};

test("the log and one export", async ({ page, gateway, login, open }) => {
  await gateway.profile({ name: "log", login: "log" });
  const book = record("book_utf8_oclc1005829214.mrc");
  const edited = Buffer.from(book.toString("latin1").replace(/(\x1e)(?:19|20)\d\d(\d{10}\.\d)/, "$12026$2"), "latin1");
  expect(await gateway.export("log", book)).toMatch(/^Success/);
  expect(await gateway.export("log", edited)).toMatch(/^Success/);
  await login("cataloguer");
  await open("tool");
  const rows = page.locator("#cg-log tbody tr");
  await expect(rows.nth(0)).toContainText("overlaid");
  await expect(rows.nth(1)).toContainText("added");
  await expectAccessible(page);
  await picture(page, "log");

  await page.locator("#cg-by-profile").selectOption("log");
  await page.locator("#cg-became").selectOption("overlaid");
  await expect(rows).toHaveCount(1);
  const csv = await page.request.get(new URL(await page.locator("#cg-csv").getAttribute("href"), gateway.staff).href);
  expect(csv.headers()["content-type"]).toContain("text/csv");
  expect((await csv.text()).trim().split("\r\n")).toHaveLength(2);
  await page.getByLabel("Title, login or number").fill("no such title anywhere");
  await expect(page.locator("#cg-log")).toContainText("No export fits.");
  await page.getByLabel("Title, login or number").fill("");

  await expect(rows).toHaveCount(1);
  await rows.nth(0).getByRole("link").first().click();
  await expect(page.locator("h1")).toContainText("Export");
  await expect(page.locator(".cg-reply")).toContainText("overlaid by import");
  await expect(page.locator(".cg-fields tbody")).toContainText("Stays as it is");
  await expectAccessible(page);
  await picture(page, "export");
  await expectNarrow(page);
  await page.setViewportSize({ width: 1280, height: 900 });
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download the record" }).click();
  expect((await download).suggestedFilename()).toMatch(/^export-\d+\.mrc$/);

  await page.getByRole("button", { name: "Import again" }).click();
  await expect(page.locator("#cg-messages")).toContainText("Success");
});

test("an import is undone, the latest first", async ({ page, gateway, login, open }) => {
  await gateway.profile({ name: "log", login: "log" });
  const book = record("gpo_ascii_on1131863734.mrc").toString("latin1");
  await gateway.export("log", Buffer.from(book, "latin1"));
  await gateway.export("log", Buffer.from(book.replace(/(\x1e)(?:19|20)\d\d(\d{10}\.\d)/, "$12026$2"), "latin1"));
  const [[last]] = await gateway.sql("SELECT MAX(number) FROM koha_plugin_connexiongateway_exports");
  await login("cataloguer");
  await open("tool", "export", { number: Number(last) - 1 });
  await expect(page.locator("#cg")).toContainText(`It can’t be undone here. Export ${last} has written the record later.`);
  const undo = page.getByRole("button", { name: "Undo import" });
  await expect(undo).toHaveCount(0);

  await open("tool", "export", { number: last });
  await undo.click();
  await expect(page.locator("#cg-messages")).toContainText("puts it back as it was before");
  await page.getByRole("button", { name: "No, keep it" }).click();
  await expect(undo).toBeFocused();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Yes, undo" }).click();
  await expect(page.locator(".cg-message-success")).toHaveText("This import was undone.");
  await expect(page.locator(".cg-facts")).toContainText(`, by ${gateway.users.cataloguer[0]}`);
  await expect(undo).toHaveCount(0);
  await expectAccessible(page);
  await picture(page, "undone");
});

test("a title that is markup, and an export that is none", async ({ page, gateway, login, open, faults }) => {
  await gateway.profile({ name: "log", login: "log" });
  await gateway.export("log", hostile());
  await login("admin");
  await open("tool", "", { search: "alert(7)" });
  await expect(page.locator("#cg-log tbody tr")).toHaveCount(1);
  await expect(page.locator("#cg-log tbody")).toContainText("<script>alert(7)</script>");
  await page.locator("#cg-log tbody a").first().click();
  await expect(page.locator("h2").first()).toContainText("<script>alert(7)</script>");
  await open("tool", "export", { number: 999999 });
  await expect(page.getByRole("alert")).toHaveText("There is no export 999999.");
  expect(faults.splice(0).join()).toContain("404");
});

test("who may not come here", async ({ page, gateway, login }) => {
  await login("nobody");
  await page.goto(gateway.url("tool"));
  await expect(page.locator("#cg")).toHaveCount(0);
});
