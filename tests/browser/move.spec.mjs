// SPDX-License-Identifier: GPL-3.0-or-later
//
// From the configuration file of Koha's own daemon to a profile.
import { test, expect, expectAccessible, expectNarrow, picture, record } from "./lib/pages.mjs";

const settings = "koha_plugin_connexiongateway_settings";
const profiles = "koha_plugin_connexiongateway_profiles";

test("a file that is wrong, then one that is right, to the first export", async ({ page, login, open, gateway }) => {
  await gateway.sql(`DELETE FROM ${profiles} WHERE name = 'moved'`);
  await login("admin");
  await open("configure", "move");
  await page.getByRole("button", { name: "Read" }).click();
  await expect(page.getByRole("alert")).toContainText("paste it first");
  await page.fill("#cg-move-text", "port: 8000\n<script>alert(1)</script>: 1\nmatch ISBN\nitem_action: sometimes\n");
  await page.getByRole("button", { name: "Read" }).click();
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("Line 2: the daemon knows no “<script>alert(1)</script>”");
  await expect(alert).toContainText("Line 3: a line has a name, a colon and a value");
  await expect(alert).toContainText("Line 4: item_action can not be “sometimes”. There are: always_add");
  await expect(page.locator("#cg-move-becomes")).toBeHidden();
  await picture(page, "move-wrong");

  await page.fill("#cg-move-text", "port: 8000\nmatch: NOSUCH\noverlay_action: replace\nimport_mode: direct\n");
  await page.getByRole("button", { name: "Read" }).click();
  await expect(alert).toContainText("there is no matching rule \"NOSUCH\" in this Koha");
  await expect(page.locator("#cg-move-changes")).toContainText("whoever reached the port could write to your catalog");

  const [rule] = await gateway.sql("SELECT code FROM marc_matchers WHERE record_type = 'biblio' AND code NOT LIKE '% %' ORDER BY code DESC LIMIT 1");
  await page.locator("#cg-move-file").setInputFiles({
    name: "connexion.conf", mimeType: "text/plain", buffer: Buffer.from(
      `# our daemon\nhost: 127.0.0.1\nport: ${gateway.port}\nkoha: http://staff.example.org\nuser: ${gateway.users.cataloguer[0]}\n` +
      `password: koha-secret\nconnexion_user: moved\nconnexion_password: s3cret-moved\nmatch: ${rule[0]}\n` +
      "overlay_action: replace\nnomatch_action: create_new\nitem_action: ignore\nimport_mode: direct\n"),
  });
  await page.getByRole("button", { name: "Read" }).click();
  await expect(page.locator("#cg-messages")).toContainText("The file was read");
  await expect(page.locator("#cg-move-profile tr", { hasText: "Several records match equally" })).toContainText("Take the best");
  await expect(page.locator("#cg-move-profile")).toContainText("Replace existing record with incoming record");
  await expect(page.locator("#cg-move-changes")).toContainText("as Koha’s daemon does it");
  await expect(page.locator("#cg-move-changes")).toContainText("No longer needed: koha, password.");
  await expect(page.locator("#cg-move-login")).toHaveValue("moved");
  for (const secret of ["koha-secret", "s3cret-moved"]) expect(await page.content()).not.toContain(secret);
  await expectAccessible(page);
  await picture(page, "move");
  await expectNarrow(page);
  await picture(page, "move-phone", { width: 360, height: 740 });
  await page.setViewportSize({ width: 1280, height: 900 });

  await page.fill("#cg-move-name", "mo ved");
  await page.locator("#cg-move-name").press("Enter");
  await expect(page.locator('li[data-field="name"] .cg-problem')).toContainText("letters, digits");
  expect(await gateway.sql(`SELECT 1 FROM ${profiles} WHERE login = 'moved'`)).toEqual([]);
  await page.fill("#cg-move-name", "moved");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator("#cg-profiles")).toContainText("moved");
  const [[body]] = await gateway.sql(`SELECT body FROM ${profiles} WHERE name = 'moved'`);
  expect(JSON.parse(body)).toMatchObject({ several_matches: "best", matching_rule: rule[0], guard_other_title: 0, local_fields: [] });
  const { reply } = await gateway.tell("export", { login: "moved", password: "s3cret-moved",
    record: record("book_utf8_oclc1005829214.mrc").toString("base64") });
  expect(reply).toContain("Success");
  expect(await gateway.sql(`SELECT value FROM ${settings} WHERE name = 'port'`)).toEqual([[String(gateway.port)]]);
  await gateway.sql(`DELETE FROM ${settings} WHERE name IN ('bind', 'port')`);
});

test("who may not configure plugins may not come here", async ({ page, login, gateway }) => {
  await login("cataloguer");
  const answer = await page.request.get(gateway.url("configure", "move"));
  expect(await answer.text()).not.toContain("cg-move");
});
