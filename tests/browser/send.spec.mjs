// SPDX-License-Identifier: GPL-3.0-or-later
//
// From Koha to the Client: the buttons on Koha's pages, the check of the records, and the files.
import { test, expect, expectAccessible, expectNarrow, picture, record } from "./lib/pages.mjs";
import { readFileSync } from "node:fs";

const script = "<script>alert(1)</script>";

// A record without 008 and 040.
const poor = (title) => {
  const data = `10\x1Fa${title}\x1E`;
  const directory = `245${String(Buffer.byteLength(data)).padStart(4, "0")}00000\x1E`;
  const length = 24 + directory.length + Buffer.byteLength(data) + 1;
  return `${String(length).padStart(5, "0")}nam a22${String(24 + directory.length).padStart(5, "0")} a 4500${directory}${data}\x1D`;
};

const number_of = (reply) => reply.match(/record number (\d+)/)[1];

const downloaded = async (page, name) => {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
  return { name: download.suggestedFilename(), octets: readFileSync(await download.path()) };
};

test("records are chosen in Koha, checked, and given as a file", async ({ page, login, open, gateway }) => {
  await gateway.profile({ name: "demo", login: "demo" });
  const good = number_of(await gateway.export("demo", record("book_utf8_oclc1005829214.mrc")));
  const bad = number_of(await gateway.export("demo", poor(script)));
  await login("cataloguer");

  await page.goto(`${gateway.staff}/cgi-bin/koha/catalogue/detail.pl?biblionumber=${good}`);
  await page.getByRole("link", { name: "Send to Connexion Client" }).click();
  await expect(page.locator("h1")).toHaveText("Send to Connexion Client");
  const rows = page.locator(".cg-sent tbody tr");
  // Of several profiles one is to be chosen first.
  if (await page.locator("#cg-send-profile").count()) {
    await expect(rows).toHaveCount(0);
    await page.selectOption("#cg-send-profile", "demo");
    await page.getByRole("button", { name: "Check", exact: true }).click();
  }
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("1005829214");

  await page.fill("#cg-send-ids", `${good},${bad},99999999`);
  await page.getByRole("button", { name: "Check", exact: true }).click();
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(1)).toContainText(script);
  await expect(rows.nth(1)).toContainText("Would be refused");
  await expect(rows.nth(1)).toContainText("008 is missing.");
  await expect(rows.nth(1)).toContainText("040 (cataloging source) is missing.");
  await expect(rows.nth(2)).toContainText("Not in Koha");
  await expect(page.locator("form .cg-buttons")).toBeVisible();
  await expectAccessible(page);
  await picture(page, "send");
  await expectNarrow(page);
  await picture(page, "send-phone", { width: 360, height: 740 });
  await page.setViewportSize({ width: 1280, height: 900 });

  const mrc = await downloaded(page, "Records (.mrc)");
  expect(mrc.name).toBe("for-connexion-client.mrc");
  const text = mrc.octets.toString("utf8");
  expect(text.split("\x1D")).toHaveLength(3);
  expect(text).toContain("\x1Fa(OCoLC)1005829214");
  expect(text.slice(9, 10)).toBe("a");
  expect(text.match(/\x1E(?:[^\x1D]*)/)[0]).not.toContain("\x1Fc" + good);
  const lines = await downloaded(page, "OCLC numbers (.txt)");
  expect(lines.octets.toString()).toBe("no:1005829214\r\n");
  await page.selectOption("#cg-send-encoding", "marc8");
  expect((await downloaded(page, "Records (.dat)")).octets.toString("latin1").slice(9, 10)).toBe(" ");

  await page.fill("#cg-send-ids", "twelve");
  await page.getByRole("button", { name: "Check", exact: true }).click();
  await expect(page.locator("#cg")).toContainText("is no list of record numbers");
});

test("search results, the cart and authorities lead there", async ({ page, login, gateway }) => {
  await gateway.profile({ name: "names", login: "names", record_types: ["authority"] });
  await gateway.profile({ name: "demo", login: "demo" });
  const one = number_of(await gateway.export("demo", record("book_utf8_oclc1119720295.mrc")));
  const authority = gateway.live ? null : number_of(await gateway.export("names", record("authority_lc_n2022029274.mrc")));
  await login("cataloguer");
  const button = page.getByRole("button", { name: "Send to Connexion Client" });
  const sent = new RegExp(`page=send.*ids=${one}(?:&|$)`);

  if (!gateway.live) {
    await page.goto(`${gateway.staff}/cgi-bin/koha/catalogue/search.pl`);
    await button.click();
    await expect(page.getByText("Choose records first.")).toBeVisible();
    await page.check(`input.selection[value="${one}"]`);
    await button.click();
    await expect(page).toHaveURL(sent);
    await expect(page.locator(".cg-sent tbody tr, .cg-message-notice")).toHaveCount(1);
  }

  await page.goto(`${gateway.staff}/cgi-bin/koha/basket/basket.pl?bib_list=${one}/`);
  await page.check(`input.select_record[value="${one}"]`);
  await button.click();
  await expect(page).toHaveURL(sent);

  if (authority) {
    await page.goto(`${gateway.staff}/cgi-bin/koha/authorities/detail.pl?authid=${authority}`);
    await button.click();
    await expect(page).toHaveURL(new RegExp(`type=authority.*ids=${authority}`));
  }
  await page.goto(`${gateway.staff}/cgi-bin/koha/mainpage.pl`);
  await expect(button).toHaveCount(0);
});
