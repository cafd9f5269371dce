// SPDX-License-Identifier: GPL-3.0-or-later
//
// To decide: the list of held exports, one of them beside its candidates, decided with the keyboard and the
// mouse; what somebody else has decided or changed meanwhile.
import { test, expect, expectAccessible, expectNarrow, picture } from "./lib/pages.mjs";

// Fields as [tag, "10$aTitle"]; the leader is that of a book.
const marc = (fields) => {
  let directory = "", data = Buffer.alloc(0);
  for (const [tag, content] of fields) {
    const octets = Buffer.from(content.replace(/\$(?=[a-z0-9])/g, "\x1f") + "\x1e");
    directory += tag + String(octets.length).padStart(4, "0") + String(data.length).padStart(5, "0");
    data = Buffer.concat([data, octets]);
  }
  const base = 24 + directory.length + 1;
  const length = String(base + data.length + 1).padStart(5, "0");
  const leader = `${length}nam a22${String(base).padStart(5, "0")}7i 4500`;
  return Buffer.concat([Buffer.from(`${leader}${directory}\x1e`), data, Buffer.from("\x1d")]);
};

let serial = Date.now() % 10_000_000;
const book = (number, title, ...items) =>
  marc([
    ["001", `on9${number}`], ["003", "OCoLC"], ["008", "260101s2026    xxu           000 0 eng d"],
    ["035", `  $a(OCoLC)9${number}`], ["040", "  $aDLC$beng"], ["100", "1 $aWoolf, Virginia"], ["245", `10$a${title}`],
    ["264", " 1$aLondon$c2026"], ["650", " 0$aVoyages"], ...items.map((barcode) => ["952", `  $aCPL$bCPL$o823 WOO$p${barcode}$yBK`]),
  ]);

const profiles = async (gateway) => {
  await gateway.profile({ name: "twice", login: "twice", overlay_action: "create_new" });
  await gateway.profile({ name: "held", login: "held" });
};

// Two records of one number, and an export that matches both.
const heldExport = async (gateway, title = "The voyage out") => {
  const number = ++serial;
  const ids = [];
  for (const edition of ["first", "second"]) {
    const reply = await gateway.export("twice", book(number, `${title}, ${edition}`, `B${number}${edition[0]}`));
    ids.push(Number(reply.match(/record number (\d+)/)[1]));
  }
  const reply = await gateway.export("held", book(number, `${title}, third`, `N${number}`, `B${number}f`));
  expect(reply).toMatch(/^Held for review/);
  return { ids, barcode: `N${number}`, taken: `B${number}f`, number: Number(reply.match(/export (\d+)/)[1]) };
};

const metadata = async (gateway, id) =>
  (await gateway.sql("SELECT metadata FROM biblio_metadata WHERE biblionumber = ?", id))[0][0];

test("decided with the keyboard", async ({ page, gateway, login, open }) => {
  await profiles(gateway);
  const held = await heldExport(gateway, "<script>alert(1)</script> The voyage out");
  const other = await heldExport(gateway);
  await login("admin");
  await open("tool", "held");
  await expect(page.locator("#cg-held tbody tr")).toHaveCount(2);
  await expect(page.locator("#cg-held")).toContainText("Several records match equally well");
  await expectAccessible(page);
  await picture(page, "held-list");
  await page.getByRole("link", { name: String(held.number), exact: true }).click();
  await expect(page.locator("#cg h1")).toContainText("<script>alert(1)</script> The voyage out, third");
  await expect(page.locator(".cg-compare thead")).toContainText(`Record ${held.ids[0]}`);
  await expect(page.locator(".cg-compare")).toContainText(held.taken);
  await expect(page.locator("input[name=choice]").first()).toBeFocused();
  await page.keyboard.press("a");
  await expect(page.locator("input[value=add]")).toBeChecked();
  await page.keyboard.press("1");
  const first = page.locator("input[name=choice]").first();
  await expect(first).toBeChecked();
  const target = await first.getAttribute("data-target");
  const outlook = page.locator(`.cg-outlook[data-choice="overlay-${target}"]`);
  await expect(outlook).toBeVisible();
  await expect(outlook.locator("tr.cg-field-goes")).toContainText(["245"]);
  await expectAccessible(page);
  await picture(page, "held-one");
  await expectNarrow(page);
  await picture(page, "held-one-phone", { width: 360, height: 740 });
  await page.setViewportSize({ width: 1280, height: 900 });
  // The barcode that is in use can be left out, and not added.
  const select = outlook.locator("select").nth(1);
  await expect(select.locator("option[value=add]")).toHaveAttribute("disabled", "disabled");
  await select.selectOption("ignore");
  await first.focus();
  await page.keyboard.press("Enter");
  await expect(page.locator(".cg-message-success")).toContainText(`biblio record number ${target} overlaid`);
  await expect(page.locator(".cg-message-success")).toContainText("by a person's decision");
  await expect(page.locator("#cg-decide")).toHaveCount(0);
  expect(await metadata(gateway, target)).toContain("third");
  const items = await gateway.sql("SELECT barcode FROM items WHERE biblionumber = ?", target);
  expect(items.map(([barcode]) => barcode)).toContain(held.barcode);
  await page.locator("#cg-onward").click();
  await expect(page.locator("#cg-decide")).toHaveAttribute("data-number", String(other.number));
  await page.locator("input[value=discard]").check();
  await page.getByRole("button", { name: "Carry out" }).click();
  await expect(page.locator(".cg-message-success")).toContainText("discarded");
  await open("tool", "held");
  await expect(page.locator("main")).toContainText("Nothing waits for a decision.");
});

test("what others do meanwhile", async ({ page, gateway, login, open }) => {
  await profiles(gateway);
  const held = await heldExport(gateway);
  await login("admin");
  await open("tool", "held", { number: held.number });
  const before = await metadata(gateway, held.ids[0]);
  await gateway.sql("UPDATE biblio_metadata SET metadata = REPLACE(metadata, 'Voyages', 'Travels') WHERE biblionumber = ?", held.ids[0]);
  await page.locator(`input[value=overlay-${held.ids[0]}]`).check();
  await page.getByRole("button", { name: "Carry out" }).click();
  await expect(page.getByRole("alert").first()).toContainText("Something has changed since this page was shown");
  expect(await metadata(gateway, held.ids[0])).toBe(before.replaceAll("Voyages", "Travels"));
  await open("tool", "held", { number: held.number });
  const [userid] = gateway.users.admin;
  const decided = await gateway.command("decide", String(held.number), "--add", "--as", userid);
  expect(decided.status).toBe(0);
  await page.locator(`input[value=overlay-${held.ids[0]}]`).check();
  await page.getByRole("button", { name: "Carry out" }).click();
  await expect(page.getByRole("alert").first()).toContainText(new RegExp(`decided already, by ${userid} on .*was added`));
  expect(await metadata(gateway, held.ids[0])).not.toContain("third");
  await open("tool", "held", { number: held.number });
  await expect(page.getByRole("alert")).toContainText("decided already");
});
