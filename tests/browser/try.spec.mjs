// SPDX-License-Identifier: GPL-3.0-or-later
//
// Trying records: what would become of them, and that nothing is written.
import { test, expect, expectAccessible, expectNarrow, picture, record } from "./lib/pages.mjs";

const script = "<script>alert(1)</script>";
const field = (tag, ...subfields) =>
  `<datafield tag="${tag}" ind1=" " ind2=" ">${subfields.map(([code, value]) =>
    `<subfield code="${code}">${value.replace(/</g, "&lt;")}</subfield>`).join("")}</datafield>`;
const marcxml = (...fields) =>
  `<collection xmlns="http://www.loc.gov/MARC21/slim"><record><leader>00000nam a2200000 a 4500</leader>` +
  `<controlfield tag="001">try1</controlfield>${fields.join("")}</record></collection>`;

test("a file and pasted MARCXML: the plan, and nothing written", async ({ page, login, open, gateway }) => {
  await gateway.profile({ name: "demo", login: "demo" });
  await gateway.export("demo", record("book_utf8_oclc1005829214.mrc"));
  const counted = () => gateway.sql(
    "SELECT (SELECT COUNT(*) FROM biblio), (SELECT COUNT(*) FROM items), (SELECT COUNT(*) FROM import_batches)," +
    " (SELECT COUNT(*) FROM koha_plugin_connexiongateway_exports)");
  const before = await counted();
  await login("cataloguer");
  await open("tool", "try");
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await expect(page.locator("#cg-messages")).toContainText("Choose a file");
  await page.locator("#cg-try-file").setInputFiles({
    name: "two.mrc", mimeType: "application/marc",
    buffer: Buffer.concat([record("book_utf8_oclc1005829214.mrc"), record("truncated_60_percent.mrc")]),
  });
  await page.selectOption("#cg-try-profile", "demo");
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await expect(page.locator("#cg-messages")).toContainText("2 records were tried");
  const plans = page.locator(".cg-plan");
  await expect(plans.nth(0)).toContainText(/Record \d+ is overlaid/);
  await expect(plans.nth(0)).toContainText("A record in Koha matches.");
  await expect(plans.nth(0)).toContainText("is the match");
  await plans.nth(0).getByText("fields stay as they are").click();
  await expect(plans.nth(0).locator("details[open]").last()).toContainText("$a Not here");
  await expect(plans.nth(1)).toContainText("damaged");
  await expectAccessible(page);
  await picture(page, "try");
  await expectNarrow(page);
  await picture(page, "try-phone", { width: 360, height: 740 });
  await page.setViewportSize({ width: 1280, height: 900 });

  await page.fill("#cg-try-text", marcxml(field("020", ["a", "9780306406157"]), field("245", ["a", script]),
    field("952", ["p", "try-1"], ["a", "NOWHERE"], ["b", "NOWHERE"], ["y", "BK"])));
  await page.locator("#cg-try-profile").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(plans).toHaveCount(1);
  await expect(plans.locator("h2")).toHaveText(script);
  await expect(plans).toContainText("A new record is added");
  await expect(plans).toContainText("its home library NOWHERE is not in Koha");
  await expect(plans.locator("tbody")).toContainText(script);
  await picture(page, "try-new");

  await page.fill("#cg-try-text", "Moby Dick");
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await expect(page.locator("#cg-messages")).toContainText("neither ISO 2709 nor MARCXML");
  await expect(plans).toHaveCount(0);
  expect(await counted()).toEqual(before);
});
